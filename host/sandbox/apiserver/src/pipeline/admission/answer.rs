//! The answer of a webhook, checked and read.

use backplane_apimachinery::patch::json_patch;
use base64::Engine as _;
use serde_json::Value;

use super::review::REVIEW;

/// What a webhook said.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) allowed: bool,
    /// `status` of a refusal.
    pub(super) result: Value,
    pub(super) patch: Option<Vec<u8>>,
    pub(super) warnings: Vec<String>,
}

/// Reads an answer.
///
/// # Errors
/// Why it is none, in the words of kube-apiserver.
pub(super) fn read(document: &Value, uid: &str) -> Result<Answer, String> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let (version, kind) = (text(&document["apiVersion"]), text(&document["kind"]));
    if version != REVIEW || kind != "AdmissionReview" {
        return Err(format!("expected webhook response of {REVIEW}, Kind=AdmissionReview, got {version}, Kind={kind}"));
    }
    let response = &document["response"];
    if !response.is_object() {
        return Err("webhook response was absent".into());
    }
    if response["uid"] != uid {
        return Err(format!("expected response.uid={uid:?}, got {:?}", text(&response["uid"])));
    }
    let warnings = response["warnings"].as_array().into_iter().flatten().map(text).collect();
    let allowed = response["allowed"] == true;
    Ok(Answer { allowed, result: response["status"].clone(), patch: patch(response)?, warnings })
}

fn patch(response: &Value) -> Result<Option<Vec<u8>>, String> {
    let patch = response["patch"].as_str().unwrap_or_default();
    match (patch, response["patchType"].as_str().unwrap_or_default()) {
        ("", "") => Ok(None),
        ("", _) => Err("webhook returned response.patchType but not response.patch".into()),
        (_, "") => Err("webhook returned response.patch but not response.patchType".into()),
        (patch, "JSONPatch") => {
            let bytes = base64::engine::general_purpose::STANDARD.decode(patch);
            bytes.map(Some).map_err(|error| format!("illegal base64 data: {error}"))
        }
        (_, other) => Err(format!("webhook returned invalid response.patchType of {other:?}")),
    }
}

/// The object with a patch applied; a patch of nothing changes nothing.
///
/// # Errors
/// Why it cannot be applied.
pub(super) fn patched(object: &Value, patch: &[u8]) -> Result<Value, String> {
    json_patch(object, patch).map_err(|status| status.message().to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_answer_that_is_none_is_told_in_the_words_of_the_api_server() {
        let document = |response: Value| json!({"apiVersion": REVIEW, "kind": "AdmissionReview", "response": response});
        let cases = [
            (json!({}), "expected webhook response of admission.k8s.io/v1, Kind=AdmissionReview, got , Kind="),
            (document(Value::Null), "webhook response was absent"),
            (document(json!({"uid": "2"})), "expected response.uid=\"1\", got \"2\""),
            (
                document(json!({"uid": "1", "patch": "W10="})),
                "webhook returned response.patch but not response.patchType",
            ),
            (
                document(json!({"uid": "1", "patch": "W10=", "patchType": "Merge"})),
                "webhook returned invalid response.patchType of \"Merge\"",
            ),
        ];
        for (answer, expected) in cases {
            assert_eq!(read(&answer, "1").unwrap_err(), expected);
        }
        let good =
            read(&document(json!({"uid": "1", "allowed": true, "patch": "W10=", "patchType": "JSONPatch"})), "1");
        assert_eq!(good.unwrap().patch.as_deref(), Some(b"[]".as_slice()));
    }
}
