//! Servers: definition, power, attachment, NICs, deletion.

use std::time::Duration;

use crate::common::{GIB, World, attached, error, merge, uuid};
use backplane_cloudsigma_sim::{ServerFault, Target};
use serde_json::{Value, json};

fn minimal() -> Value {
    json!({ "name": "s", "cpu": 2000, "mem": GIB, "vnc_password": "v" })
}

#[tokio::test]
async fn a_new_server_is_stopped_and_complete() {
    let world = World::new(|_| {});
    let mut body = minimal();
    merge(&mut body, json!({ "unknown_member": { "a": 1 }, "cpu": 4000 }));
    let made = world.expect(201, "POST", "/servers/", body).await;
    let server = &made["objects"][0];
    assert_eq!((&server["status"], &server["runtime"], &server["smp"]), (&json!("stopped"), &Value::Null, &json!(2)));
    assert_eq!(server["resource_uri"], format!("/api/2.0/servers/{}/", uuid(server)));
    assert!(server.get("unknown_member").is_none());
    assert_eq!(world.cloud.requests().servers_created, 1);
}

#[tokio::test]
async fn a_wrong_definition_is_refused_with_the_field_that_is_wrong() {
    let world = World::new(|_| {});
    let drive = world.drive(json!({})).await;
    let cases = [
        ("no name", json!({ "name": null }), "name"),
        ("no password", json!({ "vnc_password": null }), "vnc_password"),
        ("no cpu", json!({ "cpu": null }), "cpu"),
        ("cpu too small", json!({ "cpu": 100 }), "cpu"),
        ("memory too small", json!({ "mem": 1024 }), "mem"),
        ("too little per core", json!({ "cpu": 2000, "smp": 4 }), "cpu"),
        ("too much per core", json!({ "cpu": 9000, "smp": 1 }), "cpu"),
        ("meta value", json!({ "meta": { "a": 1 } }), "meta"),
        ("no device", json!({ "drives": [{ "dev_channel": "0:0", "drive": drive }] }), "device"),
        ("bad channel", json!({ "drives": [attached(&drive, "zero")] }), "dev_channel"),
        ("third ide", json!({ "drives": [{ "device": "ide", "dev_channel": "2:0", "drive": drive }] }), "dev_channel"),
        ("dhcp with address", json!({ "nics": [{ "ip_v4_conf": { "conf": "dhcp", "ip": "192.0.2.2" } }] }), "ip"),
        ("static without address", json!({ "nics": [{ "ip_v4_conf": { "conf": "static" } }] }), "ip"),
        ("foreign address", json!({ "nics": [{ "ip_v4_conf": { "conf": "static", "ip": "8.8.8.8" } }] }), "ip"),
        ("unknown mac", json!({ "nics": [{ "mac": "22:00:00:00:00:01" }] }), "mac"),
        (
            "private and public",
            json!({ "nics": [{ "vlan": "5b1a7f0c-3d52-4c0e-9a3f-0c6f1e2d0001", "ip_v4_conf": { "conf": "dhcp" } }] }),
            "nics",
        ),
        ("unknown tag", json!({ "tags": ["no"] }), "tags"),
        ("unknown key", json!({ "pubkeys": ["no"] }), "pubkeys"),
    ];
    for (name, change, point) in cases {
        let mut body = minimal();
        merge(&mut body, change);
        let answer = world.expect(400, "POST", "/servers/", body).await;
        assert_eq!((error(&answer).0, error(&answer).2), ("validation", &json!(point)), "{name}");
    }
    assert!(world.cloud.servers().is_empty());
}

#[tokio::test]
async fn power_goes_through_its_states_and_refuses_with_known_texts() {
    let world = World::new(|_| {});
    let server = world.server(json!({ "nics": [{ "ip_v4_conf": { "conf": "dhcp" } }] })).await;
    let action = |name: &str| format!("/servers/{server}/action/?do={name}");
    let refused = world.expect(403, "POST", &action("stop"), json!({})).await;
    let text = r#"Cannot stop guest in state "stopped". Guest should be in state "['started', 'running_legacy']""#;
    assert_eq!(error(&refused), ("permission", text, &Value::Null));

    let started = world.act(&server, "start").await;
    assert_eq!(started, json!({ "action": "start", "result": "success", "uuid": server }));
    assert_eq!(world.status(&server).await, "starting");
    world.clock.advance(Duration::from_secs(2));
    let running = world.get(&format!("/servers/{server}/")).await;
    assert_eq!(running["status"], "running");
    assert_eq!(running["nics"][0]["runtime"]["ip_v4"]["uuid"], "203.0.113.10");
    assert_eq!(running["runtime"]["nics"][0]["mac"], running["nics"][0]["mac"]);
    assert_eq!(running["runtime"]["active_since"], "2026-01-02T03:04:07+00:00");
    let address = world.get("/ips/203.0.113.10/").await;
    assert_eq!((&address["server"]["uuid"], &address["subscription"]), (&json!(server), &Value::Null));

    let refused = world.expect(403, "POST", &action("start"), json!({})).await;
    let text = r#"Cannot start guest in state "started". Guest should be in state "stopped""#;
    assert_eq!(error(&refused).1, text);
    world.expect(403, "DELETE", &format!("/servers/{server}/"), Value::Null).await;

    world.expect(202, "POST", &action("stop"), Value::Null).await;
    let refused = world.expect(403, "DELETE", &format!("/servers/{server}/"), Value::Null).await;
    assert!(error(&refused).1.contains("in state 'stopping'"));
    world.clock.advance(Duration::from_secs(1));
    assert_eq!(world.status(&server).await, "stopped");
    world.expect(404, "GET", "/ips/203.0.113.10/", Value::Null).await;
    world.expect(204, "DELETE", &format!("/servers/{server}/"), Value::Null).await;
    let gone = world.expect(404, "GET", &format!("/servers/{server}/"), Value::Null).await;
    assert_eq!(error(&gone), ("notexist", "notfound", &Value::Null));
}

#[tokio::test]
async fn a_guest_without_a_system_ignores_the_power_button() {
    let world = World::new(|_| {});
    let server = world.server(json!({})).await;
    world.running(&server).await;
    world.act(&server, "shutdown").await;
    assert_eq!(world.status(&server).await, "stopping");
    world.clock.advance(Duration::from_secs(60));
    assert_eq!(world.status(&server).await, "running");
    world.act(&server, "restart").await;
    assert_eq!(world.status(&server).await, "running");
}

#[tokio::test]
async fn an_update_keeps_what_is_absent_and_replaces_what_is_present() {
    let world = World::new(|_| {});
    let server = world.server(json!({ "meta": { "a": "1" }, "nics": [{ "model": "e1000" }] })).await;
    let path = format!("/servers/{server}/");
    for missing in ["name", "cpu", "mem", "vnc_password"] {
        let mut body = minimal();
        body[missing] = Value::Null;
        let answer = world.expect(400, "PUT", &path, body).await;
        assert_eq!(error(&answer).2, missing);
    }
    let mut body = minimal();
    merge(&mut body, json!({ "name": "new", "cpu": 1000 }));
    let changed = world.expect(200, "PUT", &path, body.clone()).await;
    assert_eq!((&changed["name"], &changed["cpu"], &changed["meta"]["a"]), (&json!("new"), &json!(1000), &json!("1")));
    let mac = changed["nics"][0]["mac"].clone();
    merge(&mut body, json!({ "meta": { "b": "2" }, "nics": [{ "mac": mac }, { "ip_v4_conf": { "conf": "dhcp" } }] }));
    let changed = world.expect(200, "PUT", &path, body).await;
    assert_eq!(changed["meta"], json!({ "b": "2" }));
    assert_eq!((&changed["nics"][0]["mac"], changed["nics"].as_array().map(Vec::len)), (&mac, Some(2)));
    let echoed = world.expect(200, "PUT", &path, changed.clone()).await;
    assert_eq!(echoed, changed, "the whole object may be sent back");
}

#[tokio::test]
async fn changes_to_a_running_server_follow_the_switch() {
    for live in [true, false] {
        let world = World::new(|options| options.quirks.live_changes = live);
        let drive = world.drive(json!({})).await;
        let server = world.server(json!({ "nics": [{ "ip_v4_conf": { "conf": "dhcp" } }] })).await;
        world.running(&server).await;
        let mut body = world.get(&format!("/servers/{server}/")).await;
        body["nics"][0]["ip_v4_conf"] = json!({ "conf": "manual" });
        merge(&mut body, json!({ "name": "new", "cpu": 1000, "drives": [attached(&drive, "0:2")] }));
        let changed = world.expect(200, "PUT", &format!("/servers/{server}/"), body).await;
        assert_eq!((&changed["name"], &changed["cpu"]), (&json!("new"), &json!(2000)), "live={live}");
        assert_eq!(changed["drives"].as_array().map(Vec::len), Some(usize::from(live)));
        assert_eq!(changed["nics"][0]["runtime"]["ip_v4"].is_null(), live);
        assert_eq!(world.drive_status(&drive).await, if live { "mounted" } else { "unmounted" });
    }
}

#[tokio::test]
async fn a_drive_taken_from_a_running_server_is_free_after_a_while() {
    let world = World::new(|_| {});
    let drive = world.drive(json!({})).await;
    let server = world.server(json!({ "drives": [attached(&drive, "0:0")] })).await;
    world.running(&server).await;
    let mut body = minimal();
    body["drives"] = json!([]);
    world.expect(200, "PUT", &format!("/servers/{server}/"), body).await;
    let held = world.get(&format!("/drives/{drive}/")).await;
    assert_eq!((&held["status"], &held["mounted_on"][0]["uuid"]), (&json!("mounted"), &json!(server)));
    let other =
        json!({ "name": "o", "cpu": 1000, "mem": GIB, "vnc_password": "v", "drives": [attached(&drive, "0:0")] });
    world.expect(403, "POST", "/servers/", other.clone()).await;
    world.clock.advance(Duration::from_secs(1));
    let free = world.get(&format!("/drives/{drive}/")).await;
    assert_eq!((&free["status"], &free["mounted_on"]), (&json!("unmounted"), &json!([])));
    world.expect(201, "POST", "/servers/", other).await;
}

#[tokio::test]
async fn attaching_has_its_rules() {
    let world = World::new(|_| {});
    let drive = world.drive(json!({})).await;
    let shared = world.drive(json!({ "allow_multimount": true })).await;
    world.server(json!({ "drives": [attached(&drive, "0:0"), attached(&shared, "0:1")] })).await;
    let images = world.cloud.images();
    let disk = images.iter().find(|image| image.media == "disk").unwrap();
    let cdrom = images.iter().find(|image| image.media == "cdrom").unwrap();
    let cases = [
        ("mounted elsewhere", attached(&drive, "0:0"), 403),
        ("multimount", attached(&shared, "0:0"), 201),
        ("library disk", attached(&disk.uuid, "0:0"), 403),
        ("library medium", json!({ "device": "ide", "dev_channel": "0:0", "drive": cdrom.uuid }), 201),
        ("unknown", attached("4e31777b-92b5-4633-9f31-c28443a63cfd", "0:0"), 404),
    ];
    for (name, entry, expected) in cases {
        let mut body = minimal();
        body["drives"] = json!([entry]);
        assert_eq!(world.ask("POST", "/servers/", Some(body)).await.0, expected, "{name}");
    }
    let own = world.drive(json!({ "media": "cdrom" })).await;
    let both = json!([attached(&own, "0:0"), { "device": "ide", "dev_channel": "0:0", "drive": cdrom.uuid }]);
    world.server(json!({ "drives": both })).await;
}

#[tokio::test]
async fn deleting_a_server_takes_only_the_drives_it_is_told_to() {
    let cases = [
        ("", vec!["disk", "cdrom"]),
        ("?recurse=all_drives", vec![]),
        ("?recurse=disks", vec!["cdrom"]),
        ("?recurse=cdroms", vec!["disk"]),
    ];
    for (query, left) in cases {
        let world = World::new(|_| {});
        let disk = world.drive(json!({ "name": "disk" })).await;
        let cdrom = world.drive(json!({ "name": "cdrom", "media": "cdrom" })).await;
        let server = world.server(json!({ "drives": [attached(&disk, "0:0"), attached(&cdrom, "0:1")] })).await;
        world.expect(204, "DELETE", &format!("/servers/{server}/{query}"), Value::Null).await;
        let names: Vec<String> = world.cloud.drives().into_iter().map(|drive| drive.name).collect();
        assert_eq!(names, left, "{query}");
        assert!(world.cloud.drives().iter().all(|drive| drive.status == "unmounted"), "{query}");
    }
}

#[tokio::test]
async fn a_cloned_server_has_drives_and_addresses_of_its_own() {
    let world = World::new(|_| {});
    let drive = world.drive(json!({})).await;
    let server = world.server(json!({ "drives": [attached(&drive, "0:0")], "nics": [{}] })).await;
    let path = format!("/servers/{server}/action/?do=clone");
    let copy = world.expect(202, "POST", &path, json!({ "name": "copy", "random_vnc_password": true })).await;
    let original = world.get(&format!("/servers/{server}/")).await;
    assert_eq!((&copy["name"], &copy["status"]), (&json!("copy"), &json!("stopped")));
    for pointer in ["/uuid", "/drives/0/drive/uuid", "/nics/0/mac", "/vnc_password"] {
        assert_ne!(copy.pointer(pointer), original.pointer(pointer), "{pointer}");
    }
    world.clock.advance(Duration::from_secs(3));
    assert_eq!(world.drive_status(copy["drives"][0]["drive"]["uuid"].as_str().unwrap()).await, "mounted");
    let job = world.get(&format!("/jobs/{}/", uuid(&copy["jobs"][0]))).await;
    assert_eq!((&job["operation"], &job["children"][0]["state"]), (&json!("server_clone"), &json!("success")));
}

#[tokio::test]
async fn servers_fail_on_demand() {
    let world = World::new(|_| {});
    let faults = world.cloud.faults();
    let server = world.server(json!({ "name": "weak-1" })).await;
    let target = || Target::NamePrefix("weak-".to_owned());

    faults.set_server(target(), ServerFault::StartFails);
    world.act(&server, "start").await;
    world.clock.advance(Duration::from_secs(2));
    assert_eq!(world.status(&server).await, "stopped");
    faults.clear_server(target(), ServerFault::StartFails);

    world.running(&server).await;
    faults.set_server(target(), ServerFault::Unavailable);
    assert_eq!(world.status(&server).await, "unavailable");
    faults.clear_server(target(), ServerFault::Unavailable);

    faults.set_server(Target::Uuid(server.clone()), ServerFault::StuckStopping);
    world.act(&server, "stop").await;
    world.clock.advance(Duration::from_secs(600));
    assert_eq!(world.status(&server).await, "stopping");
    faults.clear();
    assert_eq!(world.status(&server).await, "stopped");

    faults.set_server(Target::All, ServerFault::Foreign);
    let refused = world.expect(403, "GET", &format!("/servers/{server}/"), Value::Null).await;
    assert!(error(&refused).1.contains("does not have all of the permissions [LIST]"));
    assert_eq!(world.get("/servers/").await["meta"]["total_count"], 0);
    faults.clear();

    faults.set_out_of_capacity(true);
    let full = world.expect(503, "POST", "/servers/", minimal()).await;
    assert_eq!(error(&full).0, "backend");
    world.expect(503, "POST", &format!("/servers/{server}/action/?do=start"), json!({})).await;
}

#[tokio::test]
async fn a_new_server_may_be_missing_in_lists_for_a_while() {
    let world = World::new(|options| options.quirks.list_lag = Duration::from_secs(10));
    let server = world.server(json!({})).await;
    assert_eq!(world.get("/servers/detail/?limit=0").await["meta"]["total_count"], 0);
    assert_eq!(world.status(&server).await, "stopped");
    world.clock.advance(Duration::from_secs(10));
    assert_eq!(world.get("/servers/detail/?limit=0").await["meta"]["total_count"], 1);
}

#[tokio::test]
async fn a_static_address_serves_one_server() {
    let world = World::new(|_| {});
    let nic = json!({ "nics": [{ "ip_v4_conf": { "conf": "static", "ip": { "uuid": "192.0.2.2" } } }] });
    let server = world.server(nic.clone()).await;
    let mut body = minimal();
    merge(&mut body, nic);
    world.expect(403, "POST", "/servers/", body).await;
    world.running(&server).await;
    let shown = world.get(&format!("/servers/{server}/")).await;
    assert_eq!(shown["nics"][0]["runtime"]["ip_v4"]["uuid"], "192.0.2.2");
    assert_eq!(world.get("/ips/192.0.2.2/").await["server"]["uuid"], json!(server));
    let free = world.get("/ips/detail/?limit=0").await;
    assert_eq!(free["objects"].as_array().unwrap().iter().filter(|ip| ip["server"].is_null()).count(), 3);
}
