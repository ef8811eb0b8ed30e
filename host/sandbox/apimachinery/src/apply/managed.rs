//! `metadata.managedFields`: the managers of an object and what each owns.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::path::Element;
use super::set::Set;
use super::versions::Views;
use crate::field::go_quote;

/// Update managers that an object keeps; the oldest beyond are joined into one.
const MAX_UPDATERS: usize = 10;

/// How a manager came to own fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Operation {
    Apply,
    Update,
}

impl Operation {
    fn as_str(self) -> &'static str {
        match self {
            Self::Apply => "Apply",
            Self::Update => "Update",
        }
    }
}

/// Who owns fields. The version is part of an updater's identity, but not of an applier's.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Manager {
    name: String,
    operation: Operation,
    api_version: String,
    subresource: String,
}

#[derive(Debug, Clone, Default, PartialEq)]
struct Owned {
    set: Set,
    api_version: String,
    time: Option<String>,
}

/// All managers of an object.
#[derive(Debug, Clone, Default)]
pub(crate) struct Managed(BTreeMap<Manager, Owned>);

impl Manager {
    pub(crate) fn new(name: &str, operation: Operation, api_version: &str, subresource: Option<&str>) -> Self {
        Self {
            name: name.to_owned(),
            operation,
            api_version: api_version.to_owned(),
            subresource: subresource.unwrap_or_default().to_owned(),
        }
    }

    /// What identifies the manager among the others of an object.
    fn identity(&self) -> Self {
        match self.operation {
            Operation::Apply => Self { api_version: String::new(), ..self.clone() },
            Operation::Update => self.clone(),
        }
    }

    /// As conflicts show it.
    pub(crate) fn shown(&self) -> String {
        let mut shown = go_quote(&self.name);
        if !self.subresource.is_empty() {
            shown.push_str(&format!(" with subresource {}", go_quote(&self.subresource)));
        }
        if self.operation == Operation::Update {
            shown.push_str(&format!(" using {}", self.api_version));
        }
        shown
    }
}

impl Managed {
    /// Reads the managers of an object.
    pub(crate) fn of(object: &Value) -> Self {
        let entries = object.pointer("/metadata/managedFields").and_then(Value::as_array);
        let mut managed = Self::default();
        for entry in entries.into_iter().flatten() {
            let text = |key: &str| entry.get(key).and_then(Value::as_str).unwrap_or_default();
            let operation = if text("operation") == "Apply" { Operation::Apply } else { Operation::Update };
            let manager = Manager::new(text("manager"), operation, text("apiVersion"), Some(text("subresource")));
            let set = Set::from_value(entry.get("fieldsV1").unwrap_or(&Value::Null));
            let time = Some(text("time").to_owned()).filter(|t| !t.is_empty());
            let owned = Owned { set, api_version: text("apiVersion").to_owned(), time };
            managed.0.insert(manager.identity(), owned);
        }
        managed
    }

    /// Writes the managers into an object.
    pub(crate) fn write(&self, mut object: Value) -> Value {
        let mut entries: Vec<(&Manager, &Owned)> = self.0.iter().filter(|(_, o)| !o.set.is_empty()).collect();
        entries.sort_by_key(|(m, o)| (m.operation, o.time.clone(), m.name.clone(), o.api_version.clone()));
        let entries: Vec<Value> = entries.into_iter().map(|(manager, owned)| entry(manager, owned)).collect();
        if let Some(map) = object.as_object_mut() {
            let meta = map.entry("metadata").or_insert_with(|| json!({}));
            if let Some(meta) = meta.as_object_mut() {
                meta.remove("managedFields");
                if !entries.is_empty() {
                    meta.insert("managedFields".into(), entries.into());
                }
            }
        }
        object
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether somebody owns the field at a path.
    pub(crate) fn owns(&self, path: &[Element]) -> bool {
        self.0.values().any(|owned| owned.set.has_path(path))
    }

    pub(crate) fn set(&self, manager: &Manager) -> Option<Set> {
        self.0.get(&manager.identity()).map(|owned| owned.set.clone())
    }

    /// The version in which a manager wrote.
    pub(crate) fn version(&self, manager: &Manager) -> Option<String> {
        self.0.get(&manager.identity()).map(|owned| owned.api_version.clone())
    }

    /// Everybody else, with the version in which each wrote and what it owns there.
    pub(crate) fn others(&self, me: &Manager) -> impl Iterator<Item = (&Manager, &str, &Set)> {
        let me = me.identity();
        let others = self.0.iter().filter(move |(manager, _)| **manager != me);
        others.map(|(manager, owned)| (manager, owned.api_version.as_str(), &owned.set))
    }

    /// Everything that somebody owns, by the version in which it was written.
    pub(crate) fn by_version(&self) -> BTreeMap<String, Set> {
        let mut all: BTreeMap<String, Set> = BTreeMap::new();
        for owned in self.0.values() {
            let known = all.entry(owned.api_version.clone()).or_default();
            *known = known.union(&owned.set);
        }
        all
    }

    /// Forgets those who wrote in a version that is no longer there.
    pub(crate) fn forget_version(&mut self, api_version: &str) {
        self.0.retain(|_, owned| owned.api_version != api_version);
    }

    fn owned(&mut self, manager: &Manager) -> &mut Owned {
        let owned = self.0.entry(manager.identity()).or_default();
        owned.api_version.clone_from(&manager.api_version);
        owned
    }

    pub(crate) fn replace(&mut self, manager: &Manager, set: Set) {
        self.owned(manager).set = set;
    }

    pub(crate) fn add(&mut self, manager: &Manager, set: &Set) {
        let owned = self.owned(manager);
        owned.set = owned.set.union(set);
    }

    pub(crate) fn set_time(&mut self, manager: &Manager, now: Timestamp) {
        self.owned(manager).time = Some(crate::meta::time(now));
    }

    /// Sets the time of an applier, unless nothing changed but who owns what.
    pub(crate) fn touch(&mut self, manager: &Manager, changed: bool, now: Timestamp) {
        if changed {
            self.set_time(manager, now);
        }
    }

    /// Takes changed and removed fields from their owners, each seen in the owner's version; the exempt manager keeps its own.
    pub(crate) fn give_up(&mut self, views: &Views, exempt: Option<&Manager>) {
        let exempt = exempt.map(Manager::identity);
        for (manager, owned) in &mut self.0 {
            let Some(compared) = views.at(&owned.api_version).filter(|_| exempt.as_ref() != Some(manager)) else {
                continue;
            };
            owned.set = owned.set.difference(&compared.changed()).difference(&compared.removed);
        }
        self.0.retain(|_, owned| !owned.set.is_empty());
    }

    /// Takes these fields from everybody.
    pub(crate) fn strip(&mut self, fields: &Set) {
        for owned in self.0.values_mut() {
            owned.set = owned.set.difference(fields);
        }
        self.0.retain(|_, owned| !owned.set.is_empty());
    }

    /// Joins the oldest updaters into one when there are too many.
    pub(crate) fn cap(&mut self) {
        let updaters = |managed: &Self| -> Vec<Manager> {
            let mut list: Vec<(&Manager, &Owned)> =
                managed.0.iter().filter(|(m, _)| m.operation == Operation::Update).collect();
            list.sort_by_key(|(_, owned)| owned.time.clone());
            list.into_iter().map(|(manager, _)| manager.clone()).collect()
        };
        let mut list = updaters(self);
        while list.len() > MAX_UPDATERS {
            let oldest = list.remove(0);
            let Some(owned) = self.0.remove(&oldest) else { continue };
            let ancient = Manager { name: "ancient-changes".into(), ..oldest };
            self.add(&ancient, &owned.set);
            self.owned(&ancient).time = owned.time;
            list = updaters(self);
        }
    }
}

fn entry(manager: &Manager, owned: &Owned) -> Value {
    let mut entry = json!({
        "manager": manager.name, "operation": manager.operation.as_str(), "apiVersion": owned.api_version,
        "fieldsType": "FieldsV1", "fieldsV1": owned.set.to_value(),
    });
    if let Some(time) = &owned.time {
        entry["time"] = time.clone().into();
    }
    if !manager.subresource.is_empty() {
        entry["subresource"] = manager.subresource.clone().into();
    }
    entry
}
