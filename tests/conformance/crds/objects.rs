//! Objects made from a schema, always the same ones: the least, everything, and everything with one place at its bound.

use backplane_apimachinery::{ResourceKind, Schema};
use serde_json::{Map, Value, json};

/// Texts that satisfy most patterns and formats; the first that a place takes is used.
const TEXTS: [&str; 20] = [
    "a",
    "abc",
    "v1.34.0",
    "10.0.0.0/16",
    "10.0.0.1",
    "1",
    "10Gi",
    "2026-01-01T00:00:00Z",
    "name.example.org",
    "https://example.org",
    "True",
    "1h",
    "A",
    "AA",
    "00000000-1111-4222-8333-444444444444",
    "a/b",
    "fd00::1",
    "02:00:00:00:00:01",
    "aGk=",
    "0 3 * * *",
];

/// Everything with which a text may be tried besides.
const ODD_TEXTS: [&str; 4] = ["", "A b", "ü", "0"];

/// Keys of maps, tried in this order.
const MAP_KEYS: [&str; 3] = ["key", "cpu", "memory.available"];

/// Named objects of a kind.
pub(crate) fn of(kind: &ResourceKind) -> Vec<(String, Value)> {
    let root = &*kind.document;
    let body = |fill: Fill| {
        let mut object = value(root, fill).as_object().cloned().unwrap_or_default();
        object.insert("apiVersion".into(), kind.api_version().into());
        object.insert("kind".into(), kind.kind.clone().into());
        object.insert("metadata".into(), json!({"name": "one", "namespace": "default"}));
        Value::Object(object)
    };
    let mut objects = vec![("minimal".into(), body(Fill::Required))];
    let bases = bases(kind, body(Fill::All));
    for (place, variants) in variants(root) {
        for (i, variant) in variants.into_iter().enumerate() {
            let what = format!("{place} #{i} {}", variant.as_ref().map_or("absent".into(), Value::to_string));
            for base in &bases {
                let mut object = base.clone();
                if put(&mut object, &place, variant.clone()) {
                    objects.push((what.clone(), object));
                }
            }
        }
    }
    objects.extend(bases.into_iter().map(|base| ("full".into(), base)));
    objects
}

/// The object with everything, or, where some members exclude each other, those that lack one member and are valid.
fn bases(kind: &ResourceKind, full: Value) -> Vec<Value> {
    let valid = |object: &Value| kind.validate(object, None).is_empty();
    if valid(&full) {
        return vec![full];
    }
    let members: Vec<String> = full["spec"].as_object().into_iter().flat_map(Map::keys).cloned().collect();
    let without = |name: &String| {
        let mut object = full.clone();
        object["spec"].as_object_mut()?.remove(name);
        Some(object)
    };
    members.iter().filter_map(without).filter(valid).collect()
}

/// How much of an object is made.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fill {
    Required,
    All,
}

fn value(schema: &Value, fill: Fill) -> Value {
    if let Some(first) = schema["enum"].as_array().and_then(|list| list.first()) {
        return first.clone();
    }
    if schema["x-kubernetes-int-or-string"] == true {
        return accepted(schema, [json!(1), json!("1"), json!("10Gi")]);
    }
    match schema["type"].as_str() {
        Some("object") => object(schema, fill),
        Some("array") => {
            let least = schema["minItems"].as_u64().unwrap_or(0).max(u64::from(fill == Fill::All));
            Value::Array((0..least).map(|_| value(&schema["items"], fill)).collect())
        }
        Some("integer" | "number") => {
            accepted(schema, [json!(1), schema["minimum"].clone(), schema["maximum"].clone()])
        }
        Some("boolean") => json!(true),
        Some("string") => accepted(schema, TEXTS.map(Value::from)),
        _ => json!({}),
    }
}

fn object(schema: &Value, fill: Fill) -> Value {
    let mut made = Map::new();
    for (name, member) in schema["properties"].as_object().into_iter().flatten() {
        let required = schema["required"].as_array().is_some_and(|list| list.iter().any(|entry| entry == name));
        if required || fill == Fill::All {
            made.insert(name.clone(), value(member, fill));
        }
    }
    if fill == Fill::All && schema["additionalProperties"].is_object() {
        made.insert(map_key(schema).into(), value(&schema["additionalProperties"], fill));
    }
    Value::Object(made)
}

/// A key that a map takes: some have rules about theirs.
fn map_key(schema: &Value) -> &'static str {
    let parsed = Schema::parse(schema);
    let member = value(&schema["additionalProperties"], Fill::All);
    let takes = |key: &&&str| {
        let map = Value::Object(Map::from_iter([((**key).to_owned(), member.clone())]));
        parsed.as_ref().is_ok_and(|schema| schema.validate(&map, None).is_empty())
    };
    MAP_KEYS.iter().find(takes).unwrap_or(&MAP_KEYS[0])
}

/// The first candidate that the schema takes, or the first of all.
fn accepted<const N: usize>(schema: &Value, candidates: [Value; N]) -> Value {
    let parsed = Schema::parse(schema);
    let takes = |candidate: &&Value| parsed.as_ref().is_ok_and(|schema| schema.validate(candidate, None).is_empty());
    candidates.iter().find(takes).unwrap_or(&candidates[0]).clone()
}

/// A place in an object: member names, and `0` for items of lists.
type Place = String;

/// What every place may hold instead; `None`: nothing at all.
fn variants(root: &Value) -> Vec<(Place, Vec<Option<Value>>)> {
    let mut found = Vec::new();
    for part in ["spec", "status"] {
        walk(&root["properties"][part], format!("/{part}"), &mut found);
    }
    found
}

fn walk(schema: &Value, place: Place, found: &mut Vec<(Place, Vec<Option<Value>>)>) {
    if schema.is_null() {
        return;
    }
    let bounds = bounds(schema).into_iter().map(Some);
    found.push((place.clone(), [None, Some(Value::Null)].into_iter().chain(bounds).collect()));
    for (name, member) in schema["properties"].as_object().into_iter().flatten() {
        walk(member, format!("{place}/{}", name.replace('~', "~0").replace('/', "~1")), found);
    }
    if schema["items"].is_object() {
        walk(&schema["items"], format!("{place}/0"), found);
    }
    if schema["additionalProperties"].is_object() {
        walk(&schema["additionalProperties"], format!("{place}/{}", map_key(schema)), found);
    }
}

fn bounds(schema: &Value) -> Vec<Value> {
    if let Some(list) = schema["enum"].as_array() {
        return list.clone();
    }
    if schema["x-kubernetes-int-or-string"] == true {
        return vec![json!(0), json!("500m"), json!("1.5"), json!("4Gi")];
    }
    match schema["type"].as_str() {
        Some("object") => vec![json!({}), value(schema, Fill::Required)],
        Some("array") => {
            let (least, one) = (value(&schema["items"], Fill::Required), value(&schema["items"], Fill::All));
            vec![json!([]), json!([least]), json!([one.clone(), one])]
        }
        Some("integer" | "number") => numbers(schema),
        Some("boolean") => vec![json!(false), json!(true)],
        Some("string") => texts(schema),
        _ => vec![json!({"anything": {"at": "all"}})],
    }
}

fn numbers(schema: &Value) -> Vec<Value> {
    let mut found: Vec<i64> = vec![0, 1, -1, i64::from(i32::MAX), i64::from(i32::MIN), 65_535, 100_000];
    for bound in ["minimum", "maximum"].iter().filter_map(|key| schema[*key].as_i64()) {
        found.extend([bound - 1, bound, bound + 1]);
    }
    let fractions = [json!(0.5)].into_iter().filter(|_| schema["type"] == "number");
    found.into_iter().map(Value::from).chain(fractions).collect()
}

fn texts(schema: &Value) -> Vec<Value> {
    let long = ["minLength", "maxLength"].iter().filter_map(|key| schema[*key].as_u64());
    let long = long.filter_map(|length| usize::try_from(length).ok()).map(|length| "a".repeat(length));
    let short = TEXTS.iter().chain(&ODD_TEXTS).map(ToString::to_string);
    short.chain(["a".repeat(64), "a".repeat(254)]).chain(long).map(Value::from).collect()
}

/// Puts a value in its place, or takes the place away; whether there is such a place.
fn put(object: &mut Value, place: &str, variant: Option<Value>) -> bool {
    let Some((parent, name)) = place.rsplit_once('/') else { return false };
    let name = name.replace("~1", "/").replace("~0", "~");
    match (object.pointer_mut(parent), variant) {
        (Some(Value::Object(members)), Some(value)) => {
            members.insert(name, value);
            true
        }
        (Some(Value::Object(members)), None) => members.remove(&name).is_some(),
        (Some(Value::Array(items)), Some(value)) if !items.is_empty() => {
            items[0] = value;
            true
        }
        _ => false,
    }
}
