//! The cases, a file for each topic.

mod access;
mod applies;
mod bad;
mod builtin;
mod custom;
mod deletion;
mod discovery;
mod lists;
mod mutants;
mod objects;
mod patches;
mod validation;
mod watches;

use serde_json::{Value, json};

use super::case::{Case, case};

/// All of them.
pub(crate) fn all() -> Vec<Case> {
    let topics = [
        objects::cases(),
        patches::cases(),
        applies::cases(),
        validation::cases(),
        lists::cases(),
        mutants::cases(),
        watches::cases(),
        deletion::cases(),
        builtin::cases(),
        custom::cases(),
        discovery::cases(),
        access::cases(),
        bad::cases(),
    ];
    topics.into_iter().flatten().collect()
}

/// ConfigMaps of the case's namespace.
const MAPS: &str = "/api/v1/namespaces/{ns}/configmaps";

fn map(name: &str, data: Value) -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data})
}

fn path(base: &str, name: &str) -> String {
    format!("{base}/{name}")
}

/// One case for each row of a table, all of one shape.
fn table<T>(topic: &str, rows: Vec<(&str, T)>, steps: impl Fn(T) -> Vec<super::case::Step>) -> Vec<Case> {
    rows.into_iter().map(|(name, row)| case(&format!("{topic}/{name}"), steps(row))).collect()
}
