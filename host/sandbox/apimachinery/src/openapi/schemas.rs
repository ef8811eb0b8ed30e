//! The schemas of kinds and of what all of them share.

use serde_json::{Map, Value, json};

use super::{gvk, reference, schema_name};
use crate::kind::ResourceKind;

pub(super) const STATUS: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.Status";
const OBJECT_META: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta";
const LIST_META: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.ListMeta";

/// Schemas that every document has.
pub(super) fn shared() -> Map<String, Value> {
    let text = || json!({"type": "string"});
    let mut meta = crate::schema::object_meta_document();
    meta["description"] = "ObjectMeta is metadata that all persisted resources must have.".into();
    let list_meta = json!({
        "type": "object", "description": "ListMeta describes metadata that lists and status answers have.",
        "properties": {
            "continue": text(), "remainingItemCount": {"type": "integer", "format": "int64"}, "resourceVersion": text(),
            "selfLink": text(),
        },
    });
    let status = json!({
        "type": "object", "description": "Status is an answer that is no object of a kind.",
        "properties": {
            "apiVersion": text(), "kind": text(), "metadata": {"allOf": [reference(LIST_META)], "default": {}},
            "status": text(), "message": text(), "reason": text(), "code": {"type": "integer", "format": "int32"},
            "details": {"type": "object", "x-kubernetes-preserve-unknown-fields": true},
        },
        "x-kubernetes-group-version-kind": [{"group": "", "version": "v1", "kind": "Status"}],
    });
    [(OBJECT_META, meta), (LIST_META, list_meta), (STATUS, status)]
        .map(|(n, s)| (n.to_owned(), s))
        .into_iter()
        .collect()
}

/// Adds the schemas of a kind and of its list.
pub(super) fn add(kind: &ResourceKind, all: &mut Map<String, Value>) {
    let name = schema_name(kind);
    let mut schema = Value::clone(&kind.document);
    let properties = &mut schema["properties"];
    properties["apiVersion"] = api_version();
    properties["kind"] = kind_word();
    properties["metadata"] = json!({
        "description": "Standard object's metadata.", "allOf": [reference(OBJECT_META)], "default": {},
    });
    schema["x-kubernetes-group-version-kind"] = json!([gvk(kind)]);
    all.insert(name.clone(), schema);
    if kind.is_stored() {
        let mut of_list = gvk(kind);
        of_list["kind"] = kind.list_kind.clone().into();
        let list = json!({
            "type": "object", "required": ["items"], "description": format!("{} is a list of {}", kind.list_kind, kind.kind),
            "properties": {
                "apiVersion": api_version(), "kind": kind_word(),
                "items": {"type": "array", "items": reference(&name)},
                "metadata": {"allOf": [reference(LIST_META)], "default": {}},
            },
            "x-kubernetes-group-version-kind": [of_list],
        });
        all.insert(format!("{name}List"), list);
    }
}

fn api_version() -> Value {
    json!({"type": "string", "description": "APIVersion defines the versioned schema of this representation of an object."})
}

fn kind_word() -> Value {
    json!({"type": "string", "description": "Kind is a string value representing the REST resource this object represents."})
}
