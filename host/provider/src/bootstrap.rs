//! Reads the bootstrap data of a machine.

use backplane_core::machines::Bootstrap;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::contract::secret;
use crate::object::Object;
use crate::related::{Lookup, LookupError};

/// Whether bootstrap data can be had.
pub(crate) enum BootstrapData {
    /// Here it is.
    Ready(Bootstrap),
    /// Not made yet; the text says what is awaited.
    Waiting(String),
    /// There is something, and it is wrong; the text names Secret and key.
    Invalid(String),
}

/// The data that the Machine's `spec.bootstrap.dataSecretName` names.
pub(crate) fn bootstrap_data(lookup: &Lookup, machine: &Object) -> Result<BootstrapData, LookupError> {
    let Some(name) = machine.text("/spec/bootstrap/dataSecretName") else {
        return Ok(BootstrapData::Waiting("the bootstrap provider has not made the data yet".into()));
    };
    let Some(found) = lookup.beside(machine, secret(), name)? else {
        return Ok(BootstrapData::Waiting(format!("bootstrap Secret {name} does not exist")));
    };
    Ok(decode(&found))
}

fn decode(secret: &Object) -> BootstrapData {
    let name = &secret.id.name;
    let Some(encoded) = secret.text("/data/value") else {
        return BootstrapData::Invalid(format!("bootstrap Secret {name} has no key \"value\""));
    };
    let Ok(data) = STANDARD.decode(encoded) else {
        return BootstrapData::Invalid(format!("key \"value\" of bootstrap Secret {name} is not base64"));
    };
    let format = secret.text("/data/format").and_then(|text| STANDARD.decode(text).ok());
    let format = format.and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_else(|| "cloud-config".into());
    BootstrapData::Ready(Bootstrap { data, format })
}
