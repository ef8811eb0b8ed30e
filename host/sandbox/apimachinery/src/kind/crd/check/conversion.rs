//! How objects get from one version into another.

use serde_json::Value;

use super::super::text;
use crate::field::FieldError;
use crate::meta::names as syntax;

const CLIENT: &str = "spec.conversion.webhookClientConfig";
const REVIEWS: &str = "spec.conversion.conversionReviewVersions";

pub(super) fn check(crd: &Value, errors: &mut Vec<FieldError>) {
    let Some(given) = crd.pointer("/spec/conversion").filter(|given| given.is_object()) else { return };
    let client = given.pointer("/webhook/clientConfig").filter(|client| client.is_object());
    let reviews = given.pointer("/webhook/conversionReviewVersions").and_then(Value::as_array);
    let reviews = reviews.map(Vec::as_slice).unwrap_or_default();
    match text(given, "/strategy") {
        "Webhook" => webhook(client, reviews, errors),
        strategy => {
            strategies(strategy, errors);
            let why = "should not be set when strategy is not set to Webhook";
            let set = [(CLIENT, client.is_some()), (REVIEWS, !reviews.is_empty())];
            errors.extend(set.iter().filter(|(_, set)| *set).map(|(field, _)| FieldError::forbidden(field, why)));
        }
    }
}

fn strategies(strategy: &str, errors: &mut Vec<FieldError>) {
    let field = "spec.conversion.strategy";
    match strategy {
        "None" => {}
        "" => errors.push(FieldError::required(field, "")),
        other => errors.push(FieldError::not_supported(field, &other.into(), &["None", "Webhook"])),
    }
}

fn webhook(client: Option<&Value>, reviews: &[Value], errors: &mut Vec<FieldError>) {
    match client {
        None => errors.push(FieldError::required(CLIENT, "required when strategy is set to Webhook")),
        Some(client) if client["url"].is_string() == client["service"].is_object() => {
            errors.push(FieldError::required(CLIENT, "exactly one of url or service is required"));
        }
        Some(_) => {}
    }
    if reviews.is_empty() {
        errors.push(FieldError::required(REVIEWS, ""));
        return;
    }
    for (i, version) in reviews.iter().enumerate() {
        let (field, name) = (format!("{REVIEWS}[{i}]"), version.as_str().unwrap_or_default());
        if reviews[..i].contains(version) {
            errors.push(FieldError::invalid(&field, version, "duplicate version"));
        } else if let Some(why) = syntax::label_1035(name) {
            errors.push(FieldError::invalid(&field, version, &why));
        }
    }
    if !reviews.iter().any(|version| version == "v1" || version == "v1beta1") {
        errors.push(FieldError::invalid(REVIEWS, &reviews.into(), "must include at least one of v1, v1beta1"));
    }
}
