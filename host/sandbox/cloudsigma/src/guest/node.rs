//! The Node object that a kubelet registers, from its arguments and its machine.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::Machine;
use super::join::{Plan, Taint};

/// What the cloud controller manager removes once it knows the Node.
const UNINITIALIZED: &str = "node.cloudprovider.kubernetes.io/uninitialized";

/// Whether the kubelet serves Pods yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ready {
    NotYet,
    Yes,
}

/// Facts about a Node that its kubelet keeps on disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NodeSpec {
    pub(crate) name: String,
    pub(crate) provider_id: Option<String>,
    labels: BTreeMap<String, String>,
    taints: Vec<Taint>,
    external_cloud: bool,
    kubelet_version: String,
}

impl NodeSpec {
    pub(crate) fn new(plan: &Plan, kubelet_version: &str) -> Result<Self, String> {
        let args = &plan.kubelet_args;
        let external_cloud = args.get("cloud-provider").is_some_and(|provider| provider == "external");
        let mut taints = plan.taints.clone();
        taints
            .extend(args.get("register-with-taints").map(|text| written_taints(text)).transpose()?.unwrap_or_default());
        if external_cloud {
            taints.push(Taint {
                key: UNINITIALIZED.to_owned(),
                value: Some("true".to_owned()),
                effect: "NoSchedule".to_owned(),
            });
        }
        Ok(Self {
            name: plan.node_name.clone(),
            provider_id: args.get("provider-id").filter(|id| !id.is_empty()).cloned(),
            labels: labels(&plan.node_name, args.get("node-labels").map(String::as_str).unwrap_or_default())?,
            taints,
            external_cloud,
            kubelet_version: kubelet_version.to_owned(),
        })
    }

    /// The object to create.
    pub(crate) fn object(&self, machine: &Machine, now: Timestamp) -> Value {
        let mut spec = json!({});
        if let Some(id) = &self.provider_id {
            spec["providerID"] = Value::from(id.as_str());
        }
        if !self.taints.is_empty() {
            spec["taints"] = json!(self.taints);
        }
        json!({
            "apiVersion": "v1", "kind": "Node",
            "metadata": {
                "name": self.name, "labels": self.labels,
                "annotations": { "volumes.kubernetes.io/controller-managed-attach-detach": "true" },
            },
            "spec": spec, "status": self.status(machine, Ready::NotYet, now, now),
        })
    }

    /// The whole status. `since` is when readiness last changed.
    pub(crate) fn status(&self, machine: &Machine, ready: Ready, since: Timestamp, now: Timestamp) -> Value {
        let capacity = json!({
            "cpu": machine.cores.to_string(), "memory": format!("{}Ki", machine.memory >> 10), "pods": "110",
            "ephemeral-storage": "20Gi", "hugepages-2Mi": "0",
        });
        json!({
            "addresses": self.addresses(machine), "allocatable": capacity, "capacity": capacity,
            "conditions": conditions(ready, since, now),
            "daemonEndpoints": { "kubeletEndpoint": { "Port": 10250 } },
            "nodeInfo": {
                "architecture": "amd64", "bootID": machine.uuid, "containerRuntimeVersion": "containerd://2.0.5",
                "kernelVersion": "6.8.0-79-generic", "kubeProxyVersion": "", "kubeletVersion": self.kubelet_version,
                "machineID": machine.uuid.replace('-', ""), "operatingSystem": "linux", "osImage": "Ubuntu 24.04.3 LTS",
                "systemUUID": machine.uuid,
            },
        })
    }

    /// An external cloud provider sets the addresses itself.
    fn addresses(&self, machine: &Machine) -> Vec<Value> {
        let internal = machine.addresses.iter().take(if self.external_cloud { 0 } else { 1 });
        let internal = internal.map(|address| json!({ "type": "InternalIP", "address": address }));
        internal.chain([json!({ "type": "Hostname", "address": self.name })]).collect()
    }
}

fn conditions(ready: Ready, since: Timestamp, now: Timestamp) -> Vec<Value> {
    let time = |at: Timestamp| at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    let condition = |kind: &str, status: &str, reason: &str, message: &str| {
        json!({ "type": kind, "status": status, "reason": reason, "message": message,
            "lastHeartbeatTime": time(now), "lastTransitionTime": time(since) })
    };
    let fine = |kind: &str, reason: &str| condition(kind, "False", reason, "kubelet has enough of it");
    vec![
        fine("MemoryPressure", "KubeletHasSufficientMemory"),
        fine("DiskPressure", "KubeletHasNoDiskPressure"),
        fine("PIDPressure", "KubeletHasSufficientPID"),
        match ready {
            Ready::NotYet => condition("Ready", "False", "KubeletNotReady", "container runtime network not ready"),
            Ready::Yes => condition("Ready", "True", "KubeletReady", "kubelet is posting ready status"),
        },
    ]
}

fn labels(name: &str, written: &str) -> Result<BTreeMap<String, String>, String> {
    let mut labels = BTreeMap::new();
    for pair in written.split(',').map(str::trim).filter(|pair| !pair.is_empty()) {
        let (key, value) = pair.split_once('=').ok_or_else(|| format!("--node-labels: {pair} is not key=value"))?;
        if is_reserved(key) {
            return Err(format!("--node-labels: a kubelet may not set {key}"));
        }
        labels.insert(key.to_owned(), value.to_owned());
    }
    for prefix in ["kubernetes.io", "beta.kubernetes.io"] {
        labels.insert(format!("{prefix}/arch"), "amd64".to_owned());
        labels.insert(format!("{prefix}/os"), "linux".to_owned());
    }
    labels.insert("kubernetes.io/hostname".to_owned(), name.to_owned());
    Ok(labels)
}

/// Labels of Kubernetes itself that `--node-labels` refuses, such as `node-role.kubernetes.io/worker`.
fn is_reserved(key: &str) -> bool {
    const ALLOWED: [&str; 8] = [
        "kubernetes.io/hostname",
        "kubernetes.io/arch",
        "kubernetes.io/os",
        "beta.kubernetes.io/instance-type",
        "node.kubernetes.io/instance-type",
        "topology.kubernetes.io/region",
        "topology.kubernetes.io/zone",
        "beta.kubernetes.io/os",
    ];
    let Some((domain, _)) = key.split_once('/') else { return false };
    let within = |parent: &str| domain == parent || domain.strip_suffix(parent).is_some_and(|rest| rest.ends_with('.'));
    let own = within("kubernetes.io") || within("k8s.io");
    own && !within("kubelet.kubernetes.io") && !within("node.kubernetes.io") && !ALLOWED.contains(&key)
}

/// `key=value:Effect,key:Effect`.
fn written_taints(text: &str) -> Result<Vec<Taint>, String> {
    let taint = |item: &str| {
        let (left, effect) = item.rsplit_once(':')?;
        let (key, value) = left.split_once('=').map_or((left, None), |(key, value)| (key, Some(value.to_owned())));
        let known = ["NoSchedule", "PreferNoSchedule", "NoExecute"].contains(&effect) && !key.is_empty();
        known.then(|| Taint { key: key.to_owned(), value, effect: effect.to_owned() })
    };
    let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
    items.map(|item| taint(item).ok_or_else(|| format!("--register-with-taints: {item} is not a taint"))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::guest::join::Token;

    fn plan(args: &[(&str, &str)]) -> Plan {
        Plan {
            endpoint: "127.0.0.1:6443".to_owned(),
            token: Token { id: "abcdef".to_owned(), secret: "0123456789abcdef".to_owned() },
            ca_hashes: Vec::new(),
            node_name: "worker-1".to_owned(),
            kubelet_args: args.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
            taints: vec![Taint { key: "a".to_owned(), value: None, effect: "NoSchedule".to_owned() }],
        }
    }

    fn machine() -> Machine {
        Machine {
            uuid: "0b9c-1".to_owned(),
            name: "worker-1".to_owned(),
            cores: 2,
            memory: 4 << 30,
            meta: serde_json::Map::new(),
            addresses: vec!["203.0.113.10".to_owned()],
            boot_drive: None,
            image: None,
            kubernetes_version: None,
        }
    }

    #[test]
    fn a_node_says_what_its_arguments_and_its_machine_say() {
        let args = [
            ("provider-id", "cloudsigma://0b9c-1"),
            ("node-labels", "pool=a,example.org/x=y"),
            ("register-with-taints", "b=c:NoExecute"),
        ];
        let node = NodeSpec::new(&plan(&args), "v1.34.0").unwrap().object(&machine(), Timestamp::UNIX_EPOCH);
        assert_eq!(node["spec"]["providerID"], "cloudsigma://0b9c-1");
        assert_eq!(
            node["spec"]["taints"],
            json!([{"key": "a", "effect": "NoSchedule"}, {"key": "b", "value": "c", "effect": "NoExecute"}])
        );
        assert_eq!(node["metadata"]["labels"]["pool"], "a");
        assert_eq!(node["metadata"]["labels"]["kubernetes.io/hostname"], "worker-1");
        assert_eq!(node["status"]["capacity"]["cpu"], "2");
        assert_eq!(node["status"]["capacity"]["memory"], "4194304Ki");
        assert_eq!(node["status"]["nodeInfo"]["kubeletVersion"], "v1.34.0");
        assert_eq!(node["status"]["addresses"][0], json!({"type": "InternalIP", "address": "203.0.113.10"}));
    }

    #[test]
    fn an_external_cloud_provider_taints_the_node_and_sets_its_addresses_later() {
        let spec = NodeSpec::new(&plan(&[("cloud-provider", "external")]), "v1.34.0").unwrap();
        let node = spec.object(&machine(), Timestamp::UNIX_EPOCH);
        assert_eq!(node["spec"]["taints"][1]["key"], UNINITIALIZED);
        assert_eq!(node["status"]["addresses"], json!([{"type": "Hostname", "address": "worker-1"}]));
        assert!(node["spec"].get("providerID").is_none());
    }

    #[test]
    fn labels_that_a_kubelet_may_not_set_are_refused() {
        let cases = [
            ("role", "node-role.kubernetes.io/worker=", false),
            ("own domain", "k8s.io/x=y", false),
            ("not a pair", "pool", false),
            ("node domain", "node.kubernetes.io/pool=a", true),
            ("cluster api", "node.cluster.x-k8s.io/pool=a", true),
            ("zone", "topology.kubernetes.io/zone=a", true),
        ];
        for (name, labels, accepted) in cases {
            assert_eq!(NodeSpec::new(&plan(&[("node-labels", labels)]), "v1").is_ok(), accepted, "{name}");
        }
    }
}
