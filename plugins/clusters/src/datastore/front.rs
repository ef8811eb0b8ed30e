//! The way to a datastore: its load balancer, its address, and Kamaji's DataStore that points there.

use backplane_sdk::Obj;
use serde_json::{Value, json};

use super::etcd;
use crate::api::KdcClusterDatastore;
use crate::cluster::eip_intent;
use crate::intent::{Owner, Steer, annotate, label};
use crate::{kinds, names};

/// Name of the EIp that the load balancer is bound to.
pub(super) fn eip_name(store: &KdcClusterDatastore) -> &str {
    store.spec.service.eip.name.as_deref().unwrap_or(names::DEFAULT_GATEWAY)
}

/// Name of Kamaji's DataStore.
pub(super) fn data_store_name(store: &Obj<KdcClusterDatastore>) -> &str {
    store.spec.data_store.name.as_deref().unwrap_or(store.name())
}

/// Where Kamaji finds the etcd: at the companion of the load balancer, which has a name that certificates can bear.
pub(super) fn endpoint(store: &Obj<KdcClusterDatastore>) -> String {
    let (front, port) = (names::etcd_front(store.name()), store.spec.service.port);
    let standard = || format!("{front}-ext.{}.svc.cluster.local:{port}", store.namespace());
    store.spec.data_store.endpoint_template.clone().unwrap_or_else(standard)
}

/// Intents of the EIp, if one is to be made, and of the load balancer.
pub(super) fn intents(owner: &Owner, store: &Obj<KdcClusterDatastore>) -> Vec<Value> {
    let eip = &store.spec.service.eip;
    let mut intents = Vec::with_capacity(2);
    if eip.create {
        intents.push(eip_intent(owner, eip_name(store), eip.external_network_type.as_deref().unwrap_or_default()));
    }
    let mut service = owner.intent(&kinds::SERVICE, &names::etcd_front(&owner.name), Steer::Yes);
    label(&mut service, &[(names::DATASTORE, &owner.name)]);
    let (key, value) = names::bind(eip_name(store));
    annotate(&mut service, &[(key, &value)]);
    service["spec"] = etcd::front_spec(owner, store.spec.service.port);
    intents.push(service);
    intents
}

/// The intent of Kamaji's DataStore. It has no namespace, so it carries its owner as a label.
pub(super) fn data_store(owner: &Owner, store: &Obj<KdcClusterDatastore>) -> Value {
    let mut intent = owner.cluster_intent(&kinds::DATA_STORE, data_store_name(store));
    label(&mut intent, &[(names::DATASTORE, &owner.name)]);
    let secret = |name: String, key: &str| json!({"secretReference": {"name": name, "namespace": owner.namespace, "keyPath": key}});
    let certificates = || names::etcd_certificates(&owner.name);
    intent["spec"] = json!({
        "driver": "etcd",
        "endpoints": [endpoint(store)],
        "tlsConfig": {
            "certificateAuthority": {
                "certificate": secret(certificates(), "ca.crt"),
                "privateKey": secret(names::etcd_authority(&owner.name), "tls.key"),
            },
            "clientCertificate": {
                "certificate": secret(certificates(), "tls.crt"),
                "privateKey": secret(certificates(), "tls.key"),
            },
        },
    });
    intent
}
