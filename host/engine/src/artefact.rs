//! Compiled components, kept between runs.
//!
//! Compiled code is trusted like our own: whoever can put a file into the directory can run anything in the daemon. So each
//! artefact has a seal beside it, keyed with a secret that is made on first use and readable by the owner alone.
//! A file without a good seal is not used, whatever the cause (an attacker, a crash, a full disk): the component is compiled
//! again and the file replaced.
//!
//! ```text
//! <dir>/key                                  32 random bytes, mode 0600
//! <dir>/<component>-<engine>.cwasm           compiled code; both parts of the name are digests
//! <dir>/<component>-<engine>.seal            keyed BLAKE3 of the code
//! ```

use std::fs;
use std::hash::{Hash, Hasher};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use wasmtime::Engine;
use wasmtime::component::Component;

use crate::error::EngineError;

const KEY_BYTES: usize = 32;

/// The directory of compiled components.
pub(crate) struct Artefacts {
    dir: PathBuf,
    key: [u8; KEY_BYTES],
    engine: String,
}

impl Artefacts {
    pub(crate) fn open(dir: &Path, engine: &Engine) -> Result<Self, EngineError> {
        let failed = |source| EngineError::Cache { dir: dir.to_owned(), source };
        create_private_dir(dir).map_err(failed)?;
        let key = key(&dir.join("key")).map_err(failed)?;
        Ok(Self { dir: dir.to_owned(), key, engine: settings_digest(engine) })
    }

    /// The compiled component, if a file of ours is there.
    pub(crate) fn load(&self, engine: &Engine, digest: &str) -> Option<Component> {
        let path = self.path(digest, "cwasm");
        let seal = fs::read(self.path(digest, "seal")).ok()?;
        let code = fs::read(&path).ok()?;
        if self.seal(&code).as_bytes().as_slice() != seal {
            tracing::warn!(component.digest = digest, "compiled component has no good seal and is compiled again");
            return None;
        }
        drop(code);
        match map(engine, &path) {
            Ok(component) => Some(component),
            Err(error) => {
                tracing::warn!(component.digest = digest, error = %error.root_cause(), "compiled component cannot be used and is compiled again");
                None
            }
        }
    }

    /// Keeps compiled code and maps it. A directory that cannot be written costs only time.
    pub(crate) fn keep(&self, engine: &Engine, digest: &str, code: &[u8]) -> Option<Component> {
        let path = self.path(digest, "cwasm");
        let seal = self.seal(code);
        let kept = replace(&path, code).and_then(|()| replace(&self.path(digest, "seal"), seal.as_bytes()));
        if let Err(error) = kept {
            tracing::warn!(component.digest = digest, %error, "compiled component could not be kept");
            return None;
        }
        map(engine, &path).ok()
    }

    fn seal(&self, code: &[u8]) -> blake3::Hash {
        blake3::keyed_hash(&self.key, code)
    }

    fn path(&self, digest: &str, extension: &str) -> PathBuf {
        self.dir.join(format!("{digest}-{}.{extension}", self.engine))
    }
}

#[expect(unsafe_code, reason = "the file was written by us: its seal has just been checked or made")]
fn map(engine: &Engine, path: &Path) -> wasmtime::Result<Component> {
    // SAFETY: the bytes at `path` were made by `Engine::precompile_component`, since nobody else can seal them, and files
    // here are replaced by renaming, never changed in place. Mapped rather than read, so that all processes share the pages
    // and the kernel may drop them.
    unsafe { Component::deserialize_file(engine, path) }
}

/// Names whatever changes the code that an engine compiles and accepts.
fn settings_digest(engine: &Engine) -> String {
    let mut hasher = Digest(blake3::Hasher::new());
    engine.precompile_compatibility_hash().hash(&mut hasher);
    hasher.0.finalize().to_hex()[..16].to_owned()
}

/// Lets a value of the standard library's hashing be digested the same way in every run.
struct Digest(blake3::Hasher);

impl Hasher for Digest {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn finish(&self) -> u64 {
        0
    }
}

fn create_private_dir(dir: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dir)
}

/// The key; made if there is none or if it is damaged, in which case every artefact is compiled again.
fn key(path: &Path) -> io::Result<[u8; KEY_BYTES]> {
    if let Some(key) = read_key(path)? {
        return Ok(key);
    }
    let mut bytes = [0; KEY_BYTES];
    rustls::crypto::ring::default_provider()
        .secure_random
        .fill(&mut bytes)
        .map_err(|_| io::Error::other("the system has no random numbers"))?;
    replace(path, &bytes)?;
    // Another process may have been faster; both then use what is there now.
    Ok(read_key(path)?.unwrap_or(bytes))
}

fn read_key(path: &Path) -> io::Result<Option<[u8; KEY_BYTES]>> {
    match fs::read(path) {
        Ok(bytes) => Ok(bytes.try_into().ok()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Writes a file so that readers see all of it or nothing, readable by the owner alone.
fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let dir = path.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(dir)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}
