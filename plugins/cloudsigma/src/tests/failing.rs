use super::*;
use crate::fake::Fault;

fn status(status: u16, kind: &str) -> Fault {
    let body = json!([{"error_type": kind, "error_message": "so it is", "error_point": null}]);
    Fault::Status(status, body.to_string())
}

fn faults() -> [(&'static str, Fault); 12] {
    [
        ("401", status(401, "permission")),
        ("402", status(402, "billing")),
        ("403", status(403, "permission")),
        ("404", status(404, "notexist")),
        ("409", status(409, "")),
        ("429", status(429, "")),
        ("500", status(500, "backend")),
        ("503", status(503, "concurrency")),
        ("proxy's page", Fault::Status(502, "<html>bad gateway</html>".into())),
        ("never, not done", Fault::Silent),
        ("never, done", Fault::Lost),
        ("half a body", Fault::Half),
    ]
}

/// How many requests a machine's making (or whole life) needs when nothing fails.
fn requests(life: impl Fn(&World<'_>)) -> usize {
    let cloud = FakeCloud::new();
    life(&World::new(&cloud, object("m-1")));
    cloud.count("")
}

#[test]
fn whatever_request_fails_in_whatever_way_there_is_one_server_with_one_drive() {
    let total = requests(|world| drop(world.run()));
    assert!(total > 15, "{total} requests");
    for at in 0..total {
        for (name, fault) in faults() {
            let cloud = FakeCloud::new();
            cloud.fault_in(at, fault);
            let world = World::new(&cloud, object("m-1"));
            world.run();
            assert_one(&cloud, &format!("request {at}: {name}"));
        }
    }
}

#[test]
fn two_faults_in_a_row_do_not_buy_twice_either() {
    let total = requests(|world| drop(world.run()));
    let pairs = [(Fault::Lost, Fault::Lost), (Fault::Lost, Fault::Silent), (Fault::Half, status(500, "backend"))];
    for at in 0..total {
        for (first, second) in pairs.clone() {
            let cloud = FakeCloud::new();
            cloud.fault_in(at, first);
            cloud.fault_in(at + 1, second);
            World::new(&cloud, object("m-1")).run();
            assert_one(&cloud, &format!("requests {at} and {}", at + 1));
        }
    }
}

#[test]
fn whatever_request_of_a_deletion_fails_nothing_is_left() {
    let made = requests(|world| drop(world.run()));
    let total = requests(|world| {
        world.run();
        world.end();
    });
    for at in 0..total - made {
        // A 403 on the named server means another account; its server stays by design.
        for (name, fault) in faults().into_iter().filter(|(name, _)| *name != "403") {
            let cloud = FakeCloud::new();
            let world = World::new(&cloud, object("m-1"));
            world.run();
            cloud.fault_in(at, fault);
            world.end();
            let left = (cloud.servers().len(), cloud.drives().len());
            assert_eq!(left, (0, 0), "request {at} of the deletion: {name}");
        }
    }
}

#[test]
fn each_answer_of_the_cloud_is_told_for_what_it_is() {
    let beginnings = ["GET /servers/detail/", "GET /drives/detail/", "POST /libdrives/"];
    for beginning in beginnings {
        for (name, fault) in faults() {
            let cloud = FakeCloud::new();
            cloud.refuse(beginning, fault);
            let error = World::new(&cloud, object("m-1")).ensure().expect_err(beginning);
            let fits = match name {
                "401" | "403" => matches!(error, MachineError::Unauthorised(_)),
                "402" => matches!(error, MachineError::Exhausted(_)),
                "404" if beginning.starts_with("POST") => matches!(error, MachineError::Invalid(_)),
                "429" => error == MachineError::Throttled(Duration::from_secs(7)),
                _ => matches!(error, MachineError::Other(_)),
            };
            assert!(fits, "{beginning} answered with {name}: {error:?}");
        }
    }
}

#[test]
fn want_of_capacity_is_not_want_of_luck() {
    let cloud = FakeCloud::new();
    let world = World::new(&cloud, object("m-1"));
    world.ensure().expect("ordered");
    cloud.tick();
    world.ensure().expect("created");
    cloud.refuse("POST /servers/", status(503, "backend"));
    assert!(matches!(world.ensure(), Err(MachineError::Exhausted(_))));
    cloud.recover();
    world.run();
    assert_one(&cloud, "capacity again");
}

#[test]
fn a_refused_server_takes_its_drives_with_it() {
    for (code, kind) in [(400, "validation"), (402, "payment"), (403, "permission")] {
        let cloud = FakeCloud::new();
        let world = World::new(&cloud, object("m-1"));
        world.ensure().expect("ordered");
        cloud.tick();
        cloud.refuse("POST /servers/", status(code, kind));
        let error = world.ensure().expect_err("refused");
        let fits = match code {
            400 => matches!(error, MachineError::Invalid(_)),
            402 => matches!(error, MachineError::Exhausted(_)),
            _ => matches!(error, MachineError::Unauthorised(_)),
        };
        assert!(fits, "{code}: {error:?}");
        assert_empty(&cloud, &code.to_string());
    }
}

#[test]
fn a_refusal_that_quotes_the_request_is_not_passed_on() {
    use base64::Engine;
    let quoted = base64::engine::general_purpose::STANDARD.encode(USER_DATA);
    let cloud = FakeCloud::new();
    let world = World::new(&cloud, object("m-1"));
    world.ensure().expect("ordered");
    cloud.tick();
    let body = json!([{"error_type": "validation", "error_message": format!("meta {quoted} is too long")}]);
    cloud.refuse("POST /servers/", Fault::Status(400, body.to_string()));
    let error = world.ensure().expect_err("refused").to_string();
    assert!(!error.contains(&quoted[..24]), "{error}");
}

#[test]
fn a_cloud_that_answers_nothing_is_asked_again_and_nothing_is_bought() {
    let cloud = FakeCloud::new();
    cloud.refuse("GET", Fault::Silent);
    let world = World::new(&cloud, object("m-1"));
    for _ in 0..3 {
        assert!(matches!(world.ensure(), Err(MachineError::Other(_))));
        assert!(matches!(world.delete(), Err(MachineError::Other(_))));
    }
    assert_empty(&cloud, "silent");
}
