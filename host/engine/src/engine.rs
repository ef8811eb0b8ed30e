//! The engine: compiles components and interrupts guests.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use wasmtime::component::{self, Linker};

use crate::artefact::Artefacts;
use crate::component::{Component, File};
use crate::contract;
use crate::error::{EngineError, LoadError};
use crate::imports;
use crate::inspection::Inspection;
use crate::settings::EngineSettings;
use crate::state::State;

/// Compiles and runs components. Cheap to clone; clones share everything.
#[derive(Clone)]
pub struct Engine {
    inner: Arc<Inner>,
}

struct Inner {
    engine: wasmtime::Engine,
    linker: Linker<State>,
    artefacts: Option<Artefacts>,
    settings: EngineSettings,
    allocation: Allocation,
}

/// Where instances live.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Allocation {
    /// In slots reserved beforehand: fast.
    Pooled,
    /// In memory mapped for each: the slots could not be reserved.
    OnDemand,
}

impl Engine {
    /// Sets an engine up. Where the address space for slots is not to be had (a low `ulimit -v`), instances are mapped one
    /// by one, which is slower; a warning says so.
    ///
    /// # Errors
    /// See [`EngineError`].
    pub fn new(settings: EngineSettings) -> Result<Self, EngineError> {
        let (engine, allocation) = allocate(&settings)?;
        let linker = imports::linker(&engine).map_err(|source| EngineError::Configure { source: source.into() })?;
        let artefacts = settings.cache_dir.as_deref().map(|dir| Artefacts::open(dir, &engine)).transpose()?;
        start_ticker(&engine, settings.tick)?;
        Ok(Self { inner: Arc::new(Inner { engine, linker, artefacts, settings, allocation }) })
    }

    /// Where instances live.
    pub fn allocation(&self) -> Allocation {
        self.inner.allocation
    }

    /// Loads a component from a file. Compiles for up to seconds if the artefact is not cached: not for an async worker.
    ///
    /// # Errors
    /// See [`LoadError`].
    pub fn load_file(&self, name: &str, path: &Path) -> Result<Component, LoadError> {
        let read = |source| LoadError::Read { file: name.to_owned(), source };
        self.check_size(name, fs::metadata(path).map_err(read)?.len())?;
        self.load(name, &fs::read(path).map_err(read)?)
    }

    /// Loads a component; runs nothing of it. `name` is how messages call it. Compiles as [`Self::load_file`] does.
    ///
    /// # Errors
    /// See [`LoadError`].
    pub fn load(&self, name: &str, bytes: &[u8]) -> Result<Component, LoadError> {
        self.check_size(name, bytes.len() as u64)?;
        let inspection = Inspection::of(name, bytes)?;
        contract::check(name, &inspection)?;
        let limit = self.inner.settings.memory_bytes;
        if inspection.memory_bytes > limit {
            return Err(LoadError::Memory { file: name.to_owned(), bytes: inspection.memory_bytes, limit });
        }
        let digest = blake3::hash(bytes).to_hex().to_string();
        let compiled = self.compiled(name, &digest, bytes)?;
        let file = File { name: name.to_owned(), digest, size: bytes.len() as u64, inspection };
        Component::link(file, &self.inner.linker, &compiled, limit)
    }

    fn check_size(&self, file: &str, size: u64) -> Result<(), LoadError> {
        let limit = self.inner.settings.component_bytes;
        if size > limit {
            return Err(LoadError::TooLarge { file: file.to_owned(), size, limit });
        }
        Ok(())
    }

    /// The artefact from the cache, or compiled now and kept.
    fn compiled(&self, file: &str, digest: &str, bytes: &[u8]) -> Result<component::Component, LoadError> {
        let Inner { engine, artefacts, .. } = &*self.inner;
        let failed = |source: wasmtime::Error| LoadError::Compile { file: file.to_owned(), source: source.into() };
        let Some(artefacts) = artefacts else {
            return component::Component::new(engine, bytes).map_err(failed);
        };
        if let Some(component) = artefacts.load(engine, digest) {
            return Ok(component);
        }
        let code = engine.precompile_component(bytes).map_err(failed)?;
        match artefacts.keep(engine, digest, &code) {
            Some(component) => Ok(component),
            None => component::Component::new(engine, bytes).map_err(failed),
        }
    }
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Inner { settings, allocation, .. } = &*self.inner;
        f.debug_struct("Engine").field("settings", settings).field("allocation", allocation).finish()
    }
}

fn allocate(settings: &EngineSettings) -> Result<(wasmtime::Engine, Allocation), EngineError> {
    let pooled = match wasmtime::Engine::new(&settings.pooled()) {
        Ok(engine) => return Ok((engine, Allocation::Pooled)),
        Err(error) => error,
    };
    let engine =
        wasmtime::Engine::new(&settings.config()).map_err(|source| EngineError::Configure { source: source.into() })?;
    tracing::warn!(error = %pooled.root_cause(), "no room for pooled instances; they are mapped one by one, which is slower");
    Ok((engine, Allocation::OnDemand))
}

/// Starts the thread that makes guests yield. It ends when the engine is gone.
fn start_ticker(engine: &wasmtime::Engine, tick: Duration) -> Result<(), EngineError> {
    let engine = engine.weak();
    let ticker = move || {
        while let Some(engine) = engine.upgrade() {
            engine.increment_epoch();
            drop(engine);
            std::thread::sleep(tick);
        }
    };
    let thread = std::thread::Builder::new().name("engine-ticker".into());
    thread.spawn(ticker).map(drop).map_err(|source| EngineError::Ticker { source })
}
