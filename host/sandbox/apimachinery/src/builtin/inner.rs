//! How the real server shows structs in messages: as its own types hold them, which are not those of the API.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde_json::{Value, json};

/// The fields of each type, as words.
static TYPES: LazyLock<BTreeMap<String, String>> = LazyLock::new(|| {
    serde_saphyr::from_str(include_str!("inner.yaml")).expect("the file of inner types is YAML; a test reads it")
});

/// Members of metadata, in their order.
const METADATA: [&str; 6] = ["name", "generateName", "labels", "annotations", "ownerReferences", "finalizers"];
/// Fields of a spec that the server holds in the security context.
const OF_HOST: [&str; 5] = ["hostNetwork", "hostPID", "hostIPC", "shareProcessNamespace", "hostUsers"];

/// A struct, or `null`.
pub(crate) fn shown(type_: &str, value: &Value) -> String {
    // Go's encoder writes these letters so that browsers do not take them for tags.
    ['<', '>', '&']
        .iter()
        .fold(nested(type_, value), |text, letter| text.replace(*letter, &format!("\\u{:04x}", u32::from(*letter))))
}

/// A Pod template.
pub(crate) fn template(template: &Value) -> String {
    let mut template = template.clone();
    for field in OF_HOST {
        let value = template["spec"].as_object_mut().and_then(|spec| spec.remove(field));
        if let Some(value) = value {
            template["spec"]["securityContext"][field] = value;
        }
    }
    shown("PodTemplateSpec", &template)
}

fn object(type_: &str, value: &Value) -> String {
    format!("{{{}}}", members(type_, value).join(","))
}

fn members(type_: &str, value: &Value) -> Vec<String> {
    if type_ == "ObjectMeta" {
        let metadata = &value["metadata"];
        return METADATA.iter().filter_map(|name| Some(format!("{}:{}", json!(name), metadata.get(name)?))).collect();
    }
    let words = TYPES.get(type_).map(String::as_str).unwrap_or_default();
    words.split_whitespace().flat_map(|word| member(word, value)).collect()
}

fn member(word: &str, value: &Value) -> Vec<String> {
    if let Some(type_) = word.strip_prefix('+') {
        return members(type_, value);
    }
    let end = word.find(['?', '#', '!', ':', '=']).unwrap_or(word.len());
    let (name, rest) = word.split_at(end);
    let given = field(value, name);
    let shown = match rest.chars().next() {
        Some('?') => given.to_string(),
        Some('#') => or_empty(given, "0"),
        Some('!') => or_empty(given, "false"),
        Some('=') => object(&rest[1..], given),
        Some(_) => nested(&rest[1..], given),
        None => or_empty(given, "\"\""),
    };
    vec![format!("{}:{shown}", json!(name))]
}

/// The names of both sides differ in case alone.
fn field<'a>(value: &'a Value, name: &str) -> &'a Value {
    let members = value.as_object().into_iter().flatten();
    members.into_iter().find(|(member, _)| member.eq_ignore_ascii_case(name)).map_or(&Value::Null, |(_, value)| value)
}

fn or_empty(value: &Value, empty: &str) -> String {
    if value.is_null() { empty.to_owned() } else { value.to_string() }
}

fn nested(type_: &str, value: &Value) -> String {
    match value {
        Value::Object(_) => object(type_, value),
        Value::Array(items) => {
            format!("[{}]", items.iter().map(|item| object(type_, item)).collect::<Vec<_>>().join(","))
        }
        _ => "null".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_is_shown_as_the_server_holds_it() {
        let shown = template(&json!({"metadata": {"labels": {"a": "b"}}, "spec": {"hostPID": true, "containers": [
            {"name": "c", "env": [{"name": "A", "value": "<"}]}]}}));
        assert!(
            shown.starts_with(r#"{"labels":{"a":"b"},"Spec":{"Volumes":null,"InitContainers":null,"Containers":[{"#),
            "{shown}"
        );
        assert!(shown.contains(r#""Env":[{"Name":"A","Value":"\u003c","ValueFrom":null}]"#), "{shown}");
        assert!(shown.contains(r#""SecurityContext":{"HostNetwork":false,"HostPID":true,"HostIPC":false,"#), "{shown}");
    }

    #[test]
    fn every_type_that_is_named_is_told() {
        for word in TYPES.values().flat_map(|words| words.split_whitespace()) {
            let type_ = word.split_once([':', '=']).map(|(_, type_)| type_).or(word.strip_prefix('+'));
            assert!(type_.is_none_or(|type_| type_ == "ObjectMeta" || TYPES.contains_key(type_)), "{word}");
        }
    }
}
