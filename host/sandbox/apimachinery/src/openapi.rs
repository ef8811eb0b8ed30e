//! OpenAPI documents, as kubectl reads them for validation, explain and dry run.
//!
//! kubectl looks up in the `patch` operation of a kind whether the server takes `fieldValidation` and `dryRun`, and explains
//! fields from the schemas. Strategic merge patch is not announced: kubectl then uses the merge keys it was built with, which
//! are complete, while ours are not at every depth.

mod paths;
mod schemas;

use serde_json::{Map, Value, json};

use crate::kind::{Origin, ResourceKind};

/// The document behind `/openapi/v3/<api or apis/group>/<version>` for the kinds of one group and version
/// (`apps/v1`, or `v1` for the core group).
pub fn openapi_v3(kinds: &[&ResourceKind], group_version: &str) -> Value {
    let of_version = || kinds.iter().copied().filter(|kind| kind.api_version() == group_version);
    let mut paths = Map::new();
    let mut all = schemas::shared();
    for kind in of_version() {
        paths::add(kind, &mut paths);
        schemas::add(kind, &mut all);
    }
    json!({
        "openapi": "3.0.0", "info": {"title": "Kubernetes", "version": "v1.35.0"},
        "paths": paths, "components": {"schemas": all},
    })
}

/// The document behind `/openapi/v2` for all kinds: valid, and only as deep as clients need that still ask for it.
pub fn openapi_v2(kinds: &[&ResourceKind]) -> Value {
    let definitions: Map<String, Value> = kinds
        .iter()
        .map(|kind| {
            let schema = json!({
                "type": "object", "x-kubernetes-group-version-kind": [gvk(kind)],
                "x-kubernetes-preserve-unknown-fields": true,
            });
            (schema_name(kind), schema)
        })
        .collect();
    json!({
        "swagger": "2.0", "info": {"title": "Kubernetes", "version": "v1.35.0"}, "paths": {}, "definitions": definitions,
    })
}

/// An empty document for clients that ask `/openapi/v2` for
/// `application/com.github.proto-openapi.spec.v2@v1.0+protobuf` and read nothing else, as kubectl does.
pub fn openapi_v2_protobuf() -> Vec<u8> {
    // Document { swagger: 1, info: 2 { title: 1, version: 2 }, paths: 8, definitions: 9 }; every field is a short string or
    // message, so each is a tag byte, a length byte and the content.
    let field = |number: u8, content: &[u8]| -> Vec<u8> {
        let length = u8::try_from(content.len()).unwrap_or(0);
        [&[(number << 3) | 2, length], &content[..usize::from(length)]].concat()
    };
    let info = [field(1, b"Kubernetes"), field(2, b"v1.35.0")].concat();
    [field(1, b"2.0"), field(2, &info), field(8, b""), field(9, b"")].concat()
}

fn gvk(kind: &ResourceKind) -> Value {
    json!({"group": kind.group, "version": kind.version, "kind": kind.kind})
}

/// The name of a kind's schema: its group backwards, as in `com.example.v1.Thing`; Go packages for built-in kinds.
fn schema_name(kind: &ResourceKind) -> String {
    let package = match (kind.origin, kind.group.as_str()) {
        (Origin::Custom, group) => group.split('.').rev().collect::<Vec<_>>().join("."),
        (_, "") => "io.k8s.api.core".to_owned(),
        (_, "apiextensions.k8s.io") => "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions".to_owned(),
        (_, group) => format!("io.k8s.api.{}", group.split('.').next().unwrap_or_default()),
    };
    format!("{package}.{}.{}", kind.version, kind.kind)
}

fn reference(name: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{name}")})
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::widget;

    #[test]
    fn kubectl_finds_what_it_asks_a_document_for() {
        let kind = widget();
        let document = openapi_v3(&[&kind], "example.org/v1");
        let patch = &document["paths"]["/apis/example.org/v1/namespaces/{namespace}/widgets/{name}"]["patch"];
        assert_eq!(patch["x-kubernetes-group-version-kind"], gvk(&kind));
        let names: Vec<&str> =
            patch["parameters"].as_array().expect("list").iter().filter_map(|p| p["name"].as_str()).collect();
        for wanted in ["fieldValidation", "dryRun", "fieldManager", "force"] {
            assert!(names.contains(&wanted), "{wanted}");
        }
        let schema = &document["components"]["schemas"]["org.example.v1.Widget"];
        assert_eq!(schema["x-kubernetes-group-version-kind"], json!([gvk(&kind)]));
        assert_eq!(schema["properties"]["spec"]["properties"]["replicas"]["type"], "integer");
        assert!(schema["properties"]["metadata"]["allOf"][0]["$ref"].is_string());
    }

    #[test]
    fn every_reference_of_a_document_leads_somewhere() {
        let kinds = crate::kind::builtin();
        let kinds: Vec<&ResourceKind> = kinds.iter().collect();
        for version in ["v1", "apps/v1", "apiextensions.k8s.io/v1"] {
            let document = openapi_v3(&kinds, version);
            let text = document.to_string();
            let names = text.split("\"#/components/schemas/").skip(1).filter_map(|rest| rest.split('"').next());
            for name in names {
                assert!(document["components"]["schemas"].get(name).is_some(), "{version}: {name}");
            }
        }
    }

    #[test]
    fn the_empty_protobuf_document_is_well_formed() {
        let bytes = openapi_v2_protobuf();
        assert_eq!(&bytes[..5], b"\x0a\x032.0");
        let info = usize::from(bytes[6]);
        assert_eq!(&bytes[7 + info..], b"\x42\0\x4a\0");
    }
}
