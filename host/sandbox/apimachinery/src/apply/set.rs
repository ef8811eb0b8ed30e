//! Sets of fields, and how `fieldsV1` writes them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::path::Element;
use super::shape::Shape;

/// A set of paths: which elements are in it, and what is in it below each.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Set {
    members: BTreeSet<Element>,
    children: BTreeMap<Element, Set>,
}

impl Set {
    /// The set of these paths of member names.
    pub(crate) fn of_fields(paths: &[&[&str]]) -> Self {
        let mut set = Self::default();
        for path in paths {
            let elements: Vec<Element> = path.iter().map(|name| Element::Field((*name).to_owned())).collect();
            set.insert_path(&elements);
        }
        set
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.members.is_empty() && self.children.values().all(Self::is_empty)
    }

    pub(crate) fn insert(&mut self, element: Element) {
        self.members.insert(element);
    }

    /// Adds a path; the empty path adds nothing.
    pub(crate) fn insert_path(&mut self, path: &[Element]) {
        match path {
            [] => {}
            [last] => self.insert(last.clone()),
            [first, rest @ ..] => self.children.entry(first.clone()).or_default().insert_path(rest),
        }
    }

    /// Adds everything of another set below an element.
    pub(crate) fn insert_below(&mut self, element: Element, set: Set) {
        if !set.is_empty() {
            let merged = match self.children.remove(&element) {
                Some(known) => known.union(&set),
                None => set,
            };
            self.children.insert(element, merged);
        }
    }

    pub(crate) fn has(&self, element: &Element) -> bool {
        self.members.contains(element)
    }

    /// Whether the field at a path is in the set by itself.
    pub(crate) fn has_path(&self, path: &[Element]) -> bool {
        match path {
            [] => false,
            [last] => self.has(last),
            [first, rest @ ..] => self.below(first).is_some_and(|set| set.has_path(rest)),
        }
    }

    pub(crate) fn below(&self, element: &Element) -> Option<&Set> {
        self.children.get(element)
    }

    pub(crate) fn union(&self, other: &Self) -> Self {
        let mut out = self.clone();
        out.members.extend(other.members.iter().cloned());
        for (element, set) in &other.children {
            out.insert_below(element.clone(), set.clone());
        }
        out
    }

    pub(crate) fn intersection(&self, other: &Self) -> Self {
        let members = self.members.intersection(&other.members).cloned().collect();
        let shared = self.children.iter().filter_map(|(element, set)| {
            let both = set.intersection(other.children.get(element)?);
            (!both.is_empty()).then(|| (element.clone(), both))
        });
        Self { members, children: shared.collect() }
    }

    /// What is in this set and not in the other.
    pub(crate) fn difference(&self, other: &Self) -> Self {
        let members = self.members.difference(&other.members).cloned().collect();
        let left = self.children.iter().map(|(element, set)| match other.children.get(element) {
            Some(theirs) => (element.clone(), set.difference(theirs)),
            None => (element.clone(), set.clone()),
        });
        Self { members, children: left.filter(|(_, set)| !set.is_empty()).collect() }
    }

    /// As [`Set::difference`], where a path of the other set stands for everything below it, too.
    pub(crate) fn recursive_difference(&self, other: &Self) -> Self {
        let members = self.members.difference(&other.members).cloned().collect();
        let kept = self.children.iter().filter(|(element, _)| !other.members.contains(element));
        let left = kept.map(|(element, set)| match other.children.get(element) {
            Some(theirs) => (element.clone(), set.recursive_difference(theirs)),
            None => (element.clone(), set.clone()),
        });
        Self { members, children: left.filter(|(_, set)| !set.is_empty()).collect() }
    }

    /// The set with every declared field that has something below it, so that the field goes with its last content.
    pub(crate) fn ensure_named(&self, shape: Shape<'_>) -> Self {
        let mut out = Self { members: self.members.clone(), children: BTreeMap::new() };
        for (element, set) in &self.children {
            if let Element::Field(name) = element
                && shape.declares(name)
            {
                out.members.insert(element.clone());
            }
            out.children.insert(element.clone(), set.ensure_named(shape.step(element)));
        }
        out
    }

    /// Every path, as conflicts show them.
    pub(crate) fn paths(&self) -> Vec<String> {
        let mut out: Vec<String> = self.members.iter().map(ToString::to_string).collect();
        for (element, set) in &self.children {
            out.extend(set.paths().into_iter().map(|rest| format!("{element}{rest}")));
        }
        out
    }

    /// As `fieldsV1` holds it.
    pub(crate) fn to_value(&self) -> Value {
        let mut map = Map::new();
        for element in &self.members {
            map.insert(element.spelled(), json!({}));
        }
        for (element, set) in &self.children {
            let mut below = set.to_value();
            if self.members.contains(element) {
                below["."] = json!({});
            }
            map.insert(element.spelled(), below);
        }
        Value::Object(map)
    }

    /// Reads `fieldsV1`; what cannot be read is left out.
    pub(crate) fn from_value(value: &Value) -> Self {
        let mut set = Self::default();
        for (text, below) in value.as_object().into_iter().flatten() {
            let Some(element) = Element::parse(text) else { continue };
            let content = below.as_object().map(Map::len).unwrap_or(0);
            if content == 0 || below.get(".").is_some() {
                set.insert(element.clone());
            }
            set.insert_below(element, Self::from_value(below));
        }
        set
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_survives_being_written() {
        let fields = json!({
            "f:spec": {
                "f:replicas": {},
                "f:containers": {"k:{\"name\":\"a\"}": {".": {}, "f:image": {}}},
                "f:finalizers": {"v:\"x\"": {}},
            },
        });
        let set = Set::from_value(&fields);
        assert_eq!(set.to_value(), fields);
        let paths = [
            ".spec.replicas",
            ".spec.containers[name=\"a\"]",
            ".spec.containers[name=\"a\"].image",
            ".spec.finalizers[=\"x\"]",
        ];
        assert_eq!(set.paths(), paths);
    }
}
