//! Paths to fields of a schema: `.spec.name`, and where keys may be quoted `.metadata['a.b']`.
//!
//! Source: `ValidFieldPath` of `k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel`.

use serde_json::Value;

/// Whether names may stand quoted in brackets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Keys {
    Quoted,
    Refused,
}

/// The schema of what a path leads to.
pub(crate) fn target<'a>(path: &str, document: &'a Value, keys: Keys) -> Result<&'a Value, String> {
    let mut at = document;
    let mut rest = path;
    while !rest.is_empty() {
        let token = token(rest);
        rest = &rest[token.len()..];
        let name = match token {
            "[" if keys == Keys::Refused => return Err("array notation is not allowed".to_owned()),
            "[" => quoted(&mut rest)?,
            "." => taken(&mut rest)?.to_owned(),
            other => return Err(format!("expected [ or . but got: {other}")),
        };
        at = below(at, &name).ok_or_else(|| "does not refer to a valid field".to_owned())?;
    }
    Ok(at)
}

/// A delimiter, a quoted text, or what stands before the next delimiter.
fn token(text: &str) -> &str {
    if text.starts_with('\'') {
        let bytes = text.as_bytes();
        let end = (1..bytes.len()).find(|at| bytes[*at] == b'\'' && bytes[at - 1] != b'\\');
        return end.map_or(text, |end| &text[..=end]);
    }
    let end = text.find(['.', '[', ']']).unwrap_or(text.len());
    &text[..end.max(1)]
}

fn taken<'a>(rest: &mut &'a str) -> Result<&'a str, String> {
    if rest.is_empty() {
        return Err("unexpected end of JSON path".to_owned());
    }
    let token = token(rest);
    *rest = &rest[token.len()..];
    Ok(token)
}

fn quoted(rest: &mut &str) -> Result<String, String> {
    let token = taken(rest)?;
    let inner = token.strip_prefix('\'').and_then(|token| token.strip_suffix('\''));
    let Some(inner) = inner else { return Err(format!("expected single quoted string but got {token}")) };
    match taken(rest)? {
        "]" => Ok(inner.replace("\\'", "'")),
        other => Err(format!("expected ] but got {other}")),
    }
}

fn below<'a>(document: &'a Value, name: &str) -> Option<&'a Value> {
    match document.get("properties").and_then(Value::as_object) {
        Some(properties) => properties.get(name),
        None => document.get("additionalProperties").filter(|each| each.is_object()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_path_leads_to_a_field_or_says_where_it_ends() {
        let document = json!({"properties": {"a": {"properties": {"b.c": {"type": "string"}}}, "m": {"additionalProperties": {}}}});
        let cases = [
            (".a['b.c']", None),
            (".m['x']", None),
            (".m.x", None),
            (".a.d", Some("does not refer to a valid field")),
            (".a[b]", Some("expected single quoted string but got b")),
            (".a['b.c'", Some("unexpected end of JSON path")),
            ("a", Some("expected [ or . but got: a")),
        ];
        for (path, wrong) in cases {
            assert_eq!(target(path, &document, Keys::Quoted).err().as_deref(), wrong, "{path}");
        }
    }
}
