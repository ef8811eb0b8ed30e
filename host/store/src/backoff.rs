//! How long to wait before asking the API server again.

use std::time::Duration;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

/// A pause that doubles from `least` to `most`, each time shortened by up to a half at random, so that many watches
/// that failed together do not return together.
pub(crate) struct Backoff {
    least: Duration,
    most: Duration,
    next: Duration,
    random: StdRng,
}

impl Backoff {
    pub(crate) fn new(least: Duration, most: Duration, seed: u64) -> Self {
        Self { least, most, next: least, random: StdRng::seed_from_u64(seed) }
    }

    pub(crate) fn reset(&mut self) {
        self.next = self.least;
    }

    pub(crate) fn pause(&mut self) -> Duration {
        let pause = self.next;
        self.next = (self.next * 2).min(self.most);
        self.vary(pause)
    }

    /// A fixed pause, shortened in the same way.
    pub(crate) fn vary(&mut self, pause: Duration) -> Duration {
        pause.mul_f64(self.random.random_range(0.5..1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_the_limit_and_start_anew_after_success() {
        let mut backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(1), 7);
        let pauses: Vec<_> = (0..8).map(|_| backoff.pause().as_millis()).collect();
        assert!((50..=100).contains(&pauses[0]), "{pauses:?}");
        assert!(pauses[5..].iter().all(|p| (500..=1000).contains(p)), "{pauses:?}");
        backoff.reset();
        assert!(backoff.pause() <= Duration::from_millis(100));
    }
}
