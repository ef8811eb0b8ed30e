//! How objects get from one version into another.

use serde_json::Value;

use super::super::{authority, text};
use crate::builtin;
use crate::field::FieldError;

const STRATEGY: &str = "spec.conversion.strategy";
const CLIENT: &str = "spec.conversion.webhookClientConfig";
const REVIEWS: &str = "spec.conversion.conversionReviewVersions";

pub(super) fn check(crd: &Value, old: Option<&Value>, errors: &mut Vec<FieldError>) {
    let Some(given) = crd.pointer("/spec/conversion").filter(|given| given.is_object()) else { return };
    let strategy = text(given, "/strategy");
    if strategy != "None" && crd.pointer("/spec/preserveUnknownFields") == Some(&Value::Bool(true)) {
        let why = "must be None if spec.preserveUnknownFields is true";
        errors.push(FieldError::invalid(STRATEGY, &strategy.into(), why));
    }
    strategies(strategy, errors);
    let client = given.pointer("/webhook/clientConfig").filter(|client| client.is_object());
    let reviews = given.pointer("/webhook/conversionReviewVersions");
    let reviews = reviews.filter(|list| list.as_array().is_some_and(|list| !list.is_empty()));
    if strategy == "Webhook" {
        let trusts = old.is_some_and(|old| super::is_established(old) && !authority::is_mistrusted(old));
        return webhook(client, reviews, if trusts { Trust::Kept } else { Trust::Any }, errors);
    }
    let why = "should not be set when strategy is not set to Webhook";
    let set = [(CLIENT, client.is_some()), (REVIEWS, reviews.is_some())];
    errors.extend(set.iter().filter(|(_, set)| *set).map(|(field, _)| FieldError::forbidden(field, why)));
}

fn strategies(strategy: &str, errors: &mut Vec<FieldError>) {
    match strategy {
        "None" | "Webhook" => {}
        "" => errors.push(FieldError::required(STRATEGY, "")),
        other => errors.push(FieldError::not_supported(STRATEGY, &other.into(), &["None", "Webhook"])),
    }
}

/// Whether the certificates have to be good: once they were, in a definition that is served, they stay so.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Trust {
    Any,
    Kept,
}

fn webhook(client: Option<&Value>, reviews: Option<&Value>, trust: Trust, errors: &mut Vec<FieldError>) {
    match client {
        None => errors.push(FieldError::required(CLIENT, "required when strategy is set to Webhook")),
        Some(client) => {
            errors.extend(builtin::webhook_client(client, CLIENT));
            let bundle = text(client, "/caBundle");
            let fault = authority::fault(bundle).filter(|_| trust == Trust::Kept);
            errors.extend(fault.map(|why| FieldError::invalid(&format!("{CLIENT}.caBundle"), &bundle.into(), &why)));
        }
    }
    match reviews {
        None => errors.push(FieldError::required(REVIEWS, "")),
        Some(reviews) => errors.extend(builtin::review_versions(reviews, REVIEWS)),
    }
}
