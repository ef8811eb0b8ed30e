//! What no two servers have in common, made equal: uids, versions, times, chosen names, addresses and ports.

mod refusal;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use regex::{Captures, Regex};
use serde_json::{Map, Value};

use super::unordered;

static PATTERNS: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
    let patterns = [
        (r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "<uid>"),
        // Cases write times of the past; those of this day and later are the servers' own.
        (r"20(2[4-9]|[3-9]\d)-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", "<time>"),
        // In texts that are YAML.
        (r#"resourceVersion: "\d+""#, "resourceVersion: <version>"),
        (r"(?i)resource version: \d+", "resource version: <version>"),
        (r"current: \d+", "current: <version>"),
        (r"<version> \(\d+\)", "<version> (<version>)"),
        // A patched object is quoted whole, with versions and in the order of Go's fields.
        (r#"patch: Invalid value: "\{.*\}": "#, "patch: Invalid value: <object>: "),
        (r#"^Invalid value: "\{.*\}": "#, "Invalid value: <object>: "),
        // The question is quoted in the order of Go's fields.
        (r"Invalid value: \{.*\}: must be empty", "Invalid value: <object>: must be empty"),
        // A refused change is followed by a comparison of Go's structures.
        (r"(?s)\n@@ -.*\n", ""),
        (r"ResourceVersion in record \(\d+\)", "ResourceVersion in record (<version>)"),
        // Which of two bindings that permit the same is found first depends on the order of a Go map.
        (
            r#"ClusterRoleBinding "system:(discovery|public-info-viewer)" of ClusterRole "system:(discovery|public-info-viewer)""#,
            "<binding for discovery>",
        ),
        (r"\b10\.(9[6-9]|10\d|11[01]|0)\.\d+\.\d+\b", "<address>"),
    ];
    patterns.map(|(pattern, name)| (Regex::new(pattern).expect("patterns of this file are valid"), name)).into()
});

/// What a server chose in one case, each with what it is shown as.
struct Chosen {
    names: Vec<(String, String)>,
    /// Uids that stand in keys: `managedFields` tell owners apart by them.
    uids: Vec<(String, String)>,
}

/// An answer as it is compared. `asked` is the body of the request; `names` holds what this server chose, and each is shown
/// by what it was captured as.
pub(crate) fn answer(mut answer: Value, asked: &str, names: &BTreeMap<String, String>) -> Value {
    let shown = |wanted: &dyn Fn(&str, &str) -> bool| -> Vec<(String, String)> {
        let those = names.iter().filter(|(name, value)| wanted(name, value));
        those.map(|(name, value)| (value.clone(), format!("<{name}>"))).collect()
    };
    let chosen = Chosen {
        names: shown(&|name, value| name.starts_with("gen") && value.len() > 3),
        uids: shown(&|_, value| PATTERNS[0].0.is_match(value)),
    };
    refusal::equal(&mut answer["body"], asked);
    ages(&mut answer["body"]);
    unordered::sort(&mut answer["body"]);
    walk(&mut answer, "", &chosen);
    answer
}

fn walk(value: &mut Value, key: &str, chosen: &Chosen) {
    match value {
        Value::Object(map) => {
            name_owners(map, &chosen.uids);
            let prefix = map.get("generateName").and_then(Value::as_str).map(str::to_owned);
            if let (Some(prefix), Some(name)) = (prefix, map.get_mut("name")) {
                let generated = name.as_str().is_some_and(|n| n.len() == prefix.len() + 5 && n.starts_with(&prefix));
                if generated {
                    *name = format!("{prefix}<suffix>").into();
                }
            }
            map.iter_mut().for_each(|(key, member)| walk(member, key, chosen));
        }
        Value::Array(items) => {
            items.iter_mut().for_each(|item| walk(item, key, chosen));
            if key == "managedFields" {
                items.sort_by_key(manager);
            }
        }
        Value::String(text) => *text = word(key, text, chosen),
        Value::Number(number)
            if ["nodePort", "healthCheckNodePort"].contains(&key) && number.as_u64() >= Some(30_000) =>
        {
            *value = "<port>".into()
        }
        _ => {}
    }
}

/// Shows the owners that keys such as `k:{"uid":"..."}` name by what they were captured as.
fn name_owners(map: &mut Map<String, Value>, uids: &[(String, String)]) {
    let of_owners: Vec<String> = map.keys().filter(|key| key.starts_with("k:{\"uid\":")).cloned().collect();
    for key in of_owners {
        let shown = uids.iter().fold(key.clone(), |key, (uid, name)| key.replace(uid, name));
        if let Some(member) = map.remove(&key) {
            map.insert(shown, member);
        }
    }
}

/// Entries of the same second stand in the order of their managers, so a second's turn would change the order.
fn manager(entry: &Value) -> String {
    ["operation", "manager", "subresource", "apiVersion"].map(|key| entry[key].to_string()).join(" ")
}

fn word(key: &str, text: &str, chosen: &Chosen) -> String {
    let digits = |text: &str| !text.is_empty() && text != "0" && text.bytes().all(|b| b.is_ascii_digit());
    match key {
        "resourceVersion" if digits(text) => return "<version>".to_owned(),
        "continue" if !text.is_empty() => return "<continue>".to_owned(),
        _ => {}
    }
    let named = chosen.names.iter().fold(text.to_owned(), |text, (value, name)| text.replace(value, name));
    PATTERNS.iter().fold(named, |text, (pattern, name)| {
        pattern.replace_all(&text, |_: &Captures<'_>| (*name).to_owned()).into_owned()
    })
}

/// Ages in tables.
fn ages(body: &mut Value) {
    match body {
        Value::Array(events) => events.iter_mut().for_each(|event| ages(&mut event["object"])),
        Value::Object(_) if body["kind"] == "Table" => {
            let columns = body["columnDefinitions"].as_array().cloned().unwrap_or_default();
            let dated: Vec<usize> = (0..columns.len()).filter(|i| columns[*i]["name"] == "Age").collect();
            for row in body["rows"].as_array_mut().into_iter().flatten() {
                dated.iter().for_each(|i| row["cells"][*i] = "<age>".into());
                // Later events of a watch do not repeat the columns.
                row["cells"].as_array_mut().into_iter().flatten().filter(|cell| is_age(cell)).for_each(|cell| {
                    *cell = "<age>".into();
                });
            }
        }
        _ => {}
    }
}

/// Seconds, as in `12s`: no case lasts longer.
fn is_age(cell: &Value) -> bool {
    let digits = cell.as_str().and_then(|text| text.strip_suffix('s'));
    digits.is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()))
}
