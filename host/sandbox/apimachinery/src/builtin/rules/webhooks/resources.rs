//! What a webhook is asked about: operations, groups, versions and resources.

use crate::builtin::rules::at::{At, Errors};

const OPERATIONS: [&str; 5] = ["*", "CONNECT", "CREATE", "DELETE", "UPDATE"];

pub(super) fn rule(at: &At<'_>, errors: &mut Errors) {
    let operations = at.child("operations");
    alone(&operations, "operations", errors);
    for operation in operations.items().iter().filter(|operation| !OPERATIONS.contains(&operation.text())) {
        errors.push(operation.not_supported(&OPERATIONS));
    }
    alone(&at.child("apiGroups"), "API groups", errors);
    let versions = at.child("apiVersions");
    alone(&versions, "API versions", errors);
    errors.extend(
        versions.items().iter().filter(|version| version.text().is_empty()).map(|version| version.required("")),
    );
    resources(&at.child("resources"), errors);
    super::optional(&at.child("scope"), &["*", "Cluster", "Namespaced"], errors);
}

/// A list that holds something, and nothing else if it holds everything.
fn alone(at: &At<'_>, what: &str, errors: &mut Errors) {
    if at.len() == 0 {
        errors.push(at.required(""));
    }
    if at.len() > 1 && at.items().iter().any(|item| item.text() == "*") {
        errors.push(at.invalid(&format!("if '*' is present, must not specify other {what}")));
    }
}

fn resources(at: &At<'_>, errors: &mut Errors) {
    let items = at.items();
    if items.is_empty() {
        errors.push(at.required(""));
    }
    let names: Vec<&str> = items.iter().map(At::text).collect();
    for (i, item) in items.iter().enumerate() {
        match names[i].split_once('/') {
            None if names[i].is_empty() => errors.push(item.required("")),
            None => {}
            Some((resource, sub)) => covered(item, resource, sub, &names[..i], errors),
        }
    }
    if names.len() > 1 && names.contains(&"*/*") {
        errors.push(at.invalid("if '*/*' is present, must not specify other resources"));
    }
    // Of several resources the last one decides, as it does for the real server.
    let last = names.iter().rfind(|name| !name.is_empty() && !name.contains('/'));
    if names.contains(&"*") && last.is_some_and(|last| *last != "*") {
        errors.push(at.invalid("if '*' is present, must not specify other resources without subresources"));
    }
}

/// Whether one of those before says as much already.
fn covered(at: &At<'_>, resource: &str, sub: &str, before: &[&str], errors: &mut Errors) {
    let name = at.text();
    if before.contains(&format!("{resource}/*").as_str()) {
        errors.push(at.invalid(&format!("if '{resource}/*' is present, must not specify {name}")));
    }
    if before.contains(&format!("*/{sub}").as_str()) {
        errors.push(at.invalid(&format!("if '*/{sub}' is present, must not specify {name}")));
    }
}
