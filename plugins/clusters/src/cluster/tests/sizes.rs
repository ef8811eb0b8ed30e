//! Both spellings of a server's sizes.

use backplane_sdk::{Obj, Outcome};
use serde_json::{Value, json};

use crate::api::KdcCluster;
use crate::cluster::pool::Machines;
use crate::cluster::server::Server;
use crate::cluster::wanted::Wanted;
use crate::settings::Settings;
use crate::world::{IMAGE, guide};

fn server(pool: Value, cloudsigma: Value) -> Result<Server, String> {
    let mut manifest = guide();
    let mut worker = json!({"name": "w", "infrastructureProvider": "cloudsigma", "memory": "2Gi", "cpuCores": 1});
    merge(&mut worker, &pool);
    worker["cloudsigma"] = json!({"imageUUID": IMAGE});
    merge(&mut worker["cloudsigma"], &cloudsigma);
    manifest["spec"]["workers"] = json!([worker]);
    let kdc: Obj<KdcCluster> = serde_json::from_value(manifest).expect("manifest");
    let wanted = Wanted::parse(&kdc, &Settings::default()).map_err(|refusal| match refusal.outcome() {
        Outcome::Refused { reason, message } => format!("{reason}: {message}"),
        other => panic!("{other:?}"),
    })?;
    match &wanted.pools[0].machines {
        Machines::CloudSigma(server) => Ok(server.clone()),
        Machines::KubeVirt(_) => panic!("not a server"),
    }
}

fn merge(object: &mut Value, members: &Value) {
    for (key, value) in members.as_object().expect("members") {
        object[key] = value.clone();
    }
}

#[test]
fn both_spellings_mean_the_same() {
    let guide = server(json!({}), json!({"cpu": 2000, "memory": 4096, "diskSize": 30})).expect("guide");
    let published = server(json!({"memory": "4Gi"}), json!({"cpuMHz": 2000, "diskSizeGB": 30})).expect("published");
    let both = json!({"cpu": 2000, "cpuMHz": 2000, "memory": 4096, "diskSize": 30, "diskSizeGB": 30});
    let both = server(json!({"memory": "4096Mi"}), both).expect("both");
    assert_eq!((guide.cpu_mhz, guide.memory_mb, guide.disk_bytes), (2000, 4096, 30 << 30));
    assert_eq!(guide, published);
    assert_eq!(guide, both);
}

#[test]
fn what_is_not_given_follows_from_the_rest() {
    let cases = [
        ("nothing", json!({}), json!({}), (2000, 2048, 20 << 30)),
        ("cores", json!({"cpuCores": 4}), json!({}), (8000, 2048, 20 << 30)),
        ("cores and their speed", json!({"cpuCores": 4}), json!({"mhzPerCore": 2500}), (10_000, 2048, 20 << 30)),
        (
            "MHz win over cores",
            json!({"cpuCores": 4}),
            json!({"cpuMHz": 3000, "mhzPerCore": 2500}),
            (3000, 2048, 20 << 30),
        ),
        ("a disk of twice the memory", json!({"memory": "16Gi"}), json!({}), (2000, 16_384, 32 << 30)),
        ("the pool's disk is KubeVirt's", json!({"diskSize": "50Gi"}), json!({}), (2000, 2048, 20 << 30)),
    ];
    for (name, pool, cloudsigma, expected) in cases {
        let server = server(pool, cloudsigma).expect(name);
        assert_eq!((server.cpu_mhz, server.memory_mb, server.disk_bytes), expected, "{name}");
    }
}

#[test]
fn contradictions_are_refused_and_both_fields_named() {
    let cases = [
        (
            "cpu",
            json!({}),
            json!({"cpu": 2000, "cpuMHz": 3000}),
            "cloudsigma.cpu and spec.workers[0].cloudsigma.cpuMHz",
        ),
        ("memory", json!({"memory": "8Gi"}), json!({"memory": 4096}), "cloudsigma.memory and spec.workers[0].memory"),
        (
            "disk",
            json!({}),
            json!({"diskSize": 30, "diskSizeGB": 40}),
            "cloudsigma.diskSize and spec.workers[0].cloudsigma.diskSizeGB",
        ),
    ];
    for (name, pool, cloudsigma, fields) in cases {
        let refusal = server(pool, cloudsigma).expect_err(name);
        assert!(refusal.starts_with(&format!("ConflictingFields: spec.workers[0].{fields}: ")), "{name}: {refusal}");
    }
}

#[test]
fn two_gibibytes_beside_the_guides_memory_count_as_not_given() {
    let server =
        server(json!({"memory": "2Gi"}), json!({"memory": 4096})).expect("the schema's default is no contradiction");
    assert_eq!(server.memory_mb, 4096);
}

#[test]
fn sizes_that_no_cloud_has_are_refused_by_name() {
    let cases = [
        ("slow", json!({}), json!({"cpu": 500}), "InvalidCPU: spec.workers[0].cloudsigma.cpu: "),
        ("slow, published", json!({}), json!({"cpuMHz": 999}), "InvalidCPU: spec.workers[0].cloudsigma.cpuMHz: "),
        ("too many cores", json!({"cpuCores": 51}), json!({}), "InvalidCPU: spec.workers[0].cpuCores: "),
        ("little memory", json!({}), json!({"memory": 256}), "InvalidMemory: spec.workers[0].cloudsigma.memory: "),
        ("no quantity", json!({"memory": "much"}), json!({}), "InvalidMemory: spec.workers[0].memory: "),
        ("parts of a MiB", json!({"memory": "4G"}), json!({}), "InvalidMemory: spec.workers[0].memory: "),
        ("no disk", json!({}), json!({"diskSizeGB": 0}), "InvalidDisk: spec.workers[0].cloudsigma.diskSizeGB: "),
        ("no image", json!({}), json!({"imageUUID": ""}), "InvalidImage: spec.workers[0].cloudsigma.imageUUID: needed"),
        ("no UUID", json!({}), json!({"imageUUID": "ubuntu"}), "InvalidImage: spec.workers[0].cloudsigma.imageUUID: "),
    ];
    for (name, pool, cloudsigma, expected) in cases {
        let refusal = server(pool, cloudsigma).expect_err(name);
        assert!(refusal.starts_with(expected), "{name}: {refusal}");
    }
}

#[test]
fn an_interface_is_either_on_a_vlan_or_public() {
    let nics = |nics: Value| server(json!({}), json!({"nics": nics}));
    assert_eq!(nics(json!([{"vlan": IMAGE}, {"public": true}])).expect("both").vlans, [IMAGE, ""]);
    for (name, nic) in [("neither", json!({})), ("both", json!({"vlan": IMAGE, "public": true}))] {
        let refusal = nics(json!([nic])).expect_err(name);
        assert!(refusal.starts_with("ConflictingFields: spec.workers[0].cloudsigma.nics[0]: "), "{name}: {refusal}");
    }
    let refusal = nics(json!([{"vlan": IMAGE, "ipPoolRef": {"name": "p"}}])).expect_err("pool");
    assert!(refusal.starts_with("Unsupported: spec.workers[0].cloudsigma.nics[0].ipPoolRef: "), "{refusal}");
}
