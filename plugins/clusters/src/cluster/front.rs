//! The way to the API server: an external address and the Service bound to it.
//!
//! Kamaji finds the Service by its name and steers it from then on, so ours says the same as Kamaji's would and we only
//! own it.

use serde_json::{Value, json};

use super::wanted::{Address, Wanted};
use crate::intent::{Owner, Steer, annotate, label};
use crate::{kinds, names};

/// The intents of the EIp, if one is to be made, and of the Service.
pub(super) fn intents(owner: &Owner, wanted: &Wanted) -> Vec<Value> {
    let mut intents = Vec::with_capacity(2);
    if let Address::Made(network) = &wanted.address {
        intents.push(eip(owner, &names::control_plane(&owner.name), network));
    }
    intents.push(service(owner, wanted));
    intents
}

/// An EIp of a pool of addresses. The datastore makes its own the same way.
pub(crate) fn eip(owner: &Owner, name: &str, network: &str) -> Value {
    let mut eip = owner.intent(&kinds::EIP, name, Steer::Yes);
    label(&mut eip, &[(names::NETWORK_TYPE, network)]);
    eip["spec"] = json!({"externalNetworkType": network});
    eip
}

fn service(owner: &Owner, wanted: &Wanted) -> Value {
    let name = names::control_plane(&owner.name);
    let mut service = owner.intent(&kinds::SERVICE, &name, Steer::No);
    label(&mut service, &[(names::CLUSTER, &owner.name)]);
    let (key, value) = names::bind(&wanted.address.eip_name(&owner.name));
    annotate(&mut service, &[(key, &value)]);
    let port = json!({
        "name": "kube-apiserver", "protocol": "TCP", "port": names::API_PORT, "targetPort": names::API_PORT,
    });
    service["spec"] = json!({"type": "LoadBalancer", "selector": {"kamaji.clastix.io/name": name}, "ports": [port]});
    service
}
