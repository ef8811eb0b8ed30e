//! Waiting for a condition, and saying what was expected and what was seen instead.

use std::fmt;
use std::future::Future;
use std::time::{Duration, Instant};

/// A check that did not hold.
#[derive(Debug, Clone)]
pub struct Failure {
    /// What should have been.
    pub expected: String,
    /// What was.
    pub seen: String,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "expected {}; seen {}", self.expected, self.seen)
    }
}

impl std::error::Error for Failure {}

/// A check that did not hold, as an error.
pub fn failure(expected: impl Into<String>, seen: impl Into<String>) -> anyhow::Error {
    Failure { expected: expected.into(), seen: seen.into() }.into()
}

/// Fails unless both are equal.
///
/// # Errors
/// Names what was compared.
pub fn equal<T: PartialEq + fmt::Debug>(what: &str, seen: &T, expected: &T) -> anyhow::Result<()> {
    if seen == expected { Ok(()) } else { Err(failure(format!("{what} = {expected:?}"), format!("{seen:?}"))) }
}

/// Asks again until the answer is `Ok(Ok(value))`, for at most `limit`. Whatever else comes meanwhile, a question that could
/// not be asked included, is what is seen.
///
/// # Errors
/// What was expected and what was seen last.
pub async fn eventually<T, F>(expected: &str, limit: Duration, mut ask: impl FnMut() -> F) -> anyhow::Result<T>
where
    F: Future<Output = anyhow::Result<Result<T, String>>>,
{
    let start = Instant::now();
    loop {
        let seen = match ask().await {
            Ok(Ok(value)) => return Ok(value),
            Ok(Err(seen)) => seen,
            Err(error) => format!("{error:#}"),
        };
        if start.elapsed() > limit {
            return Err(failure(format!("{expected} within {limit:?}"), seen));
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
