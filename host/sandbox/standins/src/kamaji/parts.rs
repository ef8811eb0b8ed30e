//! Deployment and Service of a TenantControlPlane. Values in, values out.

use serde_json::{Value, json};

use super::{COMPONENT, NAME, PROJECT};
use crate::object::{self, Owner};

/// Labels that everything of a TenantControlPlane carries.
pub(super) fn labels(tenant: &Value, component: &str) -> Value {
    json!({NAME: object::name(tenant), COMPONENT: component, PROJECT: "kamaji"})
}

/// An object of the TenantControlPlane's namespace, owned by it.
pub(super) fn part(tenant: &Value, api_version: &str, kind: &str, name: &str, component: &str) -> Value {
    let mut part = json!({
        "apiVersion": api_version, "kind": kind,
        "metadata": {"name": name, "namespace": object::namespace(tenant), "labels": labels(tenant, component)},
    });
    object::set_owner(&mut part, tenant, Owner::Controlling);
    part
}

/// Port of the API server.
pub(super) fn port(tenant: &Value) -> i64 {
    object::number(tenant, "/spec/networkProfile/port", 6443)
}

/// The Service, named like the TenantControlPlane. Somebody else may have made it; then it is taken over.
pub(super) fn service(tenant: &Value) -> Value {
    let mut service = part(tenant, "v1", "Service", object::name(tenant), "service");
    let port = port(tenant);
    let mut spec = json!({
        "type": object::member(tenant, "/spec/controlPlane/service/serviceType"),
        "selector": {NAME: object::name(tenant)},
        "ports": [{"name": "kube-apiserver", "port": port, "protocol": "TCP", "targetPort": port}],
    });
    let address = object::text(tenant, "/spec/networkProfile/address");
    if !address.is_empty() && object::text(&spec, "/type") == "LoadBalancer" {
        object::put(&mut spec, &["loadBalancerIP"], json!(address));
    }
    object::put(&mut service, &["spec"], spec);
    for member in ["labels", "annotations"] {
        let extra = tenant.pointer(&format!("/spec/controlPlane/service/additionalMetadata/{member}"));
        for (key, value) in extra.and_then(Value::as_object).into_iter().flatten() {
            object::put(&mut service, &["metadata", member, key], value.clone());
        }
    }
    service
}

/// The Deployment, named like the TenantControlPlane. Its image tags follow the version, so an upgrade is a rollout.
pub(super) fn deployment(tenant: &Value) -> Value {
    let mut deployment = part(tenant, "apps/v1", "Deployment", object::name(tenant), "deployment");
    let version = object::text(tenant, "/spec/kubernetes/version");
    let containers: Vec<Value> = ["kube-apiserver", "kube-scheduler", "kube-controller-manager"]
        .iter()
        .map(|name| json!({"name": name, "image": format!("registry.k8s.io/{name}:{version}")}))
        .collect();
    let spec = json!({
        "replicas": object::number(tenant, "/spec/controlPlane/deployment/replicas", 2),
        "selector": {"matchLabels": {NAME: object::name(tenant)}},
        "template": {"metadata": {"labels": labels(tenant, "deployment")}, "spec": {"containers": containers}},
    });
    object::put(&mut deployment, &["spec"], spec);
    deployment
}

/// Whether the Deployment runs what it was last asked for.
pub(super) fn is_rolled_out(deployment: &Value) -> bool {
    let number = |pointer| object::number(deployment, pointer, 0);
    let wanted = object::number(deployment, "/spec/replicas", 1);
    number("/status/observedGeneration") == object::number(deployment, "/metadata/generation", 1)
        && ["/status/updatedReplicas", "/status/availableReplicas"].iter().all(|p| number(p) == wanted)
}

/// Where the API server is to listen; `None` while nobody has said so.
pub(super) fn address<'a>(tenant: &'a Value, service: &'a Value) -> Option<&'a str> {
    let given = object::text(tenant, "/spec/networkProfile/address");
    let assigned = object::text(service, "/status/loadBalancer/ingress/0/ip");
    [given, assigned].into_iter().find(|address| !address.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tenant() -> Value {
        json!({
            "apiVersion": "kamaji.clastix.io/v1alpha1", "kind": "TenantControlPlane",
            "metadata": {"name": "t-cp", "namespace": "ns", "uid": "u"},
            "spec": {"kubernetes": {"version": "v1.34.0"}, "controlPlane": {"service": {"serviceType": "LoadBalancer",
                "additionalMetadata": {"annotations": {"bind": "x"}}}, "deployment": {"replicas": 3}}},
        })
    }

    #[test]
    fn service_and_deployment_are_named_like_their_tenant_and_owned_by_it() {
        for part in [service(&tenant()), deployment(&tenant())] {
            assert_eq!(object::name(&part), "t-cp");
            assert_eq!(object::label(&part, NAME), Some("t-cp"));
            assert!(object::is_controlled_by(&part, &tenant()));
        }
        assert_eq!(object::annotation(&service(&tenant()), "bind"), Some("x"));
        assert_eq!(object::number(&deployment(&tenant()), "/spec/replicas", 0), 3);
    }

    #[test]
    fn the_address_is_the_one_given_or_else_the_load_balancers() {
        let service = json!({"status": {"loadBalancer": {"ingress": [{"ip": "127.1.2.3"}]}}});
        assert_eq!(address(&tenant(), &json!({})), None);
        assert_eq!(address(&tenant(), &service), Some("127.1.2.3"));
        let mut given = tenant();
        object::put(&mut given, &["spec", "networkProfile", "address"], json!("127.9.9.9"));
        assert_eq!(address(&given, &service), Some("127.9.9.9"));
    }
}
