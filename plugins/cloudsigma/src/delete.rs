//! From whatever is there to nothing, one step a call.
//!
//! ```text
//!   running ──stop──> stopping ──> stopped ──delete──> drives deleted ──> tags swept ──> gone
//! ```
//!
//! Only what was bought for the machine goes: a volume that was attached to its server later stays. "Gone" is said after a
//! look that found nothing left, never because an order to delete was accepted.

use backplane_sdk::log;
use backplane_sdk::machines::{MachineError, MachineState, Phase};
use backplane_sdk::prelude::*;

use crate::api::{ApiError, Server};
use crate::drives::{self, Left};
use crate::find::{self, Named};
use crate::plugin::Work;
use crate::{state, tags};

/// Moves a machine towards gone.
pub(crate) fn delete(work: &Work<'_>) -> Result<MachineState, MachineError> {
    let (servers, hidden) = servers(work)?;
    if !servers.is_empty() {
        return remove_servers(work, &servers);
    }
    if let Some(server) = unseen(work)? {
        return remove_servers(work, &[server]);
    }
    if let Left::Some(message) = drives::remove_all(work)? {
        return Ok(MachineState::new(Phase::Deleting).message(message).poll_after(work.settings.poll()));
    }
    tags::tolerate(tags::sweep(work))?;
    let farewell = hidden.map(|uuid| farewell(&uuid)).or_else(|| doubt(work));
    Ok(state::gone().events(farewell))
}

/// The machine's servers, and the one that may not be read. A namesake without mark is nobody's and stays.
fn servers(work: &Work<'_>) -> Result<(Vec<Server>, Option<String>), MachineError> {
    let mut servers = find::marked(work)?;
    let hidden = match find::named(work)? {
        Named::Mine(server) if is_new(work, &servers, &server) => {
            servers.push(*server);
            None
        }
        Named::Mine(_) | Named::Absent => None,
        Named::Hidden(uuid) => Some(uuid),
    };
    Ok((servers, hidden))
}

/// Whether a named server adds to those with the machine's mark. One without any mark must be recorded: a providerID alone,
/// which anybody may have written, is no leave to delete.
fn is_new(work: &Work<'_>, marked: &[Server], server: &Server) -> bool {
    let known = marked.iter().any(|other| other.uuid == server.uuid);
    !known && (server.meta.machine_uid.is_some() || work.machine.recorded_id() == Some(&server.uuid))
}

/// A server that lists do not show yet: it has a drive of the machine.
fn unseen(work: &Work<'_>) -> Result<Option<Server>, MachineError> {
    for holder in drives::own(work)?.iter().flat_map(|drive| &drive.mounted_on) {
        match work.api.server(&holder.uuid) {
            Ok(server) if server.meta.machine_uid.as_deref() == Some(work.machine.uid()) => return Ok(Some(server)),
            Ok(_) | Err(ApiError::NotFound | ApiError::Forbidden(_)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(None)
}

fn remove_servers(work: &Work<'_>, servers: &[Server]) -> Result<MachineState, MachineError> {
    let drives = drives::own(work)?;
    let mut events = Vec::new();
    for server in servers {
        if server.status != "deleting" {
            tags::tolerate(tags::remove(work, server, &drives))?;
        }
        events.extend(step(work, server)?);
    }
    let message = format!("removing the server, which was {}", servers[0].status);
    let mut deleting = state::of(work, &servers[0]).message(message).poll_after(work.settings.poll()).events(events);
    deleting.phase = Phase::Deleting;
    Ok(deleting)
}

/// One step for one server.
fn step(work: &Work<'_>, server: &Server) -> Result<Option<Event>, MachineError> {
    let uuid = &server.uuid;
    let (done, event) = match server.status.as_str() {
        "deleting" => return Ok(None),
        // Stuck or just slow: the cloud decides whether it can be deleted now.
        "stopped" | "stopping" => {
            (work.api.delete_server(uuid), Event::normal("ServerDeleted", format!("deleted the server {uuid}")))
        }
        _ => (work.api.stop_server(uuid), Event::normal("ServerStopped", format!("stopped the server {uuid}"))),
    };
    match done {
        Ok(()) => {
            log::info!(
                "server on its way out",
                object.name = work.machine.name(),
                instance.id = uuid,
                was = server.status
            );
            Ok(Some(event))
        }
        Err(ApiError::NotFound) => Ok(None),
        Err(error) if error.is_about_state() => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// The object may go, but somebody should know what it leaves behind.
fn farewell(uuid: &str) -> Event {
    log::warn!("a server may not be read and is left behind", instance.id = uuid);
    Event::warning("ServerLeftBehind", format!("the server {uuid} belongs to another account: delete it there by hand"))
}

/// Nothing was found, but perhaps in the wrong place: without the infrastructure cluster the region is the operator's.
fn doubt(work: &Work<'_>) -> Option<Event> {
    let uuid = work.machine.recorded_id().filter(|_| work.machine.region_is_assumed())?;
    let region = work.machine.region();
    let text =
        format!("the server {uuid} is not in region {region}; the cluster object that would name another is gone");
    Some(Event::warning("RegionAssumed", text))
}
