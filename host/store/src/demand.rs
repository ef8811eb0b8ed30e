//! From what a plugin declares to what has to be watched and indexed for it.

use backplane_core::Declaration;
use backplane_core::declaration::{FieldPath, Wake};
use backplane_core::{Kind, Selector};

use crate::cell::Watch;

/// A watch that somebody needs, with what to index in it beside namespaces and owners.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Demand {
    /// What to watch.
    pub watch: Watch,
    /// Paths whose values are indexed.
    pub paths: Vec<FieldPath>,
    /// Label keys whose values are indexed.
    pub labels: Vec<String>,
}

/// What a declaration needs: one watch for each read, and one of all objects for each reconciled kind that is not
/// among the reads.
pub fn demands(declaration: &Declaration) -> Vec<Demand> {
    let mut watches: Vec<Watch> = Vec::new();
    let reads = declaration.reads.iter().map(|read| (&read.kind, read.selector.clone()));
    let is_read = |kind: &Kind| declaration.reads.iter().any(|read| read.kind == *kind);
    let implicit = declaration.reconciles.iter().filter(|kind| !is_read(kind)).map(|kind| (kind, Selector::default()));
    for (kind, selector) in reads.chain(implicit) {
        let watch = Watch { kind: kind.clone(), selector };
        if !watches.contains(&watch) {
            watches.push(watch);
        }
    }
    watches.into_iter().map(|watch| demand(declaration, watch)).collect()
}

fn demand(declaration: &Declaration, watch: Watch) -> Demand {
    let mut demand = Demand { watch, paths: Vec::new(), labels: Vec::new() };
    let kind = demand.watch.kind.clone();
    for wake in declaration.reads.iter().flat_map(|read| &read.wakes) {
        match wake {
            Wake::Reference(of, path) if of.same_group_kind(&kind) && !demand.paths.contains(path) => {
                demand.paths.push(path.clone());
            }
            Wake::Labelled(of, key) if of.same_group_kind(&kind) && !demand.labels.contains(key) => {
                demand.labels.push(key.clone());
            }
            _ => {}
        }
    }
    demand
}

#[cfg(test)]
mod tests {
    use super::*;
    use backplane_core::declaration::Read;

    #[test]
    fn reads_and_reconciled_kinds_are_watched_once_each_with_the_paths_that_lead_from_them() {
        let (machine, secret) = (Kind::new("g", "v1", "Machine"), Kind::new("", "v1", "Secret"));
        let path: FieldPath = ".spec.secretName".parse().expect("path");
        let read = Read {
            kind: secret.clone(),
            selector: "app=x".parse().expect("selector"),
            wakes: vec![Wake::Reference(machine.clone(), path.clone()), Wake::Labelled(machine.clone(), "c".into())],
        };
        let declaration = Declaration {
            reconciles: vec![machine.clone()],
            reads: vec![read.clone(), read],
            ..Declaration::default()
        };
        let demands = demands(&declaration);
        assert_eq!(demands.len(), 2);
        assert_eq!((demands[0].watch.kind.clone(), demands[0].paths.len()), (secret, 0));
        let watch = Watch { kind: machine, selector: Selector::default() };
        assert_eq!(demands[1], Demand { watch, paths: vec![path], labels: vec!["c".into()] });
    }
}
