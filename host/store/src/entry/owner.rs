//! The owners that an object names.

use backplane_core::{Kind, ObjectRef};
use serde::Deserialize;

/// One entry of `metadata.ownerReferences`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    /// Kind of the owner, in the version that the reference happens to name.
    pub kind: Kind,
    /// Name of the owner, in the object's namespace or cluster-scoped.
    pub name: String,
    /// Uid of the owner.
    pub uid: String,
    /// Whether it is the controlling owner.
    pub controller: bool,
}

impl Owner {
    /// Whether this names the object; the uid decides, since names come back.
    pub fn is(&self, object: &ObjectRef, uid: &str) -> bool {
        self.uid == uid && self.name == object.name && self.kind.same_group_kind(&object.kind)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Raw {
    #[serde(default)]
    api_version: String,
    #[serde(default)]
    kind: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    uid: String,
    #[serde(default)]
    controller: Option<bool>,
}

/// Owners that cannot be read are no owners: the API server validates them, so this is the sandboxed case only.
pub(super) fn parse(text: &str) -> Vec<Owner> {
    let raw: Vec<Raw> = serde_json::from_str(text).unwrap_or_default();
    raw.into_iter()
        .map(|r| Owner {
            kind: Kind::from_api_version(&r.api_version, &r.kind),
            name: r.name,
            uid: r.uid,
            controller: r.controller.unwrap_or(false),
        })
        .collect()
}
