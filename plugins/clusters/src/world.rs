//! A world for tests: one KdcCluster or datastore in a cluster in memory, and what others would answer.

use backplane_sdk::testing::FakeCluster;
use backplane_sdk::{Condition, Key, Kind, ObjectRef, Outcome, Response, Status};
use serde_json::{Value, json};

use crate::settings::Settings;
use crate::{cluster, datastore, kinds};

/// An image that a cloud could have.
pub(crate) const IMAGE: &str = "3f5a1c52-7c39-4a6e-9d50-0c6a1d2e4b11";
/// The address that load balancers get.
pub(crate) const ADDRESS: &str = "192.0.2.10";

/// A cluster in memory with providers loaded.
pub(crate) struct World {
    pub(crate) fake: FakeCluster,
    pub(crate) settings: Settings,
}

/// The manifest of the CloudSigma guide, with the defaults that the API server fills in.
pub(crate) fn guide() -> Value {
    json!({
        "apiVersion": "k8s.kube-dc.com/v1alpha1", "kind": "KdcCluster",
        "metadata": {"name": "test-cluster", "namespace": "default"},
        "spec": {
            "version": "v1.34.0",
            "controlPlane": {"replicas": 2},
            "dataStore": {"dedicated": true, "eipName": "default-gw"},
            "network": {"serviceCIDR": "10.96.0.0/12", "podCIDR": "10.220.0.0/16"},
            "eip": {"create": true, "externalNetworkType": "public"},
            "enableClusterAPI": true,
            "workers": [pool("test-workers", 2)],
        },
    })
}

/// A pool in the guide's spelling.
pub(crate) fn pool(name: &str, replicas: i64) -> Value {
    json!({
        "name": name, "replicas": replicas, "infrastructureProvider": "cloudsigma", "memory": "2Gi", "cpuCores": 1,
        "cloudsigma": {"cpu": 2000, "memory": 4096, "diskSize": 30, "imageUUID": IMAGE, "region": "zrh"},
    })
}

/// A pool of virtual machines.
pub(crate) fn kubevirt_pool(name: &str, replicas: i64) -> Value {
    json!({"name": name, "replicas": replicas, "infrastructureProvider": "kubevirt", "cpuCores": 2, "memory": "4Gi"})
}

impl World {
    /// A world with these objects and a provider for every machine.
    pub(crate) fn with(objects: impl IntoIterator<Item = Value>) -> Self {
        let world = Self { fake: FakeCluster::new(), settings: Settings::default() };
        for object in objects {
            world.fake.put(object);
        }
        world.fake.reconciled(&kinds::CLOUDSIGMA_MACHINE);
        world.fake.reconciled(&kinds::KUBEVIRT_MACHINE);
        world
    }

    /// The guide's cluster, running.
    pub(crate) fn running(manifest: Value) -> Self {
        let world = Self::with([manifest]);
        world.run_up();
        assert_eq!(world.phase(), "Ready", "{:?}", world.status());
        world
    }

    /// Plays everybody else until the guide's cluster runs.
    pub(crate) fn run_up(&self) {
        self.look();
        self.answer_store();
        self.look();
        self.answer_address();
        self.look();
        self.look();
        self.answer_control_plane("v1.34.0");
        self.answer_workers();
        self.look();
    }

    /// One look at the guide's cluster.
    pub(crate) fn look(&self) -> Response {
        cluster::reconcile(&self.cluster_ref(), &self.settings, &self.fake.cluster()).unwrap_or_else(Into::into)
    }

    /// One look at a datastore.
    pub(crate) fn look_at_store(&self, name: &str) -> Response {
        let object = kinds::KDC_DATASTORE.at(&Key::new("default", name));
        datastore::reconcile(&object, &self.settings, &self.fake.cluster()).unwrap_or_else(Into::into)
    }

    pub(crate) fn cluster_ref(&self) -> ObjectRef {
        kinds::KDC_CLUSTER.at(&Key::new("default", "test-cluster"))
    }

    /// An object of the namespace; `Null` if there is none.
    pub(crate) fn object(&self, kind: &Kind, name: &str) -> Value {
        self.fake.object(kind, &Key::new("default", name)).unwrap_or_default()
    }

    /// Names of all objects of a kind.
    pub(crate) fn names(&self, kind: &Kind) -> Vec<String> {
        let objects = self.fake.objects().into_iter();
        objects.filter(|object| object.kind == *kind).map(|object| object.name).collect()
    }

    /// Changes an object as a user would.
    pub(crate) fn change(&self, kind: &Kind, name: &str, change: impl FnOnce(&mut Value)) {
        let mut object = self.object(kind, name);
        assert!(!object.is_null(), "{} {name} is not there", kind.kind);
        change(&mut object);
        self.fake.put(object);
    }

    /// Changes the spec of the guide's cluster.
    pub(crate) fn edit(&self, change: impl FnOnce(&mut Value)) {
        self.change(&kinds::KDC_CLUSTER, "test-cluster", |object| change(&mut object["spec"]));
    }

    /// Status of the guide's cluster.
    pub(crate) fn status(&self) -> Value {
        self.object(&kinds::KDC_CLUSTER, "test-cluster")["status"].clone()
    }

    pub(crate) fn phase(&self) -> String {
        self.status()["phase"].as_str().unwrap_or_default().into()
    }

    /// Status of one pool; `Null` if it is not reported.
    pub(crate) fn pool_status(&self, name: &str) -> Value {
        let status = self.status();
        let pools = status["workerPools"].as_array().cloned().unwrap_or_default();
        pools.into_iter().find(|pool| pool["name"] == name).unwrap_or_default()
    }

    /// The datastore is ready.
    pub(crate) fn answer_store(&self) {
        self.change(&kinds::KDC_DATASTORE, "test-cluster-etcd", |store| {
            store["status"] = json!({"phase": "Ready", "dataStore": {"name": "test-cluster-etcd", "ready": true}});
        });
    }

    /// The load balancer of the control plane has an address.
    pub(crate) fn answer_address(&self) {
        self.change(&kinds::SERVICE, "test-cluster-cp", |service| {
            service["status"] = json!({"loadBalancer": {"ingress": [{"ip": ADDRESS}]}});
        });
    }

    /// The control plane runs.
    pub(crate) fn answer_control_plane(&self, version: &str) {
        self.change(&kinds::KAMAJI_CONTROL_PLANE, "test-cluster-cp", |plane| {
            plane["status"] = json!({"ready": true, "initialized": true, "version": version});
        });
    }

    /// Cluster API has made, or removed, the machines that every MachineDeployment asks for.
    pub(crate) fn answer_workers(&self) {
        for name in self.names(&kinds::MACHINE_DEPLOYMENT) {
            let deployment = self.object(&kinds::MACHINE_DEPLOYMENT, &name);
            let wanted = deployment["spec"]["replicas"].as_i64().expect("replicas");
            for at in 0..wanted {
                self.fake.put(machine(&deployment, at));
            }
            for left in self.machines(&name).into_iter().skip(usize::try_from(wanted).expect("small")) {
                self.fake.remove(&left);
            }
            self.change(&kinds::MACHINE_DEPLOYMENT, &name, |deployment| {
                let generation = deployment["metadata"]["generation"].clone();
                deployment["status"] = json!({
                    "observedGeneration": generation,
                    "replicas": wanted, "readyReplicas": wanted, "updatedReplicas": wanted,
                });
            });
        }
    }

    /// The machines of a MachineDeployment.
    pub(crate) fn machines(&self, deployment: &str) -> Vec<ObjectRef> {
        let prefix = format!("{deployment}-m");
        let objects = self.fake.objects().into_iter();
        objects.filter(|object| object.kind == kinds::MACHINE && object.name.starts_with(&prefix)).collect()
    }
}

fn machine(deployment: &Value, at: i64) -> Value {
    let template = &deployment["spec"]["template"];
    let name = format!("{}-m{at}", deployment["metadata"]["name"].as_str().expect("name"));
    let infrastructure = &template["spec"]["infrastructureRef"]["kind"];
    let kind = infrastructure.as_str().and_then(|kind| kind.strip_suffix("Template")).expect("template kind");
    json!({
        "apiVersion": "cluster.x-k8s.io/v1beta1", "kind": "Machine",
        "metadata": {"name": name, "namespace": "default", "labels": template["metadata"]["labels"]},
        "spec": {"version": template["spec"]["version"], "infrastructureRef": {"kind": kind, "name": name}},
    })
}

/// The condition of that type in a response, as `status/reason`.
pub(crate) fn said(response: &Response, kind: &str) -> String {
    let text = |condition: &Condition| {
        let status = match condition.status {
            Status::Holds => "True",
            Status::Fails => "False",
            Status::Unknown => "Unknown",
        };
        format!("{status}/{}", condition.reason)
    };
    response.conditions.iter().find(|condition| condition.kind == kind).map_or_else(|| "-".into(), text)
}

/// The message of the condition of that type.
pub(crate) fn message<'a>(response: &'a Response, kind: &str) -> &'a str {
    response.conditions.iter().find(|condition| condition.kind == kind).map_or("", |condition| &condition.message)
}

/// Reason and message of a refusal.
pub(crate) fn refusal(response: &Response) -> (&str, &str) {
    match &response.outcome {
        Outcome::Refused { reason, message } => (reason, message),
        other => panic!("not refused but {other:?}"),
    }
}
