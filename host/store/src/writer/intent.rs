//! Which object a body speaks of.

use backplane_core::ports::WriteError;
use backplane_core::{Kind, ObjectRef};
use serde::Deserialize;

/// The part of an intent that says what it is about.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Intent {
    api_version: String,
    kind: String,
    metadata: Metadata,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metadata {
    name: Option<String>,
    generate_name: Option<String>,
    namespace: Option<String>,
}

impl Intent {
    pub(super) fn read(object: &[u8]) -> Result<Self, WriteError> {
        // The parser's text names members and positions, never values.
        serde_json::from_slice(object).map_err(|error| match error.classify() {
            serde_json::error::Category::Data => WriteError::Invalid("apiVersion, kind or metadata is missing".into()),
            _ => WriteError::Invalid(format!("not JSON at line {} column {}", error.line(), error.column())),
        })
    }

    /// The object, which must have a name.
    pub(super) fn named(self) -> Result<ObjectRef, WriteError> {
        match self.metadata.name.as_deref() {
            Some(name) if !name.is_empty() => Ok(self.target(name)),
            _ => Err(WriteError::Invalid(format!("{}: metadata.name is missing", self.kind))),
        }
    }

    /// Whether the name is left to the server.
    pub(super) fn is_unnamed(&self) -> bool {
        self.metadata.name.as_deref().unwrap_or_default().is_empty()
    }

    /// The object to create; one whose name the server will make is called by its prefix.
    pub(super) fn created(self) -> Result<ObjectRef, WriteError> {
        match (self.metadata.name.as_deref(), self.metadata.generate_name.as_deref()) {
            (Some(name), _) | (None, Some(name)) if !name.is_empty() => Ok(self.target(name)),
            _ => Err(WriteError::Invalid(format!("{}: metadata.name is missing", self.kind))),
        }
    }

    fn target(&self, name: &str) -> ObjectRef {
        let namespace = self.metadata.namespace.as_deref().filter(|ns| !ns.is_empty());
        ObjectRef::new(Kind::from_api_version(&self.api_version, &self.kind), namespace, name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_says_what_it_is_about_or_is_refused_without_quoting_it() {
        let named = |json: &str| Intent::read(json.as_bytes()).and_then(Intent::named);
        let good = named(r#"{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"a","namespace":"n"}}"#);
        assert_eq!(good.expect("target").to_string(), "Deployment.apps n/a");
        let cases = [
            ("no json", "secret", "invalid: not JSON at line 1 column 1"),
            ("no kind", r#"{"data":"secret"}"#, "invalid: apiVersion, kind or metadata is missing"),
            (
                "no name",
                r#"{"apiVersion":"v1","kind":"Secret","metadata":{}}"#,
                "invalid: Secret: metadata.name is missing",
            ),
        ];
        for (name, json, expected) in cases {
            assert_eq!(named(json).expect_err(name).to_string(), expected, "{name}");
        }
    }
}
