//! What can be set about a controller, with the reason for each default.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use backplane_core::Kind;
use backplane_core::condition::Severity;
use backplane_store::lease::Shard;
use jiff::Timestamp;
use serde_json::Value;

use crate::metrics::Metrics;

/// Gives the time that is written into conditions.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// Settings of a controller.
#[derive(Clone)]
pub struct Options {
    /// Objects worked on at the same time. Reconciles mostly wait for the API server; a handful hides that.
    pub workers: usize,
    /// Which namespaces' objects are reconciled; all without one. Others are left to whoever has the other shards.
    pub shard: Option<Shard>,
    /// First pause after a failure.
    pub backoff_min: Duration,
    /// Longest pause, and the pace of failures that waiting does not help.
    pub backoff_max: Duration,
    /// Least time before an object that asks to be looked at again is; what keeps "at once, always" from spinning.
    pub requeue_min: Duration,
    /// How long running calls may take after the end was asked for; those that take longer are cut off and made again
    /// after the next start.
    pub drain: Duration,
    /// How conditions are written, for kinds without a style of their own.
    pub style: StatusStyle,
    /// Kinds whose conditions are written otherwise.
    pub styles: HashMap<Kind, StatusStyle>,
    /// Where figures go. One value for all controllers of a process.
    pub metrics: Metrics,
    /// Seed of the jitter. Random by default; given by whoever wants a run to repeat.
    pub seed: u64,
    /// Time for conditions.
    pub clock: Clock,
}

/// How the status of a kind is written.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct StatusStyle {
    /// Form of the conditions.
    pub conditions: Conditions,
    /// Members that the status must have as soon as there is one, since some schemas require them; merged into the
    /// first patch of an object without status.
    pub seed: Option<Value>,
}

/// Form of the entries of `status.conditions`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Conditions {
    /// `metav1.Condition`, with `observedGeneration`.
    #[default]
    Metav1,
    /// Cluster API `v1beta1`: a severity where the status is `False` (this one unless the reconciler names another),
    /// and no `observedGeneration`.
    ClusterApiV1beta1(Severity),
    /// The kind has none; nothing is written.
    None,
}

impl Options {
    pub(crate) fn style_of(&self, kind: &Kind) -> &StatusStyle {
        self.styles.get(kind).unwrap_or(&self.style)
    }
}

impl Default for Options {
    fn default() -> Self {
        Self {
            workers: 4,
            shard: None,
            backoff_min: Duration::from_millis(250),
            backoff_max: Duration::from_secs(5 * 60),
            requeue_min: Duration::from_millis(100),
            drain: Duration::from_secs(15),
            style: StatusStyle::default(),
            styles: HashMap::new(),
            metrics: Metrics::default(),
            seed: rand::random(),
            clock: Arc::new(Timestamp::now),
        }
    }
}

impl std::fmt::Debug for Options {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Options").field("workers", &self.workers).field("style", &self.style).finish_non_exhaustive()
    }
}
