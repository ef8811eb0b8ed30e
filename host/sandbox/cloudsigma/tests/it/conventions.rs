//! What holds for every path: authentication, slashes, verbs, lists, errors and faults.

use std::time::Duration;

use crate::common::{World, error};
use backplane_cloudsigma_sim::{Fault, FaultBody, Rule};
use http::Method;
use serde_json::{Value, json};

#[tokio::test]
async fn a_wrong_or_missing_credential_is_answered_with_401_and_an_error_array() {
    let world = World::new(|options| options.credentials.tokens = vec!["t0ken".to_owned()]);
    let cases = [
        ("none", vec![], 401),
        ("wrong password", vec![("authorization", "Basic bWVAZXhhbXBsZS5jb206bm8=")], 401),
        ("not base64", vec![("authorization", "Basic ???")], 401),
        ("wrong token", vec![("authorization", "Bearer nope")], 401),
        ("token", vec![("authorization", "Bearer t0ken")], 200),
        ("basic", vec![("authorization", world.auth.as_str())], 200),
    ];
    for (name, headers, expected) in cases {
        let (status, answered, body) = world.raw("GET", "/api/2.0/profile/", &headers, String::new()).await;
        assert_eq!(status, expected, "{name}");
        assert_eq!(answered["content-type"], "application/json; charset=utf-8", "{name}");
        if expected == 401 {
            assert_eq!(error(&body).0, "permission", "{name}");
        }
    }
    let (status, _, _) = world.raw("GET", "/api/2.0/cloud_status/", &[], String::new()).await;
    assert_eq!(status, 200, "the state of the cloud needs no credential");
}

#[tokio::test]
async fn paths_end_in_a_slash_and_offer_what_they_offer() {
    let world = World::new(|_| {});
    let cases = [
        ("slash", "GET", "/servers/", 200),
        ("no slash on GET", "GET", "/servers?limit=0", 301),
        ("no slash on POST", "POST", "/servers", 404),
        ("unknown kind", "GET", "/virtualrouters/", 404),
        ("unknown object", "GET", "/servers/4e31777b-92b5-4633-9f31-c28443a63cfd/", 404),
        ("verb not offered on a list", "PUT", "/servers/", 405),
        ("verb not offered on an object", "POST", "/vlans/5b1a7f0c-3d52-4c0e-9a3f-0c6f1e2d0001/", 405),
        ("too deep", "GET", "/servers/a/b/c/", 404),
        ("preemptible servers", "GET", "/bservers/", 403),
    ];
    for (name, method, path, expected) in cases {
        let (status, headers, _) = world.ask(method, path, None).await;
        assert_eq!(status, expected, "{name}");
        match expected {
            301 => assert_eq!(headers["location"], "/api/2.0/servers/?limit=0"),
            405 => assert!(headers.contains_key("allow"), "{name}"),
            _ => {}
        }
    }
    let (status, headers, _) = world.ask("OPTIONS", "/servers/", None).await;
    assert_eq!((status.as_u16(), &headers["content-type"]), (200, &"text/plain; charset=utf-8".parse().unwrap()));
}

#[tokio::test]
async fn only_json_is_offered_and_every_answer_has_a_request_id() {
    let world = World::new(|_| {});
    let accepts = [
        ("application/json", 200),
        ("*/*", 200),
        ("text/html, application/json;q=0.9", 200),
        ("application/xml", 200),
        ("text/html", 406),
    ];
    for (accept, expected) in accepts {
        let headers = [("authorization", world.auth.as_str()), ("accept", accept)];
        let (status, headers, _) = world.raw("GET", "/api/2.0/servers/", &headers, String::new()).await;
        assert_eq!(status, expected, "{accept}");
        assert_eq!(headers["x-request-id"].len(), 36, "{accept}");
    }
}

#[tokio::test]
async fn lists_have_pages_filters_order_and_chosen_fields() {
    let world = World::new(|_| {});
    for i in 0..25 {
        world.server(json!({ "name": format!("n{i:02}") })).await;
    }
    let tag = world.expect(201, "POST", "/tags/", json!({ "objects": [{ "name": "t" }] })).await;
    let tagged = world.server(json!({ "name": "a,b", "tags": [tag["objects"][0]["uuid"]] })).await;
    let by_tag = format!("tag={}", crate::common::uuid(&tag["objects"][0]));
    let by_uuid = format!("uuid={tagged}");
    let cases = [
        ("default page", "", 20, 26, 20),
        ("everything", "limit=0", 26, 26, 0),
        ("second page", "limit=20&offset=20", 6, 26, 20),
        ("behind the end", "limit=5&offset=100", 0, 26, 5),
        ("name", "name=n03&limit=0", 1, 1, 0),
        ("one of two", "name=n03,n04&limit=0", 2, 2, 0),
        ("escaped comma", "name=a%5C,b&limit=0", 1, 1, 0),
        ("part of the name", "name__contains=n1&limit=0", 10, 10, 0),
        ("both must hold", "name__contains=n1&name=n03&limit=0", 0, 0, 0),
        ("tag", by_tag.as_str(), 1, 1, 20),
        ("tag name", "tag__name=t", 1, 1, 20),
        ("uuid", by_uuid.as_str(), 1, 1, 20),
        ("unknown parameter", "colour=red&limit=0", 26, 26, 0),
    ];
    for (name, query, shown, total, limit) in cases {
        let list = world.get(&format!("/servers/?{query}")).await;
        assert_eq!(list["objects"].as_array().map(Vec::len), Some(shown), "{name}");
        assert_eq!((&list["meta"]["total_count"], &list["meta"]["limit"]), (&json!(total), &json!(limit)), "{name}");
    }
    let names =
        |list: &Value| list["objects"].as_array().unwrap().iter().map(|o| o["name"].clone()).collect::<Vec<_>>();
    assert_eq!(names(&world.get("/servers/?order_by=-name&limit=1").await), ["n24"]);
    let chosen = world.get("/servers/?fields=uuid,status&limit=1").await;
    assert_eq!(chosen["objects"][0].as_object().map(|object| object.len()), Some(2));
    let short = world.get("/servers/?limit=1").await;
    let keys: Vec<&String> = short["objects"][0].as_object().unwrap().keys().collect();
    assert_eq!(keys, ["name", "owner", "resource_uri", "runtime", "status", "uuid"]);
    assert!(world.get("/servers/detail/?limit=1").await["objects"][0]["vnc_password"].is_string());
    world.expect(400, "GET", "/servers/?limit=many", Value::Null).await;
}

#[tokio::test]
async fn every_body_envelope_is_accepted_and_a_broken_body_is_not() {
    let world = World::new(|_| {});
    let one = json!({ "name": "t" });
    for body in [json!({ "objects": [one] }), json!([one]), one.clone()] {
        let made = world.expect(201, "POST", "/tags/", body).await;
        assert_eq!(made.as_object().map(|object| object.len()), Some(1), "no meta in the envelope");
    }
    let (_, headers, made) = world.ask("POST", "/tags/", Some(one)).await;
    assert_eq!(headers["location"], format!("/api/2.0/tags/{}/", crate::common::uuid(&made["objects"][0])).as_str());
    for body in ["{", "", "\"text\""] {
        let headers = [("authorization", world.auth.as_str())];
        let (status, _, answer) = world.raw("POST", "/api/2.0/tags/", &headers, body.to_owned()).await;
        assert_eq!((status.as_u16(), error(&answer).0), (400, "validation"), "{body}");
    }
}

#[tokio::test]
async fn a_bulk_create_makes_all_or_none() {
    let world = World::new(|_| {});
    let good = json!({ "name": "d", "media": "disk", "size": 1_u64 << 30 });
    world.expect(400, "POST", "/drives/", json!({ "objects": [good, { "name": "d" }] })).await;
    assert!(world.cloud.drives().is_empty());
    assert_eq!(world.cloud.requests().drives_created, 0);
    let made = world.expect(201, "POST", "/drives/", json!({ "objects": [good, good] })).await;
    world.clock.advance(Duration::from_secs(3));
    let uuids = json!({ "objects": [{ "uuid": made["objects"][0]["uuid"] }, { "uuid": made["objects"][1]["uuid"] }] });
    world.expect(204, "DELETE", "/drives/", uuids).await;
    assert!(world.cloud.drives().is_empty());
}

#[tokio::test]
async fn refusals_on_demand_have_no_effect() {
    let world = World::new(|_| {});
    let body = json!({ "name": "d", "media": "disk", "size": 1_u64 << 30 });
    let faults = [
        ("429", Fault::throttled(7), 429, true),
        ("500", Fault::status(500), 500, true),
        ("503 empty", Fault::Status { status: 503, retry_after: None, body: FaultBody::Empty }, 503, false),
        ("502 text", Fault::Status { status: 502, retry_after: None, body: FaultBody::Text }, 502, false),
    ];
    for (name, fault, expected, array) in faults {
        world.cloud.faults().inject(Rule::new(Method::POST, "/drives/", fault).times(1));
        let (status, headers, answer) = world.ask("POST", "/drives/", Some(body.clone())).await;
        assert_eq!((status.as_u16(), answer.is_array()), (expected, array), "{name}");
        assert_eq!(headers.contains_key("retry-after"), expected == 429, "{name}");
    }
    assert!(world.cloud.drives().is_empty());
    world.expect(201, "POST", "/drives/", body).await;
    let requests = world.cloud.requests();
    assert_eq!((requests.count("POST /drives/"), requests.drives_created), (5, 1));
    assert_eq!(requests.log.iter().map(|seen| seen.status).collect::<Vec<_>>()[..2], [Some(429), Some(500)]);
}

#[tokio::test]
async fn a_dropped_answer_leaves_the_effect() {
    let world = World::new(|_| {});
    world.cloud.faults().inject(Rule::new(Method::POST, "/servers/", Fault::PerformThenDrop).times(1));
    let body = json!({ "name": "s", "cpu": 1000, "mem": 1_u64 << 30, "vnc_password": "v" });
    world.ask("POST", "/servers/", Some(body)).await;
    assert_eq!(world.cloud.servers().len(), 1);
    assert_eq!(world.cloud.requests().log[0].status, None);
}

#[tokio::test]
async fn the_account_and_the_site_can_be_read() {
    let world = World::new(|_| {});
    assert_eq!(world.get("/profile/").await["email"], "me@example.com");
    assert!(world.get("/balance/").await["balance"].is_string());
    assert_eq!(world.get("/capabilities/").await["hosts"]["amd"]["cpu"]["min"], 250);
    assert_eq!(world.get("/locations/").await["objects"][0]["id"], "ZRH");
    assert_eq!(world.get("/servers/schema/").await["default_limit"], 20);
    assert_eq!(world.get("/subscriptions/?resource=vlan").await["meta"]["total_count"], 1);
    world.expect(200, "POST", "/global_context/", json!({ "a": "b" })).await;
    assert_eq!(world.get("/global_context/").await, json!({ "a": "b" }));
    let key = world.expect(201, "POST", "/keypairs/", json!({ "name": "k", "public_key": "ssh-rsa AAAA" })).await;
    assert_eq!(key["objects"][0]["fingerprint"].as_str().map(str::len), Some(47));
    assert_eq!(world.get("/pubkeys/").await["objects"][0]["has_private_key"], false);
    let policy =
        json!({ "name": "p", "rules": [{ "action": "drop", "direction": "out", "dst_ip": "23", "dst_port": 22 }] });
    let policy = world.expect(201, "POST", "/fwpolicies/", policy).await;
    assert_eq!(policy["objects"][0]["rules"][0]["dst_ip"], "23.0.0.0/32");
    assert_eq!(policy["objects"][0]["rules"][0]["dst_port"], "22");
}

#[tokio::test]
async fn a_delayed_request_waits_on_the_clouds_clock() {
    let world = World::new(|_| {});
    world.cloud.faults().inject(Rule::new(Method::GET, "/profile/", Fault::Delay(Duration::from_secs(30))).times(1));
    let mut asking = Box::pin(world.ask("GET", "/profile/", None));
    assert!(futures::poll!(asking.as_mut()).is_pending());
    world.clock.advance(Duration::from_secs(30));
    assert_eq!(asking.await.0, 200);
}
