//! Decides how the objects of a rarely read kind are compressed.
//!
//! ```text
//!   first megabytes: plain ──> a dictionary is trained on them ──> they, and all that follows, are packed
//!                                     ^                                   │ packs clearly worse than at first
//!                                     └── trained anew, for what follows ─┘
//! ```
//!
//! A list comes in the order of names, so that the first objects may be unlike the later ones; hence the second look.
//! Each new dictionary waits twice as long as the one before, so there are few. An entry keeps the dictionary it was
//! packed with.

mod dictionary;
mod recent;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use backplane_core::ports::ObjectBytes;

use crate::entry::Entry;
pub(crate) use dictionary::Dictionary;
use dictionary::Tools;
pub(crate) use recent::Recent;

/// Bytes of plain objects from which the first dictionary is trained. Fewer are not worth one.
pub(crate) const FIRST_BYTES: u64 = 2 << 20;
/// Objects that a dictionary is trained on, at most.
pub(crate) const SAMPLES: usize = 512;
/// Objects by which a new dictionary is judged.
const JUDGED_BY: u64 = 512;
/// Objects that the second dictionary waits for.
const SECOND_AFTER: u64 = 2048;
/// How much worse than at first makes a dictionary outdated.
const WORSE: f64 = 1.2;

/// Held bytes against plain ones, when half of these entries are packed with what the others teach; `None` if they are
/// too few to tell.
pub(crate) fn trial(entries: &[Entry]) -> Option<f64> {
    const ENOUGH: usize = 32;
    let taught: Vec<ObjectBytes> = entries.iter().step_by(2).map(Entry::bytes).collect();
    let dictionary = Arc::new(Dictionary::train(0, &Arc::new(Tools::new(Arc::new(Recent::new(0)))), &taught));
    let mut tally = Tally::default();
    entries.iter().skip(1).step_by(2).for_each(|entry| tally.add(entry, entry.packed(&dictionary).as_ref()));
    (taught.len() >= ENOUGH).then(|| tally.ratio())
}

/// Packs the entries of one watch.
pub(crate) struct Press {
    watch: u32,
    tools: Arc<Tools>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    dictionary: Option<Arc<Dictionary>>,
    /// How well it packs, once that is known: held bytes against plain ones.
    first: Option<f64>,
    /// Since the dictionary was trained, or last looked at.
    tally: Tally,
    /// How many objects the next one waits for.
    patience: u64,
}

#[derive(Default)]
struct Tally {
    objects: u64,
    plain: u64,
    held: u64,
}

impl Press {
    pub(crate) fn new(watch: u32, recent: Arc<Recent>) -> Self {
        let state = State { patience: SECOND_AFTER, ..State::default() };
        Self { watch, tools: Arc::new(Tools::new(recent)), state: Mutex::new(state) }
    }

    /// The entry as it is to be held.
    pub(crate) fn pack(&self, entry: Entry) -> Entry {
        self.packed(&entry).unwrap_or(entry)
    }

    /// The same entry packed; `None` if it is to be held as it is.
    pub(crate) fn packed(&self, entry: &Entry) -> Option<Entry> {
        let dictionary = self.state().dictionary.clone();
        let packed = dictionary.and_then(|dictionary| entry.packed(&dictionary));
        self.state().tally.add(entry, packed.as_ref());
        packed
    }

    /// Whether it is time for a dictionary.
    pub(crate) fn wants_training(&self) -> bool {
        let mut state = self.state();
        if state.dictionary.is_none() {
            return state.tally.plain >= FIRST_BYTES;
        }
        let ratio = state.tally.ratio();
        match state.first {
            None if state.tally.objects >= JUDGED_BY => {
                state.first = Some(ratio);
                state.tally = Tally::default();
                false
            }
            Some(first) if state.tally.objects >= state.patience => {
                state.tally = Tally::default();
                ratio > first * WORSE
            }
            _ => false,
        }
    }

    /// Trains a dictionary for what is packed from now on.
    pub(crate) fn train(&self, samples: &[ObjectBytes]) {
        let dictionary = Arc::new(Dictionary::train(self.watch, &self.tools, samples));
        let mut state = self.state();
        let patience = if state.dictionary.is_some() { state.patience * 2 } else { state.patience };
        *state = State { dictionary: Some(dictionary), patience, ..State::default() };
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Tally {
    fn add(&mut self, entry: &Entry, packed: Option<&Entry>) {
        self.objects += 1;
        self.plain += entry.size() as u64;
        self.held += packed.unwrap_or(entry).held() as u64;
    }

    fn ratio(&self) -> f64 {
        self.held as f64 / self.plain.max(1) as f64
    }
}
