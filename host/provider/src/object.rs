//! A read object, and the few members of it that the contract speaks of.

use backplane_core::{Kind, ObjectRef};
use serde_json::{Value, json};

/// An object as it was read, with its reference.
#[derive(Debug, Clone)]
pub(crate) struct Object {
    pub(crate) id: ObjectRef,
    pub(crate) value: Value,
}

impl Object {
    /// Reads the cached bytes of the object `id` names.
    pub(crate) fn parse(id: ObjectRef, bytes: &[u8]) -> Result<Self, serde_json::Error> {
        Ok(Self { id, value: serde_json::from_slice(bytes)? })
    }

    /// Text at a JSON pointer; absent and empty are the same.
    pub(crate) fn text(&self, pointer: &str) -> Option<&str> {
        self.value.pointer(pointer)?.as_str().filter(|text| !text.is_empty())
    }

    /// Whether a flag at a JSON pointer is true.
    pub(crate) fn flag(&self, pointer: &str) -> bool {
        self.value.pointer(pointer).and_then(Value::as_bool).unwrap_or(false)
    }

    pub(crate) fn is_deleting(&self) -> bool {
        self.text("/metadata/deletionTimestamp").is_some()
    }

    pub(crate) fn label(&self, key: &str) -> Option<&str> {
        self.value["metadata"]["labels"].get(key)?.as_str()
    }

    pub(crate) fn has_annotation(&self, key: &str) -> bool {
        self.value["metadata"]["annotations"].get(key).is_some()
    }

    /// Name of the owner of this kind, whatever its version.
    pub(crate) fn owner(&self, kind: &Kind) -> Option<&str> {
        let owners = self.value["metadata"]["ownerReferences"].as_array()?;
        let is_of = |owner: &&Value| {
            let api_version = owner["apiVersion"].as_str().unwrap_or_default();
            Kind::from_api_version(api_version, owner["kind"].as_str().unwrap_or_default()).same_group_kind(kind)
        };
        owners.iter().find(is_of)?["name"].as_str()
    }

    pub(crate) fn finalizers(&self) -> Vec<&str> {
        let list = self.value["metadata"]["finalizers"].as_array();
        list.into_iter().flatten().filter_map(Value::as_str).collect()
    }

    /// A conditional merge patch that sets the finalizers.
    pub(crate) fn finalizers_patch(&self, finalizers: &[&str]) -> Value {
        json!({"metadata": {"resourceVersion": self.value["metadata"]["resourceVersion"], "finalizers": finalizers}})
    }

    /// The bytes that cross to the plugin.
    pub(crate) fn bytes(&self) -> std::sync::Arc<[u8]> {
        self.value.to_string().into_bytes().into()
    }
}
