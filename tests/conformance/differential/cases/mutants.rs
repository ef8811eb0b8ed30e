//! Ordinary objects with one wrong value: every field in turn is left out and replaced by values that hardly any field takes.
//!
//! Nothing of it is stored: each object is created, and put in place of the ordinary one, as a dry run.

mod manifests;

use serde_json::{Value, json};

use super::super::case::{Case, case, post, put};
use manifests::{Manifest, manifests};

/// What each field is replaced by.
fn wrong() -> [Value; 7] {
    [json!(null), json!(""), json!("Not valid!"), json!(-1), json!(true), json!([]), json!({})]
}

pub(super) fn cases() -> Vec<Case> {
    manifests().iter().map(of).collect()
}

/// First while there is no such object, then in place of it. It has no owner: the garbage collector would look for that.
fn of(manifest: &Manifest) -> Case {
    let Manifest { name: what, path, object } = manifest;
    let name = object["metadata"]["name"].as_str().unwrap_or_default();
    let mutants = mutants(object);
    let create = mutants.iter().map(|mutant| post(&format!("{path}?dryRun=All"), mutant.clone()));
    let replace = mutants.iter().map(|mutant| put(&format!("{path}/{name}?dryRun=All"), mutant.clone()));
    let stored = without(object, "/metadata/ownerReferences");
    let steps = create.chain([post(path, stored)]).chain(replace).collect();
    case(&format!("mutants/{what}"), steps)
}

/// The object with one field wrong, in every way. What the path of the request says stays as it is.
fn mutants(object: &Value) -> Vec<Value> {
    let mut pointers = Vec::new();
    walk(object, "", &mut pointers);
    let fixed = ["/apiVersion", "/kind", "/metadata", "/metadata/name"];
    let pointers = pointers.iter().filter(|pointer| !fixed.contains(&pointer.as_str()));
    pointers
        .flat_map(|pointer| [without(object, pointer)].into_iter().chain(wrong().map(|w| with(object, pointer, w))))
        .collect()
}

fn walk(value: &Value, at: &str, pointers: &mut Vec<String>) {
    let mut step = |name: &str, member: &Value| {
        let pointer = format!("{at}/{}", name.replace('~', "~0").replace('/', "~1"));
        pointers.push(pointer.clone());
        walk(member, &pointer, pointers);
    };
    match value {
        Value::Object(members) => members.iter().for_each(|(name, member)| step(name, member)),
        Value::Array(items) => items.iter().enumerate().for_each(|(i, item)| step(&i.to_string(), item)),
        _ => {}
    }
}

fn with(object: &Value, pointer: &str, value: Value) -> Value {
    let mut object = object.clone();
    if let Some(place) = object.pointer_mut(pointer) {
        *place = value;
    }
    object
}

fn without(object: &Value, pointer: &str) -> Value {
    let mut object = object.clone();
    let (parent, name) = pointer.rsplit_once('/').unwrap_or_default();
    let name = name.replace("~1", "/").replace("~0", "~");
    match object.pointer_mut(parent) {
        Some(Value::Object(members)) => drop(members.remove(&name)),
        Some(Value::Array(items)) => drop(name.parse().map(|at: usize| items.remove(at))),
        _ => {}
    }
    object
}
