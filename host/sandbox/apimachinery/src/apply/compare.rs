//! Which fields differ between two values.

use serde_json::Value;

use super::path::Element;
use super::set::Set;
use super::shape::{Form, Shape};

/// The difference of two values.
#[derive(Debug, Default)]
pub(crate) struct Comparison {
    pub(crate) added: Set,
    pub(crate) modified: Set,
    pub(crate) removed: Set,
}

impl Comparison {
    /// What the new value sets anew.
    pub(crate) fn changed(&self) -> Set {
        self.added.union(&self.modified)
    }

    /// The difference apart from these fields and everything below them.
    pub(crate) fn without(&self, ignored: &Set) -> Self {
        Self {
            added: self.added.recursive_difference(ignored),
            modified: self.modified.recursive_difference(ignored),
            removed: self.removed.recursive_difference(ignored),
        }
    }
}

pub(crate) fn compare(shape: Shape<'_>, old: &Value, new: &Value) -> Comparison {
    let mut walker = Walker { path: Vec::new(), found: Comparison::default() };
    walker.walk(shape, Some(old), Some(new));
    walker.found
}

struct Walker {
    path: Vec<Element>,
    found: Comparison,
}

impl Walker {
    fn walk(&mut self, shape: Shape<'_>, old: Option<&Value>, new: Option<&Value>) {
        // A null takes the form of its counterpart.
        let form = |value: Option<&Value>| value.filter(|v| !v.is_null()).map(|v| shape.form(v));
        // Two empty values are leaves, so that empty and null can be told apart.
        let empty = |value: Option<&Value>| {
            value.is_none_or(|v| match v {
                Value::Object(map) => map.is_empty(),
                Value::Array(items) => items.is_empty(),
                other => other.is_null(),
            })
        };
        let descends = match (form(old), form(new)) {
            (Some(Form::Map), Some(Form::Map) | None) | (None, Some(Form::Map)) => Some(Form::Map),
            (Some(Form::List), Some(Form::List) | None) | (None, Some(Form::List)) => Some(Form::List),
            _ => None,
        };
        match descends.filter(|_| !(empty(old) && empty(new))) {
            Some(Form::Map) => self.map(shape, old, new),
            Some(Form::List) => self.list(shape, old, new),
            _ => {
                if let (Some(old), Some(new)) = (old, new)
                    && old != new
                {
                    self.found.modified.insert_path(&self.path);
                }
            }
        }
        match (old, new) {
            (None, Some(_)) => self.found.added.insert_path(&self.path),
            (Some(_), None) => self.found.removed.insert_path(&self.path),
            _ => {}
        }
    }

    fn map(&mut self, shape: Shape<'_>, old: Option<&Value>, new: Option<&Value>) {
        let members = |value: Option<&Value>| -> Vec<String> {
            value.and_then(Value::as_object).into_iter().flatten().map(|(name, _)| name.clone()).collect()
        };
        let mut names = members(old);
        names.extend(members(new));
        names.sort();
        names.dedup();
        for name in names {
            let (old, new) = (old.and_then(|o| o.get(&name)), new.and_then(|n| n.get(&name)));
            self.step(Element::Field(name.clone()), shape.member(&name), old, new);
        }
    }

    fn list(&mut self, shape: Shape<'_>, old: Option<&Value>, new: Option<&Value>) {
        let items = |value: Option<&'_ Value>| value.and_then(Value::as_array).cloned().unwrap_or_default();
        let (old, new) = (items(old), items(new));
        let (old, new) = (shape.elements(&old), shape.elements(&new));
        let mut seen = std::collections::BTreeSet::new();
        for (element, _) in old.iter().chain(&new) {
            if seen.insert(element) {
                let find =
                    |side: &[(Element, &Value)]| side.iter().find(|(e, _)| e == element).map(|(_, v)| (*v).clone());
                self.step(element.clone(), shape.item(), find(&old).as_ref(), find(&new).as_ref());
            }
        }
    }

    fn step(&mut self, element: Element, shape: Shape<'_>, old: Option<&Value>, new: Option<&Value>) {
        self.path.push(element);
        self.walk(shape, old, new);
        self.path.pop();
    }
}
