//! Comparisons of values that are never of one type, such as a text with a number.
//!
//! This is no type checker: what is not a literal or a plain field of the schema counts as anything, and what could be right
//! is taken. The real server knows more and refuses more.

use cel::common::ast::{CallExpr, Expr, IdedExpr, LiteralValue, SourceInfo};
use cel::parser::Parser;
use serde_json::Value;

use super::fault;

/// Operators whose sides must be of one type; numbers of different types may be compared.
const COMPARISONS: [&str; 6] = ["_<_", "_<=_", "_>_", "_>=_", "_==_", "_!=_"];

/// What the compiler of the real server says about the types in a rule on a value of this schema; `None` if nothing is known
/// to be wrong.
pub(in crate::schema) fn mismatch(rule: &str, document: &Value) -> Option<String> {
    let (expression, places) = Parser::new().enable_optional_syntax(true).parse_with_source_info(rule).ok()?;
    let (id, why) = walk(&expression, document)?;
    let (row, column) = place(rule, &places, id)?;
    Some(fault::told(rule, row, column, &why))
}

fn walk(expression: &IdedExpr, document: &Value) -> Option<(u64, String)> {
    let Expr::Call(call) = &expression.expr else { return None };
    let inner = call.target.iter().map(AsRef::as_ref).chain(&call.args).find_map(|part| walk(part, document));
    inner.or_else(|| compared(call, document).map(|why| (expression.id, why)))
}

fn compared(call: &CallExpr, document: &Value) -> Option<String> {
    let [left, right] = call.args.as_slice() else { return None };
    if !COMPARISONS.contains(&call.func_name.as_str()) {
        return None;
    }
    let (left, right) = (type_of(left, document)?, type_of(right, document)?);
    let numbers = ["int", "double", "uint"];
    let fits = left == right || (numbers.contains(&left) && numbers.contains(&right));
    let name = &call.func_name;
    (!fits).then(|| format!("found no matching overload for '{name}' applied to '({left}, {right})'"))
}

/// The type of an expression, if it is a literal or a field of one plain type.
fn type_of(expression: &IdedExpr, document: &Value) -> Option<&'static str> {
    match &expression.expr {
        Expr::Literal(LiteralValue::String(_)) => Some("string"),
        Expr::Literal(LiteralValue::Int(_)) => Some("int"),
        Expr::Literal(LiteralValue::UInt(_)) => Some("uint"),
        Expr::Literal(LiteralValue::Double(_)) => Some("double"),
        Expr::Literal(LiteralValue::Boolean(_)) => Some("bool"),
        _ => plain(schema(expression, document)?),
    }
}

/// The schema of `self`, or of a field below it.
fn schema<'a>(expression: &IdedExpr, document: &'a Value) -> Option<&'a Value> {
    match &expression.expr {
        Expr::Ident(name) => ["self", "oldSelf"].contains(&name.as_str()).then_some(document),
        Expr::Select(select) if !select.test => {
            schema(&select.operand, document)?.get("properties")?.get(&select.field)
        }
        _ => None,
    }
}

/// Formats make other types of texts, and what may be `null` is of two.
fn plain(document: &Value) -> Option<&'static str> {
    let flags = ["nullable", "x-kubernetes-int-or-string", "x-kubernetes-preserve-unknown-fields"];
    if flags.iter().any(|flag| document[*flag] == true) {
        return None;
    }
    match document["type"].as_str()? {
        "string" if document["format"].is_null() => Some("string"),
        "integer" => Some("int"),
        "number" => Some("double"),
        "boolean" => Some("bool"),
        _ => None,
    }
}

/// Line and column of an expression, both from one.
fn place(rule: &str, places: &SourceInfo, id: u64) -> Option<(usize, usize)> {
    let start = usize::try_from(places.offset_for(id)?.0).ok()?;
    let before: Vec<char> = rule.chars().take(start).collect();
    let column = before.iter().rev().take_while(|c| **c != '\n').count();
    Some((1 + before.iter().filter(|c| **c == '\n').count(), column + 1))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_what_can_never_be_compared_is_refused() {
        let object = json!({"type": "object", "properties": {
            "name": {"type": "string"}, "size": {"type": "integer"}, "ratio": {"type": "number"},
            "when": {"type": "string", "format": "date-time"}, "port": {"x-kubernetes-int-or-string": true}}});
        let good = [
            "self.name == 'x'",
            "self.size > 1.5",
            "self.ratio >= 1",
            "self.when > timestamp('2001-01-01T00:00:00Z')",
            "self.port == 80 || self.port == 'http'",
            "size(self.name) < 5",
            "has(self.name)",
        ];
        for rule in good {
            assert_eq!(mismatch(rule, &object), None, "{rule}");
        }
        let why = "found no matching overload for '_>_' applied to '(string, int)'";
        let rule = "has(self.name) && self.name > 1";
        let expected = format!("ERROR: <input>:1:29: {why}\n | {rule}\n | {}^", ".".repeat(28));
        assert_eq!(mismatch(rule, &object), Some(expected));
    }
}
