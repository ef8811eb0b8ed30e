//! Reads `CustomResourceDefinition`s.
//!
//! Source: `k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/validation`.

mod check;
mod columns;

use std::sync::Arc;

use serde_json::{Value, json};

use super::{Conversion, Origin, ResourceKind, ScalePaths, Scope, Subresources};
use crate::field::FieldError;
use crate::jsonpath::JsonPath;
use crate::schema::Schema;

pub(super) fn kinds(crd: &Value) -> Result<Vec<ResourceKind>, Vec<FieldError>> {
    let mut errors = check::definition(crd);
    let mut kinds = Vec::new();
    let empty = Vec::new();
    let versions = crd.pointer("/spec/versions").and_then(Value::as_array).unwrap_or(&empty);
    for (i, version) in versions.iter().enumerate() {
        let path = format!("spec.versions[{i}]");
        let reader = Reader { crd, version, path: &path };
        match reader.kind() {
            Ok(kind) if flag(version, "served") => kinds.push(kind),
            Ok(_) => {}
            Err(more) => errors.extend(more),
        }
    }
    if errors.is_empty() { Ok(kinds) } else { Err(errors) }
}

struct Reader<'a> {
    crd: &'a Value,
    version: &'a Value,
    path: &'a str,
}

impl Reader<'_> {
    fn kind(&self) -> Result<ResourceKind, Vec<FieldError>> {
        let names = Names::of(self.crd);
        let document = self.version.pointer("/schema/openAPIV3Schema").cloned().unwrap_or(Value::Null);
        let subresources = self.subresources()?;
        let kind = ResourceKind {
            group: text(self.crd, "/spec/group").to_owned(),
            version: text(self.version, "/name").to_owned(),
            kind: names.kind,
            list_kind: names.list_kind,
            plural: names.plural,
            singular: names.singular,
            short_names: names.short_names,
            categories: names.categories,
            scope: if text(self.crd, "/spec/scope") == "Cluster" { Scope::Cluster } else { Scope::Namespaced },
            schema: Arc::new(self.schema(&document)?),
            document: Arc::new(document),
            columns: columns::read(self.version, self.path)?,
            subresources,
            storage: flag(self.version, "storage"),
            conversion: conversion(self.crd),
            verbs: super::standard_verbs(),
            origin: Origin::Custom,
            deprecation: None,
        };
        Ok(ResourceKind { deprecation: self.deprecation(&kind), ..kind })
    }

    fn schema(&self, document: &Value) -> Result<Schema, Vec<FieldError>> {
        // The real server judges the only version as the one that all versions share.
        let only = self.crd["spec"]["versions"].as_array().is_some_and(|versions| versions.len() == 1);
        let path = match only {
            true => "spec.validation.openAPIV3Schema".to_owned(),
            false => format!("{}.schema.openAPIV3Schema", self.path),
        };
        if !document.is_object() {
            let own = format!("{}.schema.openAPIV3Schema", self.path);
            return Err(vec![FieldError::required(&own, "")]);
        }
        let root_type = document.get("type").and_then(Value::as_str).unwrap_or_default();
        if root_type != "object" {
            let field = format!("{path}.type");
            let error = if root_type.is_empty() {
                FieldError::required(&field, "must not be empty at the root")
            } else {
                FieldError::invalid(&field, &root_type.into(), "must be object at the root")
            };
            return Err(vec![error]);
        }
        Ok(Schema::parse_at(document, &path)?.into_root())
    }

    fn subresources(&self) -> Result<Subresources, Vec<FieldError>> {
        let found = &self.version["subresources"];
        let status = found.get("status").is_some_and(Value::is_object);
        let Some(scale) = found.get("scale").filter(|s| s.is_object()) else {
            return Ok(Subresources { status, scale: None });
        };
        let path = |key: &str, under: &str, needed: bool| -> Result<Option<JsonPath>, FieldError> {
            let field = format!("{}.subresources.scale.{key}", self.path);
            match scale.get(key).and_then(Value::as_str).filter(|t| !t.is_empty()) {
                None if needed => Err(FieldError::required(&field, "")),
                None => Ok(None),
                Some(text) if !text.starts_with(under) => {
                    let why = format!("should be a json path under {}", under.trim_end_matches('.'));
                    Err(FieldError::invalid(&field, &text.into(), &why))
                }
                Some(text) => JsonPath::parse(text)
                    .map(Some)
                    .map_err(|error| FieldError::invalid(&field, &text.into(), &error.to_string())),
            }
        };
        let read = || {
            let spec_replicas = path("specReplicasPath", ".spec.", true)?;
            let status_replicas = path("statusReplicasPath", ".status.", true)?;
            let label_selector = path("labelSelectorPath", ".", false)?;
            Ok(spec_replicas.zip(status_replicas).map(|(spec_replicas, status_replicas)| ScalePaths {
                spec_replicas,
                status_replicas,
                label_selector,
            }))
        };
        read().map(|scale| Subresources { status, scale }).map_err(|error: FieldError| vec![error])
    }

    fn deprecation(&self, kind: &ResourceKind) -> Option<String> {
        if !flag(self.version, "deprecated") {
            return None;
        }
        let own = self.version.get("deprecationWarning").and_then(Value::as_str).map(str::to_owned);
        Some(own.unwrap_or_else(|| format!("{} {} is deprecated", kind.api_version(), kind.kind)))
    }
}

fn conversion(crd: &Value) -> Conversion {
    let versions = crd.pointer("/spec/versions").and_then(Value::as_array).into_iter().flatten();
    let stored = versions.filter(|version| flag(version, "storage")).map(|version| text(version, "/name")).next();
    let asks = text(crd, "/spec/conversion/strategy") == "Webhook";
    let webhook = crd.pointer("/spec/conversion/webhook").filter(|_| asks).map(|webhook| Arc::new(webhook.clone()));
    Conversion { storage_version: stored.unwrap_or_default().to_owned(), webhook }
}

/// Names of a definition, with what Kubernetes derives where they are absent.
pub(crate) struct Names {
    pub(crate) kind: String,
    pub(crate) list_kind: String,
    pub(crate) plural: String,
    pub(crate) singular: String,
    pub(crate) short_names: Vec<String>,
    pub(crate) categories: Vec<String>,
}

impl Names {
    pub(crate) fn of(crd: &Value) -> Self {
        let kind = text(crd, "/spec/names/kind").to_owned();
        let or = |pointer: &str, fallback: String| match text(crd, pointer) {
            "" => fallback,
            name => name.to_owned(),
        };
        Self {
            list_kind: or("/spec/names/listKind", format!("{kind}List")),
            singular: or("/spec/names/singular", kind.to_lowercase()),
            plural: text(crd, "/spec/names/plural").to_owned(),
            short_names: texts(crd, "/spec/names/shortNames"),
            categories: texts(crd, "/spec/names/categories"),
            kind,
        }
    }

    /// As `spec.names` and `status.acceptedNames` hold them.
    pub(crate) fn to_value(&self) -> Value {
        let mut names = json!({
            "plural": self.plural, "singular": self.singular, "kind": self.kind, "listKind": self.list_kind,
        });
        for (key, list) in [("shortNames", &self.short_names), ("categories", &self.categories)] {
            if !list.is_empty() {
                names[key] = list.clone().into();
            }
        }
        names
    }
}

fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

fn texts(value: &Value, pointer: &str) -> Vec<String> {
    let list = value.pointer(pointer).and_then(Value::as_array);
    list.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

fn flag(value: &Value, key: &str) -> bool {
    value.get(key).and_then(Value::as_bool).unwrap_or(false)
}
