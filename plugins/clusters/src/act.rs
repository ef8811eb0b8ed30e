//! Carries plans out. The only place of the plugin that writes.

use backplane_sdk::cluster::DeleteOptions;
use backplane_sdk::{Cluster, Error, Identify, Obj, Response, Result};
use serde_json::{Value, json};

use crate::api::Any;
use crate::plan::{Plan, belongs_to, target};
use crate::refusal::Refusal;

/// Writes what the plan says for the object.
///
/// # Errors
/// The first write that failed; what was written before stays, and the next look goes on from there.
pub(crate) fn carry_out<T>(plan: Plan, object: &Obj<T>, finalizer: &str, cluster: &Cluster) -> Result<Response>
where
    Obj<T>: Identify,
{
    refuse_taken_names(&plan.applies, object.uid(), cluster)?;
    for intent in &plan.applies {
        cluster.apply(intent)?;
    }
    for (reference, patch) in &plan.patches {
        cluster.patch_merge(reference, patch)?;
    }
    for (reference, status) in &plan.statuses {
        cluster.apply_status(reference, status)?;
    }
    for (reference, uid) in plan.deletes {
        delete_seen(&reference, uid, cluster)?;
    }
    if plan.release {
        cluster.remove_finalizer(object, finalizer)?;
    } else if let Some(status) = &plan.status {
        cluster.apply_status(object, status)?;
    }
    Ok(plan.response)
}

/// Takes the object into care: the finalizer, and the phase `Pending` before anything else can be seen.
///
/// # Errors
/// Any write error.
pub(crate) fn take_charge<T>(object: &Obj<T>, finalizer: &str, phase: Option<&str>, cluster: &Cluster) -> Result<()>
where
    Obj<T>: Identify,
{
    cluster.add_finalizer(object, finalizer)?;
    if phase.is_none() {
        cluster.apply_status(object, &json!({"phase": "Pending"}))?;
    }
    Ok(())
}

/// An object that bears a name we need but was made for somebody else is never taken over.
fn refuse_taken_names(intents: &[Value], uid: &str, cluster: &Cluster) -> Result<()> {
    for intent in intents {
        let reference = target(intent);
        if cluster.get_ref::<Any>(&reference)?.is_some_and(|present| !belongs_to(&present, uid)) {
            let message = format!("metadata.name: {reference} is needed for it and belongs to somebody else");
            return Err(Refusal { reason: "NameTaken", message }.into());
        }
    }
    Ok(())
}

/// Somebody else may have replaced the object since it was seen; the replacement is not ours to delete.
fn delete_seen(reference: &backplane_sdk::ObjectRef, uid: String, cluster: &Cluster) -> Result<()> {
    let options = DeleteOptions { uid: Some(uid), ..DeleteOptions::default() };
    match cluster.delete_with(reference, &options) {
        Err(Error::Conflict(_) | Error::NotFound(_)) => Ok(()),
        other => other,
    }
}
