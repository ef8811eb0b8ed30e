//! The head of every object this plugin applies: kind, name, labels, owner.
//!
//! Intents are whole: what an intent leaves out, an earlier one of ours no longer holds. So nothing here is ever read
//! back from the cluster and written again.

use backplane_sdk::{Kind, Obj, Object, OwnerReference};
use serde_json::{Map, Value, json};

use crate::names;

/// On whose behalf objects are made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Owner {
    pub(crate) namespace: String,
    pub(crate) name: String,
    pub(crate) uid: String,
    reference: OwnerReference,
}

/// Whether the owner steers the object. Cluster API insists on steering control planes and infrastructure clusters,
/// Kamaji on steering its Service; there we only own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Steer {
    Yes,
    No,
}

impl Owner {
    /// The reconciled object as an owner.
    pub(crate) fn of<T: Object>(object: &Obj<T>) -> Self {
        Self {
            namespace: object.namespace().into(),
            name: object.name().into(),
            uid: object.uid().into(),
            reference: object.owner_reference(),
        }
    }

    /// The head of a namespaced object.
    pub(crate) fn intent(&self, kind: &Kind, name: &str, steer: Steer) -> Value {
        let mut owner = json!(self.reference);
        if steer == Steer::No {
            owner["controller"] = false.into();
        }
        let metadata = json!({
            "name": name, "namespace": self.namespace,
            "labels": {names::APP_MANAGED_BY: names::MANAGER}, "ownerReferences": [owner],
        });
        head(kind, metadata)
    }

    /// The head of a cluster-scoped object, which carries the owner's uid as a label.
    pub(crate) fn cluster_intent(&self, kind: &Kind, name: &str) -> Value {
        let labels = json!({names::APP_MANAGED_BY: names::MANAGER, names::OWNER_UID: self.uid});
        head(kind, json!({"name": name, "labels": labels}))
    }
}

fn head(kind: &Kind, metadata: Value) -> Value {
    json!({"apiVersion": kind.api_version(), "kind": kind.kind, "metadata": metadata})
}

/// Adds labels to an intent.
pub(crate) fn label(intent: &mut Value, labels: &[(&str, &str)]) {
    extend(&mut intent["metadata"]["labels"], labels);
}

/// Adds annotations to an intent.
pub(crate) fn annotate(intent: &mut Value, annotations: &[(&str, &str)]) {
    extend(&mut intent["metadata"]["annotations"], annotations);
}

fn extend(map: &mut Value, pairs: &[(&str, &str)]) {
    if map.is_null() {
        *map = Value::Object(Map::new());
    }
    for (key, value) in pairs {
        map[*key] = Value::from(*value);
    }
}
