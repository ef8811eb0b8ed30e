//! Holds the plugin against the CRDs in `deploy/crds`: what it takes for granted where a member is absent, and what it
//! writes.

use serde_json::{Value, json};

use crate::api::{KdcCluster, KdcClusterDatastore};
use crate::kinds;
use crate::world::{World, guide, kubevirt_pool};

const FILES: &[(&str, &str)] = &[
    ("KdcCluster", include_str!("../../../deploy/crds/k8s.kube-dc.com_kdcclusters.yaml")),
    ("KdcClusterDatastore", include_str!("../../../deploy/crds/k8s.kube-dc.com_kdcclusterdatastores.yaml")),
    ("EIp", include_str!("../../../deploy/crds/kube-dc.com_eips.yaml")),
    ("CloudSigmaCluster", include_str!("../../../deploy/crds/infrastructure.cluster.x-k8s.io_cloudsigmaclusters.yaml")),
    ("CloudSigmaMachine", include_str!("../../../deploy/crds/infrastructure.cluster.x-k8s.io_cloudsigmamachines.yaml")),
    (
        "CloudSigmaMachineTemplate",
        include_str!("../../../deploy/crds/infrastructure.cluster.x-k8s.io_cloudsigmamachinetemplates.yaml"),
    ),
];

fn crd(kind: &str) -> Value {
    let (_, text) = FILES.iter().find(|(name, _)| *name == kind).expect("a kind of ours");
    serde_saphyr::from_str(text).unwrap_or_else(|error| panic!("{kind}: {error}"))
}

fn schema(kind: &str) -> Value {
    crd(kind)["spec"]["versions"][0]["schema"]["openAPIV3Schema"].clone()
}

#[test]
fn every_file_is_a_definition_of_its_kind() {
    for (kind, _) in FILES {
        let crd = crd(kind);
        let spec = &crd["spec"];
        assert_eq!(spec["names"]["kind"], *kind);
        let (plural, group) = (spec["names"]["plural"].as_str().expect(kind), spec["group"].as_str().expect(kind));
        assert_eq!(crd["metadata"]["name"], format!("{plural}.{group}"));
        assert_eq!(plural, kind.to_lowercase() + "s", "Cluster API computes the name");
        if kind.starts_with("CloudSigma") {
            assert_eq!(crd["metadata"]["labels"], json!({"cluster.x-k8s.io/v1beta1": "v1beta1"}), "{kind}");
            assert_eq!(spec["names"]["categories"], json!(["cluster-api"]), "{kind}");
        }
        assert_is_structural(&spec["versions"][0]["schema"]["openAPIV3Schema"], kind);
    }
}

/// Every node has a type and a description, and nothing is empty: a comma in a flow mapping goes unnoticed otherwise.
fn assert_is_structural(node: &Value, path: &str) {
    let members = node.as_object().unwrap_or_else(|| panic!("{path} is no schema"));
    assert!(members.values().all(|value| !value.is_null()), "{path} has an empty member");
    let either = node["x-kubernetes-int-or-string"] == true;
    assert!(either || node["type"].is_string(), "{path} has no type");
    for (name, inner) in node["properties"].as_object().into_iter().flatten() {
        assert_is_structural(inner, &format!("{path}.{name}"));
    }
    for inner in ["items", "additionalProperties"] {
        if let Some(inner) = node.get(inner) {
            assert_is_structural(inner, &format!("{path}[]"));
        }
    }
}

/// The object with every default that the API server fills in, also in blocks that are absent.
fn defaults(schema: &Value) -> Value {
    let mut object = json!({});
    for (name, inner) in schema["properties"].as_object().into_iter().flatten() {
        if let Some(default) = inner.get("default") {
            object[name] = default.clone();
        } else if inner["type"] == "object" {
            object[name] = defaults(inner);
        }
    }
    object
}

#[test]
fn an_absent_member_means_what_the_schema_says() {
    let spec = |kind: &str| json!({"spec": defaults(&schema(kind)["properties"]["spec"])});
    let mut cluster = spec("KdcCluster");
    let workers = &schema("KdcCluster")["properties"]["spec"]["properties"]["workers"]["items"];
    let mut pool = defaults(workers);
    for absent in ["cloudsigma", "autoscaling", "strategy"] {
        pool.as_object_mut().expect("pool").remove(absent);
    }
    cluster["spec"]["workers"] = json!([pool]);
    let read: KdcCluster = serde_json::from_value(cluster).expect("cluster");
    let empty: KdcCluster = serde_json::from_value(json!({"spec": {"workers": [{}]}})).expect("cluster");
    assert_eq!(read, empty);

    let mut store = spec("KdcClusterDatastore");
    store["spec"]["etcd"].as_object_mut().expect("etcd").remove("resources");
    let read: KdcClusterDatastore = serde_json::from_value(store).expect("store");
    assert_eq!(read, KdcClusterDatastore::default());
}

/// Every member of the value is in the schema; an API server drops others without a word.
fn assert_known(value: &Value, schema: &Value, path: &str) {
    for (name, inner) in value.as_object().into_iter().flatten() {
        let known = schema["properties"].get(name).or(schema.get("additionalProperties"));
        assert_known(
            inner,
            known.unwrap_or_else(|| panic!("{path}.{name} is not in the schema")),
            &format!("{path}.{name}"),
        );
    }
    for inner in value.as_array().into_iter().flatten() {
        assert_known(inner, &schema["items"], path);
    }
    for required in schema["required"].as_array().into_iter().flatten().filter(|_| value.is_object()) {
        assert!(value.get(required.as_str().expect("name")).is_some(), "{path} lacks {required}");
    }
}

#[test]
fn whatever_is_written_is_in_the_schemas() {
    let mut manifest = guide();
    manifest["metadata"]["annotations"] = json!({"cloudsigma.com/owner-email": "owner@example.org"});
    manifest["spec"]["workers"][0]["cloudsigma"]["nics"] = json!([{"public": true}]);
    manifest["spec"]["workers"][0]["cloudsigma"]["tags"] = json!(["a"]);
    manifest["spec"]["workers"].as_array_mut().expect("workers").push(kubevirt_pool("local", 1));
    let world = World::running(manifest);
    world.change(&kinds::MACHINE_DEPLOYMENT, "test-cluster-local", |deployment| deployment["status"] = json!({}));
    world.look();
    world.look_at_store("test-cluster-etcd");
    assert!(world.pool_status("local")["message"].is_string(), "a pool with everything that can be said of one");
    let objects = [
        ("KdcCluster", kinds::KDC_CLUSTER, "test-cluster"),
        ("KdcClusterDatastore", kinds::KDC_DATASTORE, "test-cluster-etcd"),
        ("EIp", kinds::EIP, "test-cluster-cp"),
        ("CloudSigmaCluster", kinds::CLOUDSIGMA_CLUSTER, "test-cluster"),
        ("CloudSigmaMachineTemplate", kinds::CLOUDSIGMA_TEMPLATE, "test-cluster-cloudsigma-test-workers"),
    ];
    for (name, kind, object) in objects {
        let object = world.object(&kind, object);
        for part in ["spec", "status"] {
            if let Some(value) = object.get(part) {
                assert_known(value, &schema(name)["properties"][part], &format!("{name}.{part}"));
            }
        }
    }
}
