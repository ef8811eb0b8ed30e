//! Server-side apply in little: one plugin, no typed lists.

use serde_json::Value;

/// Puts an intent into an object; lists and scalars are replaced.
pub(super) fn put(object: &mut Value, intent: &Value) {
    match (object, intent) {
        (Value::Object(object), Value::Object(intent)) => {
            for (key, value) in intent {
                put(object.entry(key).or_insert(Value::Null), value);
            }
        }
        (object, intent) => *object = intent.clone(),
    }
}

/// Removes what the last intent said and this one does not.
pub(super) fn take_back(object: &mut Value, last: Option<&Value>, intent: &Value) {
    let (Value::Object(object), Some(Value::Object(last))) = (object, last) else { return };
    for (key, said) in last {
        match (intent.get(key), object.get_mut(key)) {
            (None, Some(Value::Object(inner))) if said.is_object() => {
                let mut rest = Value::Object(std::mem::take(inner));
                take_back(&mut rest, Some(said), &Value::Null);
                if rest.as_object().is_none_or(serde_json::Map::is_empty) {
                    drop(object.remove(key))
                } else {
                    drop(object.insert(key.clone(), rest))
                }
            }
            (None, _) => drop(object.remove(key)),
            (Some(intent), Some(inner)) => take_back(inner, Some(said), intent),
            (Some(_), None) => {}
        }
    }
}
