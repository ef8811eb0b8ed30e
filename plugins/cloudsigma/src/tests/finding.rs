use super::*;

fn found(name: &str, meta: Value) -> Value {
    json!({
        "uuid": "server-found", "name": name, "status": "running", "cpu": 2000, "mem": 4_294_967_296_u64,
        "vnc_password": "x", "meta": meta, "drives": [], "nics": [], "tags": [],
        "runtime": {"nics": [{"ip_v4": {"uuid": "10.1.1.1"}}]},
    })
}

#[test]
fn a_server_is_recognised_by_its_mark_or_by_its_name_if_it_has_none() {
    let cases = [
        ("mark, other name", found("renamed", json!({"machine-uid": "uid-of-m-1"})), true),
        ("name, no mark", found("m-1", json!({})), true),
        ("name, own cluster", found("m-1", json!({"cluster": "c"})), true),
        ("name, another's mark", found("m-1", json!({"machine-uid": "another"})), false),
        ("name, another cluster", found("m-1", json!({"cluster": "d"})), false),
        ("another name", found("m-2", json!({})), false),
    ];
    for (name, server, adopted) in cases {
        let cloud = FakeCloud::new();
        cloud.put_server(server);
        let state = World::new(&cloud, object("m-1")).ensure().expect(name);
        assert_eq!(state.instance_id.as_deref() == Some("server-found"), adopted, "{name}");
        assert_eq!(cloud.count("POST /drives/") + cloud.count("POST /libdrives/") > 0, !adopted, "{name}");
    }
}

#[test]
fn an_adopted_server_is_marked_and_keeps_the_rest_of_its_definition() {
    let cloud = FakeCloud::new();
    cloud.put_server(found("m-1", json!({"description": "by hand"})));
    let world = World::new(&cloud, object("m-1"));
    world.ensure().expect("adopted");
    assert!(world.saw("ServerAdopted"));
    let meta = cloud.server()["meta"].clone();
    assert_eq!((&meta["machine-uid"], &meta["description"]), (&json!("uid-of-m-1"), &json!("by hand")));
}

#[test]
fn a_forgotten_status_does_not_buy_a_second_server() {
    let cloud = FakeCloud::new();
    World::new(&cloud, object("m-1")).run();
    World::new(&cloud, object("m-1")).run();
    assert_one(&cloud, "found by mark");
}

#[test]
fn an_object_that_was_moved_finds_its_server_by_providerid() {
    let cloud = FakeCloud::new();
    let world = World::new(&cloud, object("m-1"));
    world.run();
    let mut moved = object("m-1");
    moved["metadata"]["uid"] = "a-new-uid".into();
    moved["spec"]["providerID"] = world.object.borrow()["spec"]["providerID"].clone();
    let moved = World::new(&cloud, moved);
    moved.run();
    assert_eq!(cloud.server()["meta"]["machine-uid"], "a-new-uid");
    moved.end();
    assert_empty(&cloud, "moved and deleted");
}

#[test]
fn a_server_that_vanished_is_bought_anew() {
    let cloud = FakeCloud::new();
    let world = World::new(&cloud, object("m-1"));
    let first = world.run().instance_id;
    cloud.state.borrow_mut().servers.clear();
    cloud.state.borrow_mut().drives.clear();
    let second = world.run().instance_id;
    assert_ne!(first, second);
    assert_one(&cloud, "anew");
}

#[test]
fn a_server_that_lists_do_not_show_is_found_by_its_drive() {
    let cloud = FakeCloud::new();
    let world = World::new(&cloud, object("m-1"));
    world.ensure().expect("ordered");
    cloud.tick();
    // The order of the server is carried out, its answer is lost, and the list lags behind.
    cloud.refuse("POST /servers/", crate::fake::Fault::Lost);
    assert!(matches!(world.ensure(), Err(MachineError::Other(_))));
    cloud.recover();
    let uuid = cloud.server()["uuid"].as_str().expect("uuid").to_owned();
    cloud.state.borrow_mut().unlisted.insert(uuid.clone());
    assert_eq!(world.ensure().expect("found").instance_id, Some(uuid.clone()));
    cloud.state.borrow_mut().unlisted.clear();
    world.run();
    assert_one(&cloud, "found by drive");
}

#[test]
fn a_server_of_another_account_is_searched_for_and_never_bought_again() {
    let cloud = FakeCloud::new();
    let world = World::new(&cloud, object("m-1"));
    let uuid = world.run().instance_id.expect("id");
    cloud.state.borrow_mut().hidden.insert(uuid.clone());
    assert_eq!(world.ensure().expect("found in the list").instance_id, Some(uuid.clone()));
    cloud.state.borrow_mut().unlisted.insert(uuid);
    let orders = cloud.count("POST /servers/");
    assert!(matches!(world.ensure(), Err(MachineError::Unauthorised(_))));
    assert_eq!(cloud.count("POST /servers/"), orders);
}

#[test]
fn namesakes_in_two_namespaces_do_not_share_drives() {
    let cloud = FakeCloud::new();
    let mut namesake = object("m-1");
    namesake["metadata"]["uid"] = "uid-of-namesake".into();
    let worlds = [World::new(&cloud, object("m-1")), World::new(&cloud, namesake)];
    for _ in 0..12 {
        for world in &worlds {
            // A step may fail while both reach for the same unmarked clone.
            let _ = world.ensure();
        }
        cloud.tick();
    }
    assert_eq!(cloud.servers(), ["m-1 running", "m-1 running"]);
    let state = cloud.state.borrow();
    let drives: std::collections::BTreeSet<_> =
        state.servers.values().map(|server| server["drives"][0]["drive"].to_string()).collect();
    assert_eq!((drives.len(), state.drives.len()), (2, 2));
}

#[test]
fn marks_that_a_clone_inherits_from_its_source_are_nobodys() {
    let cloud = FakeCloud::new();
    cloud.state.borrow_mut().images.get_mut(IMAGE).expect("image")["meta"] =
        json!({"machine-uid": "golden", "cluster": "old"});
    World::new(&cloud, object("m-1")).run();
    assert_one(&cloud, "golden image");
}

#[test]
fn a_second_server_is_removed_before_the_first_one_starts() {
    let cloud = FakeCloud::new();
    let world = World::new(&cloud, object("m-1"));
    world.ensure().expect("ordered");
    cloud.tick();
    let kept = world.ensure().expect("created").instance_id.expect("id");
    let mut twin = cloud.server();
    twin["uuid"] = "server-twin".into();
    twin["drives"] = json!([]);
    cloud.put_server(twin);
    world.run();
    assert_one(&cloud, "without twin");
    assert_eq!(cloud.server()["uuid"], json!(kept));
    assert_eq!(cloud.count("POST /servers/server-twin"), 0, "the twin never started");
    assert!(world.saw("DuplicateServer"));
}

#[test]
fn a_surplus_clone_is_deleted() {
    let cloud = FakeCloud::new();
    let world = World::new(&cloud, object("m-1"));
    world.ensure().expect("ordered");
    cloud.put_drive(json!({"uuid": "drive-twin", "name": "m-1-drive-0", "status": "unmounted", "size": 32_212_254_720_u64, "media": "disk", "meta": {}}));
    world.run();
    assert_one(&cloud, "without twin");
}
