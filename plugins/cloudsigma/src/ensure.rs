//! From nothing to a running server, one small step a call.
//!
//! ```text
//!   no server ──> drives cloned ──> drives marked ──> server created (stopped) ──> recorded by the host
//!                                                                                      │
//!   running <── starting <── started <── tagged <── duplicates and strays deleted <────┘
//! ```
//!
//! The start has a call of its own: by then the host has written down which server it is.

mod create;

use std::time::Duration;

use backplane_sdk::log;
use backplane_sdk::machines::{Bootstrap, MachineError, MachineState, Phase};
use backplane_sdk::prelude::*;

use crate::api::{ApiError, Server};
use crate::drives::{self, Prepared};
use crate::plugin::Work;
use crate::{find, state, tags};

/// A step that awaits nothing is followed by the next one as soon as the host has written down what this one did.
const AT_ONCE: Duration = Duration::from_millis(100);
/// When a running server's tags are tried again.
const TAGS_AGAIN: Duration = Duration::from_secs(15);

/// Moves a machine towards running.
pub(crate) fn ensure(work: &Work<'_>, bootstrap: Option<&Bootstrap>) -> Result<MachineState, MachineError> {
    match find::server(work)? {
        Some(server) => advance(work, server, Vec::new()),
        None => buy(work, bootstrap),
    }
}

/// Nothing is bought before everything that can be judged has been judged.
fn buy(work: &Work<'_>, bootstrap: Option<&Bootstrap>) -> Result<MachineState, MachineError> {
    let Some(bootstrap) = bootstrap else { return Ok(state::awaited("waiting for bootstrap data")) };
    work.machine.check()?;
    let definition = create::definition(work, bootstrap)?;
    let mut events = Vec::new();
    let prepared = drives::prepare(work, &mut events).inspect_err(|error| {
        if matches!(error, MachineError::Invalid(_)) {
            drives::abandon(work);
        }
    })?;
    match prepared {
        Prepared::Waiting(message) => Ok(waiting(work, message).events(events)),
        Prepared::Attached(server) => advance(work, *server, events),
        Prepared::Ready(drives) => {
            let server = create::server(work, definition, &drives)?;
            events.push(Event::normal("ServerCreated", format!("created the server {}", server.uuid)));
            let mut created = state::of(work, &server).events(events);
            created.phase = Phase::Pending;
            Ok(created.poll_after(AT_ONCE))
        }
    }
}

fn waiting(work: &Work<'_>, message: String) -> MachineState {
    let mut state = state::awaited(message).poll_after(work.settings.poll());
    state.instance_state = "cloning".into();
    state
}

/// Moves a server that is there.
fn advance(work: &Work<'_>, server: Server, mut events: Vec<Event>) -> Result<MachineState, MachineError> {
    let server = adopt(work, server, &mut events)?;
    if server.status == "stopped" {
        return start(work, &server, events);
    }
    let mut state = state::of(work, &server);
    if let Err(error) = tags::ensure(work, &server, &[]) {
        log::warn!("tags are not as they should be", instance.id = server.uuid, error = error);
        state.poll_after = Some(state.poll_after.unwrap_or(TAGS_AGAIN));
    }
    Ok(state.events(events))
}

/// Writes the machine's mark on a server that was found by other means.
fn adopt(work: &Work<'_>, server: Server, events: &mut Vec<Event>) -> Result<Server, MachineError> {
    let machine = &work.machine;
    if server.meta.machine_uid.as_deref() == Some(machine.uid()) || server.status == "deleting" {
        return Ok(server);
    }
    for drive in work.api.drives()? {
        let attached = server.drives.iter().any(|attachment| attachment.drive.uuid == drive.uuid);
        if attached && machine.drive_index(&drive.name).is_some() {
            drives::mark(work, drive)?;
        }
    }
    let marked = work.api.add_server_meta(&server.uuid, &create::marks(work))?;
    log::info!("server adopted", object.name = machine.name(), instance.id = marked.uuid);
    events.push(Event::normal("ServerAdopted", format!("adopted the server {}", marked.uuid)));
    Ok(marked)
}

/// Starts a server, after making sure that it is the only one and everything that was bought for it is in its place.
fn start(work: &Work<'_>, server: &Server, mut events: Vec<Event>) -> Result<MachineState, MachineError> {
    let mut state = state::of(work, server);
    state.phase = Phase::Pending;
    if remove_duplicates(work, server, &mut events)? {
        return Ok(state.message("removing a second server of this machine").events(events));
    }
    let drives = drives::own(work)?;
    drives::remove_strays(work, server, &drives)?;
    if let Err(error) = tags::ensure(work, server, &drives) {
        log::warn!("tags are not as they should be", instance.id = server.uuid, error = error);
    }
    match work.api.start_server(&server.uuid) {
        Ok(()) => events.push(Event::normal("ServerStarted", format!("started the server {}", server.uuid))),
        // Somebody else started it since it was read.
        Err(error) if error.is_about_state() => {}
        Err(ApiError::NotFound) => return Ok(state.message("the server has gone").poll_after(AT_ONCE).events(events)),
        Err(error) => return Err(error.into()),
    }
    state.instance_state = "starting".into();
    Ok(state.message("the server is starting").events(events))
}

/// Deletes other servers with the machine's mark, which only a mishap can have made; whether there was one.
fn remove_duplicates(work: &Work<'_>, server: &Server, events: &mut Vec<Event>) -> Result<bool, MachineError> {
    let mut others = find::marked(work)?;
    others.retain(|other| other.uuid != server.uuid);
    for other in &others {
        let done = match other.status.as_str() {
            "stopped" => work.api.delete_server(&other.uuid),
            "running" => work.api.stop_server(&other.uuid),
            _ => Ok(()),
        };
        match done {
            Err(error) if !error.is_final() => return Err(error.into()),
            Err(error) => log::warn!("a second server stays for now", instance.id = other.uuid, error = error),
            Ok(()) => {}
        }
        events.push(Event::warning("DuplicateServer", format!("removing the second server {}", other.uuid)));
    }
    Ok(!others.is_empty())
}
