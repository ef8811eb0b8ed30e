//! Reads `CustomResourceDefinition`s.
//!
//! Source: `k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/validation`.

mod authority;
mod check;
mod columns;
mod formats;
mod shown;

use std::sync::Arc;

use serde_json::{Value, json};

use super::{Conversion, Origin, ResourceKind, ScalePaths, Scope, Subresources, version_rank};
use crate::field::FieldError;
use crate::jsonpath::JsonPath;
use crate::schema::Schema;

pub use authority::is_mistrusted;
pub(crate) use formats::warnings;
pub(crate) use shown::items as shown_items;

/// Everything wrong with a definition; `old` is what it changes.
pub(crate) fn check(crd: &Value, old: Option<&Value>) -> Vec<FieldError> {
    check::definition(crd, old, crd.get("status"))
}

/// Everything wrong with a status that is written to a definition.
pub(super) fn check_status(crd: &Value) -> Vec<FieldError> {
    check::status(crd)
}

pub(super) fn kinds(crd: &Value) -> Result<Vec<ResourceKind>, Vec<FieldError>> {
    let errors = check::definition(crd, None, None);
    if !errors.is_empty() {
        return Err(errors);
    }
    let versions = crd.pointer("/spec/versions").and_then(Value::as_array).into_iter().flatten();
    Ok(versions.filter(|version| flag(version, "served")).map(|version| Reader { crd, version }.kind()).collect())
}

/// Reads one version of a definition in which nothing is wrong.
struct Reader<'a> {
    crd: &'a Value,
    version: &'a Value,
}

impl Reader<'_> {
    fn kind(&self) -> ResourceKind {
        let names = Names::of(self.crd);
        let document = self.version.pointer("/schema/openAPIV3Schema").cloned().unwrap_or(Value::Null);
        ResourceKind {
            group: text(self.crd, "/spec/group").to_owned(),
            version: text(self.version, "/name").to_owned(),
            deprecation: self.deprecation(&names.kind),
            kind: names.kind,
            list_kind: names.list_kind,
            plural: names.plural,
            singular: names.singular,
            short_names: names.short_names,
            categories: names.categories,
            scope: if text(self.crd, "/spec/scope") == "Cluster" { Scope::Cluster } else { Scope::Namespaced },
            schema: Arc::new(Schema::trusted(&document).into_root()),
            document: Arc::new(document),
            columns: columns::read(self.version),
            subresources: self.subresources(),
            storage: flag(self.version, "storage"),
            conversion: conversion(self.crd),
            verbs: super::standard_verbs(),
            origin: Origin::Custom,
            selectable: self.selectable(),
        }
    }

    fn selectable(&self) -> Vec<String> {
        let fields = self.version.get("selectableFields").and_then(Value::as_array).into_iter().flatten();
        fields.map(|field| text(field, "/jsonPath").trim_start_matches('.').to_owned()).collect()
    }

    fn subresources(&self) -> Subresources {
        let found = &self.version["subresources"];
        let path = |key: &str| JsonPath::parse(text(&found["scale"], key)).ok();
        let scale =
            path("/specReplicasPath").zip(path("/statusReplicasPath")).map(|(spec_replicas, status_replicas)| {
                ScalePaths {
                    spec_replicas,
                    status_replicas,
                    label_selector: path("/labelSelectorPath").filter(|_| selects(found)),
                }
            });
        let scale = scale.filter(|_| found["scale"].is_object());
        Subresources { status: found["status"].is_object(), scale }
    }

    fn deprecation(&self, kind: &str) -> Option<String> {
        if !flag(self.version, "deprecated") {
            return None;
        }
        let own = self.version.get("deprecationWarning").and_then(Value::as_str).map(str::to_owned);
        own.or_else(|| {
            let (group, name) = (text(self.crd, "/spec/group"), text(self.version, "/name"));
            let better = self.better().map(|better| format!("; use {group}/{better} {kind}")).unwrap_or_default();
            Some(format!("{group}/{name} {kind} is deprecated{better}"))
        })
    }

    /// The best version that is served, not deprecated, and better than this one.
    fn better(&self) -> Option<&str> {
        let versions = self.crd.pointer("/spec/versions").and_then(Value::as_array).into_iter().flatten();
        let good = versions.filter(|version| flag(version, "served") && !flag(version, "deprecated"));
        let best = good.map(|version| text(version, "/name")).max_by_key(|name| version_rank(name));
        best.filter(|best| version_rank(best) > version_rank(text(self.version, "/name")))
    }
}

fn selects(subresources: &Value) -> bool {
    !text(&subresources["scale"], "/labelSelectorPath").is_empty()
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
            list_kind: or("/spec/names/listKind", if kind.is_empty() { String::new() } else { format!("{kind}List") }),
            singular: or("/spec/names/singular", kind.to_lowercase()),
            plural: text(crd, "/spec/names/plural").to_owned(),
            short_names: texts(crd, "/spec/names/shortNames"),
            categories: texts(crd, "/spec/names/categories"),
            kind,
        }
    }

    /// Those that a definition has been granted, as they are.
    fn accepted(crd: &Value) -> Self {
        let name = |key: &str| text(crd, &format!("/status/acceptedNames/{key}")).to_owned();
        Self {
            kind: name("kind"),
            list_kind: name("listKind"),
            plural: name("plural"),
            singular: name("singular"),
            short_names: texts(crd, "/status/acceptedNames/shortNames"),
            categories: texts(crd, "/status/acceptedNames/categories"),
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
