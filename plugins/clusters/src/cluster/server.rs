//! Sizes of a CloudSigma server, from either spelling.
//!
//! | | guide | published | neither |
//! | --- | --- | --- | --- |
//! | MHz | `cloudsigma.cpu` | `cloudsigma.cpuMHz` | `cpuCores` times `cloudsigma.mhzPerCore` or the setting |
//! | MB | `cloudsigma.memory` | the pool's `memory` | 2Gi, the schema's default |
//! | GB | `cloudsigma.diskSize` | `cloudsigma.diskSizeGB` | twice the memory, at least 20 |
//!
//! Both at once must say the same. The API server writes `memory: 2Gi` where it is absent, so that value counts as not
//! given beside `cloudsigma.memory`; the pool's `diskSize` is KubeVirt's alone.

use std::collections::BTreeMap;

use super::pool::Place;
use crate::api::{CloudSigma, Nic, Pool};
use crate::quantity;
use crate::refusal::Refusal;
use crate::settings::Settings;

/// A server without contradictions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Server {
    pub(crate) cpu_mhz: i64,
    pub(crate) memory_mb: i64,
    pub(crate) disk_bytes: i64,
    pub(crate) image: String,
    pub(crate) region: String,
    /// VLANs in order; an empty one is the public network.
    pub(crate) vlans: Vec<String>,
    pub(crate) tags: Vec<String>,
    pub(crate) meta: BTreeMap<String, String>,
}

const GIB: i64 = 1 << 30;
/// The operating system images do not fit on less.
const LEAST_DISK_GB: i64 = 20;

/// Decodes the servers of a pool.
///
/// # Errors
/// The first field that breaks a rule, or the two that contradict each other.
pub(super) fn parse(pool: &Pool, place: Place, settings: &Settings) -> Result<Server, Refusal> {
    let Some(given) = &pool.cloudsigma else {
        let rule = "needed with infrastructureProvider cloudsigma";
        return Err(Refusal::field("MissingField", place.field("cloudsigma.imageUUID"), rule));
    };
    let memory_mb = memory(pool, given, place)?;
    Ok(Server {
        cpu_mhz: cpu(pool, given, place, settings)?,
        memory_mb,
        disk_bytes: disk(given, memory_mb, place)?,
        image: image(given, place)?,
        region: given.region.clone().unwrap_or_else(|| settings.cloudsigma_region.clone()),
        vlans: given.nics.iter().enumerate().map(|(at, nic)| vlan(nic, at, place)).collect::<Result<_, _>>()?,
        tags: given.tags.clone(),
        meta: given.meta.clone(),
    })
}

fn cpu(pool: &Pool, given: &CloudSigma, place: Place, settings: &Settings) -> Result<i64, Refusal> {
    let explicit = agreed(("cloudsigma.cpu", given.cpu), ("cloudsigma.cpuMHz", given.cpu_mhz), place)?;
    let per_core = given.mhz_per_core.unwrap_or(settings.cloudsigma_mhz_per_core);
    let (field, mhz) = explicit.unwrap_or_else(|| ("cpuCores", pool.cpu_cores.saturating_mul(per_core)));
    within("InvalidCPU", field, mhz, 1_000..=100_000, "MHz", place)
}

fn memory(pool: &Pool, given: &CloudSigma, place: Place) -> Result<i64, Refusal> {
    let published = || {
        let whole = quantity::whole_mebibytes(&pool.memory).and_then(|mb| i64::try_from(mb).ok());
        let rule = format!("{:?} is not a quantity in whole MiB such as 4Gi", pool.memory);
        whole.ok_or_else(|| Refusal::field("InvalidMemory", place.field("memory"), rule))
    };
    let of_pool = if pool.memory == Pool::DEFAULT_MEMORY { None } else { Some(published()?) };
    let explicit = agreed(("cloudsigma.memory", given.memory), ("memory", of_pool), place)?;
    let (field, mb) = match explicit {
        Some(found) => found,
        None => ("memory", published()?),
    };
    within("InvalidMemory", field, mb, 512..=524_288, "MB", place)
}

fn disk(given: &CloudSigma, memory_mb: i64, place: Place) -> Result<i64, Refusal> {
    let explicit =
        agreed(("cloudsigma.diskSize", given.disk_size), ("cloudsigma.diskSizeGB", given.disk_size_gb), place)?;
    let derived = || ("cloudsigma.diskSizeGB", (memory_mb * 2 / 1024).max(LEAST_DISK_GB));
    let (field, gb) = explicit.unwrap_or_else(derived);
    within("InvalidDisk", field, gb, 1..=10_240, "GB", place).map(|gb| gb * GIB)
}

fn image(given: &CloudSigma, place: Place) -> Result<String, Refusal> {
    let parts: Vec<&str> = given.image_uuid.split('-').collect();
    let hex = parts.iter().all(|part| part.bytes().all(|byte| byte.is_ascii_hexdigit()));
    if hex && parts.iter().map(|part| part.len()).eq([8, 4, 4, 4, 12]) {
        return Ok(given.image_uuid.clone());
    }
    let rule =
        if given.image_uuid.is_empty() { "needed".into() } else { format!("{:?} is not a UUID", given.image_uuid) };
    Err(Refusal::field("InvalidImage", place.field("cloudsigma.imageUUID"), rule))
}

fn vlan(nic: &Nic, at: usize, place: Place) -> Result<String, Refusal> {
    let field = |member: &str| place.field(&format!("cloudsigma.nics[{at}]{member}"));
    if nic.ip_pool_ref.is_some() {
        let rule = "addresses from a pool are not supported yet";
        return Err(Refusal::field("Unsupported", field(".ipPoolRef"), rule));
    }
    match (nic.vlan.as_deref().filter(|vlan| !vlan.is_empty()), nic.public) {
        (Some(vlan), false) => Ok(vlan.into()),
        (None, true) => Ok(String::new()),
        _ => Err(Refusal::field("ConflictingFields", field(""), "either vlan or public: true is needed")),
    }
}

/// The value of two members that mean the same, with the name of the one that gave it.
fn agreed<'a>(
    one: (&'a str, Option<i64>),
    other: (&'a str, Option<i64>),
    place: Place,
) -> Result<Option<(&'a str, i64)>, Refusal> {
    if let (Some(a), Some(b)) = (one.1, other.1)
        && a != b
    {
        let field = format!("{} and {}", place.field(one.0), place.field(other.0));
        return Err(Refusal::field("ConflictingFields", field, format!("both are given and differ ({a} and {b})")));
    }
    Ok(one.1.map(|value| (one.0, value)).or(other.1.map(|value| (other.0, value))))
}

fn within(
    reason: &'static str,
    field: &str,
    value: i64,
    range: std::ops::RangeInclusive<i64>,
    unit: &str,
    place: Place,
) -> Result<i64, Refusal> {
    if range.contains(&value) {
        return Ok(value);
    }
    let rule = format!("{value} {unit} is not within {} to {}", range.start(), range.end());
    Err(Refusal::field(reason, place.field(field), rule))
}
