//! Checks a definition apart from its schemas.

use serde_json::Value;

use super::text;
use crate::field::FieldError;
use crate::meta::names;

pub(super) fn definition(crd: &Value) -> Vec<FieldError> {
    let mut errors = Vec::new();
    identity(crd, &mut errors);
    the_names(crd, &mut errors);
    versions(crd, &mut errors);
    conversion(crd, &mut errors);
    if crd.pointer("/spec/preserveUnknownFields") == Some(&Value::Bool(true)) {
        errors.push(FieldError::invalid("spec.preserveUnknownFields", &true.into(), "must be false"));
    }
    errors
}

fn identity(crd: &Value, errors: &mut Vec<FieldError>) {
    let (group, plural) = (text(crd, "/spec/group"), text(crd, "/spec/names/plural"));
    let name = text(crd, "/metadata/name");
    if name != format!("{plural}.{group}") {
        let why = r#"must be spec.names.plural+"."+spec.group"#;
        errors.push(FieldError::invalid("metadata.name", &name.into(), why));
    }
    if group.is_empty() {
        errors.push(FieldError::required("spec.group", ""));
    } else if let Some(why) = names::subdomain(group) {
        errors.push(FieldError::invalid("spec.group", &group.into(), &why));
    } else if !group.contains('.') {
        errors.push(FieldError::invalid("spec.group", &group.into(), "should be a domain with at least one dot"));
    }
    match text(crd, "/spec/scope") {
        "" => errors.push(FieldError::required("spec.scope", "")),
        "Cluster" | "Namespaced" => {}
        other => errors.push(FieldError::not_supported("spec.scope", &other.into(), &["Cluster", "Namespaced"])),
    }
    let approved = crd.pointer("/metadata/annotations/api-approved.kubernetes.io").is_some();
    let protected = |suffix: &str| group == suffix || group.ends_with(&format!(".{suffix}"));
    if !approved && (protected("k8s.io") || protected("kubernetes.io")) {
        let field = "metadata.annotations[api-approved.kubernetes.io]";
        let why = "protected groups must have approval annotation \"api-approved.kubernetes.io\", see https://github.com/kubernetes/enhancements/pull/1111";
        errors.push(FieldError::required(field, why));
    }
}

fn the_names(crd: &Value, errors: &mut Vec<FieldError>) {
    let (plural, kind) = (text(crd, "/spec/names/plural"), text(crd, "/spec/names/kind"));
    label("spec.names.plural", plural, errors);
    if kind.is_empty() {
        errors.push(FieldError::required("spec.names.kind", ""));
    } else if let Some(why) = names::label(&kind.to_lowercase()) {
        let why = format!("may have mixed case, but should otherwise match: {why}");
        errors.push(FieldError::invalid("spec.names.kind", &kind.into(), &why));
    }
    let names = super::Names::of(crd);
    if names.kind == names.list_kind {
        let why = "kind and listKind may not be the same";
        errors.push(FieldError::invalid("spec.names.listKind", &names.list_kind.as_str().into(), why));
    }
    label("spec.names.singular", &names.singular, errors);
    for (i, short) in names.short_names.iter().enumerate() {
        label(&format!("spec.names.shortNames[{i}]"), short, errors);
    }
    for (i, category) in names.categories.iter().enumerate() {
        label(&format!("spec.names.categories[{i}]"), category, errors);
    }
}

fn label(field: &str, name: &str, errors: &mut Vec<FieldError>) {
    if name.is_empty() {
        errors.push(FieldError::required(field, ""));
    } else if let Some(why) = names::label(name) {
        errors.push(FieldError::invalid(field, &name.into(), &why));
    }
}

fn versions(crd: &Value, errors: &mut Vec<FieldError>) {
    let empty = Value::Array(Vec::new());
    let all = crd.pointer("/spec/versions").unwrap_or(&empty);
    let list = all.as_array().map(Vec::as_slice).unwrap_or_default();
    let storage = list.iter().filter(|v| super::flag(v, "storage")).count();
    if storage != 1 {
        let why = "must have exactly one version marked as storage version";
        errors.push(FieldError::invalid("spec.versions", &summary(list), why));
    }
    let mut seen = Vec::new();
    for (i, version) in list.iter().enumerate() {
        let name = text(version, "/name");
        let field = format!("spec.versions[{i}].name");
        if let Some(why) = names::label_1035(name) {
            errors.push(FieldError::invalid(&field, &name.into(), &why));
        }
        if seen.contains(&name) {
            errors.push(FieldError::invalid("spec.versions", &summary(list), "must contain unique version names"));
        }
        seen.push(name);
    }
}

fn conversion(crd: &Value, errors: &mut Vec<FieldError>) {
    let Some(given) = crd.pointer("/spec/conversion").filter(|given| given.is_object()) else { return };
    let client = given.pointer("/webhook/clientConfig").filter(|client| client.is_object());
    let field = "spec.conversion.webhookClientConfig";
    match (text(given, "/strategy"), client) {
        ("None", None) => {}
        ("None", Some(_)) => {
            errors.push(FieldError::forbidden(field, "should not be set when strategy is not set to Webhook"));
        }
        ("Webhook", None) => errors.push(FieldError::required(field, "required when strategy is set to Webhook")),
        ("Webhook", Some(client)) => {
            if client["url"].is_string() == client["service"].is_object() {
                errors.push(FieldError::required(field, "exactly one of url or service is required"));
            }
            let versions = given.pointer("/webhook/conversionReviewVersions").and_then(Value::as_array);
            if !versions.is_some_and(|versions| versions.iter().any(|version| version == "v1")) {
                let why = "must include at least one of v1, v1beta1";
                let shown = versions.cloned().unwrap_or_default().into();
                errors.push(FieldError::invalid("spec.conversion.conversionReviewVersions", &shown, why));
            }
        }
        (other, _) => {
            let known = ["None", "Webhook"];
            errors.push(FieldError::not_supported("spec.conversion.strategy", &other.into(), &known));
        }
    }
}

/// The versions without their schemas, which would fill pages.
fn summary(versions: &[Value]) -> Value {
    let short = |version: &Value| {
        let mut version = version.clone();
        if let Some(map) = version.as_object_mut() {
            map.retain(|key, _| ["name", "served", "storage"].contains(&key.as_str()));
        }
        version
    };
    versions.iter().map(short).collect()
}
