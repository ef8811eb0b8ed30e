//! One request, read and judged: everything that is known about a machine without asking the cloud.

use backplane_sdk::machines::{MachineError, MachineRequest};
use backplane_sdk::prelude::*;

use crate::kinds::{CloudSigmaCluster, CloudSigmaMachine, Disk, MachineSpec};
use crate::settings::{Settings, is_label};

/// How every providerID begins.
pub(crate) const PROVIDER_ID_PREFIX: &str = "cloudsigma://";
/// The most that one core can do, in MHz, on every host of the cloud.
const CORE_MAX_MHZ: u64 = 2_893;
/// The least that the cloud gives a core, in MHz.
const CORE_MIN_MHZ: u64 = 1_000;
/// Bytes in the unit of `spec.memory`.
const MEGABYTE: u64 = 1 << 20;

/// A machine as its object asks for it.
pub(crate) struct Machine {
    object: Obj<CloudSigmaMachine>,
    region: String,
    region_is_assumed: bool,
}

impl Machine {
    /// Reads the objects of a request. Does not judge the spec: what exists must be deletable whatever its spec says.
    pub(crate) fn read(request: &MachineRequest, settings: &Settings) -> Result<Self, MachineError> {
        let object: Obj<CloudSigmaMachine> = serde_json::from_slice(&request.object)
            .map_err(|error| MachineError::Invalid(format!("the machine is not as expected: {error}")))?;
        let region_is_assumed = request.cluster.is_none();
        Ok(Self { object, region: region(request, settings)?, region_is_assumed })
    }

    /// Region of the cloud, a part of a host name.
    pub(crate) fn region(&self) -> &str {
        &self.region
    }

    /// Whether the infrastructure cluster, which would name the region, is gone.
    pub(crate) fn region_is_assumed(&self) -> bool {
        self.region_is_assumed
    }

    /// Name of the object and of the server.
    pub(crate) fn name(&self) -> &str {
        self.object.name()
    }

    /// The mark on everything that belongs to this machine.
    pub(crate) fn uid(&self) -> &str {
        self.object.uid()
    }

    /// What it shall be.
    pub(crate) fn spec(&self) -> &MachineSpec {
        &self.object.spec
    }

    /// The Cluster API cluster.
    pub(crate) fn cluster(&self) -> Option<&str> {
        self.object.metadata.label("cluster.x-k8s.io/cluster-name")
    }

    /// The pool of workers.
    pub(crate) fn pool(&self) -> Option<&str> {
        self.object.metadata.label("cluster.x-k8s.io/deployment-name")
    }

    /// The server that the status names.
    pub(crate) fn recorded_id(&self) -> Option<&str> {
        self.object.status.instance_id.as_deref().filter(|id| is_uuid(id))
    }

    /// The server that the providerID names.
    pub(crate) fn claimed_id(&self) -> Option<&str> {
        self.spec().provider_id.as_deref()?.strip_prefix(PROVIDER_ID_PREFIX).filter(|id| is_uuid(id))
    }

    /// Name of the drive for a disk.
    pub(crate) fn drive_name(&self, index: usize) -> String {
        format!("{}-drive-{index}", self.name())
    }

    /// The disk that a drive of this name would be for; it may be one that the spec no longer has.
    pub(crate) fn drive_index(&self, name: &str) -> Option<usize> {
        let number = name.strip_prefix(self.name())?.strip_prefix("-drive-")?;
        number.parse().ok().filter(|index: &usize| index.to_string() == number)
    }

    /// Tags that its server carries.
    pub(crate) fn tags(&self) -> Vec<String> {
        let mut tags = vec!["managed-by:cloudsigma-capcs".to_owned()];
        tags.extend(self.cluster().map(|cluster| format!("cluster:{cluster}")));
        tags.extend(self.pool().map(|pool| format!("pool:{pool}")));
        for tag in &self.spec().tags {
            if !tag.is_empty() && !tags.contains(tag) {
                tags.push(tag.clone());
            }
        }
        tags
    }

    /// Bytes of memory.
    pub(crate) fn memory_bytes(&self) -> u64 {
        self.spec().memory.saturating_mul(MEGABYTE)
    }

    /// Cores: as asked for, else as few as can carry the MHz.
    pub(crate) fn cores(&self) -> u64 {
        self.spec().smp.unwrap_or_else(|| self.spec().cpu.div_ceil(CORE_MAX_MHZ).max(1))
    }

    /// Judges the spec before anything is bought.
    pub(crate) fn check(&self) -> Result<(), MachineError> {
        let spec = self.spec();
        let per_core = spec.cpu / self.cores().max(1);
        if per_core < CORE_MIN_MHZ {
            let cores = self.cores();
            return invalid(format!(
                "spec.cpu is {} MHz on {cores} cores, at least {CORE_MIN_MHZ} a core are needed",
                spec.cpu
            ));
        }
        if spec.memory == 0 {
            return invalid("spec.memory is 0 MB".into());
        }
        if spec.disks.is_empty() {
            return invalid("spec.disks is empty, at least one disk is needed".into());
        }
        spec.disks.iter().enumerate().try_for_each(|(index, disk)| check_disk(index, disk))
    }
}

fn region(request: &MachineRequest, settings: &Settings) -> Result<String, MachineError> {
    let cluster: Option<Obj<CloudSigmaCluster>> =
        request.cluster.as_deref().map(serde_json::from_slice).transpose().map_err(|error| {
            MachineError::Invalid(format!("the infrastructure cluster is not as expected: {error}"))
        })?;
    let region = cluster.map(|cluster| cluster.body.spec.region).filter(|region| !region.is_empty());
    let region = region.unwrap_or_else(|| settings.region.clone());
    if !is_label(&region) {
        return invalid(format!(
            "spec.region of the cluster is {region:?}, lower-case letters, digits and dashes are needed"
        ));
    }
    Ok(region)
}

fn check_disk(index: usize, disk: &Disk) -> Result<(), MachineError> {
    if !is_uuid(&disk.uuid) {
        return invalid(format!(
            "spec.disks[{index}].uuid is {:?}, the uuid of a drive or library image is needed",
            disk.uuid
        ));
    }
    if !["virtio", "ide"].contains(&disk.device.as_str()) {
        return invalid(format!("spec.disks[{index}].device is {:?}, virtio or ide is needed", disk.device));
    }
    Ok(())
}

fn invalid<T>(message: String) -> Result<T, MachineError> {
    Err(MachineError::Invalid(message))
}

/// Whether a text can stand in a path as an id: nothing that could lead elsewhere.
fn is_uuid(text: &str) -> bool {
    !text.is_empty() && text.len() <= 64 && text.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '-')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::request;

    fn machine(change: impl FnOnce(&mut Value)) -> Machine {
        Machine::read(&request(change), &Settings::default()).expect("machine")
    }

    #[test]
    fn cores_carry_the_cpu_within_what_a_core_can_do() {
        for (cpu, cores) in [(1_000, 1), (2_000, 1), (2_893, 1), (2_894, 2), (4_000, 2), (16_000, 6), (100_000, 35)] {
            let machine = machine(|object| object["spec"]["cpu"] = json!(cpu));
            assert_eq!(machine.cores(), cores, "{cpu} MHz");
            assert!((CORE_MIN_MHZ..=CORE_MAX_MHZ).contains(&(cpu / cores)), "{cpu} MHz");
        }
    }

    #[test]
    fn a_spec_that_cannot_be_bought_is_refused_naming_the_field() {
        let cases = [
            ("too little cpu", json!({"cpu": 500}), "spec.cpu"),
            ("too many cores", json!({"cpu": 2000, "smp": 4}), "spec.cpu"),
            ("no memory", json!({"memory": 0}), "spec.memory"),
            ("no disk", json!({"disks": []}), "spec.disks"),
            (
                "no uuid",
                json!({"disks": [{"uuid": "../x", "device": "virtio", "boot_order": 1, "size": 1}]}),
                "spec.disks[0].uuid",
            ),
            (
                "device",
                json!({"disks": [{"uuid": "a", "device": "nvme", "boot_order": 1, "size": 1}]}),
                "spec.disks[0].device",
            ),
        ];
        for (name, change, field) in cases {
            let machine = machine(|object| {
                for (key, value) in change.as_object().expect("object") {
                    object["spec"][key] = value.clone();
                }
            });
            let Err(MachineError::Invalid(message)) = machine.check() else { panic!("{name}: accepted") };
            assert!(message.contains(field), "{name}: {message}");
        }
    }

    #[test]
    fn a_drive_is_recognised_by_its_name_and_no_other() {
        let machine = machine(|_| {});
        let cases =
            [("m-1-drive-0", Some(0)), ("m-1-drive-12", Some(12)), ("m-1-drive-01", None), ("m-1-drive-", None)];
        for (name, index) in
            cases.into_iter().chain([("m-1-drive-0-copy", None), ("m-11-drive-0", None), ("pvc-4711", None)])
        {
            assert_eq!(machine.drive_index(name), index, "{name}");
        }
    }

    #[test]
    fn the_region_is_the_clusters_or_else_the_operators() {
        let mut request = request(|_| {});
        assert_eq!(Machine::read(&request, &Settings::default()).expect("machine").region(), "fra");
        request.cluster = None;
        assert_eq!(Machine::read(&request, &Settings::default()).expect("machine").region(), "zrh");
        request.cluster = Some(br#"{"metadata": {"name": "c"}, "spec": {"region": "evil.example/"}}"#.to_vec());
        assert!(matches!(Machine::read(&request, &Settings::default()), Err(MachineError::Invalid(_))));
    }
}
