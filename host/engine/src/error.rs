//! Why an engine, a component or a generation could not be had. Calls that end without an answer are
//! [`backplane_core::CallError`].

use std::io;
use std::path::PathBuf;

use backplane_core::{BoxError, CallError};

/// Why there is no engine.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "each variant's line covers its fields")]
pub enum EngineError {
    /// wasmtime refused the configuration or the platform.
    #[error("the WebAssembly engine could not be set up")]
    Configure {
        #[source]
        source: BoxError,
    },
    /// The directory for compiled artefacts cannot be used.
    #[error("artefact cache {} cannot be used", dir.display())]
    Cache {
        dir: PathBuf,
        #[source]
        source: io::Error,
    },
    /// The thread that interrupts guests could not be started.
    #[error("the thread that interrupts guests could not be started")]
    Ticker {
        #[source]
        source: io::Error,
    },
}

/// Why a file is not a plugin that can be loaded. `file` is the name that `load` was given.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "each variant's line covers its fields")]
pub enum LoadError {
    /// The file cannot be read.
    #[error("{file} cannot be read")]
    Read {
        file: String,
        #[source]
        source: io::Error,
    },
    /// Larger than the engine takes.
    #[error("{file} has {size} bytes, more than the limit of {limit}")]
    TooLarge { file: String, size: u64, limit: u64 },
    /// Not a WebAssembly component.
    #[error("{file} is not a WebAssembly component: {reason}")]
    NotAComponent { file: String, reason: String },
    /// A component that exports nothing that the host calls.
    #[error("{file} exports nothing that the host calls; a plugin exports {}", crate::contract::DUTIES)]
    ExportsNothing { file: String },
    /// A plugin that does not say what it is.
    #[error("{file} does not export {}", crate::contract::LIFECYCLE)]
    MissingLifecycle { file: String },
    /// An import that no plugin is granted.
    #[error("{file} imports {import}, which no plugin is granted")]
    UnknownImport { file: String, import: String },
    /// An export of our name space that this host does not know.
    #[error("{file} exports {export}, which this host does not know")]
    UnknownExport { file: String, export: String },
    /// Built for another version of the contract.
    #[error("{file} was built for {interface}@{wants}, this host offers {offers}")]
    WrongContract { file: String, interface: String, wants: String, offers: String },
    /// The right version by name, but other functions or types.
    #[error("{file} disagrees with the contract of this host")]
    Shape {
        file: String,
        #[source]
        source: BoxError,
    },
    /// It starts with more memory than it may have.
    #[error("{file} starts with {bytes} bytes of memory, more than the limit of {limit}")]
    Memory { file: String, bytes: u64, limit: u64 },
    /// A valid component that could not be compiled.
    #[error("{file} could not be compiled")]
    Compile {
        file: String,
        #[source]
        source: BoxError,
    },
}

/// Why a plugin did not say what it is.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "each variant's line covers its fields")]
pub enum DescribeError {
    /// The call ended without an answer.
    #[error("{file} did not describe itself")]
    Call {
        file: String,
        #[source]
        source: CallError,
    },
    /// The answer cannot be used; every problem is listed.
    #[error("{file} describes itself wrongly: {}", problems.join("; "))]
    Invalid { file: String, problems: Vec<String> },
}
