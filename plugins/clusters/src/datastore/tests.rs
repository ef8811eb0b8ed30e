//! Whole looks at a datastore in memory.

use backplane_sdk::{Error, Key, Outcome};
use serde_json::{Value, json};

use crate::kinds;
use crate::world::{World, guide, message, refusal, said};

const NAME: &str = "store";

fn store(spec: Value) -> Value {
    json!({
        "apiVersion": "k8s.kube-dc.com/v1alpha1", "kind": "KdcClusterDatastore",
        "metadata": {"name": NAME, "namespace": "default"}, "spec": spec,
    })
}

fn shared() -> Value {
    store(json!({"etcd": {"replicas": 3}}))
}

fn status(world: &World) -> Value {
    world.object(&kinds::KDC_DATASTORE, NAME)["status"].clone()
}

fn phase(world: &World) -> String {
    status(world)["phase"].as_str().unwrap_or_default().into()
}

fn answer_members(world: &World, ready: i64) {
    world.change(&kinds::STATEFUL_SET, "store-etcd", |set| set["status"] = json!({"readyReplicas": ready}));
}

fn answer_address(world: &World) {
    world.change(&kinds::SERVICE, "store-etcd-lb", |service| {
        service["status"] = json!({"loadBalancer": {"ingress": [{"ip": "192.0.2.20"}]}});
    });
}

fn data_store(world: &World) -> Value {
    world.fake.object(&kinds::DATA_STORE, &Key::cluster(NAME)).unwrap_or_default()
}

fn running() -> World {
    let world = World::with([shared()]);
    world.look_at_store(NAME);
    answer_members(&world, 3);
    answer_address(&world);
    world.look_at_store(NAME);
    world.look_at_store(NAME);
    assert_eq!(phase(&world), "Ready");
    world
}

#[test]
fn a_datastore_is_ready_when_members_address_and_data_store_are() {
    let world = World::with([shared()]);
    world.look_at_store(NAME);
    assert_eq!(phase(&world), "Pending");
    let response = world.look_at_store(NAME);
    assert_eq!(
        (phase(&world).as_str(), said(&response, "EtcdReady").as_str()),
        ("Provisioning", "False/MembersMissing")
    );
    answer_members(&world, 3);
    let response = world.look_at_store(NAME);
    assert_eq!(
        (phase(&world).as_str(), said(&response, "ServiceReady").as_str()),
        ("Provisioning", "False/WaitingForAddress",)
    );
    assert_eq!(data_store(&world), json!(null), "nobody answers there yet");
    answer_address(&world);
    let response = world.look_at_store(NAME);
    assert_eq!(phase(&world), "Provisioning");
    assert!(matches!(response.outcome, Outcome::RequeueAfter(_)), "a DataStore wakes nobody: {:?}", response.outcome);
    let response = world.look_at_store(NAME);
    assert_eq!((phase(&world).as_str(), said(&response, "Ready").as_str()), ("Ready", "True/Ready"));
}

#[test]
fn a_data_store_that_says_it_is_not_ready_is_waited_for() {
    let world = running();
    let mut present = data_store(&world);
    present["status"] = json!({"ready": false});
    world.fake.put(present);
    let response = world.look_at_store(NAME);
    assert_eq!(
        (phase(&world).as_str(), said(&response, "DataStoreReady").as_str()),
        ("Provisioning", "False/Provisioning")
    );
}

#[test]
fn missing_members_are_a_loss_only_after_it_was_ready() {
    let world = running();
    answer_members(&world, 2);
    world.look_at_store(NAME);
    assert_eq!(phase(&world), "Degraded");
    world.look_at_store(NAME);
    assert_eq!(phase(&world), "Degraded");
    answer_members(&world, 3);
    world.look_at_store(NAME);
    assert_eq!(phase(&world), "Ready");
}

#[test]
fn the_status_says_what_there_is() {
    let status = status(&running());
    assert_eq!(
        status,
        json!({
            "phase": "Ready",
            "etcd": {
                "ready": true, "replicas": 3, "readyReplicas": 3, "loadBalancerIP": "192.0.2.20",
                "endpoints": [
                    "https://store-etcd-0.store-etcd.default.svc.cluster.local:2379",
                    "https://store-etcd-1.store-etcd.default.svc.cluster.local:2379",
                    "https://store-etcd-2.store-etcd.default.svc.cluster.local:2379",
                ],
            },
            "dataStore": {"name": "store", "endpoint": "store-etcd-lb-ext.default.svc.cluster.local:2379", "ready": true},
            "referenceCount": 0,
            "resources": {
                "eip": {"name": "default-gw", "ip": "192.0.2.20"},
                "services": [
                    {"name": "store-etcd", "type": "ClusterIP"},
                    {"name": "store-etcd-lb", "type": "LoadBalancer", "externalIP": "192.0.2.20"},
                ],
                "secrets": [{"name": "store-etcd-certs", "namespace": "default"}],
            },
            "observedGeneration": 1,
        })
    );
}

#[test]
fn the_members_run_etcd_with_certificates_and_find_each_other() {
    let world = running();
    let set = world.object(&kinds::STATEFUL_SET, "store-etcd")["spec"].clone();
    let pod = &set["template"]["spec"];
    let container = &pod["containers"][0];
    assert_eq!((&set["replicas"], &set["serviceName"]), (&json!(3), &json!("store-etcd")));
    assert_eq!(container["image"], "quay.io/coreos/etcd:v3.5.11");
    assert_eq!(pod["volumes"], json!([{"name": "certificates", "secret": {"secretName": "store-etcd-certs"}}]));
    let arguments: Vec<&str> = container["args"].as_array().expect("args").iter().filter_map(Value::as_str).collect();
    for expected in [
        "--name=$(POD_NAME)",
        "--initial-cluster=store-etcd-0=https://store-etcd-0.store-etcd.default.svc.cluster.local:2380,\
         store-etcd-1=https://store-etcd-1.store-etcd.default.svc.cluster.local:2380,\
         store-etcd-2=https://store-etcd-2.store-etcd.default.svc.cluster.local:2380",
        "--client-cert-auth=true",
        "--peer-client-cert-auth=true",
        "--quota-backend-bytes=8589934592",
        "--auto-compaction-mode=periodic",
        "--auto-compaction-retention=1h",
    ] {
        assert!(arguments.contains(&expected), "{expected} in {arguments:#?}");
    }
    let labels = &set["template"]["metadata"]["labels"];
    assert_eq!((&labels["app"], &labels["kdc.datastore.name"]), (&json!("etcd"), &json!("store")));
    assert_eq!(set["volumeClaimTemplates"][0]["spec"]["resources"]["requests"]["storage"], "10Gi");
    assert_eq!(set["persistentVolumeClaimRetentionPolicy"]["whenDeleted"], "Retain");
}

#[test]
fn the_load_balancer_is_bound_to_the_address_that_was_asked_for() {
    let cases = [
        ("none named", json!({}), json!({"service.nlb.kube-dc.com/bind-on-default-gw-eip": "true"})),
        (
            "gateway named",
            json!({"eip": {"name": "default-gw"}}),
            json!({"service.nlb.kube-dc.com/bind-on-default-gw-eip": "true"}),
        ),
        ("one named", json!({"eip": {"name": "mine"}}), json!({"service.nlb.kube-dc.com/bind-on-eip": "mine"})),
        (
            "one made",
            json!({"port": 32380, "eip": {"create": true, "name": "mine", "externalNetworkType": "cloud"}}),
            json!({"service.nlb.kube-dc.com/bind-on-eip": "mine"}),
        ),
    ];
    for (name, service, annotations) in cases {
        let made = service["eip"]["create"] == true;
        let port = service["port"].as_i64().unwrap_or(2379);
        let world = World::with([store(json!({"etcd": {"replicas": 1}, "service": service}))]);
        world.look_at_store(NAME);
        let front = world.object(&kinds::SERVICE, "store-etcd-lb");
        assert_eq!(front["metadata"]["annotations"], annotations, "{name}");
        assert_eq!(
            (&front["spec"]["ports"][0]["port"], &front["spec"]["ports"][0]["targetPort"]),
            (&json!(port), &json!(2379))
        );
        let eip = world.object(&kinds::EIP, "mine");
        assert_eq!(eip["spec"]["externalNetworkType"] == "cloud", made, "{name}");
    }
}

#[test]
fn kamaji_is_told_endpoint_and_certificates() {
    let present = data_store(&running());
    let secret =
        |name: &str, key: &str| json!({"secretReference": {"name": name, "namespace": "default", "keyPath": key}});
    assert_eq!(
        present["spec"],
        json!({
            "driver": "etcd",
            "endpoints": ["store-etcd-lb-ext.default.svc.cluster.local:2379"],
            "tlsConfig": {
                "certificateAuthority": {
                    "certificate": secret("store-etcd-certs", "ca.crt"),
                    "privateKey": secret("store-etcd-ca", "tls.key"),
                },
                "clientCertificate": {
                    "certificate": secret("store-etcd-certs", "tls.crt"),
                    "privateKey": secret("store-etcd-certs", "tls.key"),
                },
            },
        })
    );
}

#[test]
fn what_cannot_be_is_blocked_and_nothing_is_made() {
    let eip = |eip: Value| json!({"etcd": {"replicas": 3}, "service": {"eip": eip}});
    let cases = [
        ("even", json!({"etcd": {"replicas": 2}}), "InvalidReplicas", "spec.etcd.replicas: "),
        (
            "size",
            json!({"etcd": {"replicas": 1, "storage": {"size": "big"}}}),
            "InvalidStorage",
            "spec.etcd.storage.size: ",
        ),
        ("port", json!({"etcd": {"replicas": 1}, "service": {"port": 0}}), "InvalidPort", "spec.service.port: "),
        (
            "no name",
            eip(json!({"create": true, "externalNetworkType": "cloud"})),
            "InvalidEIP",
            "spec.service.eip.name: ",
        ),
        (
            "gateway",
            eip(json!({"create": true, "name": "default-gw", "externalNetworkType": "cloud"})),
            "InvalidEIP",
            "spec.service.eip.name: ",
        ),
        (
            "public",
            eip(json!({"create": true, "name": "mine", "externalNetworkType": "public"})),
            "InvalidEIP",
            "spec.service.eip.externalNetworkType: ",
        ),
        (
            "no type",
            eip(json!({"create": true, "name": "mine"})),
            "InvalidEIP",
            "spec.service.eip.externalNetworkType: ",
        ),
    ];
    for (name, spec, reason, message) in cases {
        let world = World::with([store(spec)]);
        let response = world.look_at_store(NAME);
        let said_of = refusal(&response);
        assert_eq!(said_of.0, reason, "{name}");
        assert!(said_of.1.starts_with(message), "{name}: {}", said_of.1);
        assert_eq!(phase(&world), "Blocked", "{name}");
        assert_eq!(world.fake.objects().len(), 1, "{name}");
    }
}

#[test]
fn members_and_volumes_cannot_change() {
    let cases = [
        ("members", json!({"replicas": 5}), "spec.etcd.replicas: "),
        ("size", json!({"replicas": 3, "storage": {"size": "20Gi"}}), "spec.etcd.storage.size: "),
        (
            "class",
            json!({"replicas": 3, "storage": {"storageClassName": "fast"}}),
            "spec.etcd.storage.storageClassName: ",
        ),
    ];
    for (name, etcd, message) in cases {
        let world = running();
        world.change(&kinds::KDC_DATASTORE, NAME, |store| store["spec"]["etcd"] = etcd);
        let response = world.look_at_store(NAME);
        let said_of = refusal(&response);
        assert_eq!(said_of.0, "FixedField", "{name}");
        assert!(said_of.1.starts_with(message), "{name}: {}", said_of.1);
        assert_eq!(phase(&world), "Blocked", "{name}");
        assert_eq!(world.object(&kinds::STATEFUL_SET, "store-etcd")["spec"]["replicas"], 3, "{name}");
    }
}

#[test]
fn a_data_store_of_somebody_else_is_never_taken_over() {
    let foreign = json!({"apiVersion": "kamaji.clastix.io/v1alpha1", "kind": "DataStore", "metadata": {"name": NAME}});
    let world = World::with([shared(), foreign]);
    let response = world.look_at_store(NAME);
    assert_eq!((refusal(&response).0, phase(&world).as_str()), ("NameTaken", "Blocked"));
    world.change(&kinds::KDC_DATASTORE, NAME, |store| store["spec"]["dataStore"] = json!({"name": "another"}));
    assert_eq!(said(&world.look_at_store(NAME), "Accepted"), "True/Valid");
}

#[test]
fn a_write_that_failed_is_said_and_tried_again() {
    let cases = [
        ("heals", Error::other("no route"), "Failed"),
        ("does not", Error::Invalid("spec.replicas: nonsense".into()), "Blocked"),
    ];
    for (name, error, expected) in cases {
        let world = running();
        world.change(&kinds::KDC_DATASTORE, NAME, |store| store["spec"]["service"] = json!({"port": 2400}));
        world.fake.fail_next_write(error);
        world.look_at_store(NAME);
        assert_eq!(phase(&world), expected, "{name}");
        world.look_at_store(NAME);
        world.look_at_store(NAME);
        assert_eq!(phase(&world), "Ready", "{name}");
    }
}

#[test]
fn a_network_policy_is_there_while_it_is_wanted() {
    let world = running();
    world.change(&kinds::KDC_DATASTORE, NAME, |store| {
        store["spec"]["networkPolicy"] = json!({"enabled": true, "allowedNamespaces": ["backup"]});
    });
    world.look_at_store(NAME);
    let policy = world.object(&kinds::NETWORK_POLICY, "store-etcd");
    assert_eq!(
        policy["spec"]["ingress"][0]["from"],
        json!([
            {"podSelector": {}},
            {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "backup"}}},
        ])
    );
    world.change(&kinds::KDC_DATASTORE, NAME, |store| store["spec"]["networkPolicy"] = json!({"enabled": false}));
    world.look_at_store(NAME);
    assert_eq!(world.object(&kinds::NETWORK_POLICY, "store-etcd"), json!(null));
}

fn user(reference: Value) -> Value {
    let mut manifest = guide();
    manifest["spec"]["dataStore"] = reference;
    manifest
}

#[test]
fn clusters_that_use_it_are_counted_and_hold_it() {
    let cases = [
        ("by name", user(json!({"name": NAME})), 1),
        ("another", user(json!({"name": "other"})), 0),
        ("elsewhere", user(json!({"name": NAME, "namespace": "other"})), 0),
    ];
    for (name, cluster, expected) in cases {
        let world = running();
        world.fake.put(cluster);
        world.look_at_store(NAME);
        assert_eq!(status(&world)["referenceCount"], expected, "{name}");
        world.fake.ask_to_delete(&kinds::KDC_DATASTORE.at(&Key::new("default", NAME)));
        let response = world.look_at_store(NAME);
        let held = message(&response, "Ready") == "waits for its users: default/test-cluster";
        assert_eq!(held, expected == 1, "{name}: {}", message(&response, "Ready"));
        assert_eq!(data_store(&world).is_null(), !held, "{name}");
    }
}

#[test]
fn a_datastore_goes_in_order_and_leaves_nothing() {
    let world = running();
    let mut present = data_store(&world);
    present["status"] = json!({"usedBy": ["default/tenant"]});
    present["metadata"]["finalizers"] = json!(["finalizer.kamaji.clastix.io/datastore"]);
    world.fake.put(present);
    world.fake.ask_to_delete(&kinds::KDC_DATASTORE.at(&Key::new("default", NAME)));
    let waits = || message(&world.look_at_store(NAME), "Ready").to_owned();
    assert_eq!(waits(), "waits for its users: default/tenant");
    let mut present = data_store(&world);
    present["status"] = json!({"usedBy": []});
    world.fake.put(present);
    assert_eq!(waits(), "waits for DataStore store");
    world.fake.remove(&kinds::DATA_STORE.at(&Key::cluster(NAME)));
    assert_eq!(waits(), "waits for its Services and members");
    assert_eq!(world.look_at_store(NAME).outcome, Outcome::Done);
    assert_eq!(world.fake.objects(), Vec::new());
}

#[test]
fn an_address_that_was_made_goes_and_one_that_was_named_stays() {
    for (create, left) in [(true, vec![]), (false, vec!["mine"])] {
        let eip = json!({"create": create, "name": "mine", "externalNetworkType": "cloud"});
        let world = World::with([store(json!({"etcd": {"replicas": 1}, "service": {"eip": eip}}))]);
        if !create {
            world.fake.put(json!({"apiVersion": "kube-dc.com/v1", "kind": "EIp", "metadata": {"name": "mine", "namespace": "default"}}));
        }
        world.look_at_store(NAME);
        world.fake.ask_to_delete(&kinds::KDC_DATASTORE.at(&Key::new("default", NAME)));
        for _ in 0..4 {
            world.look_at_store(NAME);
        }
        assert_eq!(world.names(&kinds::EIP), left, "create: {create}");
        assert_eq!(world.names(&kinds::KDC_DATASTORE), Vec::<String>::new());
    }
}

#[test]
fn the_datastore_of_a_cluster_that_goes_is_not_held_by_it() {
    let world = World::running(guide());
    let name = "test-cluster-etcd";
    world.look_at_store(name);
    let status = |world: &World| world.object(&kinds::KDC_DATASTORE, name)["status"].clone();
    assert_eq!(status(&world)["referenceCount"], 1);
    let set = world.object(&kinds::STATEFUL_SET, "test-cluster-etcd-etcd");
    assert_eq!(set["spec"]["persistentVolumeClaimRetentionPolicy"]["whenDeleted"], "Delete");

    let store = kinds::KDC_DATASTORE.at(&Key::new("default", name));
    world.fake.ask_to_delete(&store);
    let response = world.look_at_store(name);
    assert_eq!(message(&response, "Ready"), "waits for its users: default/test-cluster");
    world.fake.ask_to_delete(&world.cluster_ref());
    for _ in 0..3 {
        world.look_at_store(name);
    }
    assert_eq!(world.names(&kinds::KDC_DATASTORE), Vec::<String>::new());
}
