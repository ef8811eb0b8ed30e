//! Whether an answer is what was asked for: the same objects, in the wanted version, with the metadata they had.

use serde_json::{Value, json};

/// `apiVersion` of the documents.
pub(super) const REVIEW: &str = "apiextensions.k8s.io/v1";

/// What is wrong with an answer, as the two forms of the message go.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Wrong {
    Failed(String),
    Returned(String),
}

/// The converted objects of an answer. Of their metadata only labels and annotations may differ; the rest is restored.
///
/// # Errors
/// What is wrong with the answer.
pub(super) fn objects(
    mut answer: Value,
    uid: &str,
    originals: &[Value],
    api_version: &str,
) -> Result<Vec<Value>, Wrong> {
    envelope(&answer, uid).map_err(Wrong::Failed)?;
    let Value::Array(mut converted) = answer["response"]["convertedObjects"].take() else {
        return Err(Wrong::Returned(format!("0 objects, expected {}", originals.len())));
    };
    if converted.len() != originals.len() {
        return Err(Wrong::Returned(format!("{} objects, expected {}", converted.len(), originals.len())));
    }
    for (i, (original, converted)) in originals.iter().zip(&mut converted).enumerate() {
        let wrong = |why: String| Wrong::Returned(format!("invalid converted object at index {i}: {why}"));
        identity(original, converted, api_version).map_err(wrong)?;
        restore(original, converted)
            .map_err(|why| Wrong::Returned(format!("invalid metadata in object at index {i}: {why}")))?;
    }
    Ok(converted)
}

fn envelope(answer: &Value, uid: &str) -> Result<(), String> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let (version, kind) = (text(&answer["apiVersion"]), text(&answer["kind"]));
    if version != REVIEW || kind != "ConversionReview" {
        return Err(format!(
            "expected webhook response of {REVIEW}, Kind=ConversionReview, got {version}, Kind={kind}"
        ));
    }
    let response = &answer["response"];
    if !response.is_object() {
        return Err("no response provided".into());
    }
    if response["uid"] != uid {
        return Err(format!("expected response.uid={uid:?}, got {:?}", text(&response["uid"])));
    }
    let (status, message) = (text(&response["result"]["status"]), text(&response["result"]["message"]));
    match (status.as_str(), message.as_str()) {
        ("Success", _) => Ok(()),
        (_, "") => Err(format!("response.result.status was '{status}', not 'Success'")),
        _ => Err(message),
    }
}

fn identity(original: &Value, converted: &Value, api_version: &str) -> Result<(), String> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let got = text(&converted["apiVersion"]);
    if got != api_version {
        return Err(format!("invalid groupVersion (expected {api_version}, received {got})"));
    }
    if converted["kind"] != original["kind"] {
        let (wanted, got) = (text(&original["kind"]), text(&converted["kind"]));
        return Err(format!("invalid kind (expected {wanted}, received {got})"));
    }
    for field in ["name", "namespace", "uid"] {
        let (wanted, got) = (text(&original["metadata"][field]), text(&converted["metadata"][field]));
        if wanted != got {
            return Err(format!("must have the same {field}: {wanted} != {got}"));
        }
    }
    Ok(())
}

fn restore(original: &Value, converted: &mut Value) -> Result<(), String> {
    if !converted["metadata"].is_object() {
        return Err("missing metadata in converted object".into());
    }
    let mut metadata = original["metadata"].clone();
    if !metadata.is_object() {
        metadata = json!({});
    }
    for field in ["labels", "annotations"] {
        let given = converted["metadata"][field].take();
        match given {
            Value::Object(_) => metadata[field] = given,
            _ => drop(metadata.as_object_mut().and_then(|map| map.remove(field))),
        }
    }
    converted["metadata"] = metadata;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(response: Value) -> Result<Vec<Value>, Wrong> {
        let original =
            json!({"apiVersion": "g/v1", "kind": "K", "metadata": {"name": "a", "uid": "u", "generation": 3}});
        let answer = json!({"apiVersion": REVIEW, "kind": "ConversionReview", "response": response});
        objects(answer, "1", &[original], "g/v2")
    }

    #[test]
    fn an_answer_that_is_not_what_was_asked_for_is_refused_in_the_words_of_the_api_server() {
        let ok = json!({"status": "Success"});
        let object = |version: &str, name: &str| json!([{"apiVersion": version, "kind": "K", "metadata": {"name": name, "uid": "u"}}]);
        let cases = [
            (json!({"uid": "2", "result": ok}), Wrong::Failed("expected response.uid=\"1\", got \"2\"".into())),
            (json!({"uid": "1", "result": {"status": "Failure", "message": "no"}}), Wrong::Failed("no".into())),
            (
                json!({"uid": "1", "result": ok, "convertedObjects": []}),
                Wrong::Returned("0 objects, expected 1".into()),
            ),
            (
                json!({"uid": "1", "result": ok, "convertedObjects": object("g/v1", "a")}),
                Wrong::Returned(
                    "invalid converted object at index 0: invalid groupVersion (expected g/v2, received g/v1)".into(),
                ),
            ),
            (
                json!({"uid": "1", "result": ok, "convertedObjects": object("g/v2", "b")}),
                Wrong::Returned("invalid converted object at index 0: must have the same name: a != b".into()),
            ),
        ];
        for (response, expected) in cases {
            assert_eq!(answered(response), Err(expected));
        }
    }

    #[test]
    fn metadata_but_labels_and_annotations_comes_from_the_original() {
        let converted = json!([{"apiVersion": "g/v2", "kind": "K",
            "metadata": {"name": "a", "uid": "u", "generation": 9, "labels": {"l": "1"}}, "spec": 1}]);
        let objects = answered(json!({"uid": "1", "result": {"status": "Success"}, "convertedObjects": converted}));
        let expected = json!({"name": "a", "uid": "u", "generation": 3, "labels": {"l": "1"}});
        assert_eq!(objects.unwrap()[0]["metadata"], expected);
    }
}
