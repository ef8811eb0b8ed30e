//! What every server holds from its first moment: namespaces, roles, bindings, and the `kubernetes` Service's namespace.

use serde_json::{Value, json};

use super::Resource;
use super::rbac::policy;
use super::write::{self, Origin, WriteOptions};
use crate::server::Inner;
use backplane_core::Kind;

const NAMESPACES: [&str; 4] = ["default", "kube-node-lease", "kube-public", "kube-system"];

/// Fills an empty server.
pub(crate) fn bootstrap(server: &Inner) {
    let namespaces =
        NAMESPACES.map(|name| json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}));
    for object in namespaces.into_iter().chain(policy::objects()) {
        let created = create(server, object);
        debug_assert!(created.is_none_or(|made| made), "an object that every server begins with was refused");
    }
}

/// Whether the object was created; `None` if its kind is not served.
fn create(server: &Inner, object: Value) -> Option<bool> {
    let text = |field: &str| object[field].as_str().unwrap_or_default().to_owned();
    let kinds = server.registry.kinds();
    let kind = kinds.kind(&Kind::from_api_version(&text("apiVersion"), &text("kind")))?;
    let resource = Resource::new(server, std::sync::Arc::clone(kind), None);
    let created = write::insert(&resource, object, Origin::Sent, &WriteOptions::internal("kube-apiserver"));
    if let Err(status) = &created {
        tracing::error!(error = %status, kind = %kind.kind(), "bootstrap object refused");
    }
    Some(created.is_ok())
}
