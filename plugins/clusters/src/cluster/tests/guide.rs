//! The guide's manifest, from nothing to a running cluster: every object that is made, by name and content.

use backplane_sdk::Outcome;
use serde_json::json;

use crate::kinds;
use crate::world::{ADDRESS, IMAGE, World, guide, message, said};

#[test]
fn the_phases_follow_each_other_and_each_waits_for_the_one_before() {
    let world = World::with([guide()]);
    let response = world.look();
    assert_eq!((world.phase().as_str(), said(&response, "DataStoreReady").as_str()), ("Pending", "False/Provisioning"));
    assert_eq!(world.names(&kinds::SERVICE), Vec::<String>::new(), "no address before there is a datastore");

    world.answer_store();
    let response = world.look();
    assert_eq!(
        (world.phase().as_str(), said(&response, "ServiceReady").as_str()),
        ("WaitingForService", "False/WaitingForAddress",)
    );
    assert_eq!(world.names(&kinds::KAMAJI_CONTROL_PLANE), Vec::<String>::new());

    world.answer_address();
    let response = world.look();
    assert_eq!(
        (world.phase().as_str(), said(&response, "ControlPlaneReady").as_str()),
        ("Provisioning", "False/Provisioning",)
    );

    world.answer_control_plane("v1.34.0");
    let response = world.look();
    assert_eq!(
        (world.phase().as_str(), said(&response, "WorkersReady").as_str()),
        ("Provisioning", "False/Provisioning")
    );
    assert_eq!(message(&response, "Ready"), "pool test-workers: 0 of 2 workers are ready");

    world.answer_workers();
    let response = world.look();
    assert_eq!((world.phase().as_str(), response.outcome.clone()), ("Ready", Outcome::Done));
    for kind in [
        "Accepted",
        "DataStoreReady",
        "ServiceReady",
        "ControlPlaneReady",
        "WorkersReady",
        "ProviderAvailable",
        "Ready",
    ] {
        assert!(said(&response, kind).starts_with("True/"), "{kind}: {}", said(&response, kind));
    }
    assert_eq!(
        response.events.iter().map(|event| event.message.as_str()).collect::<Vec<_>>(),
        ["phase changed from Provisioning to Ready"]
    );
}

#[test]
fn the_phase_pending_is_seen_even_where_everything_is_there_already() {
    let world = World::with([guide()]);
    world.look();
    assert_eq!(
        world.fake.take_writes()[..2],
        ["patch KdcCluster default/test-cluster", "apply-status KdcCluster default/test-cluster",]
    );
}

#[test]
fn a_settled_cluster_is_looked_at_without_a_write() {
    let world = World::running(guide());
    world.look();
    world.fake.take_writes();
    world.look();
    assert_eq!(world.fake.take_writes(), Vec::<String>::new());
}

#[test]
fn the_status_says_where_the_cluster_is() {
    let status = World::running(guide()).status();
    assert_eq!(
        status,
        json!({
            "phase": "Ready",
            "endpoint": format!("https://{ADDRESS}:6443"),
            "controlPlaneReady": true,
            "controlPlane": {"version": "v1.34.0"},
            "dataStoreName": "test-cluster-etcd",
            "eipName": "test-cluster-cp",
            "workerPools": [{
                "name": "test-workers", "phase": "Ready", "paused": false,
                "replicas": 2, "readyReplicas": 2, "updatedReplicas": 2, "deletingReplicas": 0,
                "version": "v1.34.0", "observedVersion": "v1.34.0", "autoscaling": {"mode": "Off"},
            }],
        })
    );
}

#[test]
fn every_object_has_its_name() {
    let world = World::running(guide());
    let names = [
        (kinds::KDC_DATASTORE, "test-cluster-etcd"),
        (kinds::EIP, "test-cluster-cp"),
        (kinds::SERVICE, "test-cluster-cp"),
        (kinds::KAMAJI_CONTROL_PLANE, "test-cluster-cp"),
        (kinds::CAPI_CLUSTER, "test-cluster"),
        (kinds::KUBEVIRT_CLUSTER, "test-cluster"),
        (kinds::CLOUDSIGMA_CLUSTER, "test-cluster"),
        (kinds::BOOTSTRAP_TEMPLATE, "test-cluster-test-workers-bootstrap"),
        (kinds::CLOUDSIGMA_TEMPLATE, "test-cluster-cloudsigma-test-workers"),
        (kinds::MACHINE_DEPLOYMENT, "test-cluster-test-workers"),
    ];
    for (kind, name) in names {
        assert_eq!(world.names(&kind), [name], "{kind}");
        assert!(world.object(&kind, name)["metadata"]["ownerReferences"][0]["kind"] == "KdcCluster", "{kind}");
    }
    assert_eq!(world.names(&kinds::TENANT_CONTROL_PLANE), Vec::<String>::new(), "Kamaji's provider makes it");
}

#[test]
fn only_what_others_steer_is_not_steered() {
    let world = World::running(guide());
    let cases = [
        (kinds::SERVICE, "test-cluster-cp", false),
        (kinds::KAMAJI_CONTROL_PLANE, "test-cluster-cp", false),
        (kinds::KUBEVIRT_CLUSTER, "test-cluster", false),
        (kinds::CLOUDSIGMA_CLUSTER, "test-cluster", true),
        (kinds::CAPI_CLUSTER, "test-cluster", true),
        (kinds::MACHINE_DEPLOYMENT, "test-cluster-test-workers", true),
    ];
    for (kind, name, expected) in cases {
        assert_eq!(world.object(&kind, name)["metadata"]["ownerReferences"][0]["controller"], expected, "{kind}");
    }
}

#[test]
fn sizes_reach_the_template_exactly() {
    let world = World::running(guide());
    let template = world.object(&kinds::CLOUDSIGMA_TEMPLATE, "test-cluster-cloudsigma-test-workers");
    assert_eq!(
        template["spec"]["template"]["spec"],
        json!({
            "cpu": 2000,
            "memory": 4096,
            "disks": [{"uuid": IMAGE, "device": "virtio", "boot_order": 1, "size": 32_212_254_720_i64}],
            "meta": {"cluster": "test-cluster", "provider": "cloudsigma"},
        })
    );
}

#[test]
fn nodes_join_under_the_name_and_the_id_of_their_server() {
    let world = World::running(guide());
    let template = world.object(&kinds::BOOTSTRAP_TEMPLATE, "test-cluster-test-workers-bootstrap");
    assert_eq!(
        template["spec"]["template"]["spec"]["joinConfiguration"]["nodeRegistration"],
        json!({
            "name": "{{ ds.meta_data.local_hostname }}",
            "kubeletExtraArgs": {
                "cloud-provider": "external",
                "provider-id": "cloudsigma://{{ ds.meta_data.instance_id }}",
            },
        })
    );
}

#[test]
fn the_datastore_gets_the_gateways_address() {
    let world = World::running(guide());
    assert_eq!(
        world.object(&kinds::KDC_DATASTORE, "test-cluster-etcd")["spec"],
        json!({
            "etcd": {"replicas": 3},
            "service": {"port": 2379, "eip": {"create": false, "name": "default-gw"}},
        })
    );
}

#[test]
fn the_api_server_gets_an_address_of_its_own() {
    let world = World::running(guide());
    assert_eq!(world.object(&kinds::EIP, "test-cluster-cp")["spec"], json!({"externalNetworkType": "public"}));
    let service = world.object(&kinds::SERVICE, "test-cluster-cp");
    assert_eq!(service["metadata"]["annotations"], json!({"service.nlb.kube-dc.com/bind-on-eip": "test-cluster-cp"}));
    assert_eq!(
        service["spec"],
        json!({
            "type": "LoadBalancer",
            "selector": {"kamaji.clastix.io/name": "test-cluster-cp"},
            "ports": [{"name": "kube-apiserver", "protocol": "TCP", "port": 6443, "targetPort": 6443}],
        })
    );
}

#[test]
fn the_control_plane_is_kamajis() {
    let world = World::running(guide());
    assert_eq!(
        world.object(&kinds::KAMAJI_CONTROL_PLANE, "test-cluster-cp")["spec"],
        json!({
            "version": "v1.34.0",
            "replicas": 2,
            "dataStoreName": "test-cluster-etcd",
            "addons": {"coreDNS": {}, "kubeProxy": {}, "konnectivity": {}},
            "kubelet": {"cgroupfs": "systemd"},
            "network": {
                "serviceType": "LoadBalancer",
                "serviceAddress": ADDRESS,
                "serviceAnnotations": {"service.nlb.kube-dc.com/bind-on-eip": "test-cluster-cp"},
                "certSANs": [
                    ADDRESS,
                    "test-cluster-cp.default.svc",
                    "test-cluster-cp.default.svc.cluster.local",
                    "test-cluster-cp-ext.default.svc.cluster.local",
                ],
            },
        })
    );
}

#[test]
fn cluster_api_finds_control_plane_and_infrastructure() {
    let world = World::running(guide());
    let cluster = world.object(&kinds::CAPI_CLUSTER, "test-cluster");
    let labels = &cluster["metadata"]["labels"];
    assert_eq!((&labels["cni"], &labels["csi"]), (&json!("cilium"), &json!("cloudsigma")));
    assert_eq!(
        cluster["spec"],
        json!({
            "clusterNetwork": {
                "services": {"cidrBlocks": ["10.96.0.0/12"]},
                "pods": {"cidrBlocks": ["10.220.0.0/16"]},
            },
            "controlPlaneEndpoint": {"host": ADDRESS, "port": 6443},
            "controlPlaneRef": {
                "apiVersion": "controlplane.cluster.x-k8s.io/v1alpha1", "kind": "KamajiControlPlane",
                "name": "test-cluster-cp", "namespace": "default",
            },
            "infrastructureRef": {
                "apiVersion": "infrastructure.cluster.x-k8s.io/v1alpha1", "kind": "KubevirtCluster",
                "name": "test-cluster", "namespace": "default",
            },
        })
    );
}

#[test]
fn the_kubevirt_cluster_is_managed_and_declared_done_by_us() {
    let world = World::running(guide());
    let infrastructure = world.object(&kinds::KUBEVIRT_CLUSTER, "test-cluster");
    assert_eq!(infrastructure["metadata"]["annotations"]["cluster.x-k8s.io/managed-by"], "kube-dc-k8-manager");
    assert_eq!(infrastructure["spec"]["controlPlaneEndpoint"], json!({"host": ADDRESS, "port": 6443}));
    assert_eq!(infrastructure["status"]["ready"], true);
}

#[test]
fn the_cloudsigma_cluster_knows_region_user_and_cluster() {
    let mut manifest = guide();
    manifest["metadata"]["annotations"] = json!({"cloudsigma.com/owner-email": "owner@example.org"});
    let world = World::running(manifest);
    let infrastructure = world.object(&kinds::CLOUDSIGMA_CLUSTER, "test-cluster");
    assert_eq!(
        infrastructure["spec"],
        json!({
            "region": "zrh",
            "userEmail": "owner@example.org",
            "controlPlaneEndpoint": {"host": ADDRESS, "port": 6443},
        })
    );
    let owners = infrastructure["metadata"]["ownerReferences"].as_array().expect("owners");
    let kinds: Vec<_> = owners.iter().map(|owner| (owner["kind"].as_str(), owner["controller"].as_bool())).collect();
    assert_eq!(kinds, [(Some("KdcCluster"), Some(true)), (Some("Cluster"), Some(false))]);
}

#[test]
fn machines_are_deployed_as_the_pool_says() {
    let world = World::running(guide());
    let deployment = world.object(&kinds::MACHINE_DEPLOYMENT, "test-cluster-test-workers");
    assert_eq!(
        deployment["spec"],
        json!({
            "clusterName": "test-cluster",
            "replicas": 2,
            "revisionHistoryLimit": 0,
            "selector": {"matchLabels": {
                "cluster.x-k8s.io/cluster-name": "test-cluster",
                "cluster.x-k8s.io/deployment-name": "test-cluster-test-workers",
            }},
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}},
            "template": {
                "metadata": {"labels": {
                    "cluster.x-k8s.io/cluster-name": "test-cluster",
                    "cluster.x-k8s.io/deployment-name": "test-cluster-test-workers",
                    "k8s.kube-dc.com/cluster": "test-cluster",
                    "k8s.kube-dc.com/pool": "test-workers",
                }},
                "spec": {
                    "clusterName": "test-cluster",
                    "version": "v1.34.0",
                    "bootstrap": {"configRef": {
                        "apiVersion": "bootstrap.cluster.x-k8s.io/v1beta1", "kind": "KubeadmConfigTemplate",
                        "name": "test-cluster-test-workers-bootstrap", "namespace": "default",
                    }},
                    "infrastructureRef": {
                        "apiVersion": "infrastructure.cluster.x-k8s.io/v1beta1", "kind": "CloudSigmaMachineTemplate",
                        "name": "test-cluster-cloudsigma-test-workers", "namespace": "default",
                    },
                },
            },
        })
    );
}

#[test]
fn without_cluster_api_the_tenant_control_plane_is_ours() {
    let mut manifest = guide();
    manifest["spec"]["enableClusterAPI"] = false.into();
    manifest["spec"]["workers"] = json!([]);
    let world = World::with([manifest]);
    for kind in [kinds::CAPI_CLUSTER, kinds::MACHINE_DEPLOYMENT, kinds::KAMAJI_CONTROL_PLANE, kinds::CLOUDSIGMA_CLUSTER]
    {
        world.fake.not_ready(kind);
    }
    world.look();
    world.answer_store();
    world.look();
    world.answer_address();
    world.look();
    let plane = world.object(&kinds::TENANT_CONTROL_PLANE, "test-cluster-cp");
    assert_eq!(plane["spec"]["kubernetes"], json!({"version": "v1.34.0", "kubelet": {"cgroupfs": "systemd"}}));
    assert_eq!(plane["spec"]["networkProfile"]["podCidr"], "10.220.0.0/16");
    world.change(&kinds::TENANT_CONTROL_PLANE, "test-cluster-cp", |plane| {
        plane["status"] = json!({"kubernetesResources": {"version": {"status": "Ready", "version": "v1.34.0"}}});
    });
    assert_eq!(world.look().outcome, Outcome::Done);
    assert_eq!(world.phase(), "Ready");
}

#[test]
fn a_given_address_is_used_and_none_is_made() {
    let mut manifest = guide();
    manifest["spec"]["eip"] = json!({"create": false, "name": "default-gw"});
    let world = World::running(manifest);
    assert_eq!(world.names(&kinds::EIP), Vec::<String>::new());
    let annotations = &world.object(&kinds::SERVICE, "test-cluster-cp")["metadata"]["annotations"];
    assert_eq!(annotations, &json!({"service.nlb.kube-dc.com/bind-on-default-gw-eip": "true"}));
    assert_eq!(world.status()["eipName"], "default-gw");
}

fn shared_store(name: &str, phase: &str) -> serde_json::Value {
    json!({
        "apiVersion": "k8s.kube-dc.com/v1alpha1", "kind": "KdcClusterDatastore",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {"etcd": {"replicas": 3}},
        "status": {"phase": phase, "dataStore": {"name": format!("kamaji-{name}"), "ready": true}},
    })
}

#[test]
fn a_shared_datastore_is_found_by_name_or_in_the_namespace() {
    let cases = [("named", json!({"name": "b"}), "b"), ("found, the ready one", json!({}), "c")];
    for (name, reference, expected) in cases {
        let mut manifest = guide();
        manifest["spec"]["dataStore"] = reference;
        let stores = [shared_store("a", "Provisioning"), shared_store("b", "Ready"), shared_store("c", "Ready")];
        let world = World::with(stores.into_iter().chain([manifest]));
        if expected == "c" {
            world.fake.remove(&kinds::KDC_DATASTORE.at(&backplane_sdk::Key::new("default", "b")));
        }
        world.look();
        world.answer_address();
        world.look();
        let plane = world.object(&kinds::KAMAJI_CONTROL_PLANE, "test-cluster-cp");
        assert_eq!(plane["spec"]["dataStoreName"], format!("kamaji-{expected}"), "{name}");
        assert_eq!(world.status()["dataStoreName"], expected, "{name}");
        assert_eq!(world.object(&kinds::KDC_DATASTORE, "test-cluster-etcd"), json!(null), "{name}");
    }
}

#[test]
fn a_missing_shared_datastore_is_named_and_waited_for() {
    let mut manifest = guide();
    manifest["spec"]["dataStore"] = json!({"name": "absent"});
    let world = World::with([manifest]);
    let response = world.look();
    assert_eq!(world.phase(), "Pending");
    assert_eq!(said(&response, "DataStoreReady"), "False/DataStoreNotFound");
    let expected = "spec.dataStore.name: there is no KdcClusterDatastore absent in namespace default";
    assert_eq!(message(&response, "Ready"), expected);
    assert!(matches!(response.outcome, Outcome::RequeueAfter(_)), "{:?}", response.outcome);
}
