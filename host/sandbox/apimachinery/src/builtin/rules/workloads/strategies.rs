//! How Pods are replaced when the template changes.

use super::super::at::{At, Errors};
use super::super::texts;
use crate::builtin::inner;
use crate::field::{FieldError, FieldReason, supported_values};

pub(super) fn of_deployment(strategy: &At<'_>, errors: &mut Errors) {
    let rolling = strategy.child("rollingUpdate");
    match strategy.child("type").text() {
        "Recreate" if rolling.is_set() => {
            errors.push(rolling.forbidden("may not be specified when strategy `type` is 'Recreate'"));
        }
        "Recreate" => {}
        "RollingUpdate" => {
            let unavailable = step(&rolling, errors);
            if amount(&unavailable) == 0 && amount(&rolling.child("maxSurge")) == 0 {
                errors.push(unavailable.invalid("may not be 0 when `maxSurge` is 0"));
            }
            not_above_all(&unavailable, errors);
        }
        _ => errors.push(no_such_strategy(strategy, &["Recreate", "RollingUpdate"])),
    }
}

pub(super) fn of_daemon_set(strategy: &At<'_>, errors: &mut Errors) {
    let rolling = strategy.child("rollingUpdate");
    match strategy.child("type").text() {
        "OnDelete" => {}
        "RollingUpdate" => {
            let (unavailable, surge) = (step(&rolling, errors), rolling.child("maxSurge"));
            not_above_all(&unavailable, errors);
            not_above_all(&surge, errors);
            match (amount(&unavailable), amount(&surge)) {
                (0, 0) => errors.push(unavailable.required("cannot be 0 when maxSurge is 0")),
                (0, _) | (_, 0) => {}
                _ => errors.push(surge.invalid("may not be set when maxUnavailable is non-zero")),
            }
        }
        _ => errors.push(no_such_strategy(strategy, &["RollingUpdate", "OnDelete"])),
    }
}

/// Checks both numbers of a rolling update; gives the first.
fn step<'a>(rolling: &At<'a>, errors: &mut Errors) -> At<'a> {
    let unavailable = rolling.child("maxUnavailable");
    texts::count_or_percent(&unavailable, errors);
    texts::count_or_percent(&rolling.child("maxSurge"), errors);
    unavailable
}

/// A number, or the number of a percentage.
fn amount(at: &At<'_>) -> i64 {
    match texts::percent(at.text()) {
        Some(percent) => i64::try_from(percent).unwrap_or(i64::MAX),
        // Of a text that is neither and was said to be wrong, its number counts.
        None => at.text().parse().unwrap_or_else(|_| at.number()),
    }
}

fn not_above_all(at: &At<'_>, errors: &mut Errors) {
    if texts::percent(at.text()).is_some_and(|percent| percent > 100) {
        errors.push(at.invalid("must not be greater than 100%"));
    }
}

fn no_such_strategy(strategy: &At<'_>, supported: &[&str]) -> FieldError {
    // The strategy of a DaemonSet has the same fields.
    let (shown, why) = (inner::shown("DeploymentStrategy", strategy.value), supported_values(supported));
    FieldError::with_text(FieldReason::NotSupported, &strategy.path, &shown, &why)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_strategy_is_shown_as_go_writes_it() {
        let strategy = json!({"type": "X", "rollingUpdate": {"maxSurge": "1%"}});
        let shown = inner::shown("DeploymentStrategy", &strategy);
        assert_eq!(shown, r#"{"Type":"X","RollingUpdate":{"MaxUnavailable":0,"MaxSurge":"1%"}}"#);
    }
}
