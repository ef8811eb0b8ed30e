use super::*;

#[test]
fn a_machine_can_be_deleted_in_every_state() {
    for steps in 0..8 {
        for rest in [false, true] {
            let cloud = FakeCloud::new();
            let world = World::new(&cloud, object("m-1"));
            for step in 0..steps {
                if step > 0 {
                    cloud.tick();
                }
                world.ensure().expect("step");
            }
            // With and without time to arrive at the next state.
            if rest {
                cloud.tick();
            }
            world.end();
            assert_empty(&cloud, &format!("after {steps} steps, rest {rest}"));
        }
    }
}

#[test]
fn a_machine_that_was_stopped_by_hand_or_is_stopping_goes_too() {
    for status in ["stopped", "stopping", "paused"] {
        let cloud = FakeCloud::new();
        let world = World::new(&cloud, object("m-1"));
        let uuid = world.run().instance_id.expect("id");
        cloud.state.borrow_mut().servers.get_mut(&uuid).expect("server")["status"] = status.into();
        if status == "paused" {
            // Only the cloud can bring it out of there.
            assert_eq!(world.delete().expect(status).phase, Phase::Deleting);
            cloud.state.borrow_mut().servers.get_mut(&uuid).expect("server")["status"] = "stopped".into();
        }
        world.end();
        assert_empty(&cloud, status);
    }
}

#[test]
fn volumes_of_others_survive() {
    let cloud = FakeCloud::new();
    let world = World::new(&cloud, object("m-1"));
    let uuid = world.run().instance_id.expect("id");
    let volume = json!({"uuid": "drive-volume", "name": "pvc-4711", "status": "unmounted", "size": 1, "media": "disk", "meta": {}});
    cloud.put_drive(volume);
    cloud.put_drive(
        json!({"uuid": "drive-copy", "name": "golden", "status": "unmounted", "meta": {"machine-uid": "uid-of-m-1"}}),
    );
    let attachment =
        json!({"boot_order": 0, "dev_channel": "0:2", "device": "virtio", "drive": {"uuid": "drive-volume"}});
    cloud.state.borrow_mut().servers.get_mut(&uuid).expect("server")["drives"]
        .as_array_mut()
        .expect("drives")
        .push(attachment);
    world.end();
    assert_eq!(cloud.servers(), Vec::<String>::new());
    assert_eq!(cloud.drives(), ["golden", "pvc-4711"]);
}

#[test]
fn tags_stay_as_long_as_another_machine_carries_them() {
    let cloud = FakeCloud::new();
    let worlds = [World::new(&cloud, object("m-1")), World::new(&cloud, object("m-2"))];
    let staying = worlds.iter().map(|world| world.run().instance_id.expect("id")).next_back().expect("two");
    worlds[0].end();
    let tags = cloud.tags();
    assert_eq!(tags.len(), 4, "{tags:?}");
    assert!(tags.values().all(|members| members.len() == 2 && members.contains(&staying)), "{tags:?}");
    worlds[1].end();
    assert_empty(&cloud, "both gone");
}

#[test]
fn a_users_own_tag_is_not_deleted_with_the_last_machine() {
    let cloud = FakeCloud::new();
    let own = json!({"uuid": "tag-own", "name": "gold", "resources": [], "meta": {}});
    cloud.state.borrow_mut().tags.insert("tag-own".into(), own);
    let world = World::new(&cloud, object("m-1"));
    world.run();
    world.end();
    assert_eq!(cloud.tags().into_keys().collect::<Vec<_>>(), ["gold"]);
}

#[test]
fn members_that_no_longer_exist_do_not_keep_a_tag_alive() {
    let cloud = FakeCloud::new();
    let world = World::new(&cloud, object("m-1"));
    world.run();
    for tag in cloud.state.borrow_mut().tags.values_mut() {
        tag["resources"]
            .as_array_mut()
            .expect("members")
            .push(json!({"uuid": "server-long-gone", "res_type": "servers"}));
    }
    world.end();
    assert_empty(&cloud, "swept");
}

#[test]
fn a_namesake_without_mark_is_not_deleted() {
    let cloud = FakeCloud::new();
    cloud.put_server(json!({"uuid": "server-other", "name": "m-1", "status": "running", "meta": {}}));
    World::new(&cloud, object("m-1")).end();
    assert_eq!(cloud.servers(), ["m-1 running"]);
}

#[test]
fn a_providerid_alone_is_no_leave_to_delete() {
    let cloud = FakeCloud::new();
    cloud.put_server(json!({"uuid": "server-other", "name": "theirs", "status": "running", "meta": {}}));
    let mut object = object("m-1");
    object["spec"]["providerID"] = "cloudsigma://server-other".into();
    World::new(&cloud, object).end();
    assert_eq!(cloud.servers(), ["theirs running"]);
}

#[test]
fn a_server_of_another_account_is_left_behind_with_a_warning() {
    let cloud = FakeCloud::new();
    let world = World::new(&cloud, object("m-1"));
    let uuid = world.run().instance_id.expect("id");
    cloud.state.borrow_mut().hidden.insert(uuid.clone());
    cloud.state.borrow_mut().unlisted.insert(uuid);
    world.end();
    assert!(world.saw("ServerLeftBehind"));
    assert_eq!(cloud.servers(), ["m-1 running"]);
}

#[test]
fn a_server_whose_order_was_lost_is_deleted_although_lists_do_not_show_it() {
    let cloud = FakeCloud::new();
    let world = World::new(&cloud, object("m-1"));
    world.ensure().expect("ordered");
    cloud.tick();
    cloud.refuse("POST /servers/", crate::fake::Fault::Lost);
    assert!(world.ensure().is_err());
    cloud.recover();
    let uuid = cloud.server()["uuid"].as_str().expect("uuid").to_owned();
    cloud.state.borrow_mut().unlisted.insert(uuid);
    world.end();
    assert_empty(&cloud, "unlisted");
}

#[test]
fn refused_tags_do_not_keep_a_machine_from_going() {
    let cloud = FakeCloud::new();
    let world = World::new(&cloud, object("m-1"));
    world.run();
    cloud.refuse("PUT /tags/", crate::fake::Fault::Status(403, "[]".into()));
    world.end();
    assert_eq!((cloud.servers().len(), cloud.drives().len()), (0, 0));
}

#[test]
fn a_deletion_that_had_to_assume_the_region_says_so() {
    let cloud = FakeCloud::new();
    let mut request = request(|object| object["status"]["instanceID"] = "server-recorded".into());
    request.cluster = None;
    let settings = Settings { region: "fra".into(), ..Settings::default() };
    let state = plugin::delete(&request, &cloud, &settings).expect("gone");
    assert_eq!((state.phase, state.events[0].reason.as_str()), (Phase::Gone, "RegionAssumed"));
}
