//! What a datastore may ask for.

use backplane_sdk::Obj;

use super::Observed;
use crate::api::KdcClusterDatastore;
use crate::names;
use crate::plan::belongs_to;
use crate::quantity;
use crate::refusal::Refusal;

/// Judges a datastore against itself and what there is.
///
/// # Errors
/// The first rule that is broken.
pub(super) fn check(store: &Obj<KdcClusterDatastore>, observed: &Observed) -> Result<(), Refusal> {
    check_name(store.name())?;
    let etcd = &store.spec.etcd;
    if !matches!(etcd.replicas, 1 | 3 | 5 | 7 | 9) {
        return Err(Refusal::field("InvalidReplicas", "spec.etcd.replicas", "1, 3, 5, 7 or 9 is needed"));
    }
    if quantity::bytes(&etcd.storage.size).is_none_or(|bytes| bytes == 0) {
        let rule = format!("{:?} is not a quantity such as 10Gi", etcd.storage.size);
        return Err(Refusal::field("InvalidStorage", "spec.etcd.storage.size", rule));
    }
    if !(1..=65_535).contains(&store.spec.service.port) {
        return Err(Refusal::field("InvalidPort", "spec.service.port", "1 to 65535 is needed"));
    }
    check_eip(store)?;
    check_fixed(store, observed)?;
    check_data_store(store, observed)
}

fn check_name(name: &str) -> Result<(), Refusal> {
    // The longest name made from it is that of the load balancer's companion, and Service names end at 63.
    let begins = name.starts_with(|c: char| c.is_ascii_lowercase());
    if begins && !name.contains('.') && names::etcd_front(name).len() + "-ext".len() <= 63 {
        return Ok(());
    }
    let rule = "a DNS label that begins with a letter, at most 51 characters";
    Err(Refusal::field("InvalidName", "metadata.name", rule))
}

/// Kamaji reaches the etcd from the management network, so an address of its own is an internal one.
fn check_eip(store: &Obj<KdcClusterDatastore>) -> Result<(), Refusal> {
    let eip = &store.spec.service.eip;
    if !eip.create {
        return Ok(());
    }
    let name = eip.name.as_deref().unwrap_or_default();
    if name.is_empty() || name == names::DEFAULT_GATEWAY {
        let rule = "a name other than default-gw is needed while create is true";
        return Err(Refusal::field("InvalidEIP", "spec.service.eip.name", rule));
    }
    if eip.external_network_type.as_deref() != Some("cloud") {
        let rule = "cloud is needed while create is true; public is not for datastores";
        return Err(Refusal::field("InvalidEIP", "spec.service.eip.externalNetworkType", rule));
    }
    Ok(())
}

/// Members of an etcd cannot simply be added, nor volumes of a StatefulSet changed.
fn check_fixed(store: &Obj<KdcClusterDatastore>, observed: &Observed) -> Result<(), Refusal> {
    let Some(members) = &observed.members else { return Ok(()) };
    let etcd = &store.spec.etcd;
    let fixed = |field: &str, was: &str| {
        Err(Refusal::field("FixedField", field, format!("cannot change while the datastore exists (it is {was})")))
    };
    if let Some(was) = members.spec.replicas.filter(|was| *was != etcd.replicas) {
        return fixed("spec.etcd.replicas", &was.to_string());
    }
    let Some(claim) = members.spec.volume_claim_templates.first().map(|claim| &claim.spec) else { return Ok(()) };
    let size = claim.resources.requests.get("storage");
    if let Some(was) = size.filter(|was| quantity::bytes(was) != quantity::bytes(&etcd.storage.size)) {
        return fixed("spec.etcd.storage.size", was);
    }
    if let Some(was) = claim.storage_class_name.as_ref().filter(|was| **was != etcd.storage.storage_class_name) {
        return fixed("spec.etcd.storage.storageClassName", was);
    }
    Ok(())
}

/// Kamaji's DataStores have no namespace: two datastores of one name meet there.
fn check_data_store(store: &Obj<KdcClusterDatastore>, observed: &Observed) -> Result<(), Refusal> {
    match &observed.data_store {
        Some(present) if !belongs_to(present, store.uid()) => {
            let rule = format!("the DataStore {} belongs to somebody else; give another name", present.name());
            Err(Refusal::field("NameTaken", "spec.dataStore.name", rule))
        }
        _ => Ok(()),
    }
}
