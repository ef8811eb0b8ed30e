//! The datastore of a cluster: made for it, or found.

use backplane_sdk::{Condition, Obj};
use serde_json::{Value, json};

use super::observed::Observed;
use super::wanted::{Store, Wanted};
use crate::api::KdcCluster;
use crate::intent::{Owner, Steer, label};
use crate::settings::Settings;
use crate::{kinds, names};

/// The intent of a dedicated datastore.
pub(super) fn intent(owner: &Owner, wanted: &Wanted, observed: &Observed, settings: &Settings) -> Option<Value> {
    let Store::Dedicated { eip, port } = &wanted.store else { return None };
    let mut store = owner.intent(&kinds::KDC_DATASTORE, &names::dedicated_datastore(&owner.name), Steer::Yes);
    label(&mut store, &[(names::CLUSTER, &owner.name)]);
    let mut etcd = json!({"replicas": members(wanted, observed)});
    if let Some(class) = &settings.etcd_storage_class {
        etcd["storage"] = json!({"storageClassName": class});
    }
    store["spec"] = json!({"etcd": etcd, "service": {"port": port, "eip": {"create": false, "name": eip}}});
    Some(store)
}

/// A control plane of one gets an etcd of one, others one that survives a loss. It keeps the size it was made with:
/// members cannot simply be added.
fn members(wanted: &Wanted, observed: &Observed) -> i64 {
    let at_first = if wanted.replicas == 1 { 1 } else { 3 };
    observed.datastore.as_ref().map_or(at_first, |store| store.spec.etcd.replicas)
}

/// Name of Kamaji's DataStore for the datastore in use.
pub(super) fn kamaji_name(observed: &Observed) -> Option<&str> {
    let store = observed.datastore.as_ref()?;
    Some(store.status.data_store.name.as_deref().or(store.spec.data_store.name.as_deref()).unwrap_or(store.name()))
}

/// What is to be said about the datastore.
pub(super) fn condition(kdc: &Obj<KdcCluster>, wanted: &Wanted, observed: &Observed) -> Condition {
    let fails = |reason: &str, message: String| Condition::fails("DataStoreReady", reason).message(message);
    let Some(store) = &observed.datastore else {
        return match wanted.store {
            Store::Dedicated { .. } => fails("Provisioning", "the dedicated datastore is being made".into()),
            Store::Shared => fails("DataStoreNotFound", not_found(kdc)),
        };
    };
    match store.status.phase.as_deref().unwrap_or("Pending") {
        "Ready" => Condition::holds("DataStoreReady", "Ready").message(format!("{} is ready", store.name())),
        phase => fails(phase, format!("{} is {phase}", store.name())),
    }
}

fn not_found(kdc: &Obj<KdcCluster>) -> String {
    let given = &kdc.spec.data_store;
    let namespace = given.namespace.as_deref().unwrap_or(kdc.namespace());
    match &given.name {
        Some(name) => format!("spec.dataStore.name: there is no KdcClusterDatastore {name} in namespace {namespace}"),
        None => format!(
            "spec.dataStore: namespace {namespace} has no KdcClusterDatastore to share; make one, name one, or set dedicated: true"
        ),
    }
}
