//! What the rooms read, write and wake upon, as declarations like any plugin's.

use backplane_core::declaration::{Declaration, Read, Verb, Wake, Write};
use backplane_core::machines::MachineKinds;
use backplane_core::{Kind, Selector};

use crate::contract::{CLUSTER_NAME_LABEL, core, secret};

/// What the machine room of plugin `name` needs. The plugin's own declaration is separate: a guest gets none of this.
pub fn machine_declaration(name: &str, version: &str, kinds: &MachineKinds) -> Declaration {
    let labelled = || Wake::Labelled(kinds.machine.clone(), CLUSTER_NAME_LABEL.into());
    Declaration {
        name: name.into(),
        version: version.into(),
        reconciles: vec![kinds.machine.clone()],
        reads: vec![
            read(core("Machine"), vec![Wake::Dependents(kinds.machine.clone())]),
            read(core("Cluster"), vec![labelled()]),
            read(kinds.cluster.clone(), vec![labelled()]),
            bootstrap_secrets(),
        ],
        writes: vec![written(&kinds.machine)],
        ..Declaration::default()
    }
}

/// What the cluster room of plugin `name` needs.
pub fn cluster_declaration(name: &str, version: &str, kinds: &MachineKinds) -> Declaration {
    let by_label = Wake::Label(kinds.cluster.clone(), CLUSTER_NAME_LABEL.into());
    Declaration {
        name: name.into(),
        version: version.into(),
        reconciles: vec![kinds.cluster.clone()],
        reads: vec![
            read(core("Cluster"), vec![Wake::Dependents(kinds.cluster.clone())]),
            read(kinds.machine.clone(), vec![by_label]),
        ],
        writes: vec![written(&kinds.cluster)],
        ..Declaration::default()
    }
}

fn read(kind: Kind, wakes: Vec<Wake>) -> Read {
    Read { kind, selector: Selector::default(), wakes }
}

/// Secrets are never cached cluster-wide: every bootstrap provider labels its own with the cluster's name.
fn bootstrap_secrets() -> Read {
    let selector = CLUSTER_NAME_LABEL.parse().expect("a label key is a selector");
    Read { kind: secret(), selector, wakes: Vec::new() }
}

fn written(kind: &Kind) -> Write {
    Write { kind: kind.clone(), verbs: vec![Verb::Patch, Verb::ApplyStatus] }
}
