//! What a store holds: the host's side of one instance.

use std::sync::Arc;

use backplane_core::ObjectRef;
use wasmtime::component::ResourceTable;
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};

use crate::context::Context;
use crate::imports::http::Requests;
use crate::imports::stdio::Lines;
use crate::memory::Memory;
use crate::meter::Meter;
use crate::metrics::Metrics;

/// Random bytes that a guest may ask for at once.
const RANDOM_BYTES: u64 = 64 << 10;

/// Streams, requests, header lists and so on that a guest may hold at one time; they are the host's memory.
const RESOURCES: usize = 1_024;

/// Bytes of one list of headers.
const HEADER_BYTES: usize = 32 << 10;

pub(crate) struct State {
    pub(crate) context: Arc<Context>,
    pub(crate) meter: Arc<Meter>,
    pub(crate) memory: Memory,
    /// What the running call reconciles.
    pub(crate) reconciled: Option<ObjectRef>,
    /// The status that it wants written after its return.
    pub(crate) returned_status: Option<Vec<u8>>,
    metrics: Arc<Metrics>,
    table: ResourceTable,
    wasi: WasiCtx,
    http: WasiHttpCtx,
    requests: Requests,
}

impl State {
    /// `memory_bytes` is the engine's limit; the lower of it and the context's holds.
    pub(crate) fn new(context: Arc<Context>, metrics: Arc<Metrics>, memory_bytes: u64) -> Self {
        let memory_bytes = memory_bytes.min(context.limits.memory_bytes);
        let mut table = ResourceTable::new();
        table.set_max_capacity(RESOURCES);
        let mut http = WasiHttpCtx::new();
        http.set_field_size_limit(HEADER_BYTES);
        let meter = Arc::new(Meter::new(&context.limits));
        let plugin: Arc<str> = context.plugin.as_str().into();
        metrics.instance_created();
        Self {
            memory: Memory::new(memory_bytes, Arc::clone(&meter), Arc::clone(&metrics)),
            wasi: WasiCtx::builder()
                .stdout(Lines::new(Arc::clone(&plugin), "stdout", Arc::clone(&meter)))
                .stderr(Lines::new(plugin, "stderr", Arc::clone(&meter)))
                .max_random_size(RANDOM_BYTES)
                .build(),
            reconciled: None,
            returned_status: None,
            requests: Requests::new(Arc::clone(&context), Arc::clone(&meter), Arc::clone(&metrics)),
            http,
            table,
            metrics,
            meter,
            context,
        }
    }
}

impl Drop for State {
    fn drop(&mut self) {
        self.metrics.instance_gone();
    }
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

impl WasiHttpView for State {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView { ctx: &mut self.http, table: &mut self.table, hooks: &mut self.requests }
    }
}
