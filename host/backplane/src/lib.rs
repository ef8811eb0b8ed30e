//! The program as a library, so that tests can run it inside their own process.

pub mod check;
mod cluster;
#[cfg(feature = "dev")]
mod crds;
pub mod describe;
#[cfg(feature = "dev")]
pub mod dev;
#[cfg(feature = "dev")]
mod dev_command;
mod run;

#[cfg(feature = "dev")]
pub use dev_command::{DevArguments, dev};
pub use run::{RunArguments, run};
