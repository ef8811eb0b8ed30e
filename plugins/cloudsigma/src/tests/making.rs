use super::*;

#[test]
fn a_machine_becomes_a_running_server() {
    let cloud = FakeCloud::new();
    let world = World::new(&cloud, object("m-1"));
    let state = world.run();
    assert_one(&cloud, "made");
    let server = cloud.server();
    let uuid = server["uuid"].as_str().expect("uuid");
    assert_eq!(state.provider_id.as_deref(), Some(format!("cloudsigma://{uuid}").as_str()));
    let addresses: Vec<_> =
        state.addresses.iter().map(|address| (address.kind.as_str(), address.address.as_str())).collect();
    assert_eq!(addresses, [("InternalIP", "10.0.0.1"), ("Hostname", "m-1")]);
    assert_eq!((cloud.count("POST /servers/ "), cloud.count("POST /servers/server-")), (0, 1), "one start");
    for reason in ["CloningDrives", "ServerCreated", "ServerStarted"] {
        assert!(world.saw(reason), "{reason}");
    }
}

#[test]
fn what_is_ordered_is_what_the_spec_says() {
    let cloud = FakeCloud::new();
    World::new(&cloud, object("m-1")).run();
    let server = cloud.server();
    assert_eq!((&server["cpu"], &server["mem"], &server["smp"]), (&json!(2000), &json!(4_294_967_296_u64), &json!(1)));
    assert_eq!(server["nics"], json!([{"model": "virtio", "ip_v4_conf": {"conf": "dhcp"}}]));
    let drive = cloud.state.borrow().drives.values().next().cloned().expect("drive");
    let expected = json!([{"boot_order": 1, "dev_channel": "0:0", "device": "virtio", "drive": drive["uuid"]}]);
    assert_eq!(server["drives"], expected);
    assert_eq!(drive["size"], json!(32_212_254_720_u64));
    assert_eq!(drive["meta"]["os"], "linux", "the image's own entries stay");
    assert!(server["vnc_password"].as_str().is_some_and(|password| password.len() == 16));
}

#[test]
fn the_bootstrap_data_travels_encoded_and_marks_cannot_be_forged() {
    use base64::Engine;
    let cloud = FakeCloud::new();
    let mut object = object("m-1");
    object["spec"]["meta"]["base64_fields"] = "extra".into();
    World::new(&cloud, object).run();
    let meta = cloud.server()["meta"].clone();
    let data = base64::engine::general_purpose::STANDARD.decode(meta["cloudinit-user-data"].as_str().expect("data"));
    assert_eq!(data.expect("base64"), USER_DATA.as_bytes());
    assert_eq!(meta["base64_fields"], "cloudinit-user-data,extra");
    assert_eq!((&meta["machine-uid"], &meta["provider"]), (&json!("uid-of-m-1"), &json!("kdc")));
    assert_eq!((&meta["cluster"], &meta["pool"]), (&json!("c"), &json!("c-workers")));
}

#[test]
fn nothing_is_bought_before_there_is_bootstrap_data() {
    let cloud = FakeCloud::new();
    let mut request = request(|_| {});
    request.bootstrap = None;
    let state = plugin::ensure(&request, &cloud, &Settings::default()).expect("state");
    assert_eq!((state.phase, state.message.as_str()), (Phase::Pending, "waiting for bootstrap data"));
    assert_eq!(cloud.count("POST"), 0);
}

#[test]
fn two_machines_at_once_get_a_server_each() {
    let cloud = FakeCloud::new();
    let worlds = [World::new(&cloud, object("m-1")), World::new(&cloud, object("m-2"))];
    for _ in 0..8 {
        for world in &worlds {
            world.ensure().expect("step");
        }
        cloud.tick();
    }
    assert_eq!(cloud.servers(), ["m-1 running", "m-2 running"]);
    assert_eq!(cloud.drives(), ["m-1-drive-0", "m-2-drive-0"]);
    assert!(cloud.tags().values().all(|members| members.len() == 4), "{:?}", cloud.tags());
}

#[test]
fn several_disks_get_a_drive_each_in_their_order() {
    let cloud = FakeCloud::new();
    let mut object = object("m-1");
    let disk = |order: u32| json!({"uuid": IMAGE, "device": "virtio", "boot_order": order, "size": 2_147_483_648_u64});
    object["spec"]["disks"] = (1..=4).map(disk).collect();
    World::new(&cloud, object).run();
    let channels: Vec<_> =
        cloud.server()["drives"].as_array().expect("drives").iter().map(|drive| drive["dev_channel"].clone()).collect();
    assert_eq!(channels, ["0:0", "0:1", "0:2", "1:0"]);
    assert_eq!(cloud.drives().len(), 4);
}

#[test]
fn an_image_that_does_not_exist_is_named_and_nothing_is_bought() {
    let cloud = FakeCloud::new();
    let mut object = object("m-1");
    let missing = json!({"uuid": "4711-gone", "device": "virtio", "boot_order": 2, "size": 2_147_483_648_u64});
    object["spec"]["disks"].as_array_mut().expect("disks").push(missing);
    let Err(MachineError::Invalid(message)) = World::new(&cloud, object).ensure() else { panic!("accepted") };
    assert!(message.contains("spec.disks[1].uuid") && message.contains("4711-gone"), "{message}");
    assert_empty(&cloud, "refused");
}

#[test]
fn a_disk_smaller_than_its_image_is_refused() {
    let cloud = FakeCloud::new();
    let world = World::new(&cloud, object("m-1"));
    world.object.borrow_mut()["spec"]["disks"][0]["size"] = json!(1024);
    let Err(MachineError::Invalid(message)) = world.ensure() else { panic!("accepted") };
    assert!(message.contains("spec.disks[0].size"), "{message}");
}

#[test]
fn a_clone_that_breaks_is_replaced() {
    let cloud = FakeCloud::new();
    let world = World::new(&cloud, object("m-1"));
    world.ensure().expect("ordered");
    let uuid = cloud.state.borrow().drives.keys().next().cloned().expect("drive");
    cloud.state.borrow_mut().drives.get_mut(&uuid).expect("drive")["status"] = "unavailable".into();
    assert!(matches!(world.ensure(), Err(MachineError::Other(_))));
    world.run();
    assert_one(&cloud, "replaced");
    assert!(!cloud.state.borrow().drives.contains_key(&uuid));
}

#[test]
fn a_stopped_server_is_started_again_and_an_observer_touches_nothing() {
    let cloud = FakeCloud::new();
    let world = World::new(&cloud, object("m-1"));
    world.run();
    let uuid = cloud.server()["uuid"].as_str().expect("uuid").to_owned();
    cloud.state.borrow_mut().servers.get_mut(&uuid).expect("server")["status"] = "stopped".into();
    let writes = || ["POST", "PUT", "DELETE"].map(|method| cloud.count(method));
    let before = writes();
    assert_eq!(world.observe().expect("state").phase, Phase::Stopped);
    assert_eq!(writes(), before);
    world.run();
    assert_one(&cloud, "again");
}

#[test]
fn a_lost_tag_entry_is_written_again() {
    let cloud = FakeCloud::new();
    let world = World::new(&cloud, object("m-1"));
    world.run();
    for tag in cloud.state.borrow_mut().tags.values_mut() {
        tag["resources"] = json!([]);
    }
    world.run();
    assert_one(&cloud, "healed");
}

#[test]
fn a_running_machine_costs_one_request_a_look() {
    let cloud = FakeCloud::new();
    let world = World::new(&cloud, object("m-1"));
    world.run();
    let before = cloud.count("");
    world.ensure().expect("state");
    assert_eq!(cloud.count("") - before, 1);
}

#[test]
fn an_endpoint_of_a_single_site_is_asked_without_region() {
    let cloud = FakeCloud::new();
    let settings = Settings { regional_endpoint: false, ..Settings::default() };
    let state = plugin::ensure(&request(|_| {}), &cloud, &settings);
    assert_eq!(state.expect("asked").phase, Phase::Pending);
    let elsewhere = Settings { region: "lon".into(), ..Settings::default() };
    let mut request = request(|_| {});
    request.cluster = None;
    assert!(matches!(plugin::ensure(&request, &cloud, &elsewhere), Err(MachineError::Unauthorised(_))));
}
