//! Our answers against recorded ones: every member that was recorded is there, with the recorded type.
//!
//! The recordings are not part of this project. `BACKPLANE_UPSTREAM_DATA` names the directory that holds
//! `cloudsigma/docs-exchanges.json`; without it these tests say so and pass.

use serde_json::{Map, Value, json};

use crate::common::{GIB, World, attached, uuid};

fn recordings() -> Option<Map<String, Value>> {
    let Some(folder) = std::env::var_os("BACKPLANE_UPSTREAM_DATA") else {
        println!("skipped: recorded exchanges: BACKPLANE_UPSTREAM_DATA is not set");
        return None;
    };
    let path = std::path::Path::new(&folder).join("cloudsigma/docs-exchanges.json");
    Some(serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap())
}

/// Where `ours` differs in shape from what was recorded: a member is missing, or has another type.
fn differences(path: &str, recorded: &Value, ours: &Value, found: &mut Vec<String>) {
    match (recorded, ours) {
        (Value::Object(recorded), Value::Object(ours)) => {
            for (name, value) in recorded {
                match ours.get(name) {
                    Some(ours) => differences(&format!("{path}/{name}"), value, ours, found),
                    None if is_dictionary(path) => {}
                    None => found.push(format!("{path}/{name} is missing")),
                }
            }
        }
        (Value::Array(recorded), Value::Array(ours)) => {
            if let (Some(recorded), Some(ours)) = (recorded.first(), ours.first()) {
                differences(&format!("{path}/0"), recorded, ours, found);
            }
        }
        (Value::Null, _) | (_, Value::Null) => {}
        (recorded, ours) if std::mem::discriminant(recorded) != std::mem::discriminant(ours) => {
            found.push(format!("{path} has another type"));
        }
        _ => {}
    }
}

/// Places whose member names are data: keys that users choose, and resources that we do not offer.
fn is_dictionary(path: &str) -> bool {
    path == "/usage" || path.ends_with("/0/meta")
}

#[tokio::test]
async fn answers_have_the_recorded_shape() {
    let Some(recorded) = recordings() else { return };
    let world = World::new(|_| {});
    let key = world.expect(201, "POST", "/keypairs/", json!({ "name": "k", "public_key": "ssh-rsa AAAA" })).await;
    let drive = world.drive(json!({})).await;
    let server = world.server(json!({
        "drives": [attached(&drive, "0:0")], "nics": [{ "ip_v4_conf": { "conf": "dhcp" } }],
        "pubkeys": [key["objects"][0]["uuid"]],
    }));
    let server = server.await;
    let other = world.server(json!({})).await;
    let tag = world.expect(201, "POST", "/tags/", json!({ "name": "t", "resources": [server, drive] })).await;
    let tag = uuid(&tag["objects"][0]);
    let snapshot = world.expect(201, "POST", "/snapshots/", json!({ "drive": drive })).await;
    let snapshot = uuid(&snapshot["objects"][0]);
    world.running(&server).await;
    world.clock.advance(std::time::Duration::from_secs(3));
    let vlan = "/vlans/5b1a7f0c-3d52-4c0e-9a3f-0c6f1e2d0001/";
    let minimal = json!({ "name": "s", "cpu": 1000, "mem": GIB, "vnc_password": "v" });
    let sized = json!({ "name": "d", "media": "disk", "size": 2 * GIB });
    let (one, drive_path, tag_path) =
        (format!("/servers/{server}/"), format!("/drives/{drive}/"), format!("/tags/{tag}/"));
    let act = |kind: &str, uuid: &str, action: &str| format!("/{kind}/{uuid}/action/?do={action}");
    let unset = Value::Null;
    let cases = [
        ("server_create_minimal", "POST", "/servers/".to_owned(), minimal.clone()),
        ("server_list", "GET", "/servers/?limit=0".to_owned(), unset.clone()),
        ("server_list_detail", "GET", "/servers/detail/?limit=0".to_owned(), unset.clone()),
        ("server_get_running", "GET", one.clone(), unset.clone()),
        ("server_edit_minimal", "PUT", format!("/servers/{other}/"), minimal.clone()),
        ("server_open_vnc", "POST", act("servers", &server, "open_vnc"), json!({})),
        ("server_open_console", "POST", act("servers", &server, "open_console"), json!({})),
        ("server_close_vnc", "POST", act("servers", &server, "close_vnc"), json!({})),
        ("server_clone", "POST", act("servers", &other, "clone"), json!({})),
        ("server_start", "POST", act("servers", &other, "start"), json!({})),
        ("server_stop", "POST", act("servers", &server, "stop"), json!({})),
        ("drive_create_minimal", "POST", "/drives/".to_owned(), sized.clone()),
        ("drive_get_unmounted", "GET", drive_path.clone(), unset.clone()),
        ("drive_list", "GET", "/drives/?limit=0".to_owned(), unset.clone()),
        ("drive_list_detail", "GET", "/drives/detail/?limit=0".to_owned(), unset.clone()),
        ("drive_clone", "POST", act("drives", &drive, "clone"), json!({})),
        ("drive_with_one_snapshot", "GET", drive_path, unset.clone()),
        ("libdrive_list", "GET", "/libdrives/?limit=5".to_owned(), unset.clone()),
        (
            "librdrive_get_through_drives",
            "GET",
            "/drives/a4f6c1d2-1340-4e8a-9b01-7d5c30e20003/".to_owned(),
            unset.clone(),
        ),
        ("snapshot_create", "POST", "/snapshots/".to_owned(), json!({ "objects": [{ "drive": drive }] })),
        ("snapshot_get", "GET", format!("/snapshots/{snapshot}/"), unset.clone()),
        ("snapshot_list_detail", "GET", "/snapshots/detail/?limit=0".to_owned(), unset.clone()),
        ("snapshot_clone", "POST", act("snapshots", &snapshot, "clone"), json!({})),
        ("tags_create", "POST", "/tags/".to_owned(), json!({ "objects": [{ "name": "n" }] })),
        ("tags_get", "GET", tag_path.clone(), unset.clone()),
        ("tags_list", "GET", "/tags/?limit=0".to_owned(), unset.clone()),
        ("tags_list_resource", "GET", format!("{tag_path}servers/"), unset.clone()),
        ("ip_get", "GET", "/ips/192.0.2.2/".to_owned(), unset.clone()),
        ("ip_list", "GET", "/ips/?limit=0".to_owned(), unset.clone()),
        ("ip_list_detail", "GET", "/ips/detail/?limit=0".to_owned(), unset.clone()),
        ("vlan_get", "GET", vlan.to_owned(), unset.clone()),
        ("vlan_list", "GET", "/vlans/?limit=0".to_owned(), unset.clone()),
        ("vlan_list_detail", "GET", "/vlans/detail/?limit=0".to_owned(), unset.clone()),
        ("vlan_update", "PUT", vlan.to_owned(), json!({ "meta": { "name": "n", "custom_field": "c" } })),
        ("jobs_list", "GET", "/jobs/".to_owned(), unset.clone()),
        ("profile", "GET", "/profile/".to_owned(), unset.clone()),
        ("balance_list", "GET", "/balance/".to_owned(), unset.clone()),
        ("capabilities", "GET", "/capabilities/".to_owned(), unset.clone()),
        ("currentusage_list", "GET", "/currentusage/".to_owned(), unset.clone()),
        ("locations", "GET", "/locations/?limit=0".to_owned(), unset.clone()),
        ("subscription_list", "GET", "/subscriptions/".to_owned(), unset.clone()),
        ("pubkeys_list", "GET", "/pubkeys/?limit=0".to_owned(), unset.clone()),
        ("acls_create", "POST", "/acls/".to_owned(), json!({ "objects": [{ "name": "a" }] })),
        ("server_delete", "DELETE", "/tags/".to_owned() + &tag + "/", unset),
    ];
    for (name, method, path, body) in cases {
        let expected = &recorded[name]["response"];
        let (status, _, ours) = world.ask(method, &path, (!body.is_null()).then_some(body)).await;
        assert_eq!(json!(status.as_u16()), expected["status"], "{name}: {ours}");
        let mut found = Vec::new();
        differences("", &expected["body"], &ours, &mut found);
        assert!(found.is_empty(), "{name}: {found:#?}");
    }
}

#[tokio::test]
async fn recorded_requests_are_understood() {
    let Some(recorded) = recordings() else { return };
    let world = World::new(|_| {});
    let body = |name: &str| recorded[name]["request"]["body"].clone();
    for name in
        ["server_create_minimal", "server_create_bulk", "drive_create_minimal", "drive_create_bulk", "tags_create"]
    {
        let target = recorded[name]["request"]["target"].as_str().unwrap().trim_start_matches("/api/2.0").to_owned();
        let made = world.expect(201, "POST", &target, body(name)).await;
        let count = |value: &Value| value["objects"].as_array().map(Vec::len);
        assert_eq!(count(&made), count(&recorded[name]["response"]["body"]), "{name}");
    }
    let drive = world.drive(json!({ "size": GIB })).await;
    let clone = world.expect(202, "POST", &format!("/drives/{drive}/action/?do=clone"), body("drive_clone")).await;
    assert_eq!(clone["objects"][0]["size"], recorded["drive_clone"]["response"]["body"]["objects"][0]["size"]);
    for name in
        ["server_edit_minimal", "server_add_dhcp_nic", "server_add_manual_nic", "server_add_meta", "server_edit_meta"]
    {
        let server = world.server(json!({ "cpu": 1000 })).await;
        let ours = world.expect(200, "PUT", &format!("/servers/{server}/"), body(name)).await;
        let theirs = &recorded[name]["response"]["body"];
        for member in ["name", "cpu", "mem", "meta", "vnc_password", "smp", "status"] {
            assert_eq!(ours[member], theirs[member], "{name}: {member}");
        }
        assert_eq!(ours["nics"].as_array().map(Vec::len), theirs["nics"].as_array().map(Vec::len), "{name}: nics");
    }
}
