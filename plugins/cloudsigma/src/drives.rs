//! The drives of a machine: one clone per disk, named `<machine>-drive-<n>` and marked with the machine's uid.
//!
//! A clone cannot be marked while it is ordered, so between order and mark its name alone says whose it is. A clone also
//! inherits the marks of what it was cloned from; a mark that its source carries too is no mark.
//!
//! ```text
//!   none ──clone──> cloning_dst ──> unmounted ──mark──> ready ──server created──> mounted
//!                        └── unavailable: deleted, cloned anew
//! ```

mod clone;
mod remove;

pub(crate) use remove::{Left, abandon, remove_all, remove_strays};

use backplane_sdk::log;
use backplane_sdk::machines::MachineError;
use backplane_sdk::prelude::*;

use crate::api::{ApiError, Drive, Server};
use crate::plugin::Work;

/// How far the drives are.
pub(crate) enum Prepared {
    /// Something is under way.
    Waiting(String),
    /// A server has them already: the answer to its creation was lost.
    Attached(Box<Server>),
    /// One for each disk, in order, unmounted.
    Ready(Vec<Drive>),
}

/// Brings the drives one step closer to being ready.
pub(crate) fn prepare(work: &Work<'_>, events: &mut Vec<Event>) -> Result<Prepared, MachineError> {
    let (mut mine, mounted): (Vec<_>, Vec<_>) = own(work)?.into_iter().partition(|drive| !drive.is_mounted());
    if let Some(prepared) = attached(work, &mounted)? {
        return Ok(prepared);
    }
    // The marked one is the one that an earlier call chose.
    mine.sort_by(|one, other| rank(work, one).cmp(&rank(work, other)));
    let mut chosen: Vec<Option<Drive>> = work.machine.spec().disks.iter().map(|_| None).collect();
    for drive in mine {
        match work.machine.drive_index(&drive.name).and_then(|index| chosen.get_mut(index)) {
            Some(place @ None) => *place = Some(drive),
            _ => remove::surplus(work, &drive, events)?,
        }
    }
    if chosen.iter().any(Option::is_none) {
        return clone::missing(work, &chosen, events);
    }
    settle(work, chosen.into_iter().flatten().collect())
}

fn rank<'a>(work: &Work<'_>, drive: &'a Drive) -> (bool, &'a str) {
    (drive.machine_uid() != Some(work.machine.uid()), &drive.uuid)
}

/// All drives that are the machine's, or that an earlier call ordered and could not mark yet.
pub(crate) fn own(work: &Work<'_>) -> Result<Vec<Drive>, MachineError> {
    let mut own = Vec::new();
    for drive in work.api.drives()? {
        if is_own(work, &drive)? {
            own.push(drive);
        }
    }
    Ok(own)
}

fn is_own(work: &Work<'_>, drive: &Drive) -> Result<bool, ApiError> {
    let Some(index) = work.machine.drive_index(&drive.name) else { return Ok(false) };
    match drive.machine_uid() {
        None => Ok(true),
        Some(uid) if uid == work.machine.uid() => Ok(true),
        Some(uid) => inherited(work, index, uid),
    }
}

/// Whether a foreign mark was copied from the source of the clone.
fn inherited(work: &Work<'_>, index: usize, uid: &str) -> Result<bool, ApiError> {
    let Some(disk) = work.machine.spec().disks.get(index) else { return Ok(false) };
    match work.api.image(&disk.uuid) {
        Ok(image) => Ok(image.machine_uid() == Some(uid)),
        Err(ApiError::NotFound | ApiError::Forbidden(_)) => Ok(false),
        Err(error) => Err(error),
    }
}

/// The server that has the machine's drives, if it is the machine's.
fn attached(work: &Work<'_>, mounted: &[Drive]) -> Result<Option<Prepared>, MachineError> {
    for drive in mounted {
        let Some(holder) = drive.mounted_on.first() else {
            return Ok(Some(Prepared::Waiting(format!("the drive {} is {}", drive.name, drive.status))));
        };
        match work.api.server(&holder.uuid) {
            Ok(server) if is_machines(work, &server) => return Ok(Some(Prepared::Attached(Box::new(server)))),
            // A namesake was faster with an unmarked clone: it is his now.
            Ok(server) => log::debug!("a drive of this name is another machine's", instance.id = server.uuid),
            Err(ApiError::NotFound) => {
                return Ok(Some(Prepared::Waiting(format!("the drive {} is being detached", drive.name))));
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(None)
}

fn is_machines(work: &Work<'_>, server: &Server) -> bool {
    match server.meta.machine_uid.as_deref() {
        Some(uid) => uid == work.machine.uid(),
        None => server.name == work.machine.name(),
    }
}

/// Waits for drives, grows and marks them.
fn settle(work: &Work<'_>, drives: Vec<Drive>) -> Result<Prepared, MachineError> {
    let mut ready = Vec::with_capacity(drives.len());
    for (drive, disk) in drives.into_iter().zip(&work.machine.spec().disks) {
        match drive.status.as_str() {
            "unmounted" if drive.size < disk.size => {
                work.api.resize_drive(&drive, disk.size)?;
                return Ok(Prepared::Waiting(format!("the drive {} is growing", drive.name)));
            }
            "unmounted" => ready.push(mark(work, drive)?),
            "unavailable" => return Err(remove::broken(work, &drive)),
            status => return Ok(Prepared::Waiting(format!("the drive {} is {status}", drive.name))),
        }
    }
    Ok(Prepared::Ready(ready))
}

/// Writes the machine's mark unless it is there.
pub(crate) fn mark(work: &Work<'_>, drive: Drive) -> Result<Drive, ApiError> {
    let marks = drive.marks();
    let machine = &work.machine;
    if marks.machine_uid.as_deref() == Some(machine.uid()) && marks.cluster.as_deref() == machine.cluster() {
        return Ok(drive);
    }
    work.api.add_drive_meta(
        &drive,
        &json!({"machine-uid": machine.uid(), "cluster": machine.cluster().unwrap_or_default()}),
    )
}
