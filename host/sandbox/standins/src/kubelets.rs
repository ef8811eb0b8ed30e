//! Stands for scheduler and kubelets of a management cluster whose workload controllers are real.
//!
//! Every Pod is ready at once, without a node: so the API server waits for no kubelet when the Pod is deleted. Left out: nodes,
//! containers, probes, volumes, logs: nothing runs, and nothing can go wrong.

use async_trait::async_trait;
use serde_json::{Value, json};

use crate::client::Client;
use crate::error::Error;
use crate::kinds::{Kind, POD};
use crate::queue::Key;
use crate::runner::{Controller, Handle, Next, key_of};
use crate::{condition, object};

/// Conditions of a Pod that runs, in the order in which they come true.
const CONDITIONS: [&str; 4] = ["PodScheduled", "Initialized", "ContainersReady", "Ready"];

/// The control loop.
pub(crate) struct Kubelets {
    pub(crate) client: Client,
}

#[async_trait]
impl Controller for Kubelets {
    fn name(&self) -> &'static str {
        "kubelets"
    }

    fn watches(&self) -> Vec<Kind> {
        vec![POD]
    }

    async fn concerns(&self, _kind: &Kind, object: &Value) -> Vec<Key> {
        vec![key_of(object)]
    }

    async fn reconcile(&self, key: &Key, _handle: &Handle) -> Result<Next, Error> {
        let Some(pod) = self.client.get(&POD, &key.namespace, &key.name).await? else { return Ok(Next::OnChange) };
        if object::is_deleting(&pod) || object::text(&pod, "/status/phase") == "Running" {
            return Ok(Next::OnChange);
        }
        let mut running = pod.clone();
        run(&mut running, self.client.now());
        self.client.save(&POD, &pod, &running).await?;
        Ok(Next::OnChange)
    }
}

/// What a kubelet reports once all containers are up.
fn run(pod: &mut Value, now: jiff::Timestamp) {
    let statuses: Vec<Value> = object::list(pod, "/spec/containers").iter().map(up).collect();
    object::put(pod, &["status", "phase"], json!("Running"));
    object::put(pod, &["status", "podIP"], json!("127.0.0.1"));
    object::put(pod, &["status", "startTime"], json!(condition::instant(now)));
    object::put(pod, &["status", "containerStatuses"], Value::Array(statuses));
    for one in CONDITIONS {
        condition::set_meta(pod, one, true, "", "", now);
    }
}

fn up(container: &Value) -> Value {
    json!({
        "name": container["name"], "image": container["image"], "imageID": "", "ready": true, "started": true,
        "restartCount": 0, "state": {"running": {}},
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_running_pod_has_a_ready_status_for_each_container() {
        let mut pod = json!({"spec": {"containers": [{"name": "a", "image": "x"}, {"name": "b", "image": "y"}]}});
        run(&mut pod, jiff::Timestamp::UNIX_EPOCH);
        assert_eq!(object::list(&pod, "/status/containerStatuses").len(), 2);
        assert!(condition::is_true(&pod, "Ready"));
        assert_eq!(object::text(&pod, "/status/phase"), "Running");
    }
}
