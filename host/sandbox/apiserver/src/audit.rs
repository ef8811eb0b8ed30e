//! What was asked of the server, one line per request. For tests that count requests and for the curious.

/// One finished request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEvent {
    /// Who acted; the impersonated user if there was one.
    pub user: String,
    /// Who asked to act as `user`, if somebody else.
    pub impersonator: Option<String>,
    /// Verb, such as `list`; an HTTP method in lower case for paths that are no resource.
    pub verb: String,
    /// API group; empty for the core group.
    pub group: String,
    /// Plural with its subresource, such as `pods/status`; the path where it is no resource.
    pub resource: String,
    /// Namespace, if one was named.
    pub namespace: Option<String>,
    /// Object name, if one was named.
    pub name: Option<String>,
    /// HTTP status code of the answer.
    pub code: u16,
}
