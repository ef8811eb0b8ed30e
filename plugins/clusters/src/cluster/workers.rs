//! Pools: a bootstrap template, a machine template and a MachineDeployment each.

use std::collections::BTreeMap;

use backplane_sdk::{Kind, Obj, ObjectRef};
use serde_json::{Value, json};

use super::observed::Observed;
use super::pool::{Machines, VirtualMachine, WorkerPool};
use super::server::Server;
use super::templates::Template;
use crate::api::{MachineSpec, Reference, Strategy, Taint};
use crate::intent::{Owner, Steer, annotate, label};
use crate::plan::{Plan, target};
use crate::version::Version;
use crate::{kinds, names};

/// Plans all pools that are wanted, and the end of those that are not. `running` is the version of the control plane:
/// kubelets follow it and never go ahead.
pub(super) fn plan(
    plan: &mut Plan,
    owner: &Owner,
    pools: &[WorkerPool],
    observed: &Observed,
    running: Option<Version>,
) {
    let mut kept = Vec::new();
    for pool in pools {
        let leaving = observed.deployment(&pool.name).is_some_and(Obj::is_deleting);
        // A pool that came back under the name of one that is still leaving waits until that is gone.
        if leaving {
            continue;
        }
        let templates = [bootstrap(owner, pool), machines(owner, pool)];
        let names = templates.each_ref().map(|template| template.name(&observed.templates));
        for (template, name) in templates.iter().zip(&names) {
            plan.applies.push(template.intent(owner, name));
            kept.push(target(plan.applies.last().unwrap_or(&Value::Null)));
        }
        let version = running.map_or(pool.version, |running| pool.version.min(running));
        let present = observed.deployment(&pool.name).map(|present| present.spec.template.spec.clone());
        let templates = [(&templates[0].kind, &names[0]), (&templates[1].kind, &names[1])];
        let mut deployment = deployment(owner, pool, version, templates, &present.unwrap_or_default());
        if knows_history(observed, pool) {
            // Without old sets, templates that are no longer used can go.
            deployment["spec"]["revisionHistoryLimit"] = 0.into();
        }
        plan.patches.extend(strategy_patch(pool, &target(&deployment), observed));
        plan.applies.push(deployment);
    }
    remove_pools(plan, pools, observed);
    remove_templates(plan, &kept, observed);
}

/// Cluster API from 1.11 on keeps no old sets and drops the limit in its `v1beta2`: applying it there would change the object
/// again and again.
fn knows_history(observed: &Observed, pool: &WorkerPool) -> bool {
    observed.deployment(&pool.name).is_none_or(|known| known.spec.revision_history_limit.is_some())
}

fn remove_pools(plan: &mut Plan, pools: &[WorkerPool], observed: &Observed) {
    for deployment in &observed.deployments {
        let pool = deployment.metadata.label(names::POOL);
        if !pools.iter().any(|wanted| Some(wanted.name.as_str()) == pool) {
            plan.delete(&kinds::MACHINE_DEPLOYMENT, deployment);
        }
    }
}

/// A template goes when nothing refers to it any more, and those of a removed pool not before its last machine.
fn remove_templates(plan: &mut Plan, kept: &[ObjectRef], observed: &Observed) {
    let deployments = observed.deployments.iter().map(|deployment| &deployment.spec.template.spec);
    let sets = observed.sets.iter().map(|set| &set.spec.template.spec);
    let users: Vec<&MachineSpec> = deployments.chain(sets).collect();
    for (kind, template) in &observed.templates {
        let pool = template.metadata.label(names::POOL).unwrap_or_default();
        let used = users.iter().any(|user| refers(user, kind, template.name()));
        let drained = observed.deployment(pool).is_some() || observed.machines_of(pool).next().is_none();
        if !used && drained && !kept.contains(&kind.at(&template.key())) {
            plan.delete(kind, template);
        }
    }
}

fn refers(user: &MachineSpec, kind: &Kind, name: &str) -> bool {
    let references = [&user.bootstrap.config_ref, &user.infrastructure_ref];
    references.iter().any(|reference| reference.kind == kind.kind && reference.name == name)
}

/// `present` is what the template of its machines says now.
fn deployment(
    owner: &Owner,
    pool: &WorkerPool,
    version: Version,
    templates: [(&Kind, &String); 2],
    present: &MachineSpec,
) -> Value {
    let name = names::deployment(&owner.name, &pool.name);
    let mut deployment = owner.intent(&kinds::MACHINE_DEPLOYMENT, &name, Steer::Yes);
    let belongs =
        [(names::CLUSTER_NAME, owner.name.as_str()), (names::CLUSTER, &owner.name), (names::POOL, &pool.name)];
    label(&mut deployment, &belongs);
    let [bootstrap, infrastructure] = templates;
    let refer = |present: &Reference, (kind, name): (&Kind, &String)| present.to(kind, name, &owner.namespace);
    let mut machine = json!({
        "clusterName": owner.name,
        "version": version.to_string(),
        "bootstrap": {"configRef": refer(&present.bootstrap.config_ref, bootstrap)},
        "infrastructureRef": refer(&present.infrastructure_ref, infrastructure),
    });
    if let Some(seconds) = pool.drain_seconds {
        machine["nodeDrainTimeout"] = duration(seconds).into();
    }
    let selector = json!({names::CLUSTER_NAME: owner.name, names::DEPLOYMENT_NAME: name});
    let labels = json!({
        names::CLUSTER_NAME: owner.name, names::DEPLOYMENT_NAME: name,
        names::CLUSTER: owner.name, names::POOL: pool.name,
    });
    deployment["spec"] = json!({
        "clusterName": owner.name,
        "replicas": pool.replicas,
        "selector": {"matchLabels": selector},
        "template": {"metadata": {"labels": labels}, "spec": machine},
    });
    // `false` is how it is written where it is not; applying that would change the object again and again.
    if pool.paused {
        deployment["spec"]["paused"] = true.into();
    }
    if pool.strategy.is_none() {
        deployment["spec"]["strategy"] = rolling(&Strategy::default());
        annotate(&mut deployment, &[(names::STRATEGY_WRITTEN, "")]);
    }
    deployment
}

/// A duration as Go prints it, which is how it comes back: `5m0s`.
fn duration(seconds: i64) -> String {
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, seconds) => format!("{seconds}s"),
        (0, minutes, seconds) => format!("{minutes}m{seconds}s"),
        (hours, minutes, seconds) => format!("{hours}h{minutes}m{seconds}s"),
    }
}

fn rolling(strategy: &Strategy) -> Value {
    let or = |given: &Option<Value>, default: i64| given.clone().unwrap_or_else(|| default.into());
    let update = json!({"maxSurge": or(&strategy.max_surge, 1), "maxUnavailable": or(&strategy.max_unavailable, 0)});
    json!({"type": "RollingUpdate", "rollingUpdate": update})
}

/// A strategy that is given is written once and then left to the user: by a patch, for what is applied is kept. The
/// annotation remembers what was written; the apply of a pool without strategy empties it.
fn strategy_patch(pool: &WorkerPool, deployment: &ObjectRef, observed: &Observed) -> Option<(ObjectRef, Value)> {
    let strategy = rolling(pool.strategy.as_ref()?);
    let text = strategy["rollingUpdate"].to_string();
    let now = observed.deployment(&pool.name);
    let written = now.and_then(|now| now.metadata.annotation(names::STRATEGY_WRITTEN)) == Some(&text);
    let patch = json!({
        "metadata": {"annotations": {names::STRATEGY_WRITTEN: text}},
        "spec": {"strategy": strategy},
    });
    (!written).then(|| (deployment.clone(), patch))
}

fn bootstrap(owner: &Owner, pool: &WorkerPool) -> Template {
    let mut arguments = BTreeMap::from([("cloud-provider", "external".to_owned())]);
    if let Machines::CloudSigma(_) = pool.machines {
        arguments.insert("provider-id", "cloudsigma://{{ ds.meta_data.instance_id }}".into());
    }
    if !pool.labels.is_empty() {
        let labels: Vec<String> = pool.labels.iter().map(|(key, value)| format!("{key}={value}")).collect();
        arguments.insert("node-labels", labels.join(","));
    }
    let mut registration = json!({"name": "{{ ds.meta_data.local_hostname }}", "kubeletExtraArgs": arguments});
    if !pool.taints.is_empty() {
        registration["taints"] = pool.taints.iter().map(taint).collect();
    }
    Template {
        kind: kinds::BOOTSTRAP_TEMPLATE,
        base: names::bootstrap_template(&owner.name, &pool.name),
        pool: pool.name.clone(),
        content: json!({"joinConfiguration": {"nodeRegistration": registration}}),
    }
}

fn taint(taint: &Taint) -> Value {
    let mut written = json!({"key": taint.key, "effect": taint.effect});
    if let Some(value) = &taint.value {
        written["value"] = value.as_str().into();
    }
    written
}

fn machines(owner: &Owner, pool: &WorkerPool) -> Template {
    let (kind, base, content) = match &pool.machines {
        Machines::CloudSigma(server) => {
            let base = names::cloudsigma_template(&owner.name, &pool.name);
            (kinds::CLOUDSIGMA_TEMPLATE, base, cloudsigma(&owner.name, server))
        }
        Machines::KubeVirt(machine) => {
            let base = names::kubevirt_template(&owner.name, &pool.name);
            (kinds::KUBEVIRT_TEMPLATE, base, kubevirt(owner, machine))
        }
    };
    Template { kind, base, pool: pool.name.clone(), content }
}

fn cloudsigma(cluster: &str, server: &Server) -> Value {
    let mut meta = BTreeMap::from([("cluster", cluster), ("provider", "cloudsigma")]);
    meta.extend(server.meta.iter().map(|(key, value)| (key.as_str(), value.as_str())));
    let disk = json!({"uuid": server.image, "device": "virtio", "boot_order": 1, "size": server.disk_bytes});
    let mut content = json!({"cpu": server.cpu_mhz, "memory": server.memory_mb, "disks": [disk], "meta": meta});
    if !server.vlans.is_empty() {
        content["nics"] =
            server.vlans.iter().map(|vlan| json!({"vlan": vlan, "ipv4_conf": {"conf": "dhcp"}})).collect();
    }
    if !server.tags.is_empty() {
        content["tags"] = json!(server.tags);
    }
    content
}

/// The project's network is attached as a secondary one, which KubeVirt then treats as the only one.
fn kubevirt(owner: &Owner, machine: &VirtualMachine) -> Value {
    let volume = match machine.disk {
        Some(_) => json!({"name": "rootdisk", "dataVolume": {"name": "rootdisk"}}),
        None => json!({"name": "rootdisk", "containerDisk": {"image": machine.image}}),
    };
    let domain = json!({
        "cpu": {"cores": machine.cores},
        "memory": {"guest": machine.memory},
        "devices": {
            "disks": [{"name": "rootdisk", "disk": {"bus": "virtio"}}],
            "interfaces": [{"name": "default", "bridge": {}}],
        },
    });
    let mut virtual_machine = json!({
        "runStrategy": "Always",
        "template": {"spec": {
            "architecture": machine.architecture,
            "domain": domain,
            "evictionStrategy": "External",
            "networks": [{"name": "default", "multus": {"networkName": format!("{}/default", owner.namespace)}}],
            "volumes": [volume],
        }},
    });
    if let Some(size) = &machine.disk {
        virtual_machine["dataVolumeTemplates"] = json!([{
            "metadata": {"name": "rootdisk"},
            "spec": {
                "source": {"registry": {"url": format!("docker://{}", machine.image), "pullMethod": "node"}},
                "storage": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": size}}},
            },
        }]);
    }
    json!({"virtualMachineTemplate": {"spec": virtual_machine}, "virtualMachineBootstrapCheck": {"checkStrategy": "none"}})
}
