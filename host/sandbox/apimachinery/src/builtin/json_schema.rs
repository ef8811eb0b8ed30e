//! The schema of schemas. It holds itself, so that where one stands in a definition only the name of its Go type is known;
//! what reads objects by their schemas asks here for the rest.

use std::sync::LazyLock;

use serde_json::Value;

use super::load;
use crate::schema::{Schema, Type};

static ONE: LazyLock<Schema> = LazyLock::new(|| load::shared("JSONSchemaProps"));
static SEVERAL: LazyLock<Schema> = LazyLock::new(|| load::shared("SchemaList"));

/// The schema of a value: the given one, unless that only says that the value is a schema itself.
pub(crate) fn resolved<'a>(schema: &'a Schema, value: &Value) -> &'a Schema {
    match (type_name(schema), value) {
        (Some("JSONSchemaProps"), Value::Object(_)) => &ONE,
        (Some("JSONSchemaPropsOrArray"), Value::Array(_)) => &SEVERAL,
        (Some(_), Value::Object(_)) if decodes_itself(schema) => &ONE,
        _ => schema,
    }
}

/// Whether Go reads the value apart from the object around it: nobody hears of unknown fields there.
pub(crate) fn decodes_itself(schema: &Schema) -> bool {
    type_name(schema).is_some_and(|name| name.starts_with("JSONSchemaPropsOr"))
}

/// What Go says of a value that is neither of the two things that it may be.
pub(crate) fn mistyped(schema: &Schema, value: &Value) -> Option<String> {
    let fits = matches!(value, Value::Null | Value::Bool(_) | Value::Object(_));
    let wrong = type_name(schema) == Some("JSONSchemaPropsOrBool") && !fits;
    wrong.then(|| "boolean or JSON schema expected".to_owned())
}

/// Of a value that should be a schema or a list of schemas nothing is left where it is neither.
pub(super) fn settle(schema: &Schema, value: &mut Value) {
    let fits = value.is_object() || value.is_array();
    if type_name(schema) == Some("JSONSchemaPropsOrArray") && !fits {
        *value = Value::Null;
    }
}

/// The name, where it may be that of a schema.
fn type_name(schema: &Schema) -> Option<&str> {
    let may = schema.preserve_unknown && matches!(schema.type_, None | Some(Type::Object));
    schema.go.as_ref().filter(|_| may)?.name.as_deref()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::decode;
    use crate::kind::ResourceKind;

    fn definitions() -> ResourceKind {
        let kinds = crate::builtin::kinds();
        kinds.into_iter().find(|kind| kind.kind == "CustomResourceDefinition").expect("definitions are built in")
    }

    fn defined(schema: serde_json::Value) -> serde_json::Value {
        json!({"spec": {"versions": [{"name": "v1", "schema": {"openAPIV3Schema": schema}}]}})
    }

    #[test]
    fn a_wrong_type_in_a_schema_is_found_at_any_depth() {
        let cases = [
            (
                json!({"type": 1}),
                "number into Go struct field JSONSchemaProps.spec.versions.schema.openAPIV3Schema.type of type string",
            ),
            (
                json!({"properties": {"a": {"items": {"allOf": [{"enum": {}}]}}}}),
                "object into Go struct field JSONSchemaProps.spec.versions.schema.openAPIV3Schema.properties.items.allOf.enum \
                 of type []v1.JSON",
            ),
        ];
        for (schema, expected) in cases {
            let found = decode::mistyped(&definitions(), &defined(schema.clone()));
            assert_eq!(found, Some(format!("json: cannot unmarshal {expected}")), "{schema}");
        }
        let neither = defined(json!({"additionalProperties": "x"}));
        assert_eq!(decode::mistyped(&definitions(), &neither).as_deref(), Some("boolean or JSON schema expected"));
    }

    #[test]
    fn what_says_nothing_leaves_and_unknown_fields_are_told_where_go_sees_them() {
        let kind = definitions();
        let mut object = defined(
            json!({"type": "object", "x": 1, "required": [], "nullable": false, "description": "",
            "properties": {"a": null, "b": {"items": "x", "default": null, "example": []}, "c": {"items": {"y": 1}}, "required": {"items": null}}}),
        );
        assert_eq!(kind.prune(&mut object), ["spec.versions[0].schema.openAPIV3Schema.x"]);
        kind.default(&mut object);
        assert_eq!(
            object["spec"]["versions"][0]["schema"]["openAPIV3Schema"],
            json!({"type": "object", "properties": {"a": {}, "b": {"items": null, "example": []}, "c": {"items": {}}, "required": {}}})
        );
    }
}
