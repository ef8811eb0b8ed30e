//! Rules that are not in the language, and how the real server shows a rule and a place in it.

use cel::Env;
use serde_json::Value;

/// What the compiler of the real server says about the syntax of a rule; `None` if it is good.
pub(crate) fn of(rule: &str) -> Option<String> {
    let errors = Env::stdlib().compile(rule).err()?.errors;
    // Anything else than the grammar is a matter of what our interpreter knows, not of the rule.
    let of_grammar = errors.iter().filter(|error| error.msg.starts_with("Syntax error"));
    let number = |n: isize| usize::try_from(n).unwrap_or_default();
    let all: Vec<String> =
        of_grammar.map(|error| told(rule, number(error.pos.0), number(error.pos.1), &wanted(&error.msg))).collect();
    (!all.is_empty()).then(|| all.join("\n"))
}

/// Whether a rule speaks of the old value, as far as it can be read here.
pub(in crate::schema) fn looks_back(rule: &str) -> bool {
    Env::stdlib()
        .compile(rule)
        .map_or_else(|_| rule.contains("oldSelf"), |rule| rule.references().has_variable("oldSelf"))
}

/// Where a rule could end, Go's parser expects nothing else.
fn wanted(message: &str) -> String {
    match message.split_once("expecting {<EOF>,") {
        Some((start, _)) => format!("{start}expecting <EOF>"),
        None => message.to_owned(),
    }
}

/// An error at a place of a rule, with the line and a mark below it.
pub(super) fn told(rule: &str, row: usize, column: usize, why: &str) -> String {
    let line = rule.lines().nth(row.saturating_sub(1)).unwrap_or_default();
    let mark = format!("{}^", ".".repeat(column.saturating_sub(1)));
    format!("ERROR: <input>:{row}:{column}: {why}\n | {line}\n | {mark}")
}

/// A rule as the real server quotes it: with every member of its own type, and some characters as HTML wants them.
pub(crate) fn shown(rule: &Value) -> String {
    let text = |key: &str| {
        let text = rule.get(key).and_then(Value::as_str).unwrap_or_default();
        let quoted = Value::from(text).to_string();
        quoted.replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026")
    };
    let given = |key: &str| match rule.get(key) {
        None | Some(Value::Null) => "null".to_owned(),
        Some(Value::String(_)) => text(key),
        Some(other) => other.to_string(),
    };
    format!(
        "{{\"Rule\":{},\"Message\":{},\"MessageExpression\":{},\"Reason\":{},\"FieldPath\":{},\"OptionalOldSelf\":{}}}",
        text("rule"),
        text("message"),
        text("messageExpression"),
        given("reason"),
        text("fieldPath"),
        given("optionalOldSelf")
    )
}
