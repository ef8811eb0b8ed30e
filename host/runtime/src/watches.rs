//! What each watch costs, as `/watches` tells it and `backplane describe watches` reads it.

use std::time::Duration;

use backplane_core::{Kind, Selector};
use backplane_store::{EstimateError, State, Watch, WatchCost};
use serde::{Deserialize, Serialize};

/// Longest wait for an answer of the API server while estimating: a person waits for it.
const PATIENCE: Duration = Duration::from_secs(30);

/// One watch of a running daemon.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WatchReport {
    /// `group/version`, or `version` in the core group.
    pub api_version: String,
    /// Kind.
    pub kind: String,
    /// Label selector; empty for all objects.
    pub selector: String,
    /// `starting`, `synced`, `unavailable: why` or `stopped`.
    pub state: String,
    /// Objects held.
    pub objects: u64,
    /// Sum of their sizes in bytes, indexes not included.
    pub bytes: u64,
    /// Bytes held for them: the same, or less where the kind is held compressed.
    pub held_bytes: u64,
    /// Changes since the watch began.
    pub events: u64,
    /// Changes a second, over about the last minute.
    pub events_per_second: f64,
    /// Complete lists since the watch began.
    pub lists: u64,
    /// Plugins, and rooms that act for them, that read it.
    pub readers: Vec<String>,
}

impl From<&WatchCost> for WatchReport {
    fn from(cost: &WatchCost) -> Self {
        Self {
            api_version: cost.watch.kind.api_version(),
            kind: cost.watch.kind.kind.clone(),
            selector: cost.watch.selector.to_string(),
            state: state(&cost.state),
            objects: cost.objects as u64,
            bytes: cost.bytes,
            held_bytes: cost.held_bytes,
            events: cost.events,
            events_per_second: cost.events_per_second,
            lists: cost.lists,
            readers: cost.readers.clone(),
        }
    }
}

fn state(state: &State) -> String {
    match state {
        State::Starting => "starting".into(),
        State::Synced => "synced".into(),
        State::Unavailable(why) => format!("unavailable: {why}"),
        State::Stopped => "stopped".into(),
    }
}

/// What a watch would cost that is not there yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EstimateReport {
    /// `group/version`, or `version` in the core group.
    pub api_version: String,
    /// Kind.
    pub kind: String,
    /// Label selector; empty for all objects.
    pub selector: String,
    /// Objects there are.
    pub objects: u64,
    /// Objects that were looked at for their size.
    pub sampled: u64,
    /// Memory it would take, indexes included.
    pub bytes: u64,
    /// The same if the kind is held compressed; absent when too few objects could be looked at to say.
    pub compressed_bytes: Option<u64>,
}

/// Asks the API server what a watch would cost.
///
/// # Errors
/// A kind that is not served or may not be listed, a server that cannot be asked.
pub async fn estimate(client: kube::Client, kind: Kind, selector: Selector) -> Result<EstimateReport, EstimateError> {
    let told = backplane_store::estimate(client, &Watch { kind, selector }, PATIENCE).await?;
    Ok(EstimateReport {
        api_version: told.watch.kind.api_version(),
        kind: told.watch.kind.kind,
        selector: told.watch.selector.to_string(),
        objects: told.objects,
        sampled: told.sampled,
        bytes: told.bytes,
        compressed_bytes: told.compressed_bytes,
    })
}
