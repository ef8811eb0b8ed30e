//! Lists in which the real server holds more, because it serves more kinds: only what both have is compared.

use serde_json::Value;

/// Definitions of the cases are of groups below this; they come and go while other cases are played.
const OF_CASES: &str = ".example.org";

/// Drops items of the real server's list that the other does not have, and subresources of items in the same way.
pub(crate) fn keep_common(real: &mut Value, ours: &mut Value, pointer: &str, key: &str) {
    for answer in [&mut *real, &mut *ours] {
        parse_yaml(answer);
        drop_definitions(answer, pointer);
    }
    let known = ours["body"].pointer(pointer).and_then(Value::as_array).cloned().unwrap_or_default();
    let Some(items) = real["body"].pointer_mut(pointer).and_then(Value::as_array_mut) else { return };
    items.retain(|item| known.iter().any(|other| id(other, key) == id(item, key)));
    for item in items {
        if let Some(other) = known.iter().find(|other| id(other, key) == id(item, key)) {
            keep_common_subresources(item, other);
        }
    }
}

fn id<'a>(item: &'a Value, key: &str) -> Option<&'a Value> {
    item.pointer(key)
}

/// Of an item of the discovery document that holds subresources inside their resource.
fn keep_common_subresources(real: &mut Value, ours: &Value) {
    let Some(below) = real.get_mut("subresources").and_then(Value::as_array_mut) else { return };
    let known = ours["subresources"].as_array().map(Vec::as_slice).unwrap_or_default();
    below.retain(|sub| known.iter().any(|other| other["subresource"] == sub["subresource"]));
    if below.is_empty() && known.is_empty() {
        real.as_object_mut().map(|map| map.remove("subresources"));
    }
}

fn drop_definitions(answer: &mut Value, pointer: &str) {
    if pointer == "/groups"
        && let Some(groups) = answer["body"]["groups"].as_array_mut()
    {
        groups.retain(|group| group["name"].as_str().is_none_or(|name| !name.ends_with(OF_CASES)));
    }
}

/// A list inside a text cannot be shortened otherwise.
fn parse_yaml(answer: &mut Value) {
    if answer["media"][0] == "application/yaml"
        && let Some(parsed) = answer["body"].as_str().and_then(|text| serde_saphyr::from_str(text).ok())
    {
        answer["body"] = parsed;
    }
}
