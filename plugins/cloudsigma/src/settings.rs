//! What the operator may set.

use std::time::Duration;

use backplane_sdk::prelude::*;

/// Settings of the plugin.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Settings {
    /// Region of machines whose infrastructure cluster names none.
    pub(crate) region: String,
    /// Whether the endpoint has a variant for each region. False for one whose URL is a single site's (or a simulator's):
    /// then the region of a cluster is not looked at.
    pub(crate) regional_endpoint: bool,
    /// Storage of cloned drives; the source's if none is given.
    pub(crate) storage_type: Option<String>,
    /// Pause between looks while something is under way. Two seconds keep a hundred machines far below the cloud's limit of
    /// 10,000 requests a minute.
    pub(crate) poll_ms: u64,
    /// Patience with one request; a call makes several, so it stays well below the host's deadline for a call.
    pub(crate) request_timeout_ms: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            region: "zrh".into(),
            regional_endpoint: true,
            storage_type: None,
            poll_ms: 2_000,
            request_timeout_ms: 10_000,
        }
    }
}

impl Settings {
    /// Reads and judges settings.
    pub(crate) fn parse(settings: &[u8]) -> Result<Self, String> {
        let settings: Self = backplane_sdk::settings::parse(settings)?;
        settings.check().map(|()| settings)
    }

    /// Pause between looks while something is under way.
    pub(crate) fn poll(&self) -> Duration {
        Duration::from_millis(self.poll_ms)
    }

    /// Patience with one request.
    pub(crate) fn request_timeout(&self) -> Duration {
        Duration::from_millis(self.request_timeout_ms)
    }

    fn check(&self) -> Result<(), String> {
        if !is_label(&self.region) {
            return Err(format!("region is {:?}, lower-case letters, digits and dashes are needed", self.region));
        }
        for (name, value) in [("poll-ms", self.poll_ms), ("request-timeout-ms", self.request_timeout_ms)] {
            if !(100..=600_000).contains(&value) {
                return Err(format!("{name} is {value}, 100 to 600000 are allowed"));
            }
        }
        Ok(())
    }
}

/// The same in JSON Schema, for `backplane plugin check` and editors.
pub(crate) fn schema() -> Value {
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "additionalProperties": false,
        "properties": {
            "region": {"type": "string", "pattern": "^[a-z0-9][a-z0-9-]*$", "default": "zrh"},
            "regional-endpoint": {"type": "boolean", "default": true},
            "storage-type": {"type": "string"},
            "poll-ms": {"type": "integer", "minimum": 100, "maximum": 600_000, "default": 2_000},
            "request-timeout-ms": {"type": "integer", "minimum": 100, "maximum": 600_000, "default": 10_000},
        },
    })
}

/// Whether a text can be part of a host name; regions end up in one.
pub(crate) fn is_label(text: &str) -> bool {
    let letters = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-';
    !text.is_empty() && text.len() <= 63 && text.chars().all(letters) && !text.starts_with('-') && !text.ends_with('-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_judged_before_they_take_effect() {
        let cases = [
            ("none", "{}", None),
            (
                "all",
                r#"{"region": "fra", "regional-endpoint": false, "storage-type": "nvme", "poll-ms": 500, "request-timeout-ms": 5000}"#,
                None,
            ),
            ("misspelt", r#"{"regoin": "fra"}"#, Some("regoin")),
            ("not a host name", r#"{"region": "a.b/c"}"#, Some("region")),
            ("no pause", r#"{"poll-ms": 0}"#, Some("poll-ms")),
        ];
        for (name, text, names) in cases {
            match (Settings::parse(text.as_bytes()), names) {
                (Ok(_), None) => {}
                (Err(message), Some(part)) => assert!(message.contains(part), "{name}: {message}"),
                (result, _) => panic!("{name}: {result:?}"),
            }
        }
    }
}
