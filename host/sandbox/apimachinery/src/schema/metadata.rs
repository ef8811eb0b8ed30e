//! The schema of `metadata`, one for every kind.

use std::sync::Arc;

use serde_json::json;

use super::Schema;

pub(super) fn schema() -> Arc<Schema> {
    Arc::new(Schema::trusted(&document()))
}

/// Takes over what a CRD says about `metadata.name` and `metadata.generateName`; it may say nothing else.
pub(super) fn narrow(root: &mut Schema, own: &Schema) {
    let Some(shared) = root.properties.get("metadata") else { return };
    let named = ["name", "generateName"].into_iter().filter_map(|n| Some((n, own.properties.get(n)?.clone())));
    let named: Vec<_> = named.collect();
    if !named.is_empty() {
        let mut meta = Schema::clone(shared);
        meta.properties.extend(named.into_iter().map(|(name, schema)| (name.to_owned(), schema)));
        root.properties.insert("metadata".to_owned(), Arc::new(meta));
    }
}

/// The schema of `metav1.ObjectMeta` as a document, as OpenAPI publishes it.
pub(crate) fn document() -> serde_json::Value {
    let text = || json!({"type": "string"});
    let time = || json!({"type": "string", "format": "date-time"});
    let strings = || json!({"type": "object", "additionalProperties": {"type": "string"}});
    let integer = || json!({"type": "integer", "format": "int64"});
    json!({
        "type": "object",
        "properties": {
            "name": text(), "generateName": text(), "namespace": text(), "selfLink": text(), "uid": text(),
            "resourceVersion": text(), "generation": integer(),
            "creationTimestamp": {"type": "string", "format": "date-time", "nullable": true},
            "deletionTimestamp": time(), "deletionGracePeriodSeconds": integer(),
            "labels": strings(), "annotations": strings(),
            "finalizers": {
                "type": "array", "items": {"type": "string"},
                "x-kubernetes-list-type": "set", "x-kubernetes-patch-strategy": "merge",
            },
            "ownerReferences": {
                "type": "array",
                "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["uid"],
                "x-kubernetes-patch-strategy": "merge", "x-kubernetes-patch-merge-key": "uid",
                "items": {
                    "type": "object", "x-kubernetes-map-type": "atomic",
                    "properties": {
                        "apiVersion": text(), "kind": text(), "name": text(), "uid": text(),
                        "controller": {"type": "boolean"}, "blockOwnerDeletion": {"type": "boolean"},
                    },
                },
            },
            "managedFields": {
                "type": "array", "x-kubernetes-list-type": "atomic",
                "items": {
                    "type": "object",
                    "properties": {
                        "manager": text(), "operation": text(), "apiVersion": text(), "time": time(),
                        "fieldsType": text(), "subresource": text(),
                        "fieldsV1": {"type": "object", "x-kubernetes-preserve-unknown-fields": true},
                    },
                },
            },
        },
    })
}
