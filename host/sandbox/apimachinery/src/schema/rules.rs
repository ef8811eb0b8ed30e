//! `x-kubernetes-validations`: rules in CEL.
//!
//! A rule that cannot be run here (Kubernetes' own function libraries for URLs, addresses, quantities and times;
//! `optionalOldSelf`) is not enforced; [`unenforced`] names it, so that a caller can say so.
//!
//! Source: `k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel`. Its cost budget is left out: rules come with
//! definitions, which only an administrator writes here.

pub(super) mod fault;
pub(super) mod types;
mod values;

use std::fmt;
use std::sync::Arc;

use cel::{Context, Env, Program};
use serde_json::Value;

use super::{Additional, ListType, Schema, lists};
use crate::field::FieldError;

/// A value without a schema as rules see it.
pub(crate) fn free_value(value: &Value) -> cel::Value {
    values::convert(&Schema::default(), value)
}

/// One rule, ready to run.
#[derive(Clone)]
pub(crate) struct Rule {
    pub(crate) text: String,
    message: Option<String>,
    reason: Option<String>,
    field_path: Option<String>,
    /// `None` if it cannot be run here.
    runnable: Option<Arc<Runnable>>,
}

struct Runnable {
    env: Arc<Env>,
    rule: Program,
    message: Option<Program>,
    transition: bool,
}

impl fmt::Debug for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Rule").field(&self.text).finish()
    }
}

/// The functions that the interpreter brings; operators have no letters, or start with `@`.
const FUNCTIONS: [&str; 27] = [
    "size",
    "startsWith",
    "endsWith",
    "contains",
    "matches",
    "int",
    "uint",
    "double",
    "string",
    "bytes",
    "bool",
    "dyn",
    "type",
    "charAt",
    "indexOf",
    "lastIndexOf",
    "join",
    "lowerAscii",
    "upperAscii",
    "replace",
    "split",
    "substring",
    "trim",
    "reverse",
    "format",
    "isIP",
    "isCIDR",
];

/// Reads the rules of a schema node.
pub(super) fn read(value: &Value) -> Vec<Rule> {
    let list = value.get("x-kubernetes-validations").and_then(Value::as_array);
    list.into_iter().flatten().filter_map(one).collect()
}

fn one(value: &Value) -> Option<Rule> {
    let text = |key: &str| value.get(key).and_then(Value::as_str).filter(|t| !t.is_empty()).map(str::to_owned);
    let rule = text("rule")?;
    let optional_old = value.get("optionalOldSelf") == Some(&Value::Bool(true));
    let runnable = if optional_old { None } else { compile(&rule, text("messageExpression").as_deref()) };
    Some(Rule {
        text: rule,
        message: text("message"),
        reason: text("reason"),
        field_path: text("fieldPath"),
        runnable: runnable.map(Arc::new),
    })
}

fn compile(rule: &str, message: Option<&str>) -> Option<Runnable> {
    let mut env = Env::stdlib();
    env.add_extension(cel::extensions::strings).ok()?;
    let rule = env.compile(rule).ok()?;
    let references = rule.references();
    let operator = |name: &str| name.starts_with('@') || !name.contains(|c: char| c.is_ascii_alphabetic());
    let known = |name: &str| operator(name) || FUNCTIONS.contains(&name);
    if !references.functions().iter().all(|name| known(name)) {
        return None;
    }
    let transition = references.has_variable("oldSelf");
    let message = message.and_then(|text| env.compile(text).ok());
    Some(Runnable { env: Arc::new(env), rule, message, transition })
}

/// The rules of a schema that are not enforced, with where they stand.
pub(super) fn unenforced(schema: &Schema, path: &str, found: &mut Vec<String>) {
    for rule in schema.rules.iter().filter(|rule| rule.runnable.is_none()) {
        found.push(format!("{}: {}", if path.is_empty() { "<root>" } else { path }, rule.text));
    }
    for (name, property) in &schema.properties {
        unenforced(property, &format!("{path}.{name}"), found);
    }
    if let Additional::Schema(additional) = &schema.additional {
        unenforced(additional, &format!("{path}[*]"), found);
    }
    if let Some(items) = &schema.items {
        unenforced(items, &format!("{path}[*]"), found);
    }
}

/// Whether there is a rule at any depth.
pub(super) fn any(schema: &Schema) -> bool {
    !schema.rules.is_empty()
        || schema.properties.values().any(|property| any(property))
        || schema.items.as_deref().is_some_and(any)
        || matches!(&schema.additional, Additional::Schema(additional) if any(additional))
}

/// Runs every rule on a value that is otherwise valid.
pub(super) fn check(schema: &Schema, value: &Value, old: Option<&Value>, path: &str, errors: &mut Vec<FieldError>) {
    if value.is_null() || old == Some(value) {
        return;
    }
    for rule in &schema.rules {
        errors.extend(rule.check(schema, value, old, path));
    }
    match value {
        Value::Object(map) => {
            for (name, member) in map {
                let Some(property) = schema.member(name) else { continue };
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                check(property, member, old.and_then(|o| o.get(name)), &path, errors);
            }
        }
        Value::Array(items) => {
            let Some(item_schema) = &schema.items else { return };
            for (i, item) in items.iter().enumerate() {
                check(item_schema, item, old.and_then(|o| old_item(schema, item, o)), &format!("{path}[{i}]"), errors);
            }
        }
        _ => {}
    }
}

fn old_item<'a>(schema: &Schema, item: &Value, old: &'a Value) -> Option<&'a Value> {
    match schema.list_type {
        Some(ListType::Map) => old.as_array()?.iter().find(|known| lists::same_key(schema, known, item)),
        _ => None,
    }
}

impl Rule {
    fn check(&self, schema: &Schema, value: &Value, old: Option<&Value>, path: &str) -> Option<FieldError> {
        let runnable = self.runnable.as_ref()?;
        if runnable.transition && old.is_none() {
            return None;
        }
        let mut context = context(runnable)?;
        context.add_variable_from_value("self", values::convert(schema, value));
        if let Some(old) = old {
            context.add_variable_from_value("oldSelf", values::convert(schema, old));
        }
        let place = self.field_path.as_ref().map_or_else(|| path.to_owned(), |below| format!("{path}{below}"));
        let place = place.trim_start_matches('.');
        match runnable.rule.execute(&context) {
            Ok(cel::Value::Bool(true)) => None,
            Ok(_) => Some(self.error(place, value, &self.told(runnable, &context))),
            Err(error) => {
                let why = format!("rule evaluation error: {}", error.to_string().to_lowercase());
                Some(FieldError::invalid_as(path, value, &why))
            }
        }
    }

    fn told(&self, runnable: &Runnable, context: &Context<'_, '_>) -> String {
        let computed = runnable.message.as_ref().and_then(|message| match message.execute(context) {
            Ok(cel::Value::String(text)) => Some(text.trim().to_owned()).filter(|t| !t.is_empty()),
            _ => None,
        });
        let fallback = || self.message.clone().unwrap_or_else(|| format!("failed rule: {}", self.text.trim()));
        computed.unwrap_or_else(fallback)
    }

    fn error(&self, place: &str, value: &Value, why: &str) -> FieldError {
        match self.reason.as_deref() {
            Some("FieldValueForbidden") => FieldError::forbidden(place, why),
            Some("FieldValueRequired") => FieldError::required(place, why),
            Some("FieldValueDuplicate") => FieldError::duplicate(place, value),
            _ => FieldError::invalid_as(place, value, why),
        }
    }
}

/// A context with the functions that Kubernetes adds and that are simple enough to be ours.
fn context<'p, 'v>(runnable: &Runnable) -> Option<Context<'p, 'v>> {
    let mut context = Context::with_env(runnable.env.clone());
    context.add_function("isIP", |text: Arc<String>| text.parse::<std::net::IpAddr>().is_ok()).ok()?;
    context.add_function("isCIDR", |text: Arc<String>| super::formats::holds("cidr", &text)).ok()?;
    Some(context)
}

#[cfg(test)]
mod tests;
