//! What a strict reader finds in the text of a body, whatever the object: fields that occur twice, members of a patch that
//! mean nothing.

use backplane_apimachinery::decode;
use bytes::Bytes;
use serde_json::Value;

use super::{Call, media, yaml_options};

/// Members that an operation of a JSON patch may have.
const OPERATION: [&str; 4] = ["op", "path", "from", "value"];

/// What was found, and the text it was found in.
#[derive(Debug, Clone, Default)]
pub(crate) struct Faults {
    told: Vec<String>,
    /// The lines of YAML make one fault together where a request is refused for them.
    of_yaml: bool,
    /// The body, if it is JSON: in the order of its fields they are named.
    json: Bytes,
}

impl Faults {
    /// Looks through the body of a request.
    pub(crate) fn of(call: &Call<'_>) -> Self {
        let media = media(call);
        if media.ends_with("yaml") {
            return Self { told: twice_in_yaml(call.body), of_yaml: true, json: Bytes::new() };
        }
        if !media.is_empty() && !media.ends_with("json") {
            return Self::default();
        }
        let twice = decode::duplicates(call.body).into_iter().map(|field| twin(&field));
        let told = match media {
            "application/json-patch+json" => {
                twice.chain(foreign(call.body)).map(|fault| format!("json patch {fault}")).collect()
            }
            _ => twice.collect(),
        };
        Self { told, of_yaml: false, json: call.body.clone() }
    }

    /// All faults of the text and unknown fields of the object, as warnings name them.
    pub(crate) fn with(&self, unknown: &[String]) -> Vec<String> {
        let named = self.told.iter().filter(|told| !unknown.iter().any(|field| twin(field) == **told));
        named.cloned().chain(unknown.iter().map(|field| format!("unknown field {field:?}"))).collect()
    }

    /// As [`Faults::with`], as a refusal names them.
    pub(crate) fn refusal(&self, unknown: &[String]) -> Vec<String> {
        if !self.of_yaml || self.told.is_empty() {
            return self.with(unknown);
        }
        let lines = format!("yaml: unmarshal errors:\n  {}", self.told.join("\n  "));
        std::iter::once(lines).chain(Self::default().with(unknown)).collect()
    }

    /// What an intent in YAML is refused for.
    pub(crate) fn of_intent(&self) -> Option<String> {
        let lines = self.refusal(&[]).into_iter().next().filter(|_| self.of_yaml);
        lines.map(|lines| format!("error strict decoding YAML: error converting YAML to JSON: {lines}"))
    }

    /// Puts fields into the order in which the text has them.
    pub(crate) fn in_order(&self, mut fields: Vec<String>) -> Vec<String> {
        if fields.len() > 1 && !self.json.is_empty() {
            let all = decode::fields(&self.json);
            fields.sort_by_key(|field| all.iter().position(|other| other == field));
        }
        fields
    }
}

fn twin(field: &str) -> String {
    format!("duplicate field {field:?}")
}

/// Members of operations that are none of theirs.
fn foreign(body: &[u8]) -> Vec<String> {
    let operations: Vec<Value> = serde_json::from_slice(body).unwrap_or_default();
    let members = operations.iter().enumerate().flat_map(|(i, operation)| {
        let names = operation.as_object().into_iter().flatten().map(|(name, _)| name);
        names
            .filter(|name| !OPERATION.contains(&name.as_str()))
            .map(move |name| format!("unknown field \"[{i}].{name}\""))
    });
    members.collect()
}

/// The first key that occurs twice in its map. The reader stops there.
fn twice_in_yaml(body: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(body);
    let found = serde_saphyr::from_str_with_options::<Value>(&text, yaml_options(Twice::Refused));
    match found {
        Err(error) => told(&error).into_iter().collect(),
        Ok(_) => Vec::new(),
    }
}

fn told(error: &serde_saphyr::Error) -> Option<String> {
    let line = error.location()?.line();
    match error {
        serde_saphyr::Error::DuplicateMappingKey { key, .. } => {
            Some(format!("line {line}: key {:?} already set in map", key.as_deref().unwrap_or_default()))
        }
        _ => None,
    }
}

/// What becomes of a key that occurs twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Twice {
    LastCounts,
    Refused,
}
