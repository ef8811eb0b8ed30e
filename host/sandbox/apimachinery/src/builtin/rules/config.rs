//! Rules of ConfigMaps and Secrets.

use serde_json::Value;

use super::at::{At, Errors};
use super::texts::{self, IMMUTABLE};
use crate::decode;
use crate::field::FieldError;

/// Bytes that the data of one object may have.
const LIMIT: u64 = 1024 * 1024;
const SEALED: &str = "field is immutable when `immutable` is set";

pub(super) fn config_map(object: &At<'_>, old: Option<&At<'_>>, errors: &mut Errors) {
    sealed(object, old, &["data", "binaryData"], errors);
    let (data, binary) = (object.child("data"), object.child("binaryData"));
    for (key, at) in data.entries() {
        errors.extend(texts::config_key(key).into_iter().map(|why| at.invalid_value(key, &why)));
        if binary.child(key).is_set() {
            errors.push(at.invalid_value(key, "duplicate of key present in binaryData"));
        }
    }
    keys(&binary, errors);
    if size(&data) + decoded_size(&binary) > LIMIT {
        // The real server's name for the object as a whole.
        errors.push(FieldError::too_long("[]", LIMIT));
    }
}

pub(super) fn secret(object: &At<'_>, old: Option<&At<'_>>, errors: &mut Errors) {
    if let Some(old) = old {
        object.child("type").fixed(&old.child("type"), IMMUTABLE, errors);
    }
    sealed(object, old, &["data"], errors);
    let data = object.child("data");
    keys(&data, errors);
    if decoded_size(&data) > LIMIT {
        errors.push(FieldError::too_long(&data.path, LIMIT));
    }
    of_type(object, &data, errors);
}

/// Once `immutable` is set, it stays and so do these fields.
fn sealed(object: &At<'_>, old: Option<&At<'_>>, fields: &[&str], errors: &mut Errors) {
    let Some(old) = old.filter(|old| old.child("immutable").value == true) else { return };
    if object.child("immutable").value != true {
        errors.push(object.child("immutable").forbidden(SEALED));
    }
    for field in fields {
        if object.child(field).value != old.child(field).value {
            errors.push(object.child(field).forbidden(SEALED));
        }
    }
}

fn keys(data: &At<'_>, errors: &mut Errors) {
    for (key, at) in data.entries() {
        errors.extend(texts::config_key(key).into_iter().map(|why| at.invalid_value(key, &why)));
    }
}

fn size(data: &At<'_>) -> u64 {
    data.entries().iter().map(|(_, at)| at.text().len() as u64).sum()
}

/// Three bytes stand in four letters.
fn decoded_size(data: &At<'_>) -> u64 {
    let letters = |at: &At<'_>| at.text().trim_end_matches('=').len() as u64;
    data.entries().iter().map(|(_, at)| letters(at) * 3 / 4).sum()
}

/// What Secrets of the well-known types must hold.
///
/// Source: <https://kubernetes.io/docs/concepts/configuration/secret/#secret-types>.
fn of_type(object: &At<'_>, data: &At<'_>, errors: &mut Errors) {
    match object.child("type").text() {
        "kubernetes.io/service-account-token" => {
            let name = "kubernetes.io/service-account.name";
            let annotations = object.below(&["metadata", "annotations"]);
            if annotations.child(name).text().is_empty() {
                errors.push(FieldError::required(&format!("{}[{name}]", annotations.path), ""));
            }
        }
        "kubernetes.io/dockercfg" => json(data, ".dockercfg", errors),
        "kubernetes.io/dockerconfigjson" => json(data, ".dockerconfigjson", errors),
        // One of the two is enough.
        "kubernetes.io/basic-auth" if ["username", "password"].iter().all(|key| !data.child(key).is_set()) => {
            needs(data, &["username", "password"], errors);
        }
        "kubernetes.io/ssh-auth" if data.child("ssh-privatekey").text().is_empty() => {
            errors.push(missing(data, "ssh-privatekey"));
        }
        "kubernetes.io/tls" => needs(data, &["tls.crt", "tls.key"], errors),
        _ => {}
    }
}

fn needs(data: &At<'_>, keys: &[&str], errors: &mut Errors) {
    errors.extend(keys.iter().filter(|key| !data.child(key).is_set()).map(|key| missing(data, key)));
}

fn missing(data: &At<'_>, key: &str) -> FieldError {
    FieldError::required(&format!("{}[{key}]", data.path), "")
}

fn json(data: &At<'_>, key: &str, errors: &mut Errors) {
    let value = data.child(key);
    if !value.is_set() {
        errors.push(missing(data, key));
        return;
    }
    if let Some(why) = decode::base64(value.text()).ok().and_then(|bytes| decode::syntax_error(&bytes)) {
        let field = format!("{}[{key}]", data.path);
        errors.push(FieldError::invalid(&field, &Value::from("<secret contents redacted>"), &why));
    }
}
