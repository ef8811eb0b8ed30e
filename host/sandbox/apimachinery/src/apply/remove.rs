//! Takes fields out of a value.

use serde_json::Value;

use super::path::Element;
use super::set::Set;
use super::shape::{Form, Shape};

/// The value without these fields. What becomes empty by it becomes `null`.
pub(crate) fn remove(shape: Shape<'_>, value: &Value, gone: &Set) -> Value {
    match (shape.form(value), value) {
        (Form::Map, Value::Object(map)) => {
            let kept = map.iter().filter_map(|(name, member)| {
                let left = keep(shape.member(name), member, &Element::Field(name.clone()), gone)?;
                Some((name.clone(), left))
            });
            let kept: serde_json::Map<_, _> = kept.collect();
            if kept.is_empty() && !map.is_empty() { Value::Null } else { Value::Object(kept) }
        }
        (Form::List, Value::Array(items)) => {
            let elements = shape.elements(items);
            let kept: Vec<Value> =
                elements.iter().filter_map(|(element, item)| keep(shape.item(), item, element, gone)).collect();
            if kept.is_empty() && !items.is_empty() { Value::Null } else { Value::Array(kept) }
        }
        _ => value.clone(),
    }
}

fn keep(shape: Shape<'_>, value: &Value, element: &Element, gone: &Set) -> Option<Value> {
    if gone.has(element) {
        return None;
    }
    Some(match gone.below(element) {
        Some(below) => remove(shape, value, below),
        None => value.clone(),
    })
}
