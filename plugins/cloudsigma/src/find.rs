//! Which server is the machine's.
//!
//! 1. The server that the status or the providerID names, unless it carries another machine's mark.
//! 2. The server with the mark `machine-uid` of this object.
//! 3. The server of this name that carries nobody's mark and no other cluster's.
//!
//! A server that may not be read (403) is nobody's proof: it is searched for as if it were not named. If nothing is found
//! then, the answer is an error, not "none": a wrong credential must not make the plugin buy everything a second time.

use backplane_sdk::log;
use backplane_sdk::machines::MachineError;

use crate::api::{ApiError, Server};
use crate::plugin::Work;

/// The machine's server, if there is one.
pub(crate) fn server(work: &Work<'_>) -> Result<Option<Server>, MachineError> {
    match named(work)? {
        Named::Mine(server) => Ok(Some(*server)),
        Named::Absent => search(work),
        Named::Hidden(uuid) => match search(work)? {
            Some(server) => Ok(Some(server)),
            None => Err(MachineError::Unauthorised(format!(
                "the server {uuid} of this machine may not be read, and no other server carries its mark"
            ))),
        },
    }
}

/// All servers that carry the machine's mark; more than one only after a mishap.
pub(crate) fn marked(work: &Work<'_>) -> Result<Vec<Server>, ApiError> {
    let uid = work.machine.uid();
    let mut servers = work.api.servers()?;
    servers.retain(|server| server.meta.machine_uid.as_deref() == Some(uid));
    servers.sort_by(|one, other| one.uuid.cmp(&other.uuid));
    Ok(servers)
}

/// What became of the server that the object names.
pub(crate) enum Named {
    /// It is there and the machine's.
    Mine(Box<Server>),
    /// It is not there, not the machine's, or none is named.
    Absent,
    /// It may not be read.
    Hidden(String),
}

/// The server that the object names.
pub(crate) fn named(work: &Work<'_>) -> Result<Named, ApiError> {
    let Some(uuid) = work.machine.recorded_id().or_else(|| work.machine.claimed_id()) else { return Ok(Named::Absent) };
    match work.api.server(uuid) {
        Ok(server) if is_mine(work, &server) => Ok(Named::Mine(Box::new(server))),
        Ok(server) => {
            log::warn!("the named server carries another machine's mark", instance.id = server.uuid);
            Ok(Named::Absent)
        }
        Err(ApiError::NotFound) => Ok(Named::Absent),
        Err(ApiError::Forbidden(_)) => Ok(Named::Hidden(uuid.to_owned())),
        Err(error) => Err(error),
    }
}

/// Whether a server that the object names is the machine's.
fn is_mine(work: &Work<'_>, server: &Server) -> bool {
    match server.meta.machine_uid.as_deref() {
        None => true,
        Some(uid) if uid == work.machine.uid() => true,
        // An object that was moved to another management cluster has a new uid and names its server all the same.
        Some(_) => work.machine.claimed_id() == Some(&server.uuid) && is_namesake(work, server),
    }
}

fn is_namesake(work: &Work<'_>, server: &Server) -> bool {
    server.name == work.machine.name() && server.meta.cluster.as_deref() == work.machine.cluster()
}

fn search(work: &Work<'_>) -> Result<Option<Server>, MachineError> {
    let uid = work.machine.uid();
    let mut servers = work.api.servers()?;
    servers.sort_by(|one, other| rank(one).cmp(&rank(other)));
    let marked = servers.iter().position(|server| server.meta.machine_uid.as_deref() == Some(uid));
    let found = marked.or_else(|| servers.iter().position(|server| is_unclaimed_namesake(work, server)));
    Ok(found.map(|position| servers.swap_remove(position)))
}

/// What runs already comes first, then the order of ids: the same choice in every call.
fn rank(server: &Server) -> (bool, &str) {
    (server.status == "stopped", &server.uuid)
}

fn is_unclaimed_namesake(work: &Work<'_>, server: &Server) -> bool {
    let unclaimed = server.meta.machine_uid.is_none();
    let cluster = server.meta.cluster.as_deref();
    unclaimed && server.name == work.machine.name() && (cluster.is_none() || cluster == work.machine.cluster())
}
