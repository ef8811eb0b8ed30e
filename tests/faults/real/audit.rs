//! What the API server wrote down about creations.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::Path;

use anyhow::Result;
use serde_json::Value;

use crate::kinds::PLUGIN;

/// Only what is looked at below: under load everything would be a gigabyte.
pub(crate) const POLICY: &str = "apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- level: Metadata
  verbs: [create]
  resources: [{group: demo.example.org, resources: [entries]}]
- level: None
";

/// Successful creations of entries by the plugin, by account.
pub(crate) struct Created(BTreeMap<String, usize>);

impl Created {
    pub(crate) fn read(log: &Path) -> Result<Self> {
        let mut created = BTreeMap::new();
        for line in BufReader::new(std::fs::File::open(log)?).lines() {
            // A line may be cut where the API server was killed.
            let Ok(event) = serde_json::from_str::<Value>(&line?) else { continue };
            if event["responseStatus"]["code"] == 201 && is_plugin(&event) {
                *created.entry(account(&event)).or_default() += 1;
            }
        }
        Ok(Self(created))
    }

    pub(crate) fn total(&self) -> usize {
        self.0.values().sum()
    }

    /// Accounts with more creations than this.
    pub(crate) fn more_than(&self, most: usize) -> Vec<(&String, &usize)> {
        self.0.iter().filter(|(_, count)| **count > most).collect()
    }
}

/// Whether the plugin wrote it, and not the daemon in its own name.
fn is_plugin(event: &Value) -> bool {
    event["impersonatedUser"]["username"].as_str().is_some_and(|user| user.ends_with(PLUGIN))
}

/// The account that an entry is named after.
fn account(event: &Value) -> String {
    let name = event["objectRef"]["name"].as_str().unwrap_or_default();
    name.rsplit_once('-').map_or(name, |(account, _)| account).to_owned()
}
