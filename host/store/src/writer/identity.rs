//! Who a plugin is to the API server.

/// The identity under which a plugin writes.
///
/// Kubernetes adds the service account's groups itself when such a user is impersonated.
#[derive(Debug, Clone)]
pub struct Identity {
    plugin: String,
    manager: String,
    user: Option<String>,
}

impl Identity {
    /// The service account `backplane-<plugin>` in the daemon's namespace.
    pub fn new(plugin: &str, namespace: &str) -> Self {
        let manager = format!("backplane-{plugin}");
        let user = format!("system:serviceaccount:{namespace}:{manager}");
        Self { plugin: plugin.to_owned(), manager, user: Some(user) }
    }

    /// The daemon's own rights, for a cluster where it may not impersonate. The field manager still names the plugin.
    pub fn without_impersonation(plugin: &str) -> Self {
        Self { plugin: plugin.to_owned(), manager: format!("backplane-{plugin}"), user: None }
    }

    pub(crate) fn plugin(&self) -> &str {
        &self.plugin
    }

    /// Field manager, and reporting component of events.
    pub(crate) fn manager(&self) -> &str {
        &self.manager
    }

    pub(crate) fn sign(&self, request: http::request::Builder) -> http::request::Builder {
        match &self.user {
            Some(user) => request.header("Impersonate-User", user),
            None => request,
        }
    }
}
