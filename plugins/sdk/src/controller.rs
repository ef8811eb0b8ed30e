//! A plugin that reconciles kinds, for those whose declaration does not fit `#[reconciler]`.

use crate::cluster::Cluster;
use crate::declare::Declaration;
use crate::error::Result;
use crate::outcome::Response;
use crate::refs::ObjectRef;

/// Brings objects to the state they ask for. Make it the plugin with [`crate::export_controller!`].
pub trait Controller {
    /// What it is and what it needs. Pure; no host function works in here.
    fn declare() -> Declaration;

    /// Judges settings, a JSON object, before they take effect.
    ///
    /// # Errors
    /// A text that names the setting and the rule; the plugin is then not loaded.
    fn configure(settings: &[u8]) -> Result<(), String> {
        crate::settings::none(settings)
    }

    /// Looks at one object. May be called again at any time, so each call must be safe to repeat.
    ///
    /// # Errors
    /// [`crate::Error::outcome`] says what an error means for the object.
    fn reconcile(request: &Request, cluster: &Cluster) -> Result<Response>;
}

/// Which object is looked at, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The object; it may be gone by now.
    pub object: ObjectRef,
    /// Why it is looked at again, for logs only.
    pub reason: String,
    /// Looks in a row that failed before this one.
    pub attempt: u32,
}

impl Request {
    /// A first look at an object, as tests need it.
    pub fn first(object: ObjectRef) -> Self {
        Self { object, reason: "changed".into(), attempt: 0 }
    }
}

/// Makes a type that implements [`Controller`] the plugin. Once per crate; does nothing in a native build.
#[macro_export]
macro_rules! export_controller {
    ($controller:ty) => {
        #[cfg(target_family = "wasm")]
        const _: () = {
            type Guest = $crate::guest::ControllerGuest<$controller>;
    $crate::guest::lifecycle::export!(Guest with_types_in $crate::guest::lifecycle);
    $crate::guest::reconciler::export!(Guest with_types_in $crate::guest::reconciler);
        };
        // Without a host the plugin is used by its tests alone; this keeps it from being called dead.
        #[cfg(not(target_family = "wasm"))]
        const _: fn(&$crate::Request, &$crate::Cluster) -> $crate::Result<$crate::Response> =
            <$controller as $crate::Controller>::reconcile;
    };
}
