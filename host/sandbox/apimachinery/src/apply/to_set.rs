//! Which fields a value sets.

use serde_json::Value;

use super::path::Element;
use super::set::Set;
use super::shape::{Form, Shape};

pub(crate) fn of(shape: Shape<'_>, value: &Value) -> Set {
    walk(shape, value).1
}

/// Whether the value is a field by itself, and the fields below it.
fn walk(shape: Shape<'_>, value: &Value) -> (bool, Set) {
    let mut set = Set::default();
    match (shape.form(value), value) {
        (Form::Map, Value::Object(map)) => {
            for (name, member) in map {
                let element = Element::Field(name.clone());
                let (itself, below) = walk(shape.member(name), member);
                let empty = member.is_null() || member.as_object().is_some_and(|m| m.is_empty());
                if itself || empty || !shape.declares(name) {
                    set.insert(element.clone());
                }
                set.insert_below(element, below);
            }
            (false, set)
        }
        (Form::List, Value::Array(items)) => {
            for (element, item) in shape.elements(items) {
                let (_, below) = walk(shape.item(), item);
                set.insert(element.clone());
                set.insert_below(element, below);
            }
            (false, set)
        }
        _ => (true, set),
    }
}
