use serde_json::{Value, json};

use crate::testing::{widget, widget_crd};

#[test]
fn a_definition_that_is_wrong_is_refused_with_the_field() {
    let versions = "spec.versions: Invalid value: [{\"Name\":\"v1\",\"Served\":true,\"Storage\":false,\"Deprecated\":false,\
                    \"DeprecationWarning\":null,\"Schema\":null,\"Subresources\":null,\"AdditionalPrinterColumns\":null,\
                    \"SelectableFields\":null}]: must have exactly one version marked as storage version";
    let cases: [(&str, Value, &str); 5] = [
        (
            "/metadata/name",
            json!("x"),
            "metadata.name: Invalid value: \"x\": must be spec.names.plural+\".\"+spec.group",
        ),
        (
            "/spec/scope",
            json!("Here"),
            "spec.scope: Unsupported value: \"Here\": supported values: \"Cluster\", \"Namespaced\"",
        ),
        ("/spec/versions/0/storage", json!(false), versions),
        ("/spec/versions/0/schema", json!({}), "spec.versions[0].schema.openAPIV3Schema: Required value"),
        (
            "/spec/preserveUnknownFields",
            json!(true),
            "spec.preserveUnknownFields: Invalid value: true: must be false in order to use defaults in the schema",
        ),
    ];
    for (pointer, value, expected) in cases {
        let mut crd = widget_crd();
        crd["spec"]["preserveUnknownFields"] = false.into();
        *crd.pointer_mut(pointer).expect(pointer) = value;
        let errors = crate::ResourceKind::from_crd(&crd).expect_err(pointer);
        assert_eq!(errors[0].to_string(), expected);
    }
    let kind = widget();
    assert_eq!((kind.singular.as_str(), kind.list_kind.as_str()), ("widget", "WidgetList"));
}

#[test]
fn what_versions_share_is_judged_once_and_above_them() {
    let mut crd = widget_crd();
    let mut second = crd["spec"]["versions"][0].clone();
    second["name"] = "v2".into();
    second["storage"] = false.into();
    crd["spec"]["versions"].as_array_mut().expect("list").push(second);
    let path = "/spec/versions/0/additionalPrinterColumns/0/type";
    let errors = |crd: &Value| -> Vec<String> {
        crate::ResourceKind::from_crd(crd).expect_err("wrong").iter().map(ToString::to_string).collect()
    };
    let why = "Invalid value: \"x\": must be one of boolean,date,integer,number,string";
    *crd.pointer_mut(path).expect("column") = "x".into();
    assert_eq!(errors(&crd), [format!("spec.versions[0].additionalPrinterColumns[0].type: {why}")]);
    *crd.pointer_mut(&path.replacen('0', "1", 1)).expect("column") = "x".into();
    assert_eq!(errors(&crd), [format!("spec.additionalPrinterColumns[0].type: {why}")]);
}

#[test]
fn a_part_that_would_be_lost_or_leads_nowhere_is_refused() {
    let crd = |pointer: &str, key: &str, value: Value| {
        let mut crd = widget_crd();
        crd["spec"]["preserveUnknownFields"] = false.into();
        crd["spec"]["versions"][0]["subresources"]["status"] = json!({});
        crd.pointer_mut(pointer).expect(pointer)[key] = value;
        crd
    };
    let version = "/spec/versions/0";
    let cases = [
        (
            crd(&format!("{version}/schema/openAPIV3Schema"), "not", json!({"required": ["x"]})),
            "fields are allowed at the root of the schema if the status subresource is enabled",
        ),
        (
            crd(version, "selectableFields", json!([{"jsonPath": ".spec.nowhere"}])),
            "spec.selectableFields[0].jsonPath: Invalid value: \".spec.nowhere\": is an invalid path",
        ),
        (
            crd(
                "/spec",
                "conversion",
                json!({"strategy": "Webhook", "webhook": {"clientConfig": {"url": "http://a/"},
                "conversionReviewVersions": ["v1"]}}),
            ),
            "spec.conversion.webhookClientConfig.url: Invalid value: \"http\": 'https' is the only allowed URL scheme",
        ),
    ];
    for (crd, expected) in cases {
        let errors = crate::ResourceKind::from_crd(&crd).expect_err(expected);
        assert!(errors.len() == 1 && errors[0].to_string().contains(expected), "{errors:?}");
    }
}

#[test]
fn names_that_a_status_grants_are_names() {
    let mut crd = widget_crd();
    crd["status"] = json!({"acceptedNames": {"plural": "Not valid!", "kind": "Widget", "listKind": "Widget"}});
    let errors = super::status(&crd);
    let fields: Vec<&str> = errors.iter().map(|error| error.field.as_str()).collect();
    assert_eq!(fields, ["status.acceptedNames.plural", "status.acceptedNames.listKind"]);
}
