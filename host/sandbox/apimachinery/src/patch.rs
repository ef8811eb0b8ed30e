//! The three patch formats that are not server-side apply.

mod strategic;

use serde_json::Value;

use crate::go;
use crate::schema::Schema;
use crate::status::Status;

/// How it begins when a patch cannot be read.
const DECODING: &str = "error decoding patch: ";

/// Operations that one JSON patch may have.
const MAX_OPERATIONS: usize = 10_000;

/// Applies a JSON patch (RFC 6902).
///
/// # Errors
/// 400 if the patch cannot be read, 413 if it is too long, 422 if it cannot be applied: a failed `test`, a missing path.
pub fn json_patch(object: &Value, patch: &[u8]) -> Result<Value, Status> {
    let decoded: Value = serde_json::from_slice(patch).map_err(|error| undecodable(&error.to_string()))?;
    if !decoded.is_array() {
        let got = go_kind(&decoded);
        let why = format!("json: cannot unmarshal {got} into Go value of type []handlers.jsonPatchOp");
        return Err(undecodable(&why));
    }
    let mut decoded = decoded;
    replace_adds(object, &mut decoded);
    let patch: json_patch::Patch = serde_json::from_value(decoded).map_err(|_| Status::unprocessable())?;
    if patch.0.len() > MAX_OPERATIONS {
        let message = format!(
            "Request entity too large: The allowed maximum operations in a JSON patch is {MAX_OPERATIONS}, got {}",
            patch.0.len()
        );
        return Err(Status::new(413, "RequestEntityTooLarge", message));
    }
    let mut patched = object.clone();
    json_patch::patch(&mut patched, &patch.0).map_err(|_| Status::unprocessable())?;
    Ok(patched)
}

/// Applies a JSON merge patch (RFC 7396).
///
/// # Errors
/// 400 if the patch is not an object.
pub fn merge_patch(object: &Value, patch: &[u8]) -> Result<Value, Status> {
    let patch = read_object(patch, DECODING)?;
    let mut patched = object.clone();
    json_patch::merge(&mut patched, &patch);
    Ok(patched)
}

/// Reads the body of a merge patch of either kind; `begin` is how an error begins.
///
/// # Errors
/// 400 if it is not a JSON object.
pub fn read_object(patch: &[u8], begin: &str) -> Result<Value, Status> {
    let undecodable = |why: &str| Status::bad_request(format!("{begin}{why}"));
    let decoded: Result<Value, _> = serde_json::from_slice(patch);
    match decoded {
        Ok(patch) if patch.is_object() => Ok(patch),
        Ok(other) => {
            let got = go_kind(&other);
            Err(undecodable(&format!("json: cannot unmarshal {got} into Go value of type map[string]interface {{}}")))
        }
        Err(error) => Err(undecodable(&error.to_string())),
    }
}

/// The real server takes the replacement of a member that is not there as its addition.
fn replace_adds(object: &Value, patch: &mut Value) {
    let [operation] = patch.as_array_mut().map(Vec::as_mut_slice).unwrap_or_default() else { return };
    if operation["op"] != "replace" {
        return;
    }
    let path = operation["path"].as_str().unwrap_or_default();
    let parent = path.rsplit_once('/').and_then(|(parent, _)| object.pointer(parent));
    if parent.is_some_and(Value::is_object) && object.pointer(path).is_none() {
        operation["op"] = "add".into();
    }
}

/// A patch as messages quote it.
pub fn quoted(patch: &Value) -> String {
    go::plain(patch)
}

fn undecodable(why: &str) -> Status {
    Status::bad_request(format!("{DECODING}{why}"))
}

fn go_kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// Applies a strategic merge patch, guided by the merge keys of the schema.
///
/// # Errors
/// 400 if a directive is unknown or a list item lacks its merge key.
pub fn strategic_merge_patch(object: &Value, patch: &Value, schema: &Schema) -> Result<Value, Status> {
    strategic::merge(Some(schema), object.clone(), patch.clone()).map_err(Status::unclassified)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_json_patch_adds_tests_and_removes() {
        let object = json!({"spec": {"workers": [{"name": "a"}], "replicas": 1}});
        let patch = br#"[{"op":"test","path":"/spec/replicas","value":1},
            {"op":"add","path":"/spec/workers/-","value":{"name":"b"}},{"op":"remove","path":"/spec/workers/0"}]"#;
        let patched = json_patch(&object, patch).expect("patched");
        assert_eq!(patched, json!({"spec": {"workers": [{"name": "b"}], "replicas": 1}}));
    }

    #[test]
    fn a_json_patch_that_cannot_be_applied_is_unprocessable() {
        let object = json!({"spec": {"replicas": 1}});
        let cases: [(&str, &[u8], u16); 4] = [
            ("failed test", br#"[{"op":"test","path":"/spec/replicas","value":2}]"#, 422),
            ("missing path", br#"[{"op":"remove","path":"/spec/workers/0"}]"#, 422),
            ("missing parent", br#"[{"op":"add","path":"/status/x","value":1}]"#, 422),
            ("no patch", b"{}", 400),
        ];
        for (name, patch, code) in cases {
            let error = json_patch(&object, patch).expect_err(name);
            assert_eq!(error.code(), code, "{name}");
        }
    }

    #[test]
    fn a_merge_patch_replaces_lists_and_removes_nulls() {
        let object = json!({"spec": {"a": [1, 2], "b": {"c": 1, "d": 2}}});
        let patched = merge_patch(&object, br#"{"spec":{"a":[3],"b":{"c":null}}}"#).expect("patched");
        assert_eq!(patched, json!({"spec": {"a": [3], "b": {"d": 2}}}));
        assert_eq!(merge_patch(&object, b"[]").expect_err("refused").code(), 400);
    }
}
