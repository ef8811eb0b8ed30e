//! The definition of a new server, and its order.

use backplane_sdk::log;
use backplane_sdk::machines::{Bootstrap, MachineError};
use backplane_sdk::prelude::*;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::api::{Api, ApiError, Drive, Server};
use crate::drives;
use crate::nics;
use crate::plugin::Work;

/// Key of the user data in a server's `meta`.
const USER_DATA: &str = "cloudinit-user-data";
/// Key that names those members of `meta` that are base64.
const BASE64_FIELDS: &str = "base64_fields";
/// How much of the user data is enough to recognise it in a text.
const TELLTALE: usize = 24;

/// Everything about a new server but its drives. Holds the user data and the password: never log it.
pub(super) struct Definition {
    body: Value,
    password: String,
    user_data: String,
}

/// Builds the definition; fails before anything is bought.
pub(super) fn definition(work: &Work<'_>, bootstrap: &Bootstrap) -> Result<Definition, MachineError> {
    if bootstrap.format != "cloud-config" {
        let format = &bootstrap.format;
        return Err(MachineError::Invalid(format!(
            "the bootstrap data is {format}, the cloud's images read cloud-config"
        )));
    }
    let machine = &work.machine;
    let password = backplane_sdk::random::alphanumeric(16);
    let user_data = STANDARD.encode(&bootstrap.data);
    let body = json!({
        "name": machine.name(),
        "cpu": machine.spec().cpu,
        "mem": machine.memory_bytes(),
        "smp": machine.cores(),
        "vnc_password": password,
        "nics": nics::wanted(&machine.spec().nics)?,
        "meta": meta(work, &user_data),
    });
    Ok(Definition { body, password, user_data })
}

/// The marks by which later calls recognise a server.
pub(super) fn marks(work: &Work<'_>) -> Value {
    let mut marks = json!({"machine-uid": work.machine.uid()});
    for (key, value) in [("cluster", work.machine.cluster()), ("pool", work.machine.pool())] {
        if let Some(value) = value {
            marks[key] = value.into();
        }
    }
    marks
}

/// The spec's own entries, then what must not be overridden by them.
fn meta(work: &Work<'_>, user_data: &str) -> Value {
    let own = &work.machine.spec().meta;
    let mut meta = json!(own);
    let others =
        own.get(BASE64_FIELDS).map(|fields| fields.split(',').map(str::trim).filter(|field| *field != USER_DATA));
    let fields: Vec<&str> = [USER_DATA].into_iter().chain(others.into_iter().flatten()).collect();
    meta[BASE64_FIELDS] = fields.join(",").into();
    meta[USER_DATA] = user_data.into();
    if let (Some(meta), Value::Object(marks)) = (meta.as_object_mut(), marks(work)) {
        meta.extend(marks);
    }
    meta
}

/// Orders the server.
pub(super) fn server(work: &Work<'_>, definition: Definition, drives: &[Drive]) -> Result<Server, MachineError> {
    let Definition { mut body, password, user_data } = definition;
    body["drives"] = attachments(work, drives);
    match create(&work.api, &body, &password, &user_data) {
        Ok(server) => {
            log::info!("server created", object.name = work.machine.name(), instance.id = server.uuid);
            Ok(server)
        }
        Err(error) if error.is_final() => Err(refused(work, error)),
        Err(error) => Err(error.into()),
    }
}

fn create(api: &Api<'_>, body: &Value, password: &str, user_data: &str) -> Result<Server, ApiError> {
    let telltale = user_data.get(..TELLTALE).unwrap_or(user_data);
    api.create_server(body).map_err(|error| error.without(&[password, telltale]))
}

/// A refusal ends the attempt and takes the clones with it, unless a server has them by now: then an earlier order, whose
/// answer was lost, has been carried out, and the next call will find that server.
fn refused(work: &Work<'_>, error: ApiError) -> MachineError {
    match drives::own(work) {
        Ok(own) if own.iter().any(Drive::is_mounted) => MachineError::Other("a server has the drives already".into()),
        Ok(_) => {
            drives::abandon(work);
            error.into()
        }
        Err(unknown) => unknown,
    }
}

fn attachments(work: &Work<'_>, drives: &[Drive]) -> Value {
    let disks = &work.machine.spec().disks;
    let one = |(index, (disk, drive)): (usize, (&crate::kinds::Disk, &Drive))| {
        json!({
            "boot_order": disk.boot_order,
            "dev_channel": channel(&disk.device, index),
            "device": disk.device,
            "drive": drive.uuid,
        })
    };
    disks.iter().zip(drives).enumerate().map(one).collect()
}

/// An ide controller takes two drives. Of a virtio controller units 0 to 2 can be used in practice.
fn channel(device: &str, index: usize) -> String {
    let units = if device == "ide" { 2 } else { 3 };
    format!("{}:{}", index / units, index % units)
}
