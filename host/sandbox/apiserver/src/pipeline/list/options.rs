//! What a list or watch may ask for, and which of it does not go together.
//!
//! Source: `k8s.io/apimachinery/pkg/apis/meta/internalversion/validation`.

use backplane_apimachinery::Status;
use backplane_apimachinery::field::FieldError;

use crate::pipeline::request::Query;

const MATCH: &str = "resourceVersionMatch";
const NOT_OLDER: &str = "NotOlderThan";

/// Parameters that are numbers.
const NUMBERS: [&str; 2] = ["limit", "timeoutSeconds"];

/// Checks the parameters of a list.
///
/// # Errors
/// 400 for what cannot be read, 422 naming everything that does not go together.
pub(in crate::pipeline) fn check_list(query: &Query) -> Result<(), Status> {
    numbers(query)?;
    let mut errors = Vec::new();
    if let Some(matching) = query.get(MATCH) {
        let version = query.get("resourceVersion");
        if version.is_none() {
            errors.push(forbidden("resourceVersionMatch is forbidden unless resourceVersion is provided"));
        }
        errors.extend(with_continue(query));
        if !["Exact", NOT_OLDER].contains(&matching) {
            errors.push(FieldError::not_supported(MATCH, &matching.into(), &["Exact", NOT_OLDER, ""]));
        }
        if (matching, version) == ("Exact", Some("0")) {
            errors.push(forbidden("resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\""));
        }
    }
    if query.flag("sendInitialEvents").is_some() {
        errors.push(FieldError::forbidden("sendInitialEvents", "sendInitialEvents is forbidden for list"));
    }
    refuse(&errors)
}

/// Checks the parameters of a watch. One that says neither where it begins nor what it wants to see first is taken to want
/// the present objects, as clients of today ask for them.
///
/// # Errors
/// As [`check_list`].
pub(in crate::pipeline) fn check_watch(query: &Query) -> Result<(), Status> {
    numbers(query)?;
    let (initial, matching) = (query.flag("sendInitialEvents"), query.get(MATCH));
    let begins_now = matches!(query.get("resourceVersion"), None | Some("0"));
    if initial.is_none() && matching.is_none() {
        return refuse(&with_continue(query).filter(|_| begins_now).into_iter().collect::<Vec<_>>());
    }
    let mut errors = Vec::new();
    if initial.is_some() && matching != Some(NOT_OLDER) {
        errors.push(forbidden("sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"));
    }
    if let Some(matching) = matching {
        if initial.is_none() {
            errors.push(forbidden("resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided"));
        }
        if matching != NOT_OLDER {
            errors.push(FieldError::not_supported(MATCH, &matching.into(), &[NOT_OLDER]));
        }
        errors.extend(with_continue(query));
    }
    refuse(&errors)
}

fn numbers(query: &Query) -> Result<(), Status> {
    NUMBERS.iter().try_for_each(|name| query.signed(name).map(drop))
}

fn forbidden(why: &str) -> FieldError {
    FieldError::forbidden(MATCH, why)
}

fn with_continue(query: &Query) -> Option<FieldError> {
    query.get("continue").map(|_| forbidden("resourceVersionMatch is forbidden when continue is provided"))
}

fn refuse(errors: &[FieldError]) -> Result<(), Status> {
    if errors.is_empty() { Ok(()) } else { Err(Status::invalid("meta.k8s.io", "ListOptions", "", errors)) }
}
