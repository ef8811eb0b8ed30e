//! The plugin's settings, typed.
//!
//! Give the type `#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]`: then a misspelt key is refused when the
//! plugin is loaded, before anything runs with a default that nobody wanted.

use serde::de::DeserializeOwned;

use crate::error::{Error, Result};

/// The settings that the operator gave, read into a type. Natively those of an operator who gave none.
///
/// # Errors
/// [`Error::Shape`]; cannot happen for what `configure` accepted.
pub fn get<T: DeserializeOwned>() -> Result<T> {
    parse(&current()).map_err(|cause| Error::Shape { what: "the settings".into(), cause })
}

/// Judges settings by reading them into a type; meant for `configure`.
///
/// # Errors
/// What does not fit, and where.
pub fn parse<T: DeserializeOwned>(settings: &[u8]) -> Result<T, String> {
    serde_json::from_slice(settings).map_err(|error| error.to_string())
}

/// Accepts only the absence of settings.
pub(crate) fn none(settings: &[u8]) -> Result<(), String> {
    #[derive(serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct None {}
    parse::<None>(settings).map(drop).map_err(|cause| format!("the plugin takes no settings: {cause}"))
}

#[cfg(target_family = "wasm")]
fn current() -> Vec<u8> {
    crate::guest::settings()
}

#[cfg(not(target_family = "wasm"))]
fn current() -> Vec<u8> {
    b"{}".to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plugin_without_settings_refuses_any() {
        assert!(none(b"{}").is_ok());
        let refusal = none(br#"{"colour": "red"}"#).expect_err("refused");
        assert!(refusal.contains("colour"), "{refusal}");
    }
}
