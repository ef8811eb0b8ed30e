//! Rules of what claims ask for.

use serde_json::{Value, json};

use super::super::at::{At, Errors};
use super::super::texts;
use crate::meta::names;
use crate::quantity::Quantity;

const MODES: [&str; 4] = ["ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"];

/// The spec of a claim, or of what claims are made from.
pub(super) fn spec(spec: &At<'_>, errors: &mut Errors) {
    let modes = spec.child("accessModes");
    if modes.len() == 0 {
        errors.push(modes.required("at least 1 access mode is required"));
    }
    texts::selector(&spec.child("selector"), errors);
    access(&modes, errors);
    size(spec, errors);
    class(&spec.child("storageClassName"), errors);
    let mode = spec.child("volumeMode");
    if mode.is_set() && !["Block", "Filesystem"].contains(&mode.text()) {
        errors.push(mode.not_supported(&["Block", "Filesystem"]));
    }
    sources(spec, errors);
    class(&spec.child("volumeAttributesClassName"), errors);
}

fn access(modes: &At<'_>, errors: &mut Errors) {
    let given: Vec<&str> = modes.items().iter().map(At::text).collect();
    for mode in given.iter().filter(|mode| !MODES.contains(mode)) {
        errors.push(At { value: &Value::from(*mode), path: modes.path.clone() }.not_supported(&MODES));
    }
    let alone = given.contains(&"ReadWriteOncePod");
    if alone && given.iter().any(|mode| MODES[..3].contains(mode)) {
        errors.push(modes.forbidden("may not use ReadWriteOncePod with other access modes"));
    }
}

fn size(spec: &At<'_>, errors: &mut Errors) {
    let asked = spec.below(&["resources", "requests", "storage"]);
    let at = At { value: asked.value, path: format!("{}.resources[storage]", spec.path) };
    match asked.text().parse::<Quantity>() {
        _ if !asked.is_set() => errors.push(at.required("")),
        Ok(size) if size.thousandths() <= 0 => errors.push(at.invalid("must be greater than zero")),
        _ => {}
    }
}

fn class(name: &At<'_>, errors: &mut Errors) {
    if !name.text().is_empty() {
        name.judged(names::subdomain(name.text()), errors);
    }
}

/// Where the first data come from: two fields that say the same, or one that names another namespace.
fn sources(spec: &At<'_>, errors: &mut Errors) {
    let (plain, reference) = (spec.child("dataSource"), spec.child("dataSourceRef"));
    let namespace = reference.child("namespace");
    for source in [&plain, &reference].into_iter().filter(|source| source.is_set()) {
        self::source(source, errors);
    }
    if !namespace.text().is_empty() {
        namespace.judged(names::label(namespace.text()), errors);
    }
    let same = |field: &&str| plain.child(field).value == reference.child(field).value;
    // The real server shows the place of the field as the value, and of a place nothing shows.
    let shown = json!({});
    match (plain.is_set(), reference.is_set()) {
        (true, true) if !namespace.text().is_empty() => {
            errors.push(spec.invalid_value(shown, "may not be specified when dataSourceRef.namespace is specified"));
        }
        (true, true) if !["apiGroup", "kind", "name"].iter().all(same) => {
            errors.push(spec.invalid_value(shown, "must match dataSourceRef"));
        }
        _ => {}
    }
}

fn source(source: &At<'_>, errors: &mut Errors) {
    let (name, kind, group) = (source.child("name"), source.child("kind"), source.child("apiGroup"));
    errors.extend([&name, &kind].into_iter().filter(|at| at.text().is_empty()).map(|at| at.required("")));
    if group.text().is_empty() && kind.text() != "PersistentVolumeClaim" {
        let why = "must be 'PersistentVolumeClaim' when referencing the default apiGroup";
        errors.push(source.invalid_value(kind.text(), why));
    }
    if !group.text().is_empty() {
        group.judged(names::subdomain(group.text()), errors);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_claim_asks_for_some_room_in_some_way() {
        let good = json!({"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}});
        let cases = [
            ("/accessModes", json!([]), "accessModes"),
            ("/accessModes/0", json!(""), "accessModes"),
            ("/resources/requests/storage", json!("0"), ".resources[storage]"),
            ("/resources/requests", json!({}), ".resources[storage]"),
        ];
        for (place, value, field) in cases {
            let mut wrong = good.clone();
            *wrong.pointer_mut(place).unwrap() = value;
            let (mut errors, mut none) = (Vec::new(), Vec::new());
            spec(&At::root(&wrong), &mut errors);
            spec(&At::root(&good), &mut none);
            assert_eq!(errors.iter().map(|error| error.field.as_str()).collect::<Vec<_>>(), [field]);
            assert_eq!(none, []);
        }
    }
}
