//! The end of a Machine: hooks, cordon, the server, the bootstrap object, the Node, in this order.

use std::time::Duration;

use serde_json::{Value, json};

use super::external;
use super::{Core, cluster_key, words};
use crate::condition::{self, Condition};
use crate::error::Error;
use crate::kinds::NODE;
use crate::object;
use crate::runner::{Handle, Next};

/// How long a Node's deletion is tried if the Machine does not say.
const NODE_DELETION: Duration = Duration::from_secs(10);

/// One step; what it waits for wakes it.
pub(super) async fn step(
    core: &Core,
    handle: &Handle,
    cluster: Option<&Value>,
    machine: &mut Value,
) -> Result<Next, Error> {
    let node =
        if deletes_node(machine, cluster) { object::text(machine, "/status/nodeRef/name") } else { "" }.to_owned();
    let now = core.client.now();
    if !node.is_empty() {
        if has_hook(machine, words::PRE_DRAIN_HOOK) {
            wait_for_hook(machine, "PreDrainDeleteHookSucceeded", now);
            return Ok(Next::OnChange);
        }
        if object::annotation(machine, words::EXCLUDE_DRAIN).is_none() {
            cordon(core, machine, &node).await;
            condition::set(machine, &Condition::holds("DrainingSucceeded"), now);
        }
    }
    if has_hook(machine, words::PRE_TERMINATE_HOOK) {
        wait_for_hook(machine, "PreTerminateDeleteHookSucceeded", now);
        return Ok(Next::OnChange);
    }
    for (pointer, kind) in
        [("/spec/infrastructureRef", "InfrastructureReady"), ("/spec/bootstrap/configRef", "BootstrapReady")]
    {
        if let Some(part) = external::get(&core.client, handle, machine, pointer).await?.found() {
            part.delete(&core.client).await?;
            let deleting = Condition::fails(kind, "Info", "Deleting", "");
            condition::set(machine, &condition::mirror(&part.object, kind).unwrap_or(deleting), now);
            return Ok(Next::OnChange);
        }
        condition::set(machine, &Condition::fails(kind, "Info", "Deleted", ""), now);
    }
    if !node.is_empty() {
        delete_node(core, machine, &node).await?;
    }
    object::remove_finalizer(machine, words::MACHINE_FINALIZER);
    Ok(Next::OnChange)
}

/// Not if there is none, nor if the whole cluster goes.
fn deletes_node(machine: &Value, cluster: Option<&Value>) -> bool {
    let cluster_stays = cluster.is_some_and(|cluster| !object::is_deleting(cluster));
    let is_control_plane = object::label(machine, words::CONTROL_PLANE).is_some();
    cluster_stays && !is_control_plane && !object::text(machine, "/status/nodeRef/name").is_empty()
}

fn has_hook(machine: &Value, prefix: &str) -> bool {
    let annotations = machine.pointer("/metadata/annotations").and_then(Value::as_object);
    annotations.is_some_and(|all| all.keys().any(|key| key.starts_with(prefix)))
}

fn wait_for_hook(machine: &mut Value, kind: &str, now: jiff::Timestamp) {
    condition::set(machine, &Condition::fails(kind, "Info", "WaitingExternalHook", ""), now);
}

/// Marks the Node unschedulable. A Node that cannot be reached goes with its server all the same.
async fn cordon(core: &Core, machine: &Value, node: &str) {
    let done = async {
        let Some(tenant) = core.tenants.tenant(&cluster_key(machine)).await? else { return Ok(()) };
        match tenant.get(&NODE, "", node).await? {
            Some(found) if !object::is_true(&found, "/spec/unschedulable") => {
                tenant.patch(&NODE, &found, &json!({"spec": {"unschedulable": true}})).await
            }
            _ => Ok(()),
        }
    };
    let done: Result<(), Error> = done.await;
    if let Err(error) = done {
        tracing::debug!(object.name = object::name(machine), error = %error.chain(), "node cannot be cordoned");
    }
}

/// Deletes the Node; gives up after `nodeDeletionTimeout`, counted from the Machine's deletion.
async fn delete_node(core: &Core, machine: &Value, node: &str) -> Result<(), Error> {
    let Some(tenant) = core.tenants.tenant(&cluster_key(machine)).await? else { return Ok(()) };
    match tenant.delete(&NODE, "", node).await {
        Err(error) if !is_over(core, machine) => Err(error),
        _ => Ok(()),
    }
}

fn is_over(core: &Core, machine: &Value) -> bool {
    let limit = object::text(machine, "/spec/nodeDeletionTimeout").parse::<jiff::SignedDuration>().ok();
    let limit = limit.unwrap_or_else(|| jiff::SignedDuration::try_from(NODE_DELETION).unwrap_or_default());
    let since = object::text(machine, "/metadata/deletionTimestamp").parse::<jiff::Timestamp>();
    // A limit of zero means for ever.
    !limit.is_zero() && since.is_ok_and(|since| core.client.now() > since + limit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_node_is_deleted_only_while_its_cluster_lives() {
        let machine = json!({"metadata": {"labels": {}}, "status": {"nodeRef": {"name": "n"}}});
        let control_plane =
            json!({"metadata": {"labels": {words::CONTROL_PLANE: ""}}, "status": {"nodeRef": {"name": "n"}}});
        let (alive, dying) = (json!({}), json!({"metadata": {"deletionTimestamp": "t"}}));
        let cases = [
            ("alive", &machine, Some(&alive), true),
            ("cluster dying", &machine, Some(&dying), false),
            ("cluster gone", &machine, None, false),
            ("no node", &alive, Some(&alive), false),
            ("control plane", &control_plane, Some(&alive), false),
        ];
        for (case, machine, cluster, expected) in cases {
            assert_eq!(deletes_node(machine, cluster), expected, "{case}");
        }
    }

    #[test]
    fn a_hook_is_any_annotation_with_its_prefix() {
        let machine = json!({"metadata": {"annotations": {format!("{}/backup", words::PRE_DRAIN_HOOK): ""}}});
        assert!(has_hook(&machine, words::PRE_DRAIN_HOOK));
        assert!(!has_hook(&machine, words::PRE_TERMINATE_HOOK));
    }
}
