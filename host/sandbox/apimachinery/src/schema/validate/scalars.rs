//! Bounds on strings and numbers, and enumerations.

use serde_json::{Number, Value};

use super::Outcome;
use crate::field::FieldError;
use crate::schema::{Bound, Schema};

pub(super) fn string(schema: &Schema, text: &str, value: &Value, path: &str) -> Outcome {
    let mut out = Outcome::default();
    let Some(limits) = &schema.limits else { return out };
    let length = text.chars().count() as u64;
    if let Some(max) = limits.max_length.filter(|max| length > *max) {
        out.fail(FieldError::too_long(path, max));
    } else if let Some(min) = limits.min_length.filter(|min| length < *min) {
        let what = format!("{path} in body should be at least {min} chars long");
        out.fail(FieldError::invalid(path, value, &what));
    } else if let Some(pattern) = limits.pattern.as_ref().filter(|p| !p.regex.is_match(text)) {
        let what = format!("{path} in body should match '{}'", pattern.text);
        out.fail(FieldError::invalid(path, value, &what));
    } else {
        out.matches += 1;
    }
    out
}

pub(super) fn number(schema: &Schema, number: &Number, value: &Value, path: &str) -> Outcome {
    let mut out = Outcome::default();
    let Some(limits) = &schema.limits else { return out };
    if let Some(error) = limits.multiple_of.as_ref().and_then(|factor| multiple(number, factor, value, path)) {
        out.fail(error);
    }
    if let Some(max) = limits.maximum.as_ref().filter(|max| !below(number, max)) {
        let than = if max.exclusive { "less than" } else { "less than or equal to" };
        let what = format!("{path} in body should be {than} {}", max.value);
        out.fail(FieldError::invalid(path, value, &what));
    }
    if let Some(min) = limits.minimum.as_ref().filter(|min| !above(number, min)) {
        let than = if min.exclusive { "greater than" } else { "greater than or equal to" };
        let what = format!("{path} in body should be {than} {}", min.value);
        out.fail(FieldError::invalid(path, value, &what));
    }
    if out.errors.is_empty() {
        out.matches += 1;
    }
    out
}

fn below(number: &Number, max: &Bound) -> bool {
    let order = compare(number, &max.value);
    order.is_lt() || (!max.exclusive && order.is_eq())
}

fn above(number: &Number, min: &Bound) -> bool {
    let order = compare(number, &min.value);
    order.is_gt() || (!min.exclusive && order.is_eq())
}

fn compare(a: &Number, b: &Number) -> std::cmp::Ordering {
    match (a.as_i128(), b.as_i128()) {
        (Some(a), Some(b)) => a.cmp(&b),
        _ => float(a).total_cmp(&float(b)),
    }
}

fn float(number: &Number) -> f64 {
    number.as_f64().unwrap_or(f64::NAN)
}

/// To the real server the factor of an integer is an integer, too: what is left of 0.5 is 0, and no good.
fn multiple(number: &Number, factor: &Number, value: &Value, path: &str) -> Option<FieldError> {
    let whole = number.as_i64().map(|number| (number, factor.as_i64().unwrap_or(float(factor) as i64)));
    let (positive, shown) = match whole {
        Some((_, factor)) => (factor > 0, Value::from(factor)),
        None => (float(factor) > 0.0, Value::Number(factor.clone())),
    };
    if !positive {
        let what = format!("factor MultipleOf declared for {path} must be positive: {shown}");
        return Some(FieldError::invalid(path, &shown, &what));
    }
    let holds = match whole {
        Some((number, factor)) => number % factor == 0,
        None => {
            let ratio = float(number) / float(factor);
            (ratio - ratio.round()).abs() < 1e-9
        }
    };
    (!holds).then(|| FieldError::invalid(path, value, &format!("{path} in body should be a multiple of {factor}")))
}

pub(super) fn enumeration(schema: &Schema, value: &Value, path: &str) -> Outcome {
    let mut out = Outcome::default();
    let Some(limits) = schema.limits.as_ref().filter(|l| !l.enum_.is_empty()) else { return out };
    if limits.enum_.iter().any(|allowed| same(allowed, value)) {
        out.matches += 1;
        return out;
    }
    let names: Vec<String> =
        limits.enum_.iter().map(|v| v.as_str().map_or_else(|| v.to_string(), str::to_owned)).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    out.fail(FieldError::not_supported(path, value, &names));
    out
}

fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => compare(a, b).is_eq(),
        _ => a == b,
    }
}
