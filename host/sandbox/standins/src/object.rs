//! Reading and changing Kubernetes objects held as JSON values.
//!
//! Stand-ins work on values, not on typed structs: they read a handful of members of many kinds, and what they do not
//! know must survive. Nothing here talks to a server.

use serde_json::{Map, Value, json};

/// Name of the object; empty where there is none.
pub(crate) fn name(object: &Value) -> &str {
    text(object, "/metadata/name")
}

/// Namespace of the object; empty for cluster-scoped objects.
pub(crate) fn namespace(object: &Value) -> &str {
    text(object, "/metadata/namespace")
}

/// Uid of the object.
pub(crate) fn uid(object: &Value) -> &str {
    text(object, "/metadata/uid")
}

/// The string at a JSON pointer; empty where there is none.
pub(crate) fn text<'a>(object: &'a Value, pointer: &str) -> &'a str {
    object.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// The integer at a JSON pointer, or `absent`.
pub(crate) fn number(object: &Value, pointer: &str, absent: i64) -> i64 {
    object.pointer(pointer).and_then(Value::as_i64).unwrap_or(absent)
}

/// Whether the boolean at a JSON pointer is there and true.
pub(crate) fn is_true(object: &Value, pointer: &str) -> bool {
    object.pointer(pointer).and_then(Value::as_bool).unwrap_or_default()
}

/// The list at a JSON pointer; empty where there is none.
pub(crate) fn list<'a>(object: &'a Value, pointer: &str) -> &'a [Value] {
    object.pointer(pointer).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// The member at a JSON pointer, or null.
pub(crate) fn member(object: &Value, pointer: &str) -> Value {
    object.pointer(pointer).cloned().unwrap_or_default()
}

/// The value of a label.
pub(crate) fn label<'a>(object: &'a Value, key: &str) -> Option<&'a str> {
    object.pointer("/metadata/labels")?.get(key)?.as_str()
}

/// The value of an annotation.
pub(crate) fn annotation<'a>(object: &'a Value, key: &str) -> Option<&'a str> {
    object.pointer("/metadata/annotations")?.get(key)?.as_str()
}

/// Whether somebody asked for the object's deletion.
pub(crate) fn is_deleting(object: &Value) -> bool {
    object.pointer("/metadata/deletionTimestamp").is_some_and(|t| !t.is_null())
}

/// Whether the object carries the finalizer.
pub(crate) fn has_finalizer(object: &Value, finalizer: &str) -> bool {
    list(object, "/metadata/finalizers").iter().any(|f| f == finalizer)
}

/// Adds the finalizer unless it is there.
pub(crate) fn add_finalizer(object: &mut Value, finalizer: &str) {
    if !has_finalizer(object, finalizer) {
        list_mut(object, &["metadata", "finalizers"]).push(json!(finalizer));
    }
}

/// Removes the finalizer.
pub(crate) fn remove_finalizer(object: &mut Value, finalizer: &str) {
    if has_finalizer(object, finalizer) {
        list_mut(object, &["metadata", "finalizers"]).retain(|f| f != finalizer);
    }
}

/// Sets a label.
pub(crate) fn set_label(object: &mut Value, key: &str, value: &str) {
    put(object, &["metadata", "labels", key], json!(value));
}

/// Sets an annotation.
pub(crate) fn set_annotation(object: &mut Value, key: &str, value: &str) {
    put(object, &["metadata", "annotations", key], json!(value));
}

/// Puts a value at a path, making the objects on the way.
pub(crate) fn put(object: &mut Value, path: &[&str], value: Value) {
    let Some((last, way)) = path.split_last() else { return };
    map_mut(object, way).insert((*last).to_owned(), value);
}

/// Puts a value at a path unless something other than null is there.
pub(crate) fn put_default(object: &mut Value, path: &[&str], value: Value) {
    let Some((last, way)) = path.split_last() else { return };
    let map = map_mut(object, way);
    if map.get(*last).is_none_or(Value::is_null) {
        map.insert((*last).to_owned(), value);
    }
}

/// Takes the member at a path away.
pub(crate) fn take(object: &mut Value, path: &[&str]) {
    let Some((last, way)) = path.split_last() else { return };
    let mut at = object;
    for step in way {
        match at.get_mut(*step) {
            Some(next) => at = next,
            None => return,
        }
    }
    if let Some(map) = at.as_object_mut() {
        map.remove(*last);
    }
}

/// The object at a path; made, or put in the place of what was not one.
pub(crate) fn map_mut<'a>(object: &'a mut Value, path: &[&str]) -> &'a mut Map<String, Value> {
    let mut at = object;
    for step in path {
        at = as_map(at).entry(*step).or_insert(Value::Null);
    }
    as_map(at)
}

fn as_map(value: &mut Value) -> &mut Map<String, Value> {
    if !value.is_object() {
        *value = json!({});
    }
    value.as_object_mut().expect("made an object above")
}

fn list_mut<'a>(object: &'a mut Value, path: &[&str]) -> &'a mut Vec<Value> {
    let (last, way) = path.split_last().expect("a path has a last step");
    let at = map_mut(object, way).entry(*last).or_insert(Value::Null);
    if !at.is_array() {
        *at = json!([]);
    }
    at.as_array_mut().expect("made an array above")
}

/// Whether an owner manages the object or is only named for garbage collection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Owner {
    /// `controller: true`, at most one of them.
    Controlling,
    /// Without the two flags.
    Plain,
}

/// Owner references of the object.
pub(crate) fn owners(object: &Value) -> &[Value] {
    list(object, "/metadata/ownerReferences")
}

/// The controlling owner reference.
pub(crate) fn controller(object: &Value) -> Option<&Value> {
    owners(object).iter().find(|o| is_true(o, "/controller"))
}

/// Whether `owner` is the controlling owner.
pub(crate) fn is_controlled_by(object: &Value, owner: &Value) -> bool {
    controller(object).is_some_and(|o| text(o, "/uid") == uid(owner))
}

/// Whether `owner` is an owner.
pub(crate) fn is_owned_by(object: &Value, owner: &Value) -> bool {
    owners(object).iter().any(|o| text(o, "/uid") == uid(owner))
}

/// The first owner of a kind, by group and kind, whatever the version.
pub(crate) fn owner_of_kind<'a>(object: &'a Value, group: &str, kind: &str) -> Option<&'a Value> {
    owners(object).iter().find(|o| text(o, "/kind") == kind && group_of(text(o, "/apiVersion")) == group)
}

/// The group of an `apiVersion`; empty for the core group.
pub(crate) fn group_of(api_version: &str) -> &str {
    api_version.split_once('/').map_or("", |(group, _)| group)
}

/// Makes `owner` an owner, replacing an earlier reference to it.
pub(crate) fn set_owner(object: &mut Value, owner: &Value, mode: Owner) {
    let mut reference = json!({
        "apiVersion": text(owner, "/apiVersion"), "kind": text(owner, "/kind"), "name": name(owner), "uid": uid(owner),
    });
    if mode == Owner::Controlling {
        put(&mut reference, &["controller"], json!(true));
        put(&mut reference, &["blockOwnerDeletion"], json!(true));
    }
    let references = list_mut(object, &["metadata", "ownerReferences"]);
    match references.iter_mut().find(|o| text(o, "/uid") == uid(owner)) {
        Some(found) => *found = reference,
        None => references.push(reference),
    }
}

/// Takes away owner references of a kind.
pub(crate) fn drop_owners_of_kind(object: &mut Value, kind: &str) {
    if owners(object).iter().any(|o| text(o, "/kind") == kind) {
        list_mut(object, &["metadata", "ownerReferences"]).retain(|o| text(o, "/kind") != kind);
    }
}

/// The text form of a label selector, for `status.selector`.
pub(crate) fn selector_text(selector: &Value) -> String {
    let exact = selector.get("matchLabels").and_then(Value::as_object).into_iter().flatten();
    let mut parts: Vec<String> = exact.map(|(k, v)| format!("{k}={}", v.as_str().unwrap_or_default())).collect();
    for rule in list(selector, "/matchExpressions") {
        let (key, values) = (text(rule, "/key"), list(rule, "/values"));
        let values: Vec<_> = values.iter().filter_map(Value::as_str).collect();
        parts.push(match text(rule, "/operator") {
            "In" => format!("{key} in ({})", values.join(",")),
            "NotIn" => format!("{key} notin ({})", values.join(",")),
            "DoesNotExist" => format!("!{key}"),
            _ => key.to_owned(),
        });
    }
    parts.sort();
    parts.join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_controlling_owner_takes_the_place_of_the_plain_reference_to_the_same_object() {
        let owner = json!({"apiVersion": "v1", "kind": "K", "metadata": {"name": "o", "uid": "1"}});
        let mut object = json!({});
        set_owner(&mut object, &owner, Owner::Plain);
        assert!(is_owned_by(&object, &owner) && !is_controlled_by(&object, &owner));
        set_owner(&mut object, &owner, Owner::Controlling);
        assert_eq!(owners(&object).len(), 1);
        assert!(is_controlled_by(&object, &owner));
    }

    #[test]
    fn a_selector_reads_as_kubectl_writes_it() {
        let selector = json!({"matchLabels": {"b": "2", "a": "1"}, "matchExpressions": [
            {"key": "c", "operator": "In", "values": ["x", "y"]}, {"key": "d", "operator": "DoesNotExist"}]});
        assert_eq!(selector_text(&selector), "!d,a=1,b=2,c in (x,y)");
        assert_eq!(selector_text(&json!({})), "");
    }

    #[test]
    fn a_finalizer_is_added_once_and_removed_wholly() {
        let mut object = json!({"metadata": {}});
        add_finalizer(&mut object, "f");
        add_finalizer(&mut object, "f");
        assert_eq!(list(&object, "/metadata/finalizers").len(), 1);
        remove_finalizer(&mut object, "f");
        assert!(!has_finalizer(&object, "f"));
    }
}
