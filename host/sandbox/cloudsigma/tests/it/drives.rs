//! Drives, library images, snapshots and tags.

use std::time::Duration;

use crate::common::{GIB, World, attached, error, uuid};
use serde_json::{Value, json};

const K8S: &str = "a4f6c1d2-1340-4e8a-9b01-7d5c30e20003";

#[tokio::test]
async fn a_library_image_is_cloned_through_either_path() {
    let world = World::new(|_| {});
    for kind in ["drives", "libdrives"] {
        let path = format!("/{kind}/{K8S}/action/?do=clone");
        let made = world.expect(202, "POST", &path, json!({ "name": "root", "size": 30 * GIB })).await;
        let drive = &made["objects"][0];
        assert_eq!((&drive["status"], &drive["size"]), (&json!("cloning_dst"), &json!(30 * GIB)), "{kind}");
        assert_eq!(
            (&drive["meta"]["os"], drive["jobs"].as_array().map(Vec::len)),
            (&json!("linux"), Some(1)),
            "{kind}"
        );
        world.clock.advance(Duration::from_secs(3));
        assert_eq!(world.drive_status(&uuid(drive)).await, "unmounted", "{kind}");
        let job = world.get(&format!("/jobs/{}/", uuid(&drive["jobs"][0]))).await;
        assert_eq!((&job["state"], &job["data"]["progress"]), (&json!("success"), &json!(100)), "{kind}");
    }
    assert_eq!(world.get(&format!("/drives/{K8S}/")).await["owner"], Value::Null);
    assert_eq!(world.get(&format!("/libdrives/{K8S}/")).await["storage_type"], Value::Null);
    assert_eq!(world.get("/drives/?limit=0").await["meta"]["total_count"], 2, "lists leave the library out");
    assert_eq!(world.get("/libdrives/?name__icontains=K8S&limit=0").await["meta"]["total_count"], 5);
    let unknown = "/drives/4e31777b-92b5-4633-9f31-c28443a63cfd/action/?do=clone";
    world.expect(404, "POST", unknown, json!({})).await;
    world.cloud.faults().hide_image(K8S);
    world.expect(404, "POST", &format!("/drives/{K8S}/action/?do=clone"), json!({})).await;
    world.expect(404, "GET", &format!("/libdrives/{K8S}/"), Value::Null).await;
}

#[tokio::test]
async fn sizes_are_rounded_up_and_never_shrink() {
    let world = World::new(|_| {});
    let drive = world.drive(json!({ "size": GIB })).await;
    let clone = format!("/drives/{drive}/action/?do=clone");
    let made = world.expect(202, "POST", &clone, json!({ "size": 1_207_959_631_u64, "media": "cdrom" })).await;
    assert_eq!(
        (&made["objects"][0]["size"], &made["objects"][0]["media"]),
        (&json!(1_207_975_936_u64), &json!("cdrom"))
    );
    assert_eq!(world.drive_status(&drive).await, "cloning_src");
    let small = world.expect(400, "POST", &clone, json!({ "size": 600 << 20 })).await;
    assert_eq!(error(&small).2, "size");
}

#[tokio::test]
async fn a_resize_shows_the_old_size_until_it_is_done() {
    let world = World::new(|_| {});
    let drive = world.drive(json!({})).await;
    let put = json!({ "name": "d", "media": "disk", "size": 4 * GIB });
    let resizing = world.expect(200, "PUT", &format!("/drives/{drive}/"), put).await;
    assert_eq!((&resizing["status"], &resizing["size"]), (&json!("resizing"), &json!(2 * GIB)));
    world.clock.advance(Duration::from_secs(2));
    let done = world.get(&format!("/drives/{drive}/")).await;
    assert_eq!((&done["status"], &done["size"]), (&json!("unmounted"), &json!(4 * GIB)));
    world.expect(400, "PUT", &format!("/drives/{drive}/"), json!({ "name": "d", "media": "disk", "size": GIB })).await;
    let path = format!("/drives/{drive}/action/?do=resize");
    let incomplete = world.expect(400, "POST", &path, json!({ "size": 5 * GIB })).await;
    assert_eq!(error(&incomplete).2, "name");
    world.expect(202, "POST", &path, json!({ "name": "d", "media": "disk", "size": 5 * GIB })).await;
}

#[tokio::test]
async fn a_drive_of_a_running_server_keeps_its_size() {
    let world = World::new(|_| {});
    let drive = world.drive(json!({})).await;
    let server = world.server(json!({ "drives": [attached(&drive, "0:0")] })).await;
    world.running(&server).await;
    let bigger = json!({ "name": "renamed", "media": "disk", "size": 4 * GIB });
    let ignored = world.expect(200, "PUT", &format!("/drives/{drive}/"), bigger.clone()).await;
    assert_eq!((&ignored["size"], &ignored["name"]), (&json!(2 * GIB), &json!("renamed")));
    let refused = world.expect(403, "POST", &format!("/drives/{drive}/action/?do=resize"), bigger).await;
    assert_eq!(error(&refused).1, "Cannot resize drive mounted on a running guest");
    world.expect(403, "DELETE", &format!("/drives/{drive}/"), Value::Null).await;
}

#[tokio::test]
async fn clones_are_named_as_the_profile_says() {
    let cases = [("NONE", "d"), ("COUNTER", "d_1"), ("DATE", "d-2026-01-02"), ("TIMESTAMP", "d-2026-01-02 03:04:08")];
    for (naming, expected) in cases {
        let world = World::new(|_| {});
        world.expect(200, "PUT", "/profile/", json!({ "clone_naming": naming })).await;
        let drive = world.drive(json!({})).await;
        let made = world.expect(202, "POST", &format!("/drives/{drive}/action/?do=clone"), Value::Null).await;
        assert_eq!(made["objects"][0]["name"], expected, "{naming}");
    }
}

#[tokio::test]
async fn a_server_starts_only_when_its_drives_are_filled() {
    for (refuse, expected) in [(true, 403), (false, 202)] {
        let world = World::new(|options| options.quirks.refuse_start_while_cloning = refuse);
        let made = world.expect(202, "POST", &format!("/drives/{K8S}/action/?do=clone"), json!({})).await;
        let server = world.server(json!({ "drives": [attached(&uuid(&made["objects"][0]), "0:0")] })).await;
        assert_eq!(world.ask("POST", &format!("/servers/{server}/action/?do=start"), None).await.0, expected);
    }
}

#[tokio::test]
async fn snapshots_become_available_and_can_be_cloned() {
    let world = World::new(|_| {});
    let drive = world.drive(json!({})).await;
    let made = world.expect(201, "POST", "/snapshots/", json!({ "drive": drive })).await;
    let snapshot = &made["objects"][0];
    assert_eq!((&snapshot["status"], &snapshot["allocated_size"]), (&json!("creating"), &Value::Null));
    assert_eq!(snapshot["name"], format!("{drive}__2026-01-02__03_04_08"));
    assert_eq!(snapshot["timestamp"], "2026-01-02 03:04:08.000000+00:00");
    let path = format!("/snapshots/{}/", uuid(snapshot));
    world.expect(403, "POST", &format!("{path}action/?do=clone"), json!({})).await;
    world.clock.advance(Duration::from_secs(3));
    assert_eq!(world.get(&path).await["status"], "available");
    let copy = world.expect(202, "POST", &format!("{path}action/?do=clone"), json!({})).await;
    assert_eq!((&copy["name"], &copy["status"]), (&snapshot["name"], &json!("cloning_dst")));
    assert_eq!(copy["resource_uri"]["uuid"], copy["uuid"], "a link object, as recorded");
    assert_eq!(world.get(&format!("/drives/{drive}/")).await["snapshots"][0]["uuid"], snapshot["uuid"]);
    assert_eq!(world.get(&format!("/snapshots/?drive={drive}")).await["meta"]["total_count"], 1);
    world.expect(204, "DELETE", &path, Value::Null).await;
}

#[tokio::test]
async fn a_tag_replaces_its_members_only_when_they_are_sent() {
    let world = World::new(|_| {});
    let (one, two) = (world.server(json!({})).await, world.server(json!({})).await);
    let made = world.expect(201, "POST", "/tags/", json!({ "name": "t", "resources": [one] })).await;
    let tag = uuid(&made["objects"][0]);
    assert_eq!(made["objects"][0]["resources"][0]["res_type"], "servers");
    let put = async |body: Value| {
        let answer = world.expect(200, "PUT", &format!("/tags/{tag}/"), body).await;
        answer["resources"].as_array().unwrap().iter().map(uuid).collect::<Vec<_>>()
    };
    assert_eq!(put(json!({ "name": "t", "resources": [{ "uuid": two }] })).await, [two.as_str()]);
    assert_eq!(put(json!({ "name": "renamed" })).await, [two.as_str()], "left out: they stay");
    assert_eq!(put(json!({ "name": "t", "resources": [] })).await, [] as [&str; 0]);

    let body = json!({ "name": "s", "cpu": 2000, "mem": GIB, "vnc_password": "v", "tags": [tag] });
    let server = world.expect(200, "PUT", &format!("/servers/{one}/"), body).await;
    assert_eq!(server["tags"][0]["uuid"], json!(tag));
    let members = world.get(&format!("/tags/{tag}/servers/")).await;
    assert_eq!(members["objects"][0]["resource_uri"]["uuid"], json!(one), "a link object, as recorded");
    world.expect(204, "DELETE", &format!("/servers/{one}/"), Value::Null).await;
    assert_eq!(world.get(&format!("/tags/{tag}/")).await["resources"], json!([]));
    let unknown = json!({ "name": "t", "resources": ["4e31777b-92b5-4633-9f31-c28443a63cfd"] });
    world.expect(400, "PUT", &format!("/tags/{tag}/"), unknown).await;
}

#[tokio::test]
async fn a_drive_named_by_a_stopped_server_may_be_deleted() {
    for (allowed, expected) in [(true, 204), (false, 403)] {
        let world = World::new(|options| options.quirks.delete_mounted_drives = allowed);
        let drive = world.drive(json!({})).await;
        world.server(json!({ "drives": [attached(&drive, "0:0")] })).await;
        world.expect(expected, "DELETE", &format!("/drives/{drive}/"), Value::Null).await;
        assert_eq!(world.cloud.servers()[0].drives.is_empty(), allowed);
    }
}

#[tokio::test]
async fn networks_keep_meta_and_tags() {
    let world = World::new(|_| {});
    let tag = world.expect(201, "POST", "/tags/", json!({ "name": "t" })).await;
    let vlan = "/vlans/5b1a7f0c-3d52-4c0e-9a3f-0c6f1e2d0001/";
    for path in [vlan, "/ips/192.0.2.2/"] {
        let body = json!({ "meta": { "name": "n" }, "tags": [tag["objects"][0]["uuid"]] });
        let changed = world.expect(200, "PUT", path, body).await;
        assert_eq!((&changed["meta"]["name"], &changed["tags"][0]["uuid"]), (&json!("n"), &tag["objects"][0]["uuid"]));
    }
    let server = world.server(json!({ "nics": [{ "vlan": "5b1a7f0c-3d52-4c0e-9a3f-0c6f1e2d0001" }] })).await;
    assert_eq!(world.get(vlan).await["servers"][0]["uuid"], json!(server));
    let kinds = world.get(&format!("/tags/{}/", uuid(&tag["objects"][0]))).await;
    let kinds: Vec<&Value> = kinds["resources"].as_array().unwrap().iter().map(|member| &member["res_type"]).collect();
    assert_eq!(kinds, ["vlans", "ips"]);
}
