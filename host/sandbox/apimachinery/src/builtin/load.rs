//! Expands the files of built-in kinds into schemas.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::jsonpath::JsonPath;
use crate::kind::{Conversion, Origin, ResourceKind, ScalePaths, Scope, Subresources, standard_verbs};
use crate::schema::Schema;
use crate::table;

const COMMON: &str = include_str!("common.yaml");
const FILES: [&str; 10] = [
    include_str!("core.yaml"),
    include_str!("pods.yaml"),
    include_str!("scheduling.yaml"),
    include_str!("volumes.yaml"),
    include_str!("persistent.yaml"),
    include_str!("apps.yaml"),
    include_str!("batch.yaml"),
    include_str!("rbac.yaml"),
    include_str!("platform.yaml"),
    include_str!("others.yaml"),
];

pub(crate) fn kinds() -> Vec<ResourceKind> {
    let files = files();
    let groups: Vec<&Value> = files.iter().flat_map(groups).collect();
    let shared = Shared::of(&groups);
    groups.iter().flat_map(|group| of_group(group, &shared)).collect()
}

/// A schema that kinds share, by its name.
pub(super) fn shared(word: &str) -> Schema {
    let files = files();
    let groups: Vec<&Value> = files.iter().flat_map(groups).collect();
    Schema::trusted(&Shared::of(&groups).word(word))
}

fn files() -> Vec<Value> {
    FILES.iter().map(|text| parse(text)).collect()
}

/// The kind of `autoscaling/v1` Scales.
pub(crate) fn scale() -> ResourceKind {
    let group = parse(include_str!("scale.yaml"));
    let shared = Shared(members(&parse(COMMON)));
    of_group(&group, &shared).pop().expect("the file of Scales holds one kind")
}

fn parse(text: &str) -> Value {
    serde_saphyr::from_str(text).expect("the files of built-in kinds are YAML; a test reads them all")
}

/// A file holds one group or a list of groups.
fn groups(file: &Value) -> Vec<&Value> {
    file.as_array().map_or_else(|| vec![file], |list| list.iter().collect())
}

fn members(value: &Value) -> BTreeMap<String, Value> {
    value.as_object().into_iter().flatten().map(|(k, v)| (k.clone(), v.clone())).collect()
}

fn of_group(group: &Value, shared: &Shared) -> Vec<ResourceKind> {
    let name = group["group"].as_str().unwrap_or_default();
    let virtual_ = group["virtual"] == true;
    let list = group["kinds"].as_array().map(Vec::as_slice).unwrap_or_default();
    list.iter().map(|kind| one(name, virtual_, kind, shared)).collect()
}

fn one(group: &str, virtual_: bool, file: &Value, shared: &Shared) -> ResourceKind {
    let word = |key: &str| file[key].as_str().unwrap_or_default().to_owned();
    let words = |key: &str| -> Vec<String> {
        file[key].as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let kind = word("kind");
    let mut document = shared.expand(&file["schema"]);
    let schema = Schema::trusted(&document);
    without_go(&mut document);
    let columns = table::builtin_columns(group, &kind).unwrap_or_else(|| vec![table::Column::age()]);
    ResourceKind {
        group: group.to_owned(),
        version: "v1".into(),
        list_kind: format!("{kind}List"),
        plural: word("plural"),
        singular: kind.to_lowercase(),
        short_names: words("short"),
        categories: words("categories"),
        scope: if file["cluster"] == true { Scope::Cluster } else { Scope::Namespaced },
        schema: Arc::new(schema.into_root()),
        document: Arc::new(document),
        columns,
        subresources: Subresources {
            status: !virtual_ && file["status"] != false,
            scale: (file["scale"] == true).then(workload_scale).flatten(),
        },
        storage: true,
        conversion: Conversion { storage_version: "v1".into(), webhook: None },
        verbs: if virtual_ { vec!["create".into()] } else { standard_verbs() },
        origin: if virtual_ { Origin::Virtual } else { Origin::Builtin },
        deprecation: file["deprecation"].as_str().map(str::to_owned),
        selectable: Vec::new(),
        kind,
    }
}

fn workload_scale() -> Option<ScalePaths> {
    Some(ScalePaths {
        spec_replicas: JsonPath::parse(".spec.replicas").ok()?,
        status_replicas: JsonPath::parse(".status.replicas").ok()?,
        label_selector: None,
    })
}

/// Go's types are nobody's business but the decoder's.
fn without_go(document: &mut Value) {
    match document {
        Value::Object(map) => {
            map.retain(|name, _| !name.starts_with("x-go-"));
            map.values_mut().for_each(without_go);
        }
        Value::Array(items) => items.iter_mut().for_each(without_go),
        _ => {}
    }
}

/// Schemas by name.
struct Shared(BTreeMap<String, Value>);

impl Shared {
    fn of(groups: &[&Value]) -> Self {
        let mut shared = Self(members(&parse(COMMON)));
        for group in groups {
            shared.0.extend(members(&group["shared"]));
        }
        shared.0.insert("TemplateMeta".into(), crate::schema::object_meta_document());
        shared
    }

    /// Writes a schema out in full; the notation is told at the top of `common.yaml`.
    fn expand(&self, value: &Value) -> Value {
        match value {
            Value::String(word) => self.word(word),
            Value::Array(items) => {
                let item = items.first().map(|item| self.expand(item)).unwrap_or_default();
                json!({"type": "array", "items": item, "x-kubernetes-list-type": "atomic"})
            }
            Value::Object(map) => Value::Object(self.expand_map(map)),
            other => other.clone(),
        }
    }

    fn word(&self, word: &str) -> Value {
        let name = word.trim_end_matches('?');
        let mut schema = self.expand(self.0.get(name).unwrap_or_else(|| panic!("no shared schema {name}")));
        if name != word {
            schema["x-go-omitted"] = true.into();
        }
        schema
    }

    fn expand_map(&self, map: &Map<String, Value>) -> Map<String, Value> {
        let mut out = match map.get("$use").map(|used| self.expand(used)) {
            Some(Value::Object(base)) => base,
            _ => Map::new(),
        };
        for (key, value) in map {
            match key.as_str() {
                "$use" => {}
                "$map" => list_map(value, &mut out),
                "$go" => drop(out.insert("x-go-type".into(), value.clone())),
                "$within" => drop(out.insert("x-go-within".into(), value.clone())),
                "$each" => {
                    out.insert("additionalProperties".into(), self.expand(value));
                }
                "items" | "additionalProperties" => {
                    out.insert(key.clone(), self.expand(value));
                }
                "properties" => self.properties(value, &mut out),
                _ => {
                    out.insert(key.clone(), value.clone());
                }
            }
        }
        infer_type(&mut out);
        out
    }

    fn properties(&self, value: &Value, out: &mut Map<String, Value>) {
        let known = out.entry("properties").or_insert_with(|| json!({}));
        for (name, property) in value.as_object().into_iter().flatten() {
            known[name.as_str()] = self.expand(property);
        }
    }
}

fn list_map(keys: &Value, out: &mut Map<String, Value>) {
    out.insert("x-kubernetes-list-type".into(), "map".into());
    out.insert("x-kubernetes-list-map-keys".into(), keys.clone());
    out.insert("x-kubernetes-patch-merge-key".into(), keys[0].clone());
    out.insert("x-kubernetes-patch-strategy".into(), "merge".into());
}

fn infer_type(out: &mut Map<String, Value>) {
    if out.contains_key("type") {
        return;
    }
    if out.contains_key("properties") || out.contains_key("additionalProperties") {
        out.insert("type".into(), "object".into());
    } else if out.contains_key("items") {
        out.insert("type".into(), "array".into());
    }
}
