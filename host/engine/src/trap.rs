//! What may be told of a trap: what it was and where. Never what the guest had in hand.

use std::fmt;

use wasmtime::{Trap, WasmBacktrace};
use wasmtime_wasi::I32Exit;

use crate::imports::logging::cut;

/// Frames that are kept; the innermost ones tell the cause.
const FRAMES: usize = 8;

/// Longest text of an error that is not one of wasmtime's traps, in bytes.
const TEXT_BYTES: usize = 200;

/// What a trap was, and the functions it happened in, innermost first.
#[derive(Debug)]
pub(crate) struct TrapReport {
    what: String,
    frames: Vec<String>,
}

impl TrapReport {
    pub(crate) fn of(error: &wasmtime::Error) -> Self {
        let frames = error.downcast_ref::<WasmBacktrace>().map(WasmBacktrace::frames).unwrap_or_default();
        let named = frames.iter().filter_map(|frame| frame.func_name()).filter(|name| !is_noise(name));
        let frames = named.take(FRAMES).map(|name| demangled(name).to_owned()).collect();
        Self { what: what(error), frames }
    }
}

fn what(error: &wasmtime::Error) -> String {
    if let Some(trap) = error.downcast_ref::<Trap>() {
        return trap.to_string();
    }
    if let Some(I32Exit(status)) = error.downcast_ref::<I32Exit>() {
        return format!("exited with status {status}");
    }
    cut(&error.root_cause().to_string(), TEXT_BYTES).to_owned()
}

/// Frames of the panic machinery, which every panic has.
fn is_noise(name: &str) -> bool {
    ["panic", "abort", "rust_begin_unwind", "rust_start"].iter().any(|word| name.contains(word))
}

/// Without the hash that Rust puts behind a legacy symbol.
fn demangled(name: &str) -> &str {
    match name.rfind("17h") {
        Some(at) if name.len() - at >= 19 => &name[..at],
        _ => name,
    }
}

impl fmt::Display for TrapReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)?;
        if !self.frames.is_empty() {
            write!(f, " in {}", self.frames.join(" < "))?;
        }
        Ok(())
    }
}

impl std::error::Error for TrapReport {}
