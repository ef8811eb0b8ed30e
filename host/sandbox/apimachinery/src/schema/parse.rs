//! Reads schema documents. What is wrong with them was said before; here it is left out.

use std::sync::Arc;

use serde_json::Value;

use super::*;

/// Bounds that a document may set.
const BOUNDS: [&str; 12] = [
    "enum",
    "pattern",
    "minimum",
    "maximum",
    "multipleOf",
    "minLength",
    "maxLength",
    "minItems",
    "maxItems",
    "uniqueItems",
    "minProperties",
    "maxProperties",
];

pub(super) fn node(value: &Value) -> Schema {
    let mut schema = Schema {
        type_: type_of(value),
        format: text(value, "format"),
        default: value.get("default").filter(|d| !d.is_null()).cloned(),
        nullable: flag(value, "nullable"),
        limits: limits(value),
        required: texts(value, "required"),
        int_or_string: flag(value, "x-kubernetes-int-or-string"),
        preserve_unknown: flag(value, "x-kubernetes-preserve-unknown-fields"),
        embedded_resource: flag(value, "x-kubernetes-embedded-resource"),
        list_type: list_type(value),
        list_map_keys: texts(value, "x-kubernetes-list-map-keys"),
        atomic_map: text(value, "x-kubernetes-map-type").as_deref() == Some("atomic"),
        patch: hints(value),
        junctors: junctors(value),
        rules: rules::read(value),
        go: go(value),
        ..Schema::default()
    };
    children(&mut schema, value);
    schema
}

fn go(value: &Value) -> Option<Box<Go>> {
    let go =
        Go { name: text(value, "x-go-type"), within: text(value, "x-go-within"), omitted: flag(value, "x-go-omitted") };
    let said = go.name.is_some() || go.within.is_some() || go.omitted;
    said.then(|| Box::new(go))
}

fn type_of(value: &Value) -> Option<Type> {
    match value.get("type")?.as_str()? {
        "object" => Some(Type::Object),
        "array" => Some(Type::Array),
        "string" => Some(Type::String),
        "integer" => Some(Type::Integer),
        "number" => Some(Type::Number),
        "boolean" => Some(Type::Boolean),
        _ => None,
    }
}

fn list_type(value: &Value) -> Option<ListType> {
    match text(value, "x-kubernetes-list-type")?.as_str() {
        "atomic" => Some(ListType::Atomic),
        "set" => Some(ListType::Set),
        "map" => Some(ListType::Map),
        _ => None,
    }
}

fn children(schema: &mut Schema, value: &Value) {
    for (name, property) in value.get("properties").and_then(Value::as_object).into_iter().flatten() {
        schema.properties.insert(name.clone(), Arc::new(node(property)));
    }
    schema.additional = match value.get("additionalProperties") {
        Some(Value::Bool(true)) => Additional::Any,
        Some(Value::Bool(false)) => Additional::Forbidden,
        Some(inner @ Value::Object(_)) => Additional::Schema(Arc::new(node(inner))),
        _ => Additional::Unsaid,
    };
    if let Some(items @ Value::Object(_)) = value.get("items") {
        schema.items = Some(Arc::new(node(items)));
    }
    if schema.embedded_resource {
        embed(schema);
    }
}

fn junctors(value: &Value) -> Option<Box<Junctors>> {
    let several = |key: &str| -> Vec<Schema> {
        value.get(key).and_then(Value::as_array).into_iter().flatten().map(node).collect()
    };
    let (all_of, any_of, one_of) = (several("allOf"), several("anyOf"), several("oneOf"));
    let not = value.get("not").filter(|not| not.is_object()).map(node);
    let empty = all_of.is_empty() && any_of.is_empty() && one_of.is_empty() && not.is_none();
    (!empty).then(|| Box::new(Junctors { all_of, any_of, one_of, not }))
}

fn limits(value: &Value) -> Option<Box<Limits>> {
    if !BOUNDS.iter().any(|key| value.get(key).is_some()) {
        return None;
    }
    let bound = |key: &str, exclusive: &str| {
        let number = value.get(key)?.as_number()?.clone();
        Some(Bound { value: number, exclusive: flag(value, exclusive) })
    };
    let count = |key: &str| value.get(key).and_then(Value::as_u64);
    Some(Box::new(Limits {
        enum_: value.get("enum").and_then(Value::as_array).cloned().unwrap_or_default(),
        pattern: pattern(value),
        minimum: bound("minimum", "exclusiveMinimum"),
        maximum: bound("maximum", "exclusiveMaximum"),
        multiple_of: value.get("multipleOf").and_then(Value::as_number).cloned(),
        min_length: count("minLength"),
        max_length: count("maxLength"),
        min_items: count("minItems"),
        max_items: count("maxItems"),
        min_properties: count("minProperties"),
        max_properties: count("maxProperties"),
    }))
}

fn pattern(value: &Value) -> Option<Pattern> {
    let text = text(value, "pattern").filter(|t| !t.is_empty())?;
    let regex = regex::Regex::new(&text).ok()?;
    Some(Pattern { text, regex })
}

/// A whole object inside an object: it has a type and metadata of its own.
pub(super) fn embed(schema: &mut Schema) {
    let text = Arc::new(Schema { type_: Some(Type::String), ..Schema::default() });
    schema.properties.insert("apiVersion".into(), text.clone());
    schema.properties.insert("kind".into(), text);
    schema.properties.insert("metadata".into(), metadata::schema());
}

fn hints(value: &Value) -> Option<Box<PatchHints>> {
    let strategy = text(value, "x-kubernetes-patch-strategy");
    let merge_key = text(value, "x-kubernetes-patch-merge-key");
    if strategy.is_none() && merge_key.is_none() {
        return None;
    }
    let has = |word: &str| strategy.as_deref().is_some_and(|s| s.split(',').any(|w| w == word));
    Some(Box::new(PatchHints { merge_key, merge: has("merge"), replace: has("replace") }))
}

fn text(value: &Value, key: &str) -> Option<String> {
    value.get(key).and_then(Value::as_str).map(str::to_owned)
}

fn texts(value: &Value, key: &str) -> Vec<String> {
    let list = value.get(key).and_then(Value::as_array);
    list.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

fn flag(value: &Value, key: &str) -> bool {
    value.get(key).and_then(Value::as_bool).unwrap_or(false)
}
