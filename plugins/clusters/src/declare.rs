//! What the plugin says of itself: whom it reconciles, what it reads and who wakes whom, what it writes.

use backplane_sdk::{Declaration, Kind, Read, Verb, Wake};

use crate::kinds;
use crate::names;
use crate::settings;

/// The declaration.
pub(crate) fn declaration() -> Declaration {
    let schema = serde_json::from_str(settings::SCHEMA).unwrap_or_default();
    let declaration = Declaration::new("clusters", env!("CARGO_PKG_VERSION"))
        .reconciles(kinds::KDC_CLUSTER)
        .reconciles(kinds::KDC_DATASTORE)
        .settings_schema(&schema);
    write(reads_of_others(reads_of_children(declaration)))
}

/// Children wake the object that they were made for.
fn reads_of_children(declaration: Declaration) -> Declaration {
    let of_clusters = [
        kinds::KAMAJI_CONTROL_PLANE,
        kinds::TENANT_CONTROL_PLANE,
        kinds::CAPI_CLUSTER,
        kinds::MACHINE_DEPLOYMENT,
        kinds::BOOTSTRAP_TEMPLATE,
        kinds::KUBEVIRT_CLUSTER,
        kinds::KUBEVIRT_TEMPLATE,
        kinds::CLOUDSIGMA_CLUSTER,
        kinds::CLOUDSIGMA_TEMPLATE,
    ];
    let of_datastores = [kinds::STATEFUL_SET, kinds::NETWORK_POLICY];
    let of_both = [kinds::SERVICE, kinds::EIP];
    let child = |kind: Kind, owners: &[Kind]| {
        owners.iter().fold(Read::of(kind), |read, owner| read.wakes(Wake::owners(owner.clone())))
    };
    let reads = of_clusters.map(|kind| child(kind, &[kinds::KDC_CLUSTER])).into_iter();
    let reads = reads.chain(of_datastores.map(|kind| child(kind, &[kinds::KDC_DATASTORE])));
    let reads = reads.chain(of_both.map(|kind| child(kind, &[kinds::KDC_CLUSTER, kinds::KDC_DATASTORE])));
    reads.fold(declaration, Declaration::reads)
}

/// Objects that others made are found by label or by name.
fn reads_of_others(declaration: Declaration) -> Declaration {
    let labelled = |kind: Kind| Read::of(kind).wakes(Wake::label(kinds::KDC_CLUSTER, names::CLUSTER_NAME));
    let datastore = Read::of(kinds::KDC_DATASTORE)
        .wakes(Wake::owners(kinds::KDC_CLUSTER))
        .wakes(Wake::reference(kinds::KDC_CLUSTER, ".spec.dataStore.name"))
        .wakes(Wake::reference(kinds::KDC_CLUSTER, ".status.dataStoreName"));
    declaration
        .reads(labelled(kinds::MACHINE_SET))
        .reads(labelled(kinds::MACHINE))
        .reads(datastore)
        .reads(Read::of(kinds::KDC_CLUSTER).wakes(Wake::dependents(kinds::KDC_DATASTORE)))
        .reads(kinds::DATA_STORE)
}

fn write(declaration: Declaration) -> Declaration {
    const OWN: &[Verb] = &[Verb::Apply, Verb::Delete];
    let children = [
        kinds::EIP,
        kinds::SERVICE,
        kinds::STATEFUL_SET,
        kinds::NETWORK_POLICY,
        kinds::DATA_STORE,
        kinds::KAMAJI_CONTROL_PLANE,
        kinds::TENANT_CONTROL_PLANE,
        kinds::CAPI_CLUSTER,
        kinds::MACHINE_DEPLOYMENT,
        kinds::BOOTSTRAP_TEMPLATE,
        kinds::KUBEVIRT_CLUSTER,
        kinds::KUBEVIRT_TEMPLATE,
        kinds::CLOUDSIGMA_CLUSTER,
        kinds::CLOUDSIGMA_TEMPLATE,
    ];
    let declaration = children.into_iter().fold(declaration, |declaration, kind| declaration.writes(kind, OWN));
    declaration
        .writes(kinds::KUBEVIRT_CLUSTER, &[Verb::ApplyStatus])
        .writes(kinds::MACHINE_DEPLOYMENT, &[Verb::Patch])
        .writes(kinds::KDC_CLUSTER, &[Verb::ApplyStatus, Verb::Patch])
        .writes(kinds::KDC_DATASTORE, &[Verb::Apply, Verb::ApplyStatus, Verb::Patch, Verb::Delete])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_is_written_is_read_as_well() {
        let declaration = declaration();
        for written in &declaration.writes {
            assert!(declaration.reads.iter().any(|read| read.kind == written.kind), "{}", written.kind);
        }
    }

    #[test]
    fn no_kind_is_declared_twice() {
        let declaration = declaration();
        for (at, read) in declaration.reads.iter().enumerate() {
            assert!(declaration.reads[at + 1..].iter().all(|other| other.kind != read.kind), "{}", read.kind);
        }
    }

    #[test]
    fn the_settings_schema_goes_with_it() {
        assert!(declaration().settings_schema.is_some_and(|schema| schema.contains("external-providers")));
    }
}
