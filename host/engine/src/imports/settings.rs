//! `backplane:settings`: the settings that `configure` accepted.

use crate::bindings::settings;
use crate::state::State;

impl settings::Host for State {
    fn get(&mut self) -> wasmtime::Result<Vec<u8>> {
        self.meter.host_call(0)?;
        Ok(self.context.settings.to_vec())
    }
}
