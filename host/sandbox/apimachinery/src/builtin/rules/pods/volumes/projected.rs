//! A volume made of several sources.

use super::{downward, files};
use crate::builtin::rules::at::{At, Errors};
use crate::builtin::rules::pods::paths;

/// Two to the 32nd seconds are more than a hundred years.
const LONGEST: i64 = 1 << 32;
const SHORTEST: i64 = 600;

pub(super) fn check(volume: &At<'_>, errors: &mut Errors) {
    paths::mode(&volume.child("defaultMode"), errors);
    let mut known: Vec<String> = Vec::new();
    for source in volume.child("sources").items() {
        for named in ["secret", "configMap"].map(|kind| source.child(kind)).iter().filter(|named| named.is_set()) {
            by_name(volume, named, &mut known, errors);
        }
        let own = source.child("downwardAPI");
        for file in own.child("items").items() {
            downward(&own, &file, errors);
            once(volume, &file, file.child("path").text(), &mut known, errors);
        }
        token(volume, &source.child("serviceAccountToken"), errors);
        let given = source.value.as_object().map_or(0, |map| map.values().filter(|value| !value.is_null()).count());
        if given > 1 {
            errors.push(source.forbidden("may not specify more than 1 volume type per source"));
        }
    }
}

fn by_name(volume: &At<'_>, source: &At<'_>, known: &mut Vec<String>, errors: &mut Errors) {
    let name = source.child("name");
    if name.text().is_empty() {
        errors.push(name.required(""));
    }
    files(&source.child("items"), errors);
    for item in source.child("items").items() {
        once(volume, &item, name.text(), known, errors);
    }
}

/// A path occurs once in the volume. `shown` is what an error shows of it.
fn once(volume: &At<'_>, file: &At<'_>, shown: &str, known: &mut Vec<String>, errors: &mut Errors) {
    let path = file.child("path").text();
    if known.iter().any(|other| other == path) {
        errors.push(volume.invalid_value(shown, "conflicting duplicate paths"));
    } else if !path.is_empty() {
        known.push(path.to_owned());
    }
}

/// The real server names the path of a token as if it were the volume's.
fn token(volume: &At<'_>, token: &At<'_>, errors: &mut Errors) {
    if !token.is_set() {
        return;
    }
    let expiration = token.child("expirationSeconds");
    if expiration.number() < SHORTEST {
        errors.push(expiration.invalid("may not specify a duration less than 10 minutes"));
    }
    if expiration.number() > LONGEST {
        errors.push(expiration.invalid("may not specify a duration larger than 2^32 seconds"));
    }
    let path = At { value: token.child("path").value, path: volume.child("path").path };
    if path.text().is_empty() {
        errors.push(path.required(""));
    } else {
        paths::file(&path, errors);
    }
}
