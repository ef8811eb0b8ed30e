//! Names of kinds and objects.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A kind with its group and version, as in an object's `apiVersion` and `kind`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Kind {
    /// API group; empty for the core group.
    pub group: String,
    /// API version, such as `v1beta1`.
    pub version: String,
    /// Kind in CamelCase, such as `KdcCluster`.
    pub kind: String,
}

impl Kind {
    /// Builds a kind from its three parts; `group` is empty for the core group.
    pub fn new(group: impl Into<String>, version: impl Into<String>, kind: impl Into<String>) -> Self {
        Self { group: group.into(), version: version.into(), kind: kind.into() }
    }

    /// Splits an object's `apiVersion` (`group/version`, or `version` for the core group).
    pub fn from_api_version(api_version: &str, kind: &str) -> Self {
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        Self::new(group, version, kind)
    }

    /// The `apiVersion` of objects of this kind.
    pub fn api_version(&self) -> String {
        if self.group.is_empty() { self.version.clone() } else { format!("{}/{}", self.group, self.version) }
    }

    /// Whether both name the same kind, whatever the version. References between Kubernetes objects are compared so.
    pub fn same_group_kind(&self, other: &Kind) -> bool {
        self.group == other.group && self.kind == other.kind
    }
}

impl fmt::Display for Kind {
    /// `Kind.group`, or `Kind` in the core group; the version is left out because it does not identify the kind.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.group.is_empty() { f.write_str(&self.kind) } else { write!(f, "{}.{}", self.kind, self.group) }
    }
}

/// Name and namespace of an object whose kind is known from elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ObjectKey {
    /// Namespace; `None` for cluster-scoped objects.
    pub namespace: Option<String>,
    /// Object name.
    pub name: String,
}

impl fmt::Display for ObjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.namespace {
            Some(namespace) => write!(f, "{namespace}/{}", self.name),
            None => f.write_str(&self.name),
        }
    }
}

/// Which object: its kind, namespace and name.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ObjectRef {
    /// Kind of the object.
    pub kind: Kind,
    /// Namespace; `None` for cluster-scoped objects.
    pub namespace: Option<String>,
    /// Object name.
    pub name: String,
}

impl ObjectRef {
    /// Names an object; `namespace` is `None` for cluster-scoped kinds.
    pub fn new(kind: Kind, namespace: Option<&str>, name: impl Into<String>) -> Self {
        Self { kind, namespace: namespace.map(str::to_owned), name: name.into() }
    }

    /// The reference without its kind.
    pub fn key(&self) -> ObjectKey {
        ObjectKey { namespace: self.namespace.clone(), name: self.name.clone() }
    }
}

impl fmt::Display for ObjectRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.namespace {
            Some(namespace) => write!(f, "{} {namespace}/{}", self.kind, self.name),
            None => write!(f, "{} {}", self.kind, self.name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_api_version_survives_the_round_trip() {
        for api_version in ["v1", "apps/v1", "k8s.kube-dc.com/v1alpha1"] {
            assert_eq!(Kind::from_api_version(api_version, "X").api_version(), api_version);
        }
    }

    #[test]
    fn a_reference_reads_like_a_sentence_in_logs() {
        let machine = Kind::new("cluster.x-k8s.io", "v1beta1", "Machine");
        assert_eq!(ObjectRef::new(machine, Some("a"), "b").to_string(), "Machine.cluster.x-k8s.io a/b");
        assert_eq!(ObjectRef::new(Kind::new("", "v1", "Node"), None, "n").to_string(), "Node n");
    }
}
