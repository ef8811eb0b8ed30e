//! Definitions as errors of the real server quote them: with every field of its own types, and under the names that they have
//! in Go.

use serde_json::Value;

use super::{flag, text};
use crate::schema::rule_shown;

/// A field of a schema: its name in Go, its name, and how it is written.
type Field = (&'static str, &'static str, Form);

#[derive(Clone, Copy)]
enum Form {
    Text,
    Flag,
    /// A pointer, or a list of what is no schema: what stands there, or `null`.
    Given,
    Schema,
    Schemas,
    ByName,
    SchemaOrBool,
    SchemaOrList,
    Docs,
    Rules,
}

use Form::{ByName, Docs, Flag, Given, Rules, SchemaOrBool, SchemaOrList, Schemas, Text};

/// In the order of Go's struct.
const FIELDS: [Field; 43] = [
    ("ID", "id", Text),
    ("Schema", "$schema", Text),
    ("Ref", "$ref", Given),
    ("Description", "description", Text),
    ("Type", "type", Text),
    ("Nullable", "nullable", Flag),
    ("Format", "format", Text),
    ("Title", "title", Text),
    ("Default", "default", Given),
    ("Maximum", "maximum", Given),
    ("ExclusiveMaximum", "exclusiveMaximum", Flag),
    ("Minimum", "minimum", Given),
    ("ExclusiveMinimum", "exclusiveMinimum", Flag),
    ("MaxLength", "maxLength", Given),
    ("MinLength", "minLength", Given),
    ("Pattern", "pattern", Text),
    ("MaxItems", "maxItems", Given),
    ("MinItems", "minItems", Given),
    ("UniqueItems", "uniqueItems", Flag),
    ("MultipleOf", "multipleOf", Given),
    ("Enum", "enum", Given),
    ("MaxProperties", "maxProperties", Given),
    ("MinProperties", "minProperties", Given),
    ("Required", "required", Given),
    ("Items", "items", SchemaOrList),
    ("AllOf", "allOf", Schemas),
    ("OneOf", "oneOf", Schemas),
    ("AnyOf", "anyOf", Schemas),
    ("Not", "not", Form::Schema),
    ("Properties", "properties", ByName),
    ("AdditionalProperties", "additionalProperties", SchemaOrBool),
    ("PatternProperties", "patternProperties", ByName),
    ("Dependencies", "dependencies", Given),
    ("AdditionalItems", "additionalItems", SchemaOrBool),
    ("Definitions", "definitions", ByName),
    ("ExternalDocs", "externalDocs", Docs),
    ("Example", "example", Given),
    ("XPreserveUnknownFields", "x-kubernetes-preserve-unknown-fields", Given),
    ("XEmbeddedResource", "x-kubernetes-embedded-resource", Flag),
    ("XIntOrString", "x-kubernetes-int-or-string", Flag),
    ("XListMapKeys", "x-kubernetes-list-map-keys", Given),
    ("XListType", "x-kubernetes-list-type", Given),
    ("XMapType", "x-kubernetes-map-type", Given),
];
const LAST: Field = ("XValidations", "x-kubernetes-validations", Rules);

/// Whether a schema says anything that none of these names, which are those of Go.
pub(super) fn says_more_than(document: &Value, allowed: &[&str]) -> bool {
    let said = |(_, name, form): &Field| match (document.get(name), form) {
        (None | Some(Value::Null), _) => false,
        (Some(value), Flag) => *value == true,
        (Some(value), Text) => value.as_str() != Some(""),
        _ => true,
    };
    FIELDS.iter().chain([&LAST]).any(|field| said(field) && !allowed.contains(&field.0))
}

/// A schema.
pub(crate) fn schema(document: &Value) -> String {
    let shown = |(go, name, form): &Field| match (document.get(name), form) {
        (None, SchemaOrList) => format!("\"{go}\":null"),
        (given, form) => format!("\"{go}\":{}", member(given.unwrap_or(&Value::Null), *form)),
    };
    let members: Vec<String> = FIELDS.iter().chain([&LAST]).map(shown).collect();
    format!("{{{}}}", members.join(","))
}

fn member(value: &Value, form: Form) -> String {
    match (form, value) {
        (Text, _) => json(&value.as_str().unwrap_or_default().into()),
        (Flag, _) => (*value == true).to_string(),
        (SchemaOrBool, Value::Bool(allows)) => format!("{{\"Allows\":{allows},\"Schema\":null}}"),
        (SchemaOrBool, Value::Object(_)) => format!("{{\"Allows\":true,\"Schema\":{}}}", schema(value)),
        (SchemaOrList, _) => items(value),
        (Form::Schema, Value::Object(_)) => schema(value),
        (Schemas, Value::Array(list)) => listed(list, schema),
        (ByName, Value::Object(map)) => {
            let members = map.iter().map(|(name, one)| format!("{}:{}", json(&name.as_str().into()), schema(one)));
            format!("{{{}}}", members.collect::<Vec<_>>().join(","))
        }
        (Docs, Value::Object(_)) => {
            let part = |key: &str| json(&text(value, key).into());
            format!("{{\"Description\":{},\"URL\":{}}}", part("/description"), part("/url"))
        }
        (Rules, Value::Array(list)) => listed(list, rule_shown),
        _ => json(value),
    }
}

/// What may be a schema or a list of them.
pub(crate) fn items(value: &Value) -> String {
    match value {
        Value::Object(_) => format!("{{\"Schema\":{},\"JSONSchemas\":null}}", schema(value)),
        Value::Array(list) => format!("{{\"Schema\":null,\"JSONSchemas\":{}}}", listed(list, schema)),
        _ => "{\"Schema\":null,\"JSONSchemas\":null}".to_owned(),
    }
}

fn listed(list: &[Value], one: impl Fn(&Value) -> String) -> String {
    format!("[{}]", list.iter().map(one).collect::<Vec<_>>().join(","))
}

/// JSON with some characters as HTML wants them.
fn json(value: &Value) -> String {
    value.to_string().replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026")
}

/// Which parts of a version are its own; what all versions share is not theirs.
pub(super) struct Own {
    pub(super) schema: bool,
    pub(super) subresources: bool,
    pub(super) columns: bool,
    pub(super) selectable: bool,
}

/// A version.
pub(super) fn version(version: &Value, own: &Own) -> String {
    let part = |own: bool, key: &str, shown: &dyn Fn(&Value) -> String| {
        let given = version.get(key).filter(|given| own && !given.is_null());
        given.map_or_else(|| "null".to_owned(), shown)
    };
    format!(
        "{{\"Name\":{},\"Served\":{},\"Storage\":{},\"Deprecated\":{},\"DeprecationWarning\":{},\"Schema\":{},\
         \"Subresources\":{},\"AdditionalPrinterColumns\":{},\"SelectableFields\":{}}}",
        json(&text(version, "/name").into()),
        flag(version, "served"),
        flag(version, "storage"),
        flag(version, "deprecated"),
        json(version.get("deprecationWarning").unwrap_or(&Value::Null)),
        part(own.schema, "schema", &validation),
        part(own.subresources, "subresources", &subresources),
        part(own.columns, "additionalPrinterColumns", &|list| each(list, column)),
        part(own.selectable, "selectableFields", &|list| each(list, selectable)),
    )
}

fn each(list: &Value, one: impl Fn(&Value) -> String) -> String {
    listed(list.as_array().map(Vec::as_slice).unwrap_or_default(), one)
}

fn validation(given: &Value) -> String {
    let document = given.get("openAPIV3Schema").unwrap_or(&Value::Null);
    format!("{{\"OpenAPIV3Schema\":{}}}", member(document, Form::Schema))
}

fn subresources(given: &Value) -> String {
    let status = if given["status"].is_object() { "{}" } else { "null" };
    let scale = &given["scale"];
    let path = |key: &str| json(&text(scale, key).into());
    let shown = format!(
        "{{\"SpecReplicasPath\":{},\"StatusReplicasPath\":{},\"LabelSelectorPath\":{}}}",
        path("/specReplicasPath"),
        path("/statusReplicasPath"),
        json(&scale["labelSelectorPath"])
    );
    let scale = if scale.is_object() { shown.as_str() } else { "null" };
    format!("{{\"Status\":{status},\"Scale\":{scale}}}")
}

fn column(given: &Value) -> String {
    let part = |key: &str| json(&text(given, key).into());
    format!(
        "{{\"Name\":{},\"Type\":{},\"Format\":{},\"Description\":{},\"Priority\":{},\"JSONPath\":{}}}",
        part("/name"),
        part("/type"),
        part("/format"),
        part("/description"),
        given["priority"].as_i64().unwrap_or_default(),
        part("/jsonPath")
    )
}

fn selectable(given: &Value) -> String {
    format!("{{\"JSONPath\":{}}}", json(&text(given, "/jsonPath").into()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_schema_is_quoted_with_every_field_that_it_has_in_go() {
        let shown = schema(&json!({"type": "object", "properties": {"a": {"type": "string"}}, "nullable": true}));
        assert!(shown.starts_with(
            "{\"ID\":\"\",\"Schema\":\"\",\"Ref\":null,\"Description\":\"\",\"Type\":\"object\",\"Nullable\":true"
        ));
        assert!(shown.contains("\"Properties\":{\"a\":{\"ID\":\"\""));
        assert!(shown.contains("\"Items\":null"));
        assert!(shown.ends_with("\"XListType\":null,\"XMapType\":null,\"XValidations\":null}"));
        assert_eq!(items(&json!(null)), "{\"Schema\":null,\"JSONSchemas\":null}");
    }

    #[test]
    fn what_is_not_allowed_at_the_root_is_found() {
        assert!(!says_more_than(&json!({"type": "object", "nullable": false}), &["Type"]));
        assert!(says_more_than(&json!({"type": "object", "not": {}}), &["Type"]));
    }
}
