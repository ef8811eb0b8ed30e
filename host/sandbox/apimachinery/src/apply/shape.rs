//! How the value at a place merges: from the schema, or guessed from the value where the schema says nothing.

use serde_json::Value;

use super::path::Element;
use crate::schema::{Additional, ListType, Schema};

/// What is known about a place.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Shape<'a> {
    Known(&'a Schema),
    /// Maps merge by member, lists are replaced whole.
    Guessed,
}

/// How a value merges.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// Scalars, and maps and lists that are replaced whole.
    Leaf,
    Map,
    /// A list whose items are told apart by keys or by value.
    List,
}

impl<'a> Shape<'a> {
    pub(crate) fn of(schema: &'a Schema) -> Self {
        Self::Known(schema)
    }

    pub(crate) fn form(self, value: &Value) -> Form {
        match (value, self) {
            (Value::Object(_), Self::Known(schema)) if schema.atomic_map => Form::Leaf,
            (Value::Object(_), _) => Form::Map,
            (Value::Array(items), Self::Known(schema)) if self.tells_apart(schema, items) => Form::List,
            _ => Form::Leaf,
        }
    }

    /// Whether every item can be told from the others; a list with an item that lacks its key is taken whole.
    fn tells_apart(self, schema: &Schema, items: &[Value]) -> bool {
        match schema.list_type {
            Some(ListType::Set) => true,
            Some(ListType::Map) => items.iter().all(|item| Element::keyed(schema, item).is_some()),
            _ => false,
        }
    }

    /// Whether a member is declared by name, rather than being any member of a map.
    pub(crate) fn declares(self, name: &str) -> bool {
        matches!(self, Self::Known(schema) if schema.properties.contains_key(name))
    }

    pub(crate) fn member(self, name: &str) -> Self {
        let Self::Known(schema) = self else { return Self::Guessed };
        match (schema.properties.get(name), &schema.additional) {
            (Some(property), _) => Self::Known(property),
            (None, Additional::Schema(additional)) => Self::Known(additional),
            _ => Self::Guessed,
        }
    }

    pub(crate) fn item(self) -> Self {
        match self {
            Self::Known(Schema { items: Some(items), .. }) => Self::Known(items),
            _ => Self::Guessed,
        }
    }

    pub(crate) fn step(self, element: &Element) -> Self {
        match element {
            Element::Field(name) => self.member(name),
            _ => self.item(),
        }
    }

    /// What tells an item of a [`Form::List`] from the others.
    pub(crate) fn element(self, item: &Value, index: usize) -> Element {
        match self {
            Self::Known(schema) if schema.list_type == Some(ListType::Set) => Element::valued(item),
            Self::Known(schema) => Element::keyed(schema, item).unwrap_or(Element::Index(index)),
            Self::Guessed => Element::Index(index),
        }
    }

    /// Items of a [`Form::List`] with what tells them apart.
    pub(crate) fn elements(self, items: &[Value]) -> Vec<(Element, &Value)> {
        items.iter().enumerate().map(|(i, item)| (self.element(item, i), item)).collect()
    }
}
