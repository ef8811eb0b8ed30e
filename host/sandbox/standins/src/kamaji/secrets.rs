//! Secrets and ConfigMap of a TenantControlPlane under the names and keys that its consumers look for.

use backplane_apiserver::kubeconfig;
use serde_json::{Value, json};

use super::parts::{part, port};
use super::server::Credentials;
use crate::kubeadm::token::encode;
use crate::object;

/// Everything a consumer reads about the API server.
pub(super) struct Access<'a> {
    pub(super) address: &'a str,
    pub(super) ca: &'a str,
    pub(super) ca_key: &'a str,
    pub(super) credentials: &'a Credentials,
}

/// All Secrets: those with content here, and those that real consumers only look for.
pub(super) fn all(tenant: &Value, access: &Access<'_>) -> Vec<Value> {
    let mut secrets = vec![
        admin(tenant, access),
        one(
            tenant,
            "controller-manager-kubeconfig",
            "kubeconfig",
            &[(
                "controller-manager.conf",
                &config(tenant, access, &access.credentials.controller_manager, Side::Inside),
            )],
        ),
        one(
            tenant,
            "scheduler-kubeconfig",
            "kubeconfig",
            &[("scheduler.conf", &config(tenant, access, &access.credentials.scheduler, Side::Inside))],
        ),
        one(tenant, "ca", "certificate", &[("ca.crt", access.ca), ("ca.key", access.ca_key)]),
    ];
    secrets.push(one(
        tenant,
        "datastore-config",
        "datastore-config",
        &[("DB_SCHEMA", &schema(tenant)), ("DB_USER", &schema(tenant))],
    ));
    secrets
}

/// Name of a Secret by its suffix.
pub(super) fn name(tenant: &Value, suffix: &str) -> String {
    format!("{}-{suffix}", object::name(tenant))
}

/// Schema and user that the tenant has in its DataStore.
pub(super) fn schema(tenant: &Value) -> String {
    format!("{}_{}", object::namespace(tenant), object::name(tenant)).replace('-', "_")
}

fn admin(tenant: &Value, access: &Access<'_>) -> Value {
    let Credentials { admin, super_admin, .. } = access.credentials;
    one(
        tenant,
        "admin-kubeconfig",
        "kubeconfig",
        &[
            ("admin.conf", &config(tenant, access, admin, Side::Outside)),
            ("super-admin.conf", &config(tenant, access, super_admin, Side::Outside)),
            ("admin.svc", &config(tenant, access, admin, Side::Inside)),
            ("super-admin.svc", &config(tenant, access, super_admin, Side::Inside)),
        ],
    )
}

/// From where a kubeconfig leads to the API server.
#[derive(Clone, Copy)]
enum Side {
    Outside,
    Inside,
}

fn config(tenant: &Value, access: &Access<'_>, token: &str, side: Side) -> String {
    let port = port(tenant);
    let server = match side {
        Side::Outside => format!("https://{}:{port}", access.address),
        Side::Inside => format!("https://{}.{}.svc:{port}", object::name(tenant), object::namespace(tenant)),
    };
    kubeconfig(&server, access.ca, token, object::name(tenant))
}

fn one(tenant: &Value, suffix: &str, component: &str, data: &[(&str, &str)]) -> Value {
    let mut secret = part(tenant, "v1", "Secret", &name(tenant, suffix), component);
    for (key, text) in data {
        object::put(&mut secret, &["data", key], json!(encode(text)));
    }
    secret
}
