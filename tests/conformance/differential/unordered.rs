//! Lists that the real server writes in the order of a Go map, another each time: put in one order.

use serde_json::Value;

/// Sorts what has no order in an answer's body.
pub(crate) fn sort(body: &mut Value) {
    if body["kind"] == "SelfSubjectRulesReview" {
        for rules in ["resourceRules", "nonResourceRules"] {
            by_text(&mut body["status"][rules]);
        }
    }
    let group = body["details"]["group"].as_str().unwrap_or_default();
    if body["reason"] == "Invalid" && group.ends_with(".example.org") {
        causes(body);
    }
}

fn by_text(list: &mut Value) {
    if let Some(items) = list.as_array_mut() {
        items.sort_by_key(ToString::to_string);
    }
}

/// The schema of a definition holds its properties in a map, so errors in several of them come in any order. The message
/// repeats the causes; its part in brackets is written again from the sorted ones, if it is what they make.
fn causes(body: &mut Value) {
    let unsorted = joined(body);
    by_text(&mut body["details"]["causes"]);
    let sorted = joined(body);
    if let Some(message) = body["message"].as_str().filter(|message| message.ends_with(&unsorted)) {
        body["message"] = format!("{}{sorted}", &message[..message.len() - unsorted.len()]).into();
    }
}

fn joined(body: &Value) -> String {
    let causes = body["details"]["causes"].as_array().into_iter().flatten();
    let text = |cause: &Value, key: &str| cause[key].as_str().unwrap_or_default().to_owned();
    let texts: Vec<String> = causes.map(|c| format!("{}: {}", text(c, "field"), text(c, "message"))).collect();
    format!("[{}]", texts.join(", "))
}
