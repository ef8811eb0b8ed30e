//! The plugin as the host sees it: declaration, kinds, and one door to each of the three calls.

use backplane_sdk::http::{Host, Transport};
use backplane_sdk::machines::{Bootstrap, MachineError, MachineKinds, MachineProvider, MachineRequest, MachineState};
use backplane_sdk::prelude::*;

use crate::api::Api;
use crate::machine::{Machine, PROVIDER_ID_PREFIX};
use crate::settings::Settings;
use crate::{delete, ensure, find, kinds, settings, state};

/// Name of the plugin and of the endpoint that it calls.
pub(crate) const NAME: &str = "cloudsigma";

/// The plugin.
pub(crate) struct CloudSigma;

impl MachineProvider for CloudSigma {
    fn declare() -> Declaration {
        Declaration::new(NAME, env!("CARGO_PKG_VERSION")).calls(NAME).settings_schema(&settings::schema())
    }

    fn configure(settings: &[u8]) -> Result<(), String> {
        Settings::parse(settings).map(drop)
    }

    fn kinds() -> MachineKinds {
        MachineKinds {
            machine: kinds::MACHINE,
            cluster: kinds::CLUSTER,
            template: kinds::TEMPLATE,
            instance_id_field: Some("instanceID".into()),
            instance_state_field: Some("instanceState".into()),
            ready_condition: "ServerReady".into(),
            cluster_condition: "NetworkReady".into(),
            provider_id_prefix: PROVIDER_ID_PREFIX.into(),
        }
    }

    fn ensure(request: &MachineRequest) -> Result<MachineState, MachineError> {
        ensure(request, &Host, &operator_settings()?)
    }

    fn observe(request: &MachineRequest) -> Result<MachineState, MachineError> {
        observe(request, &Host, &operator_settings()?)
    }

    fn delete(request: &MachineRequest) -> Result<MachineState, MachineError> {
        delete(request, &Host, &operator_settings()?)
    }
}

fn operator_settings() -> Result<Settings, MachineError> {
    backplane_sdk::settings::get().map_err(|error| MachineError::Other(error.to_string()))
}

/// One call's work: the machine, and the cloud that it is in.
pub(crate) struct Work<'a> {
    pub(crate) api: Api<'a>,
    pub(crate) machine: Machine,
    pub(crate) settings: &'a Settings,
}

impl<'a> Work<'a> {
    fn new(request: &MachineRequest, cloud: &'a dyn Transport, settings: &'a Settings) -> Result<Self, MachineError> {
        let machine = Machine::read(request, settings)?;
        let region = settings.regional_endpoint.then(|| machine.region());
        Ok(Self { api: Api::new(cloud, region, settings.request_timeout()), machine, settings })
    }
}

pub(crate) fn ensure(
    request: &MachineRequest,
    cloud: &dyn Transport,
    settings: &Settings,
) -> Result<MachineState, MachineError> {
    let bootstrap: Option<&Bootstrap> = request.bootstrap.as_ref();
    ensure::ensure(&Work::new(request, cloud, settings)?, bootstrap)
}

pub(crate) fn observe(
    request: &MachineRequest,
    cloud: &dyn Transport,
    settings: &Settings,
) -> Result<MachineState, MachineError> {
    let work = Work::new(request, cloud, settings)?;
    Ok(find::server(&work)?.map_or_else(state::gone, |server| state::of(&work, &server)))
}

pub(crate) fn delete(
    request: &MachineRequest,
    cloud: &dyn Transport,
    settings: &Settings,
) -> Result<MachineState, MachineError> {
    delete::delete(&Work::new(request, cloud, settings)?)
}
