//! Names that the Cluster API contract fixes.

use backplane_core::Kind;

/// Label with the name of the Cluster that an object belongs to.
pub(crate) const CLUSTER_NAME_LABEL: &str = "cluster.x-k8s.io/cluster-name";
/// Annotation that pauses one object, whatever its value.
pub(crate) const PAUSED_ANNOTATION: &str = "cluster.x-k8s.io/paused";
/// Annotation that says somebody else manages an infrastructure cluster.
pub(crate) const MANAGED_BY_ANNOTATION: &str = "cluster.x-k8s.io/managed-by";
/// API group of the Cluster API core.
pub(crate) const CORE_GROUP: &str = "cluster.x-k8s.io";

/// The version of the core kinds that is read. 1.11 and later store `v1beta2` and still serve this one.
const CORE_VERSION: &str = "v1beta1";

/// A kind of the Cluster API core.
pub(crate) fn core(kind: &str) -> Kind {
    Kind::new(CORE_GROUP, CORE_VERSION, kind)
}

/// The core/v1 Secret.
pub(crate) fn secret() -> Kind {
    Kind::new("", "v1", "Secret")
}

/// The finalizer that a provider puts on its own objects: `<kind in lower case>.<group>`.
pub(crate) fn finalizer(kind: &Kind) -> String {
    format!("{}.{}", kind.kind.to_lowercase(), kind.group)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_finalizer_is_named_after_kind_and_group() {
        let kind = Kind::new("infrastructure.cluster.x-k8s.io", "v1beta1", "CloudSigmaMachine");
        assert_eq!(finalizer(&kind), "cloudsigmamachine.infrastructure.cluster.x-k8s.io");
    }
}
