//! How causes are carried and shown.

use std::error::Error;
use std::fmt;

/// A cause whose type does not matter to the reader of the error.
pub type BoxError = Box<dyn Error + Send + Sync + 'static>;

/// Shows an error with all its causes, each level once.
///
/// Our `Display` texts speak for their own level only, so whoever logs an error wraps it in this.
pub struct ErrorChain<'a>(pub &'a (dyn Error + 'static));

impl fmt::Display for ErrorChain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        let mut cause = self.0.source();
        while let Some(error) = cause {
            write!(f, ": {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}
