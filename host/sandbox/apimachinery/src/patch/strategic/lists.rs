//! Lists: merged by key or as sets, with their order.

use serde_json::{Map, Value};

use super::{DIRECTIVE, Field, Result, SET_ORDER, maps, unknown_directive, without_directives};
use crate::go;
use crate::schema::Schema;

/// Merges a list whose items have a merge key, or a list of plain values.
pub(super) fn merge(field: &Field<'_>, original: Vec<Value>, patch: Vec<Value>) -> Result<Vec<Value>> {
    let order = original.clone();
    let Some(key) = field.merge_key else {
        let mut merged = original;
        for value in &patch {
            if !merged.contains(value) {
                merged.push(value.clone());
            }
        }
        return Ok(ordered(merged, &patch, &order, None));
    };
    let (original, patch) = match directives(original, patch, key)? {
        Directed::Replaced(list) => return Ok(list),
        Directed::Rest(original, patch) => (original, patch),
    };
    let mut merged = original;
    for item in &patch {
        let place = merged.iter().position(|known| same(known, item, Some(key)));
        match (place, item) {
            (Some(i), Value::Object(item)) => {
                let known = merged[i].as_object().cloned().unwrap_or_default();
                let items = field.schema.and_then(|s| s.items.as_deref());
                merged[i] = Value::Object(maps(items, known, item.clone())?);
            }
            _ => merged.extend(without_directives(item.clone())),
        }
    }
    Ok(ordered(merged, &patch, &order, Some(key)))
}

/// What the items with a `$patch` directive leave.
enum Directed {
    Replaced(Vec<Value>),
    Rest(Vec<Value>, Vec<Value>),
}

fn directives(mut original: Vec<Value>, patch: Vec<Value>, key: &str) -> Result<Directed> {
    let mut rest = Vec::new();
    let mut replace = false;
    for item in patch {
        let Some(map) = item.as_object() else {
            return Err(format!("expected a map with the merge key {key}, got {item}"));
        };
        let directive = map.get(DIRECTIVE);
        match directive.and_then(Value::as_str) {
            None if directive.is_some() => return Err(unknown_directive(&item[DIRECTIVE], map)),
            Some("replace") => replace = true,
            Some("delete") if map.contains_key(key) => original.retain(|known| !same(known, &item, Some(key))),
            None if map.contains_key(key) => rest.push(item),
            None | Some("delete") => {
                return Err(format!("map: {} does not contain declared merge key: {key}", go::plain(&item)));
            }
            Some("merge") => {
                let mut map = map.clone();
                map.remove(DIRECTIVE);
                rest.push(Value::Object(map));
            }
            Some(_) => return Err(unknown_directive(&item[DIRECTIVE], map)),
        }
    }
    Ok(if replace { Directed::Replaced(rest) } else { Directed::Rest(original, rest) })
}

/// Removes values from a list of plain values.
pub(super) fn delete_values(original: &mut Map<String, Value>, name: &str, gone: &Value) {
    let gone = gone.as_array().map(Vec::as_slice).unwrap_or_default();
    if let Some(list) = original.get_mut(name).and_then(Value::as_array_mut) {
        list.retain(|value| !gone.contains(value));
    }
}

/// Merges every list that a `$setElementOrder` names, and puts it in that order.
pub(super) fn set_order(
    schema: Option<&Schema>,
    original: &mut Map<String, Value>,
    patch: &mut Map<String, Value>,
) -> Result<()> {
    let names: Vec<String> = patch.keys().filter_map(|k| k.strip_prefix(SET_ORDER)).map(str::to_owned).collect();
    for name in names {
        let order = patch.remove(&format!("{SET_ORDER}{name}"));
        let order = order.and_then(|o| o.as_array().cloned()).unwrap_or_default();
        let deleted = patch.remove(&format!("{}{name}", super::DELETE_FROM));
        if let Some(deleted) = deleted {
            delete_values(original, &name, &deleted);
        }
        if patch.get(&name).is_some_and(Value::is_null) {
            continue;
        }
        let field = Field::of(schema, &name);
        let list = |value: Option<Value>| value.and_then(|v| v.as_array().cloned());
        let live = list(original.get(&name).cloned());
        let merged = match (live.clone(), list(patch.remove(&name))) {
            (Some(live), None) => live,
            (None, Some(added)) => added.into_iter().filter_map(without_directives).collect(),
            (Some(live), Some(patch)) if field.merge => merge(&field, live, patch)?,
            (Some(_), Some(patch)) => patch,
            (None, None) => continue,
        };
        let merged = ordered(merged, &order, &live.unwrap_or_default(), field.merge_key);
        original.insert(name, merged.into());
    }
    Ok(())
}

fn same(a: &Value, b: &Value, key: Option<&str>) -> bool {
    match key {
        Some(key) => a.get(key).is_some() && a.get(key) == b.get(key),
        None => a == b,
    }
}

/// Items that the patch names come in its order; the others keep their place before the first that followed them.
fn ordered(merged: Vec<Value>, wanted: &[Value], live: &[Value], key: Option<&str>) -> Vec<Value> {
    let place = |list: &[Value], item: &Value| list.iter().position(|other| same(other, item, key));
    let (mut named, others): (Vec<Value>, Vec<Value>) =
        merged.into_iter().partition(|item| place(wanted, item).is_some());
    named.sort_by_key(|item| place(wanted, item));
    let mut out = Vec::new();
    let (mut others, mut named) = (others.into_iter().peekable(), named.into_iter().peekable());
    loop {
        let first = match (others.peek(), named.peek()) {
            (None, None) => return out,
            (Some(_), None) => true,
            (None, Some(_)) => false,
            (Some(other), Some(next)) => match (place(live, other), place(live, next)) {
                (Some(other), Some(next)) => other < next,
                _ => false,
            },
        };
        out.extend(if first { others.next() } else { named.next() });
    }
}
