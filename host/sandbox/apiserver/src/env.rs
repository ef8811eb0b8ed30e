//! What a server takes from outside: the time and randomness. Handed in, so that several worlds with clocks of their own
//! live in one process and a run with a seed can be repeated.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::future::BoxFuture;
use jiff::Timestamp;
use rand::rngs::StdRng;
use rand::{RngCore, SeedableRng};

/// Letters of generated name suffixes: no vowels and nothing that looks alike, as in Kubernetes.
const SUFFIX_LETTERS: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";

/// A source of time.
pub trait Clock: Send + Sync {
    /// The present.
    fn now(&self) -> Timestamp;

    /// Resolves when `duration` has passed on this clock.
    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()>;
}

/// The clock of the machine; sleeps on tokio's timer.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep(duration))
    }
}

/// A source of random numbers. Names and uids come from it; keys never do.
pub trait Random: Send + Sync {
    /// The next number.
    fn next_u64(&self) -> u64;
}

/// Random numbers that repeat for the same seed.
#[derive(Debug)]
pub struct SeededRandom(Mutex<StdRng>);

impl SeededRandom {
    /// Starts the sequence of `seed`.
    pub fn new(seed: u64) -> Self {
        Self(Mutex::new(StdRng::seed_from_u64(seed)))
    }
}

impl Random for SeededRandom {
    fn next_u64(&self) -> u64 {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).next_u64()
    }
}

/// Time and randomness of one world. Cheap to clone; clones share both.
#[derive(Clone)]
pub struct Env {
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Random numbers.
    pub random: Arc<dyn Random>,
}

impl Env {
    /// The machine's clock, and random numbers that repeat for the same seed.
    pub fn system(seed: u64) -> Self {
        Self { clock: Arc::new(SystemClock), random: Arc::new(SeededRandom::new(seed)) }
    }

    /// The present, to the second, as it stands in objects.
    pub fn timestamp(&self) -> String {
        self.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
    }

    /// The present with microseconds, as in `MicroTime` fields.
    pub fn micro_timestamp(&self) -> String {
        self.clock.now().strftime("%Y-%m-%dT%H:%M:%S.%6fZ").to_string()
    }

    /// A version 4 UUID.
    pub fn uuid(&self) -> String {
        let bytes = u128::from(self.random.next_u64()) << 64 | u128::from(self.random.next_u64());
        uuid::Builder::from_random_bytes(bytes.to_be_bytes()).into_uuid().to_string()
    }

    /// `bytes` random bytes in hexadecimal.
    pub fn hex(&self, bytes: usize) -> String {
        (0..bytes).map(|_| format!("{:02x}", self.random.next_u64() & 0xff)).collect()
    }

    /// Five characters for the end of a generated name.
    pub fn suffix(&self) -> String {
        let letter = |n: u64| char::from(SUFFIX_LETTERS[(n % SUFFIX_LETTERS.len() as u64) as usize]);
        (0..5).map(|_| letter(self.random.next_u64())).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_names() {
        let draw = |seed| {
            let env = Env::system(seed);
            (env.uuid(), env.hex(3), env.suffix())
        };
        assert_eq!(draw(1), draw(1));
        assert_ne!(draw(1), draw(2));
        let (uuid, hex, suffix) = draw(3);
        assert_eq!((uuid.len(), uuid.as_bytes()[14], hex.len(), suffix.len()), (36, b'4', 6, 5));
    }
}
