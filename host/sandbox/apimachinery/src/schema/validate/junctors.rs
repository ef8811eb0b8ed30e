//! `allOf`, `anyOf`, `oneOf` and `not`.

use serde_json::Value;

use super::{Outcome, node};
use crate::field::FieldError;
use crate::schema::Schema;

pub(super) fn check(schema: &Schema, value: &Value, old: Option<&Value>, path: &str) -> Outcome {
    let mut out = Outcome::default();
    let Some(junctors) = &schema.junctors else {
        out.matches += 1;
        return out;
    };
    let run = |schemas: &[Schema]| -> Vec<Outcome> { schemas.iter().map(|s| node(s, value, old, path)).collect() };
    any_of(run(&junctors.any_of), path, &mut out);
    one_of(run(&junctors.one_of), path, &mut out);
    all_of(run(&junctors.all_of), path, &mut out);
    if let Some(not) = &junctors.not
        && node(not, value, None, path).errors.is_empty()
    {
        fail(&mut out, path, "must not validate the schema (not)");
    }
    out.matches += 1;
    out
}

/// These errors name no field in the cause, only in the text.
fn fail(out: &mut Outcome, path: &str, what: &str) {
    out.fail(FieldError::invalid("", &"".into(), &format!("\"{path}\" {what}")));
}

fn any_of(outcomes: Vec<Outcome>, path: &str, out: &mut Outcome) {
    if outcomes.is_empty() {
        return;
    }
    match outcomes.iter().position(|o| o.errors.is_empty()) {
        Some(i) => out.matches += outcomes[i].matches,
        None => {
            fail(out, path, "must validate at least one schema (anyOf)");
            merge_best(outcomes, out);
        }
    }
}

fn one_of(outcomes: Vec<Outcome>, path: &str, out: &mut Outcome) {
    if outcomes.is_empty() {
        return;
    }
    match outcomes.iter().filter(|o| o.errors.is_empty()).count() {
        1 => out.matches += outcomes.iter().find(|o| o.errors.is_empty()).map_or(0, |o| o.matches),
        0 => {
            fail(out, path, "must validate one and only one schema (oneOf). Found none valid");
            merge_best(outcomes, out);
        }
        n => {
            fail(out, path, &format!("must validate one and only one schema (oneOf). Found {n} valid alternatives"));
        }
    }
}

fn all_of(outcomes: Vec<Outcome>, path: &str, out: &mut Outcome) {
    let total = outcomes.len();
    let valid = outcomes.iter().filter(|o| o.errors.is_empty()).count();
    outcomes.into_iter().for_each(|o| out.merge(o));
    if valid < total {
        let none = if valid == 0 { ". None validated" } else { "" };
        fail(out, path, &format!("must validate all the schemas (allOf){none}"));
    }
}

/// Reports the alternative that came closest; the first among equals.
fn merge_best(outcomes: Vec<Outcome>, out: &mut Outcome) {
    let best = outcomes.into_iter().reduce(|best, next| if next.matches > best.matches { next } else { best });
    if let Some(best) = best {
        out.merge(best);
    }
}
