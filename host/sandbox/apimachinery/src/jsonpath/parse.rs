//! Reads the text of a path.

use serde_json::Value;

use super::{Filter, Operand, Operator, Step};

type Result<T> = std::result::Result<T, &'static str>;

pub(super) fn steps(text: &str) -> Result<Vec<Step>> {
    let text = text.trim();
    let text = text.strip_prefix('{').and_then(|t| t.strip_suffix('}')).unwrap_or(text);
    relative(text.strip_prefix('$').unwrap_or(text))
}

fn relative(text: &str) -> Result<Vec<Step>> {
    let mut steps = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix("..") {
            steps.push(Step::Descend);
            rest = after;
            if !rest.starts_with('[') {
                rest = field(rest, &mut steps)?;
            }
        } else if let Some(after) = rest.strip_prefix('.') {
            rest = if after.is_empty() { after } else { field(after, &mut steps)? };
        } else if let Some(after) = rest.strip_prefix('[') {
            rest = bracket(after, &mut steps)?;
        } else {
            // A first field may stand without its dot.
            rest = field(rest, &mut steps)?;
        }
    }
    Ok(steps)
}

fn field<'a>(text: &'a str, steps: &mut Vec<Step>) -> Result<&'a str> {
    let mut name = String::new();
    let mut chars = text.char_indices();
    let mut end = text.len();
    while let Some((i, c)) = chars.next() {
        match c {
            '\\' => name.extend(chars.next().map(|(_, escaped)| escaped)),
            '.' | '[' => {
                end = i;
                break;
            }
            c => name.push(c),
        }
    }
    if name.is_empty() {
        return Err("a field has no name");
    }
    steps.push(if name == "*" { Step::All } else { Step::Field(name) });
    Ok(&text[end..])
}

fn bracket<'a>(text: &'a str, steps: &mut Vec<Step>) -> Result<&'a str> {
    let end = closing(text).ok_or("a bracket is not closed")?;
    let inner = text[..end].trim();
    steps.push(inside(inner)?);
    Ok(&text[end + 1..])
}

/// Where the bracket closes; brackets in quotes and in nested paths do not count.
fn closing(text: &str) -> Option<usize> {
    let mut quote = None;
    let mut depth = 0;
    for (i, c) in text.char_indices() {
        match (quote, c) {
            (Some(q), c) if c == q => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"') => quote = Some(c),
            (None, '[') => depth += 1,
            (None, ']') if depth == 0 => return Some(i),
            (None, ']') => depth -= 1,
            _ => {}
        }
    }
    None
}

fn inside(inner: &str) -> Result<Step> {
    if inner == "*" {
        return Ok(Step::All);
    }
    if let Some(name) = unquoted(inner) {
        return Ok(Step::Field(name.replace('\\', "")));
    }
    if let Some(condition) = inner.strip_prefix("?(").and_then(|c| c.strip_suffix(')')) {
        return filter(condition).map(Step::Filter);
    }
    let number = |text: &str| match text.trim() {
        "" => Ok(None),
        digits => digits.parse::<i64>().map(Some).map_err(|_| "an index is not a number"),
    };
    match inner.split_once(':') {
        Some((from, to)) => Ok(Step::Slice(number(from)?, number(to)?)),
        None => number(inner)?.map(Step::Index).ok_or("a bracket is empty"),
    }
}

fn unquoted(text: &str) -> Option<&str> {
    ['\'', '"'].iter().find_map(|q| text.strip_prefix(*q).and_then(|t| t.strip_suffix(*q)))
}

fn filter(condition: &str) -> Result<Filter> {
    const OPERATORS: [(&str, Operator); 6] = [
        ("==", Operator::Equal),
        ("!=", Operator::NotEqual),
        ("<=", Operator::LessOrEqual),
        (">=", Operator::GreaterOrEqual),
        ("<", Operator::Less),
        (">", Operator::Greater),
    ];
    for (sign, operator) in OPERATORS {
        if let Some((left, right)) = condition.split_once(sign) {
            return Ok(Filter { left: operand(left)?, operator, right: operand(right)? });
        }
    }
    let left = operand(condition)?;
    Ok(Filter { left, operator: Operator::Exists, right: Operand::Literal(Value::Null) })
}

fn operand(text: &str) -> Result<Operand> {
    let text = text.trim();
    if let Some(path) = text.strip_prefix('@') {
        return relative(path).map(Operand::Path);
    }
    if let Some(literal) = unquoted(text) {
        return Ok(Operand::Literal(literal.into()));
    }
    serde_json::from_str(text).map(Operand::Literal).map_err(|_| "a filter compares with something unreadable")
}
