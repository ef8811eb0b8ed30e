//! Everything that `/metrics` shows, gathered from the rooms when it is asked for.

pub(crate) mod leases;

use std::sync::atomic::{AtomicU64, Ordering};

use backplane_engine::SlotMetrics;
use backplane_store::Store;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, MetricEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;

use crate::plugin::Running;

/// Reads the store's and the slots' own counters.
pub(crate) struct Figures {
    pub(crate) store: Store,
    pub(crate) plugins: std::sync::Arc<Vec<Running>>,
}

impl std::fmt::Debug for Figures {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Figures")
    }
}

type Labels = Vec<(&'static str, String)>;
/// How a figure of a slot is read.
type Reading = fn(&SlotMetrics) -> u64;
/// Name, help, and how it is read.
type Figure<T> = (&'static str, &'static str, fn(&T) -> u64);
type Encoded = Result<(), std::fmt::Error>;

impl Collector for Figures {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Encoded {
        self.watches(&mut encoder)?;
        self.store_totals(&mut encoder)?;
        self.writes(&mut encoder)?;
        self.calls(&mut encoder)?;
        self.guests(&mut encoder)
    }
}

impl Figures {
    fn watches(&self, encoder: &mut DescriptorEncoder<'_>) -> Encoded {
        let costs = self.store.costs();
        let gauges: [Figure<backplane_store::WatchCost>; 5] = [
            ("backplane_watch_objects", "Objects in the cache", |cost| cost.objects as u64),
            ("backplane_watch_bytes", "Bytes of objects in the cache, indexes not included", |cost| cost.bytes),
            ("backplane_watch_held_bytes", "Bytes held for them, compressed ones as compressed", |cost| {
                cost.held_bytes
            }),
            ("backplane_watch_events", "Changes applied since the watch began", |cost| cost.events),
            ("backplane_watch_readers", "Readers of the watch", |cost| cost.readers.len() as u64),
        ];
        for (name, help, value) in gauges {
            let samples = costs.iter().map(|cost| {
                let labels = vec![("kind", cost.watch.kind.to_string()), ("selector", cost.watch.selector.to_string())];
                (labels, value(cost))
            });
            family(encoder, name, help, MetricType::Gauge, samples)?;
        }
        Ok(())
    }

    fn store_totals(&self, encoder: &mut DescriptorEncoder<'_>) -> Encoded {
        let counters = self.store.counters();
        let totals: [(&str, &str, &AtomicU64); 6] = [
            ("backplane_store_lists", "Complete lists", &counters.lists),
            ("backplane_store_relists", "Lists after the first of a watch", &counters.relists),
            ("backplane_store_watches_opened", "Watch requests opened", &counters.watches_opened),
            ("backplane_store_errors", "Lists, watches and discovery requests that failed", &counters.watch_errors),
            ("backplane_store_malformed", "Objects that could not be read", &counters.malformed),
            ("backplane_store_events_lost", "Events that could not be recorded", &counters.events_lost),
        ];
        for (name, help, counter) in totals {
            let sample = (Vec::new(), counter.load(Ordering::Relaxed));
            family(encoder, name, help, MetricType::Counter, std::iter::once(sample))?;
        }
        Ok(())
    }

    fn writes(&self, encoder: &mut DescriptorEncoder<'_>) -> Encoded {
        let writes = self.store.counters().writes();
        let samples = writes
            .into_iter()
            .map(|((verb, result), count)| (vec![("verb", verb.to_owned()), ("result", result.to_owned())], count));
        family(encoder, "backplane_writes", "Writes to the API server, by result", MetricType::Counter, samples)
    }

    /// A trap, a deadline and a refusal are different facts, here as everywhere.
    fn calls(&self, encoder: &mut DescriptorEncoder<'_>) -> Encoded {
        let results: [(&str, Reading); 6] = [
            ("ok", |m| m.calls_ok),
            ("trap", |m| m.calls_trap),
            ("deadline", |m| m.calls_deadline),
            ("limit", |m| m.calls_limit),
            ("saturated", |m| m.calls_saturated),
            ("host", |m| m.calls_host),
        ];
        let samples = self.plugins.iter().flat_map(|plugin| {
            let metrics = plugin.slot.metrics();
            results.map(|(result, value)| {
                (vec![("component", plugin.name.clone()), ("result", result.to_owned())], value(&metrics))
            })
        });
        family(encoder, "backplane_component_calls", "Calls into plugins, by result", MetricType::Counter, samples)
    }

    fn guests(&self, encoder: &mut DescriptorEncoder<'_>) -> Encoded {
        let totals: [Figure<SlotMetrics>; 4] = [
            ("backplane_component_refused_endpoints", "HTTP requests refused", |m| m.endpoint_refusals),
            ("backplane_component_memory_growths", "Memory growths during calls", |m| m.memory_growths),
            ("backplane_component_host_calls", "Calls from plugins into the host", |m| m.host_calls),
            ("backplane_component_output_bytes", "Bytes handed to the host", |m| m.output_bytes),
        ];
        for figure in totals {
            self.of_each(encoder, figure, MetricType::Counter)?;
        }
        let live: Figure<SlotMetrics> = ("backplane_component_instances", "Live instances", |m| m.instances_live);
        self.of_each(encoder, live, MetricType::Gauge)
    }

    fn of_each(&self, encoder: &mut DescriptorEncoder<'_>, figure: Figure<SlotMetrics>, kind: MetricType) -> Encoded {
        let (name, help, value) = figure;
        let samples =
            self.plugins.iter().map(|plugin| (vec![("component", plugin.name.clone())], value(&plugin.slot.metrics())));
        family(encoder, name, help, kind, samples)
    }
}

fn family(
    encoder: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    kind: MetricType,
    samples: impl Iterator<Item = (Labels, u64)>,
) -> Encoded {
    let mut family = encoder.encode_descriptor(name, help, None, kind)?;
    for (labels, value) in samples {
        if labels.is_empty() {
            sample(kind, value, &mut family)?;
        } else {
            sample(kind, value, &mut family.encode_family(&labels)?)?;
        }
    }
    Ok(())
}

fn sample(kind: MetricType, value: u64, encoder: &mut MetricEncoder<'_>) -> Encoded {
    match kind {
        MetricType::Counter => encoder.encode_counter::<NoLabelSet, u64, f64>(&value, None),
        _ => encoder.encode_gauge(&i64::try_from(value).unwrap_or(i64::MAX)),
    }
}
