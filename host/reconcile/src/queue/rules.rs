//! The rules of the queue: values in, values out.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::time::Duration;

use backplane_core::ObjectRef;
use backplane_core::reconcile::Reason;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use tokio::time::Instant;

/// Within this time everything is tried again that failed during an outage.
const SOON: Duration = Duration::from_secs(1);

/// A piece of work handed out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Work {
    pub(crate) object: ObjectRef,
    pub(crate) reason: Reason,
    /// How many looks in a row have failed before.
    pub(crate) attempt: u32,
}

/// What becomes of an object after a look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next {
    /// Nothing, until something is added.
    Rest,
    /// Another look after this time; the look was a success.
    After(Duration),
    /// Another look after the back-off, but not before this time.
    Retry {
        /// What the other side asked for.
        at_least: Duration,
    },
    /// Another look at the slowest pace of the back-off.
    RetrySlowly,
}

pub(crate) struct Rules {
    items: HashMap<ObjectRef, Item>,
    /// Ready objects by namespace, first come, first served.
    ready: HashMap<Option<String>, VecDeque<ObjectRef>>,
    /// Namespaces that have ready objects, in the order of their turns.
    turns: VecDeque<Option<String>>,
    /// Waiting objects by time; the number keeps those of one instant apart.
    timers: BTreeMap<(Instant, u64), ObjectRef>,
    next_timer: u64,
    depth: usize,
    backoff_min: Duration,
    backoff_max: Duration,
    random: StdRng,
}

struct Item {
    place: Place,
    failures: u32,
}

enum Place {
    Ready(Reason),
    Waiting(Instant, u64, Reason),
    Running(Option<Reason>),
}

impl Rules {
    pub(crate) fn new(backoff_min: Duration, backoff_max: Duration, seed: u64) -> Self {
        Self {
            items: HashMap::new(),
            ready: HashMap::new(),
            turns: VecDeque::new(),
            timers: BTreeMap::new(),
            next_timer: 0,
            depth: 0,
            backoff_min,
            backoff_max,
            random: StdRng::seed_from_u64(seed),
        }
    }

    pub(crate) fn depth(&self) -> usize {
        self.depth
    }

    /// When the next timer runs out.
    pub(crate) fn next_due(&self) -> Option<Instant> {
        self.timers.keys().next().map(|(at, _)| *at)
    }

    pub(crate) fn add(&mut self, object: ObjectRef, reason: Reason) {
        match self.items.get_mut(&object).map(|item| &mut item.place) {
            None => self.make_ready(object, reason, 0),
            Some(Place::Ready(_)) => {}
            Some(Place::Running(again)) => {
                again.get_or_insert(reason);
            }
            Some(Place::Waiting(at, number, _)) => {
                self.timers.remove(&(*at, *number));
                let failures = self.failures(&object);
                self.make_ready(object, reason, failures);
            }
        }
    }

    pub(crate) fn gone(&mut self, object: ObjectRef) {
        if let Some(item) = self.items.get_mut(&object) {
            item.failures = 0;
        }
        self.add(object, Reason::Changed);
    }

    pub(crate) fn take(&mut self, now: Instant) -> Option<Work> {
        self.wake(now);
        let namespace = self.turns.pop_front()?;
        let waiting = self.ready.get_mut(&namespace)?;
        let object = waiting.pop_front()?;
        if waiting.is_empty() {
            self.ready.remove(&namespace);
        } else {
            self.turns.push_back(namespace);
        }
        self.depth -= 1;
        let item = self.items.get_mut(&object)?;
        let Place::Ready(reason) = std::mem::replace(&mut item.place, Place::Running(None)) else { return None };
        Some(Work { object, reason, attempt: item.failures })
    }

    pub(crate) fn done(&mut self, object: &ObjectRef, next: Next, now: Instant) {
        let Some(Item { place: Place::Running(again), failures: before }) = self.items.get_mut(object) else { return };
        let (again, before) = (again.take(), *before);
        self.items.remove(object);
        let failures = match next {
            Next::Rest | Next::After(_) => 0,
            Next::Retry { .. } | Next::RetrySlowly => before.saturating_add(1),
        };
        match (again, next) {
            (Some(reason), _) => self.make_ready(object.clone(), reason, failures),
            (None, Next::Rest) => {}
            (None, Next::After(pause)) => self.wait(object, now + pause, Reason::Timer, 0),
            (None, Next::Retry { at_least }) => {
                let pause = self.backoff(before).max(at_least);
                self.wait(object, now + pause, Reason::Retry, failures);
            }
            (None, Next::RetrySlowly) => {
                let pause = self.jittered(self.backoff_max);
                self.wait(object, now + pause, Reason::Retry, failures);
            }
        }
    }

    /// What made looks fail is over: whatever waits after a failure is due soon, spread over a second.
    pub(crate) fn hasten(&mut self, now: Instant) {
        let late: Vec<(Instant, u64)> = self.timers.range((now + SOON, 0)..).map(|(at, _)| *at).collect();
        for at in late {
            let Some(object) = self.timers.get(&at).cloned() else { continue };
            let failures = self.failures(&object);
            if failures > 0 {
                self.timers.remove(&at);
                let pause = SOON.mul_f64(self.random.random_range(0.0..1.0));
                self.wait(&object, now + pause, Reason::Retry, failures);
            }
        }
    }

    /// Makes ready whatever has waited long enough.
    fn wake(&mut self, now: Instant) {
        while let Some(first) = self.timers.first_entry().filter(|first| first.key().0 <= now) {
            let object = first.remove();
            let failures = self.failures(&object);
            if let Some(Item { place: Place::Waiting(_, _, reason), .. }) = self.items.remove(&object) {
                self.make_ready(object, reason, failures);
            }
        }
    }

    fn make_ready(&mut self, object: ObjectRef, reason: Reason, failures: u32) {
        let waiting = self.ready.entry(object.namespace.clone()).or_default();
        if waiting.is_empty() {
            self.turns.push_back(object.namespace.clone());
        }
        waiting.push_back(object.clone());
        self.depth += 1;
        self.items.insert(object, Item { place: Place::Ready(reason), failures });
    }

    fn wait(&mut self, object: &ObjectRef, at: Instant, reason: Reason, failures: u32) {
        let number = self.next_timer;
        self.next_timer += 1;
        self.timers.insert((at, number), object.clone());
        self.items.insert(object.clone(), Item { place: Place::Waiting(at, number, reason), failures });
    }

    fn failures(&self, object: &ObjectRef) -> u32 {
        self.items.get(object).map_or(0, |item| item.failures)
    }

    /// Doubles with every failure, up to the longest.
    fn backoff(&mut self, failures: u32) -> Duration {
        let factor = 1_u32.checked_shl(failures).unwrap_or(u32::MAX);
        self.jittered(self.backoff_min.saturating_mul(factor).min(self.backoff_max))
    }

    /// Up to a quarter shorter, so that objects that failed together do not come back together.
    fn jittered(&mut self, pause: Duration) -> Duration {
        pause.mul_f64(self.random.random_range(0.75..1.0))
    }
}
