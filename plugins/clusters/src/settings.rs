//! What an operator may set. Every field has a default that works without any.

use serde::Deserialize;

/// The plugin's settings.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Settings {
    /// Machine kinds that a program outside this daemon provides, such as `KubevirtMachine`. Pools of such a kind are
    /// then not reported as having no provider.
    pub(crate) external_providers: Vec<String>,
    /// CloudSigma data centre of pools that name none. `zrh`, as the upstream provider has it.
    pub(crate) cloudsigma_region: String,
    /// MHz of one core where a pool gives neither MHz nor MHz per core. 2000: what CloudSigma pools had before the
    /// published controller began to ask the zone for its maximum.
    pub(crate) cloudsigma_mhz_per_core: i64,
    /// Storage class of dedicated datastores; that of the schema if absent.
    pub(crate) etcd_storage_class: Option<String>,
    /// Where etcd images come from; the version is the tag.
    pub(crate) etcd_image_repository: String,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            external_providers: Vec::new(),
            cloudsigma_region: "zrh".into(),
            cloudsigma_mhz_per_core: 2000,
            etcd_storage_class: None,
            etcd_image_repository: "quay.io/coreos/etcd".into(),
        }
    }
}

/// JSON Schema of [`Settings`], for the declaration.
pub(crate) const SCHEMA: &str = r#"{
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "type": "object",
  "additionalProperties": false,
  "properties": {
    "external-providers": {"type": "array", "items": {"type": "string"}},
    "cloudsigma-region": {"type": "string", "minLength": 1},
    "cloudsigma-mhz-per-core": {"type": "integer", "minimum": 1000},
    "etcd-storage-class": {"type": "string", "minLength": 1},
    "etcd-image-repository": {"type": "string", "minLength": 1}
  }
}"#;

/// Judges settings before they take effect.
///
/// # Errors
/// Names the setting and the rule.
pub(crate) fn judge(settings: &Settings) -> Result<(), String> {
    if settings.cloudsigma_mhz_per_core < 1000 {
        return Err("cloudsigma-mhz-per-core: at least 1000".into());
    }
    if settings.cloudsigma_region.is_empty() {
        return Err("cloudsigma-region: must not be empty".into());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_knows_every_setting_and_no_other() {
        let schema: serde_json::Value = serde_json::from_str(SCHEMA).expect("json");
        let names: Vec<&String> = schema["properties"].as_object().expect("properties").keys().collect();
        let all = r#"{"external-providers": [], "cloudsigma-region": "a", "cloudsigma-mhz-per-core": 1000,
            "etcd-storage-class": "a", "etcd-image-repository": "a"}"#;
        let all: serde_json::Value = serde_json::from_str(all).expect("json");
        assert_eq!(names, all.as_object().expect("object").keys().collect::<Vec<_>>());
        assert!(serde_json::from_value::<Settings>(all).is_ok());
        assert!(serde_json::from_str::<Settings>(r#"{"region": "zrh"}"#).is_err());
    }

    #[test]
    fn a_core_slower_than_clouds_sell_is_refused() {
        let slow = Settings { cloudsigma_mhz_per_core: 10, ..Settings::default() };
        assert!(judge(&slow).is_err_and(|error| error.contains("cloudsigma-mhz-per-core")));
        assert_eq!(judge(&Settings::default()), Ok(()));
    }
}
