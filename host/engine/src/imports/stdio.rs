//! Standard output and error of a guest: whole lines go to the log, the rest is dropped.
//!
//! What is written counts as output of the call, so a flood ends it. A panic says here where it happened and then with what;
//! the second is dropped, because what a guest panics with often quotes what it had in hand.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use tokio::io::AsyncWrite;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamError, StreamResult};

use crate::bindings::logging::Level;
use crate::imports::logging;
use crate::meter::Meter;

/// Bytes that a guest may write at once.
const CHUNK_BYTES: usize = 64 << 10;

/// Bytes of a line that are kept while its end has not come.
const LINE_BYTES: usize = 2_048;

/// In the line with which Rust's panic message begins; what follows is the guest's own text.
const PANIC: &str = " panicked at ";

/// One of the two streams. Clones share the unfinished line.
#[derive(Clone)]
pub(crate) struct Lines {
    plugin: Arc<str>,
    stream: &'static str,
    meter: Arc<Meter>,
    line: Arc<Mutex<Line>>,
}

/// The line that is not finished yet.
#[derive(Default)]
struct Line {
    bytes: Vec<u8>,
    /// The guest has begun to panic: its instance ends, and so does what it may say.
    panicked: bool,
}

impl Lines {
    pub(crate) fn new(plugin: Arc<str>, stream: &'static str, meter: Arc<Meter>) -> Self {
        Self { plugin, stream, meter, line: Arc::default() }
    }

    fn take(&self, bytes: &[u8]) {
        let mut line = self.line.lock().unwrap_or_else(PoisonError::into_inner);
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            let room = LINE_BYTES.saturating_sub(line.bytes.len()).min(piece.len());
            line.bytes.extend_from_slice(&piece[..room]);
            if piece.ends_with(b"\n") {
                self.end(&mut line);
            }
        }
    }

    fn end(&self, line: &mut Line) {
        let bytes = std::mem::take(&mut line.bytes);
        let text = String::from_utf8_lossy(&bytes);
        let text = text.trim_end();
        if text.is_empty() || line.panicked {
            return;
        }
        line.panicked = self.stream == "stderr" && text.contains(PANIC);
        let level = if self.stream == "stderr" { Level::Warn } else { Level::Info };
        logging::write(&self.meter, &self.plugin, level, text, self.stream);
    }
}

impl IsTerminal for Lines {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for Lines {
    /// Only WASI 0.3 asks for this one.
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(tokio::io::sink())
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }
}

#[async_trait::async_trait]
impl Pollable for Lines {
    async fn ready(&mut self) {}
}

impl OutputStream for Lines {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.meter.host_call(bytes.len()).map_err(|exceeded| StreamError::Trap(exceeded.into()))?;
        self.take(&bytes);
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(CHUNK_BYTES)
    }
}
