//! The exports, served by whatever type a plugin names in `export_controller!` or `export_machine_provider!`.

use std::marker::PhantomData;
use std::sync::Once;

use super::host::{self, HostCluster};
use super::lifecycle::exports::backplane::lifecycle::lifecycle as wit_lifecycle;
use super::machines::exports::backplane::provider::machines as wit_machines;
use super::reconciler::exports::backplane::reconciler::reconciler as wit_reconciler;
use crate::cluster::Cluster;
use crate::controller::Controller;
use crate::log::Level;
use crate::machines::{MachineError, MachineProvider, MachineState};
use crate::outcome::Response;

/// A [`Controller`] as a component.
pub struct ControllerGuest<T>(PhantomData<T>);

impl<T: Controller + 'static> wit_lifecycle::Guest for ControllerGuest<T> {
    fn describe() -> wit_lifecycle::Declaration {
        T::declare().into()
    }

    fn configure(settings: Vec<u8>) -> Result<(), String> {
        T::configure(&settings)
    }
}

impl<T: Controller + 'static> wit_reconciler::Guest for ControllerGuest<T> {
    fn reconcile(request: wit_reconciler::Request) -> wit_reconciler::Response {
        report_panics();
        let response = T::reconcile(&request.into(), &Cluster::new(HostCluster));
        let response = response.and_then(|response| host::return_status(response.status.as_ref()).map(|()| response));
        response.unwrap_or_else(Response::from).into()
    }
}

/// A [`MachineProvider`] as a component.
pub struct ProviderGuest<T>(PhantomData<T>);

impl<T: MachineProvider + 'static> wit_lifecycle::Guest for ProviderGuest<T> {
    fn describe() -> wit_lifecycle::Declaration {
        T::declare().into()
    }

    fn configure(settings: Vec<u8>) -> Result<(), String> {
        T::configure(&settings)
    }
}

type Answer = Result<wit_machines::MachineState, wit_machines::MachineError>;

impl<T: MachineProvider + 'static> wit_machines::Guest for ProviderGuest<T> {
    fn describe_kinds() -> wit_machines::MachineKinds {
        T::kinds().into()
    }

    fn ensure(request: wit_machines::MachineRequest) -> Answer {
        report_panics();
        answer(T::ensure(&request.into()))
    }

    fn observe(request: wit_machines::MachineRequest) -> Answer {
        report_panics();
        answer(T::observe(&request.into()))
    }

    fn delete(request: wit_machines::MachineRequest) -> Answer {
        report_panics();
        answer(T::delete(&request.into()))
    }
}

fn answer(result: Result<MachineState, MachineError>) -> Answer {
    result.map(Into::into).map_err(Into::into)
}

/// A panic becomes a trap, which tells the host nothing; so its message and place are logged first.
fn report_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        std::panic::set_hook(Box::new(|panic| {
            let payload = panic.payload();
            let text = payload.downcast_ref::<&str>().copied();
            let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message");
            let short: String = text.chars().take(512).collect();
            let place = panic.location().map(ToString::to_string).unwrap_or_default();
            host::log(Level::Error, "plugin panicked", vec![("error".into(), short), ("place".into(), place)]);
        }));
    });
}
