//! The whole plugin against the cloud in memory, the host's part played by [`World`].

mod deleting;
mod failing;
mod finding;
mod making;

use std::cell::RefCell;

use backplane_sdk::machines::{Bootstrap, MachineError, MachineRequest, MachineState, Phase};
use backplane_sdk::prelude::*;

use crate::fake::{FakeCloud, IMAGE};
use crate::plugin;
use crate::settings::Settings;

/// What a machine boots with; stands for a join token.
const USER_DATA: &str = "#cloud-config\nruncmd: [kubeadm join --token abcdef.0123456789abcdef]\n";

/// A machine's object.
fn object(name: &str) -> Value {
    json!({
        "apiVersion": "infrastructure.cluster.x-k8s.io/v1beta1",
        "kind": "CloudSigmaMachine",
        "metadata": {
            "name": name, "namespace": "default", "uid": format!("uid-of-{name}"),
            "labels": {"cluster.x-k8s.io/cluster-name": "c", "cluster.x-k8s.io/deployment-name": "c-workers"},
        },
        "spec": {
            "cpu": 2000, "memory": 4096, "tags": ["gold"], "meta": {"provider": "kdc", "machine-uid": "forged"},
            "disks": [{"uuid": IMAGE, "device": "virtio", "boot_order": 1, "size": 32_212_254_720_u64}],
        },
    })
}

/// A request for machine `m-1`, with a change.
pub(crate) fn request(change: impl FnOnce(&mut Value)) -> MachineRequest {
    let mut object = object("m-1");
    change(&mut object);
    request_for(&object)
}

fn request_for(object: &Value) -> MachineRequest {
    MachineRequest {
        object: object.to_string().into_bytes(),
        machine: None,
        cluster: Some(br#"{"metadata": {"name": "c"}, "spec": {"region": "fra"}}"#.to_vec()),
        bootstrap: Some(Bootstrap { data: USER_DATA.as_bytes().to_vec(), format: "cloud-config".into() }),
    }
}

/// A machine's object as the host keeps it: what the plugin answers is written into it.
struct World<'a> {
    cloud: &'a FakeCloud,
    object: RefCell<Value>,
    events: RefCell<Vec<Event>>,
}

type Answer = Result<MachineState, MachineError>;

impl<'a> World<'a> {
    fn new(cloud: &'a FakeCloud, object: Value) -> Self {
        Self { cloud, object: RefCell::new(object), events: RefCell::default() }
    }

    fn request(&self) -> MachineRequest {
        request_for(&self.object.borrow())
    }

    fn ensure(&self) -> Answer {
        self.record(plugin::ensure(&self.request(), self.cloud, &Settings::default()))
    }

    fn delete(&self) -> Answer {
        self.record(plugin::delete(&self.request(), self.cloud, &Settings::default()))
    }

    fn observe(&self) -> Answer {
        plugin::observe(&self.request(), self.cloud, &Settings::default())
    }

    fn record(&self, answer: Answer) -> Answer {
        if let Ok(state) = &answer {
            let mut object = self.object.borrow_mut();
            if let Some(id) = &state.instance_id {
                object["status"]["instanceID"] = id.as_str().into();
                object["spec"]["providerID"] = state.provider_id.as_deref().into();
            }
            self.events.borrow_mut().extend(state.events.iter().cloned());
        }
        let texts = format!("{answer:?}");
        assert!(!texts.contains("abcdef.0123456789abcdef"), "user data in {texts}");
        answer
    }

    /// Calls until the machine runs and its tags are as they should be.
    fn run(&self) -> MachineState {
        for _ in 0..40 {
            if let Ok(state) = self.ensure() {
                if state.phase == Phase::Running && state.poll_after.is_none() {
                    return state;
                }
            }
            self.cloud.tick();
        }
        panic!("does not run: {:?} after {:?}", self.ensure(), self.cloud.state.borrow().requests);
    }

    /// Calls until the machine is gone.
    fn end(&self) -> MachineState {
        for _ in 0..40 {
            if let Ok(state) = self.delete() {
                if state.phase == Phase::Gone {
                    return state;
                }
            }
            self.cloud.tick();
        }
        panic!("does not go: {:?} after {:?}", self.delete(), self.cloud.state.borrow().requests);
    }

    fn saw(&self, reason: &str) -> bool {
        self.events.borrow().iter().any(|event| event.reason == reason)
    }
}

/// Nothing is left of anything.
fn assert_empty(cloud: &FakeCloud, name: &str) {
    assert_eq!(cloud.servers(), Vec::<String>::new(), "{name}: servers");
    assert_eq!(cloud.drives(), Vec::<String>::new(), "{name}: drives");
    assert_eq!(cloud.tags().into_keys().collect::<Vec<_>>(), Vec::<String>::new(), "{name}: tags");
}

/// One server runs, with one drive, marked and tagged.
fn assert_one(cloud: &FakeCloud, name: &str) {
    assert_eq!(cloud.servers(), ["m-1 running"], "{name}: servers");
    assert_eq!(cloud.drives(), ["m-1-drive-0"], "{name}: drives");
    assert_eq!(cloud.server()["meta"]["machine-uid"], "uid-of-m-1", "{name}");
    let uuid = cloud.server()["uuid"].as_str().expect("uuid").to_owned();
    let tags = cloud.tags();
    for tag in ["managed-by:cloudsigma-capcs", "cluster:c", "pool:c-workers", "gold"] {
        assert!(tags.get(tag).is_some_and(|members| members.contains(&uuid)), "{name}: {tag} in {tags:?}");
    }
}
