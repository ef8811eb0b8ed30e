//! Ordering clones: all sources are judged before the first one is paid for.

use backplane_sdk::log;
use backplane_sdk::machines::MachineError;
use backplane_sdk::prelude::*;

use super::Prepared;
use crate::api::{ApiError, Drive};
use crate::plugin::Work;

/// Orders a clone for each disk that has none.
pub(super) fn missing(
    work: &Work<'_>,
    chosen: &[Option<Drive>],
    events: &mut Vec<Event>,
) -> Result<Prepared, MachineError> {
    let wanted: Vec<usize> = (0..chosen.len()).filter(|index| chosen[*index].is_none()).collect();
    let sources = wanted.iter().map(|index| source(work, *index)).collect::<Result<Vec<_>, _>>()?;
    for (index, source) in wanted.iter().zip(&sources) {
        order(work, *index, source)?;
    }
    let names: Vec<String> = wanted.iter().map(|index| work.machine.drive_name(*index)).collect();
    let message = format!("cloning {}", names.join(", "));
    events.push(Event::normal("CloningDrives", message.as_str()));
    Ok(Prepared::Waiting(message))
}

/// What a disk is cloned from, if it can be.
fn source(work: &Work<'_>, index: usize) -> Result<Drive, MachineError> {
    let disk = &work.machine.spec().disks[index];
    let image = work.api.image(&disk.uuid).map_err(|error| match error {
        ApiError::NotFound => MachineError::Invalid(format!(
            "spec.disks[{index}].uuid: there is no drive or library image {} in region {}",
            disk.uuid,
            work.machine.region()
        )),
        ApiError::Forbidden(text) => MachineError::Unauthorised(format!(
            "spec.disks[{index}].uuid: the image {} may not be read: {text}",
            disk.uuid
        )),
        other => other.into(),
    })?;
    if disk.size < image.size {
        return Err(MachineError::Invalid(format!(
            "spec.disks[{index}].size is {} bytes, the image {} needs {}",
            disk.size, disk.uuid, image.size
        )));
    }
    Ok(image)
}

fn order(work: &Work<'_>, index: usize, source: &Drive) -> Result<(), MachineError> {
    let size = work.machine.spec().disks[index].size;
    let mut body = json!({"name": work.machine.drive_name(index), "size": size});
    if let Some(storage) = &work.settings.storage_type {
        body["storage_type"] = storage.as_str().into();
    }
    let drive = work.api.clone_drive(source, &body).map_err(|error| match error {
        ApiError::NotFound => MachineError::Invalid(format!(
            "spec.disks[{index}].uuid: there is no drive or library image {}",
            source.uuid
        )),
        ApiError::Refused(text) => {
            MachineError::Invalid(format!("spec.disks[{index}]: the cloud refuses to clone: {text}"))
        }
        other => other.into(),
    })?;
    log::info!("drive ordered", object.name = work.machine.name(), drive.id = drive.uuid, drive.size = size);
    Ok(())
}
