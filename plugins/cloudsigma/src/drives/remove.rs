//! Getting rid of drives: only of those that were cloned for the machine. Volumes that somebody else attached survive.

use backplane_sdk::log;
use backplane_sdk::machines::MachineError;
use backplane_sdk::prelude::*;

use super::own;
use crate::api::{ApiError, Drive, Server};
use crate::plugin::Work;

/// What is left of a machine's drives after a step of removal.
pub(crate) enum Left {
    /// None: all are gone.
    Nothing,
    /// Some are on their way out, or still attached.
    Some(String),
}

/// Deletes a second clone for the same disk, made because the answer to the first order was lost.
pub(super) fn surplus(work: &Work<'_>, drive: &Drive, events: &mut Vec<Event>) -> Result<(), MachineError> {
    // A drive that is being filled cannot be deleted yet; a later call or the machine's end will do it.
    if drive.status != "unmounted" {
        return Ok(());
    }
    delete(work, drive)?;
    events.push(Event::warning("SurplusDriveDeleted", format!("deleted the surplus drive {}", drive.uuid)));
    Ok(())
}

/// Deletes a clone that became unusable; the error makes the next call order another.
pub(super) fn broken(work: &Work<'_>, drive: &Drive) -> MachineError {
    match delete(work, drive) {
        Ok(()) => MachineError::Other(format!("the drive {} became unavailable and was deleted", drive.uuid)),
        Err(error) => error.into(),
    }
}

/// Deletes the clones of a machine that cannot be bought as it is. What cannot be deleted now is found again later.
pub(crate) fn abandon(work: &Work<'_>) {
    let own = own(work).unwrap_or_default();
    for drive in own.iter().filter(|drive| !drive.is_mounted()) {
        if let Err(error) = delete(work, drive) {
            log::warn!("a drive of an abandoned machine stays for now", drive.id = drive.uuid, error = error);
        }
    }
}

/// Deletes marked clones that the server does not have, before it starts.
pub(crate) fn remove_strays(work: &Work<'_>, server: &Server, drives: &[Drive]) -> Result<(), ApiError> {
    let attached = |drive: &Drive| server.drives.iter().any(|attachment| attachment.drive.uuid == drive.uuid);
    let marked = |drive: &Drive| drive.machine_uid() == Some(work.machine.uid());
    let strays = drives.iter().filter(|drive| marked(drive) && !drive.is_mounted() && !attached(drive));
    strays.filter(|drive| drive.status == "unmounted").try_for_each(|drive| delete(work, drive))
}

/// Deletes all clones of a machine whose server is gone.
pub(crate) fn remove_all(work: &Work<'_>) -> Result<Left, MachineError> {
    let mut left = Left::Nothing;
    for drive in own(work)? {
        if drive.is_mounted() && is_held_by_another(work, &drive)? {
            log::warn!("a drive of the machine's name is another server's and stays", drive.id = drive.uuid);
            continue;
        }
        left = Left::Some(format!("the drive {} is {}", drive.name, drive.status));
        if !drive.is_mounted() {
            delete(work, &drive)?;
        }
    }
    Ok(left)
}

fn is_held_by_another(work: &Work<'_>, drive: &Drive) -> Result<bool, ApiError> {
    let Some(holder) = drive.mounted_on.first() else { return Ok(false) };
    match work.api.server(&holder.uuid) {
        Ok(server) => Ok(server.meta.machine_uid.as_deref() != Some(work.machine.uid())),
        Err(ApiError::NotFound) => Ok(false),
        Err(ApiError::Forbidden(_)) => Ok(true),
        Err(error) => Err(error),
    }
}

/// Deletes a drive; one that is gone already or busy for now is no error.
fn delete(work: &Work<'_>, drive: &Drive) -> Result<(), ApiError> {
    match work.api.delete_drive(&drive.uuid) {
        Ok(()) => log::info!("drive deleted", object.name = work.machine.name(), drive.id = drive.uuid),
        Err(ApiError::NotFound) => {}
        Err(error) if drive.status != "unmounted" && error.is_final() => {
            log::debug!("a drive cannot be deleted yet", drive.id = drive.uuid, drive.status = drive.status);
        }
        Err(error) => return Err(error),
    }
    Ok(())
}
