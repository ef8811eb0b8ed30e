//! Figures of all controllers, labelled by component and by words from closed sets.

use std::sync::atomic::AtomicU64;
use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

/// Figures of reconciling. Clones share their values.
#[derive(Debug, Clone)]
pub struct Metrics {
    outcomes: Family<OutcomeLabels, Counter>,
    seconds: Family<ComponentLabels, Histogram, fn() -> Histogram>,
    depth: Family<ComponentLabels, Gauge>,
    adds: Family<ComponentLabels, Counter>,
    retries: Family<ComponentLabels, Counter>,
    busy: Family<ComponentLabels, Gauge<i64>>,
    drained: Family<ComponentLabels, Counter<u64, AtomicU64>>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OutcomeLabels {
    component: String,
    outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ComponentLabels {
    component: String,
}

impl Default for Metrics {
    fn default() -> Self {
        Self {
            outcomes: Family::default(),
            seconds: Family::new_with_constructor(histogram),
            depth: Family::default(),
            adds: Family::default(),
            retries: Family::default(),
            busy: Family::default(),
            drained: Family::default(),
        }
    }
}

/// From a fresh small guest's reconcile to one that waits for a slow cloud.
fn histogram() -> Histogram {
    Histogram::new([0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0])
}

impl Metrics {
    /// Makes the figures part of what a process serves.
    pub fn register(&self, registry: &mut Registry) {
        registry.register("backplane_reconciles", "Looks at an object, by outcome", self.outcomes.clone());
        registry.register("backplane_reconcile_seconds", "Time of one look", self.seconds.clone());
        registry.register("backplane_queue_depth", "Objects that wait for a look", self.depth.clone());
        registry.register("backplane_queue_adds", "Wakes of objects, before de-duplication", self.adds.clone());
        registry.register("backplane_queue_retries", "Looks that will be repeated with back-off", self.retries.clone());
        registry.register("backplane_reconciles_running", "Looks that are running", self.busy.clone());
        registry.register("backplane_reconciles_cut_off", "Looks cut off at the end of draining", self.drained.clone());
    }

    /// How many looks of a component ended with an outcome; for tests and displays.
    pub fn outcomes(&self, component: &str, outcome: &'static str) -> u64 {
        self.outcomes.get_or_create(&OutcomeLabels { component: component.into(), outcome }).get()
    }

    pub(crate) fn looked(&self, component: &str, outcome: &'static str, elapsed: Duration) {
        self.outcomes.get_or_create(&OutcomeLabels { component: component.into(), outcome }).inc();
        self.seconds.get_or_create(&labels(component)).observe(elapsed.as_secs_f64());
    }

    pub(crate) fn added(&self, component: &str, wakes: usize) {
        self.adds.get_or_create(&labels(component)).inc_by(wakes as u64);
    }

    pub(crate) fn retried(&self, component: &str) {
        self.retries.get_or_create(&labels(component)).inc();
    }

    pub(crate) fn queued(&self, component: &str, depth: usize, running: usize) {
        self.depth.get_or_create(&labels(component)).set(depth as i64);
        self.busy.get_or_create(&labels(component)).set(running as i64);
    }

    pub(crate) fn cut_off(&self, component: &str, calls: usize) {
        self.drained.get_or_create(&labels(component)).inc_by(calls as u64);
    }
}

fn labels(component: &str) -> ComponentLabels {
    ComponentLabels { component: component.to_owned() }
}
