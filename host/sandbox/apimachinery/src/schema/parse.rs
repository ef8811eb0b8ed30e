//! Reads schema documents and checks that they are structural.

use std::sync::Arc;

use serde_json::Value;

use super::*;

/// Parses a document of our own, which is known to be right.
pub(super) fn trusted(value: &Value) -> Schema {
    root(value, "").unwrap_or_default()
}

pub(super) fn root(value: &Value, path: &str) -> Result<Schema, Vec<FieldError>> {
    let mut parser = Parser { errors: Vec::new() };
    let schema = parser.node(value, path, Place::Structure);
    if parser.errors.is_empty() { Ok(schema) } else { Err(parser.errors) }
}

/// Where a node stands: in the structure, or below a junctor, where it may only bound values.
#[derive(Clone, Copy, PartialEq)]
enum Place {
    Structure,
    Junctor,
}

struct Parser {
    errors: Vec<FieldError>,
}

impl Parser {
    fn node(&mut self, value: &Value, path: &str, place: Place) -> Schema {
        let mut schema = Schema {
            type_: self.type_of(value, path),
            format: text(value, "format"),
            default: value.get("default").filter(|d| !d.is_null()).cloned(),
            nullable: flag(value, "nullable"),
            limits: self.limits(value, path),
            required: texts(value, "required"),
            int_or_string: flag(value, "x-kubernetes-int-or-string"),
            preserve_unknown: flag(value, "x-kubernetes-preserve-unknown-fields"),
            embedded_resource: flag(value, "x-kubernetes-embedded-resource"),
            list_map_keys: texts(value, "x-kubernetes-list-map-keys"),
            atomic_map: text(value, "x-kubernetes-map-type").as_deref() == Some("atomic"),
            patch: hints(value),
            ..Schema::default()
        };
        schema.list_type = self.list_type(value, path);
        self.children(&mut schema, value, path, place);
        schema.junctors = self.junctors(value, path);
        schema.rules = rules::read(value);
        if place == Place::Structure {
            self.structural(&schema, path);
        }
        schema
    }

    fn type_of(&mut self, value: &Value, path: &str) -> Option<Type> {
        let name = value.get("type")?.as_str()?;
        let found = match name {
            "object" => Some(Type::Object),
            "array" => Some(Type::Array),
            "string" => Some(Type::String),
            "integer" => Some(Type::Integer),
            "number" => Some(Type::Number),
            "boolean" => Some(Type::Boolean),
            "" => return None,
            _ => None,
        };
        if found.is_none() {
            let names = ["array", "boolean", "integer", "number", "object", "string"];
            self.errors.push(FieldError::not_supported(&join(path, "type"), &name.into(), &names));
        }
        found
    }

    fn list_type(&mut self, value: &Value, path: &str) -> Option<ListType> {
        let name = text(value, "x-kubernetes-list-type")?;
        match name.as_str() {
            "atomic" => Some(ListType::Atomic),
            "set" => Some(ListType::Set),
            "map" => Some(ListType::Map),
            _ => {
                let field = join(path, "x-kubernetes-list-type");
                self.errors.push(FieldError::not_supported(&field, &name.into(), &["atomic", "set", "map"]));
                None
            }
        }
    }

    fn children(&mut self, schema: &mut Schema, value: &Value, path: &str, place: Place) {
        if let Some(properties) = value.get("properties").and_then(Value::as_object) {
            for (name, property) in properties {
                let child = self.node(property, &format!("{}[{name}]", join(path, "properties")), place);
                schema.properties.insert(name.clone(), Arc::new(child));
            }
        }
        schema.additional = match value.get("additionalProperties") {
            Some(Value::Bool(true)) => Additional::Any,
            Some(Value::Bool(false)) => Additional::Forbidden,
            Some(inner @ Value::Object(_)) => {
                Additional::Schema(Arc::new(self.node(inner, &join(path, "additionalProperties"), place)))
            }
            _ => Additional::Unsaid,
        };
        if let Some(items @ Value::Object(_)) = value.get("items") {
            schema.items = Some(Arc::new(self.node(items, &join(path, "items"), place)));
        }
        if schema.embedded_resource {
            embed(schema);
        }
    }

    fn junctors(&mut self, value: &Value, path: &str) -> Option<Box<Junctors>> {
        let mut several = |key: &str| -> Vec<Schema> {
            let list = value.get(key).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
            list.iter()
                .enumerate()
                .map(|(i, v)| self.node(v, &format!("{}[{i}]", join(path, key)), Place::Junctor))
                .collect()
        };
        let (all_of, any_of, one_of) = (several("allOf"), several("anyOf"), several("oneOf"));
        let not = value.get("not").map(|v| self.node(v, &join(path, "not"), Place::Junctor));
        let empty = all_of.is_empty() && any_of.is_empty() && one_of.is_empty() && not.is_none();
        (!empty).then(|| Box::new(Junctors { all_of, any_of, one_of, not }))
    }

    fn limits(&mut self, value: &Value, path: &str) -> Option<Box<Limits>> {
        const KEYS: [&str; 12] = [
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
        if !KEYS.iter().any(|key| value.get(key).is_some()) {
            return None;
        }
        let bound = |key: &str, exclusive: &str| {
            let number = value.get(key)?.as_number()?.clone();
            Some(Bound { value: number, exclusive: flag(value, exclusive) })
        };
        let count = |key: &str| value.get(key).and_then(Value::as_u64);
        Some(Box::new(Limits {
            enum_: value.get("enum").and_then(Value::as_array).cloned().unwrap_or_default(),
            pattern: self.pattern(value, path),
            minimum: bound("minimum", "exclusiveMinimum"),
            maximum: bound("maximum", "exclusiveMaximum"),
            multiple_of: value.get("multipleOf").and_then(Value::as_number).cloned(),
            min_length: count("minLength"),
            max_length: count("maxLength"),
            min_items: count("minItems"),
            max_items: count("maxItems"),
            unique_items: flag(value, "uniqueItems"),
            min_properties: count("minProperties"),
            max_properties: count("maxProperties"),
        }))
    }

    fn pattern(&mut self, value: &Value, path: &str) -> Option<Pattern> {
        let text = text(value, "pattern").filter(|t| !t.is_empty())?;
        match regex::Regex::new(&text) {
            Ok(regex) => Some(Pattern { text, regex }),
            Err(error) => {
                let why = format!("must be a valid regular expression, but isn't: {error}");
                self.errors.push(FieldError::invalid(&join(path, "pattern"), &text.into(), &why));
                None
            }
        }
    }

    /// The rules of structural schemas that clients meet in practice.
    fn structural(&mut self, schema: &Schema, path: &str) {
        if schema.type_.is_none() && !schema.int_or_string && !schema.preserve_unknown {
            self.errors
                .push(FieldError::required(&join(path, "type"), "must not be empty for specified object fields"));
        }
        if schema.type_ == Some(Type::Array) && schema.items.is_none() {
            self.errors.push(FieldError::required(&join(path, "items"), "must be specified"));
        }
        if !schema.properties.is_empty() && matches!(schema.additional, Additional::Schema(_) | Additional::Any) {
            let field = join(path, "additionalProperties");
            self.errors.push(FieldError::forbidden(&field, "additionalProperties and properties are mutual exclusive"));
        }
        if matches!(schema.additional, Additional::Forbidden) {
            let field = join(path, "additionalProperties");
            self.errors.push(FieldError::forbidden(&field, "additionalProperties cannot be set to false"));
        }
        if schema.limits.as_ref().is_some_and(|l| l.unique_items) {
            let why = "uniqueItems cannot be set to true since the runtime complexity becomes quadratic";
            self.errors.push(FieldError::forbidden(&join(path, "uniqueItems"), why));
        }
        self.list_map(schema, path);
    }

    fn list_map(&mut self, schema: &Schema, path: &str) {
        if schema.list_type != Some(ListType::Map) {
            return;
        }
        let field = join(path, "x-kubernetes-list-map-keys");
        if schema.list_map_keys.is_empty() {
            self.errors.push(FieldError::required(&field, "must not be empty if x-kubernetes-list-type is map"));
        }
        for (i, key) in schema.list_map_keys.iter().enumerate() {
            let named = schema.items.as_ref().is_some_and(|items| items.properties.contains_key(key));
            if !named {
                let why = "entries must all be names of item properties";
                self.errors.push(FieldError::invalid(&format!("{field}[{i}]"), &key.as_str().into(), why));
            }
        }
    }
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

fn join(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}
