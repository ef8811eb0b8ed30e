//! Counts requests in the API server's audit log.

use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::Path;

use anyhow::Result;
use serde::Deserialize;

/// Requests by verb.
#[derive(Debug, Default)]
pub(super) struct Requests(BTreeMap<String, u64>);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Record {
    #[serde(rename = "auditID")]
    audit_id: String,
    verb: String,
    user: User,
}

#[derive(Deserialize)]
struct User {
    username: String,
}

impl Requests {
    /// Those that write, whether they changed anything or not.
    pub(super) fn writes(&self) -> u64 {
        ["create", "update", "patch", "delete"].iter().filter_map(|verb| self.0.get(*verb)).sum()
    }
}

impl fmt::Display for Requests {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verbs: Vec<String> = self.0.iter().map(|(verb, count)| format!("{verb} {count}")).collect();
        f.write_str(if verbs.is_empty() { "none" } else { "" })?;
        f.write_str(&verbs.join(", "))
    }
}

/// How long the log is now.
pub(super) fn end(log: &Path) -> Result<u64> {
    Ok(std::fs::metadata(log)?.len())
}

/// What somebody asked since the log had this length. Each request counts once, however many stages were logged.
pub(super) fn since(log: &Path, mark: u64, user: &str) -> Result<Requests> {
    let (mut file, mut text) = (std::fs::File::open(log)?, String::new());
    file.seek(SeekFrom::Start(mark))?;
    file.read_to_string(&mut text)?;
    let (mut seen, mut requests) = (HashSet::new(), Requests::default());
    // The last line may still be being written.
    for record in text.lines().filter_map(|line| serde_json::from_str::<Record>(line).ok()) {
        if record.user.username == user && seen.insert(record.audit_id) {
            *requests.0.entry(record.verb).or_default() += 1;
        }
    }
    Ok(requests)
}
