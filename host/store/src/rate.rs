//! How often something happens, over about the last minute.

use tokio::time::Instant;

/// Seconds after which an event counts a third.
const MEMORY: f64 = 60.0;

/// Counts events, each the less the longer it is ago.
#[derive(Debug)]
pub(crate) struct Rate {
    began: Instant,
    at: Instant,
    weight: f64,
}

impl Rate {
    pub(crate) fn new(now: Instant) -> Self {
        Self { began: now, at: now, weight: 0.0 }
    }

    pub(crate) fn add(&mut self, now: Instant) {
        self.weight = self.weighs(now) + 1.0;
        self.at = now;
    }

    /// Events a second.
    pub(crate) fn per_second(&self, now: Instant) -> f64 {
        let age = (now - self.began).as_secs_f64().max(1.0);
        // What a rate of one would weigh by now; after a few minutes the full sixty.
        self.weighs(now) / (MEMORY * (1.0 - (-age / MEMORY).exp()))
    }

    fn weighs(&self, now: Instant) -> f64 {
        self.weight * (-(now - self.at).as_secs_f64() / MEMORY).exp()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_steady_rate_is_told_from_its_first_seconds_on_and_fades_when_it_ends() {
        let began = Instant::now();
        let mut rate = Rate::new(began);
        let mut now = began;
        for i in 1..=3000 {
            now = began + Duration::from_millis(100 * i);
            rate.add(now);
            if i % 100 == 0 {
                let told = rate.per_second(now);
                assert!((9.5..10.5).contains(&told), "{told} after {i} events");
            }
        }
        assert!(rate.per_second(now + Duration::from_secs(600)) < 0.01);
    }
}
