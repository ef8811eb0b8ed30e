//! Which families of addresses a Service has, and whether it wants one or two.

use backplane_apimachinery::FieldError;
use serde_json::{Value, json};

use super::text;
use crate::pipeline::Resource;

/// The family that the cluster has.
const OWN: &str = "IPv4";
const OTHER: &str = "IPv6";

/// Fills in `ipFamilyPolicy` and `ipFamilies`.
pub(super) fn infer(_: &Resource<'_>, old: Option<&Value>, spec: &mut Value) -> Vec<FieldError> {
    if spec["ipFamilyPolicy"].is_null() {
        spec["ipFamilyPolicy"] = policy(old, spec);
    }
    let errors = foreign_addresses(spec);
    if !errors.is_empty() {
        return errors;
    }
    if is_free(spec) {
        spec["ipFamilies"] = free_families(spec).into();
        return Vec::new();
    }
    let errors = not_served(spec);
    if errors.is_empty() && families(spec).is_empty() {
        spec["ipFamilies"] = json!([OWN]);
    }
    errors
}

fn policy(old: Option<&Value>, spec: &Value) -> Value {
    match old.map(|old| &old["ipFamilyPolicy"]).filter(|policy| !policy.is_null()) {
        Some(policy) => policy.clone(),
        None if is_free(spec) => "RequireDualStack".into(),
        None => "SingleStack".into(),
    }
}

/// Nobody but its user knows the addresses of a Service without an address and without a selector.
fn is_free(spec: &Value) -> bool {
    let selects = spec["selector"].as_object().is_some_and(|selector| !selector.is_empty());
    spec["clusterIP"] == "None" && !selects
}

fn families(spec: &Value) -> Vec<String> {
    spec["ipFamilies"].as_array().into_iter().flatten().map(|family| text(family).to_owned()).collect()
}

fn free_families(spec: &Value) -> Vec<String> {
    let mut families = families(spec);
    if families.is_empty() {
        families.push(OWN.to_owned());
    }
    if families.len() < 2 && spec["ipFamilyPolicy"] != "SingleStack" {
        families.push(if families[0] == OWN { OTHER } else { OWN }.to_owned());
    }
    families
}

/// Addresses of a family that neither the Service names nor the cluster has.
fn foreign_addresses(spec: &Value) -> Vec<FieldError> {
    let named = families(spec).len();
    let addresses = spec["clusterIPs"].as_array().into_iter().flatten().enumerate().skip(named);
    let foreign = addresses.filter(|(_, address)| text(address).contains(':'));
    let error = |(i, _)| {
        let why = format!("{OTHER} is not configured on this cluster");
        FieldError::invalid(&format!("spec.clusterIPs[{i}]"), &spec["clusterIPs"], &why)
    };
    foreign.map(error).collect()
}

fn not_served(spec: &Value) -> Vec<FieldError> {
    let mut errors = Vec::new();
    if spec["ipFamilyPolicy"] == "RequireDualStack" {
        let why = "this cluster is not configured for dual-stack services";
        errors.push(FieldError::invalid("spec.ipFamilyPolicy", &spec["ipFamilyPolicy"], why));
    }
    for (i, family) in families(spec).into_iter().enumerate().filter(|(_, family)| family == OTHER) {
        let field = format!("spec.ipFamilies[{i}]");
        errors.push(FieldError::invalid(&field, &family.into(), "not configured on this cluster"));
    }
    errors
}
