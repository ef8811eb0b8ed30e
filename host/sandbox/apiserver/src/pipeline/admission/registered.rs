//! The webhooks that are registered now, read again when a configuration changed.

use std::sync::{Arc, Mutex, PoisonError};

use super::hook::Hook;
use crate::server::Inner;
use crate::storage::GroupResource;

pub(super) const GROUP: &str = "admissionregistration.k8s.io";

/// When a webhook is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    Mutating,
    Validating,
}

impl Phase {
    fn resource(self) -> GroupResource {
        GroupResource::new(
            GROUP,
            match self {
                Self::Mutating => "mutatingwebhookconfigurations",
                Self::Validating => "validatingwebhookconfigurations",
            },
        )
    }
}

/// The webhooks of one phase at one revision.
type AtRevision = (u64, Arc<Vec<Arc<Hook>>>);

/// Webhooks that were read already.
#[derive(Default)]
pub(crate) struct Known {
    mutating: Mutex<Option<AtRevision>>,
    validating: Mutex<Option<AtRevision>>,
}

/// Whether any webhook is registered.
pub(crate) fn any(server: &Inner) -> bool {
    [Phase::Mutating, Phase::Validating].into_iter().any(|phase| server.storage.count(&phase.resource(), None) > 0)
}

/// The webhooks of a phase, by name of their configuration and then as they stand in it.
pub(super) fn hooks(server: &Inner, phase: Phase) -> Arc<Vec<Arc<Hook>>> {
    let resource = phase.resource();
    let known = match phase {
        Phase::Mutating => &server.admission.mutating,
        Phase::Validating => &server.admission.validating,
    };
    let mut known = known.lock().unwrap_or_else(PoisonError::into_inner);
    let revision = server.storage.resource_revision(&resource);
    if let Some((at, hooks)) = known.as_ref().filter(|(at, _)| *at == revision) {
        debug_assert_eq!(*at, revision);
        return Arc::clone(hooks);
    }
    let listed = server.storage.list(&resource, None, None).map(|listing| listing.objects).unwrap_or_default();
    let hooks = listed.iter().flat_map(|stored| Hook::all(&stored.value())).map(Arc::new).collect();
    let hooks = Arc::new(hooks);
    *known = Some((revision, Arc::clone(&hooks)));
    hooks
}
