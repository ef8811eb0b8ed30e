//! Stands for Kamaji's Cluster API control plane provider (clastix/cluster-api-control-plane-provider-kamaji 0.14).
//!
//! A KamajiControlPlane becomes a TenantControlPlane of the same name; what that says is copied up, and the Secrets
//! `<cluster>-kubeconfig` and `<cluster>-ca` are written for Cluster API. Left out: writing the endpoint into the
//! infrastructure object (Cluster API core copies it from here), external cluster references, ClusterClass templates,
//! container images and extra arguments (taken over as given, without effect).

mod map;

use async_trait::async_trait;
use serde_json::{Value, json};

use crate::capi::{is_paused, words};
use crate::client::Client;
use crate::error::Error;
use crate::kamaji::validate;
use crate::kinds::{CLUSTER, CONTROL_PLANE, DATA_STORE, Kind, SECRET, TENANT};
use crate::kubeadm::token::{decode, encode};
use crate::object::{self, Owner};
use crate::queue::Key;
use crate::runner::{Controller, Handle, Next, Tasks, key_of, key_of_controller, start};
use crate::{capi, condition};

/// Starts the control loop.
pub(crate) fn run(client: &Client, tasks: &Tasks) {
    start(ControlPlanes { client: client.clone() }, client.clone(), tasks);
}

struct ControlPlanes {
    client: Client,
}

#[async_trait]
impl Controller for ControlPlanes {
    fn name(&self) -> &'static str {
        "kamajicontrolplanes"
    }

    fn watches(&self) -> Vec<Kind> {
        vec![CONTROL_PLANE, TENANT, CLUSTER, DATA_STORE]
    }

    async fn concerns(&self, kind: &Kind, object: &Value) -> Vec<Key> {
        match kind {
            kind if *kind == CONTROL_PLANE => vec![key_of(object)],
            kind if *kind == TENANT => key_of_controller(object, &CONTROL_PLANE).into_iter().collect(),
            kind if *kind == CLUSTER => {
                let name = object::text(object, "/spec/controlPlaneRef/name");
                if name.is_empty() { Vec::new() } else { vec![Key::new(object::namespace(object), name)] }
            }
            _ => {
                let all = self.client.list(&CONTROL_PLANE, "", "").await.unwrap_or_default();
                all.iter()
                    .filter(|p| object::text(p, "/spec/dataStoreName") == object::name(object))
                    .map(key_of)
                    .collect()
            }
        }
    }

    async fn reconcile(&self, key: &Key, _handle: &Handle) -> Result<Next, Error> {
        let Some(plane) = self.client.get(&CONTROL_PLANE, &key.namespace, &key.name).await? else {
            return Ok(Next::OnChange);
        };
        // Owned objects follow by garbage collection.
        let owner = object::owner_of_kind(&plane, words::GROUP, &CLUSTER.kind);
        let Some(cluster) = owner.map(|owner| object::text(owner, "/name")).filter(|_| !object::is_deleting(&plane))
        else {
            return Ok(Next::OnChange);
        };
        let Some(cluster) = self.client.get(&CLUSTER, &key.namespace, cluster).await? else {
            return Ok(Next::OnChange);
        };
        if is_paused(Some(&cluster), &plane) {
            return Ok(Next::OnChange);
        }
        let mut changed = plane.clone();
        let outcome = self.step(&cluster, &mut changed).await;
        map::complete(&mut changed);
        self.client.save(&CONTROL_PLANE, &plane, &changed).await?;
        outcome.map(|()| Next::OnChange)
    }
}

impl ControlPlanes {
    async fn step(&self, cluster: &Value, plane: &mut Value) -> Result<(), Error> {
        let existing = self.client.get(&TENANT, object::namespace(plane), object::name(plane)).await?;
        if let Err(refusal) = self.check(plane, existing.as_ref()).await? {
            self.note(plane, "TenantControlPlaneCreated", Err(("TenantControlPlaneCreationFailed", &refusal)));
            return Ok(());
        }
        let tenant = self.client.ensure(&TENANT, &map::tenant(cluster, plane)).await?;
        self.note(plane, "TenantControlPlaneCreated", Ok("TenantControlPlaneCreated"));
        map::copy_up(plane, &tenant);
        let Some((host, port)) = map::endpoint(&tenant) else {
            self.note(
                plane,
                "TenantControlPlaneAddressReady",
                Err(("TenantControlPlaneAddressNotReady", "the TenantControlPlane has no endpoint yet")),
            );
            return Ok(());
        };
        self.note(plane, "TenantControlPlaneAddressReady", Ok("TenantControlPlaneAddressReady"));
        object::put(plane, &["spec", "controlPlaneEndpoint"], json!({"host": host, "port": port}));
        self.note(plane, "ControlPlaneEndpointPatched", Ok("ControlPlaneEndpointPatched"));
        self.flags(cluster, plane, &tenant).await
    }

    /// What Kamaji's webhook would refuse. An object that already runs is held to the version it runs.
    async fn check(&self, plane: &Value, tenant: Option<&Value>) -> Result<Result<(), String>, Error> {
        let running = tenant.map(|tenant| object::text(tenant, "/status/kubernetesResources/version/version"));
        let running = running.filter(|version| !version.is_empty());
        if let Err(refusal) = validate::version(object::text(plane, "/spec/version"), running) {
            return Ok(Err(refusal));
        }
        let store = object::text(plane, "/spec/dataStoreName");
        if !store.is_empty() && self.client.get(&DATA_STORE, "", store).await?.is_none() {
            return Ok(Err(format!("{store} DataStore does not exist")));
        }
        Ok(Ok(()))
    }

    async fn flags(&self, cluster: &Value, plane: &mut Value, tenant: &Value) -> Result<(), Error> {
        let ready = map::is_ready(tenant);
        if ready || object::is_true(plane, "/status/initialized") {
            self.secrets(cluster, plane, tenant).await?;
            self.note(plane, "KubeadmResourcesCreated", Ok("KubeadmResourcesCreated"));
            object::put(plane, &["status", "initialized"], json!(true));
            self.note(plane, "KamajiControlPlaneIsInitialized", Ok("KamajiControlPlaneIsInitialized"));
        }
        object::put(plane, &["status", "ready"], json!(ready));
        let word = object::text(tenant, "/status/kubernetesResources/version/status");
        let state = if ready { Ok("KamajiControlPlaneIsReady") } else { Err(("TenantControlPlaneNotReady", word)) };
        self.note(plane, "KamajiControlPlaneIsReady", state);
        Ok(())
    }

    async fn secrets(&self, cluster: &Value, plane: &Value, tenant: &Value) -> Result<(), Error> {
        let read = async |suffix: &str| {
            let name = format!("{}-{suffix}", object::name(tenant));
            let found = self.client.get(&SECRET, object::namespace(tenant), &name).await?;
            found.ok_or_else(|| Error::Object(format!("Secret {name} does not exist")))
        };
        let key = object::annotation(tenant, "kamaji.clastix.io/kubeconfig-secret-key").unwrap_or("admin.conf");
        let kubeconfig = decode(data(&read("admin-kubeconfig").await?, key)).unwrap_or_default();
        let ca = read("ca").await?;
        for (suffix, entries) in [
            ("kubeconfig", vec![("value", encode(&kubeconfig))]),
            ("ca", vec![("tls.crt", data(&ca, "ca.crt").to_owned()), ("tls.key", data(&ca, "ca.key").to_owned())]),
        ] {
            let mut secret = json!({
                "apiVersion": "v1", "kind": "Secret", "type": capi::words::SECRET_TYPE,
                "metadata": {
                    "name": format!("{}-{suffix}", object::name(cluster)), "namespace": object::namespace(plane),
                    "labels": {words::CLUSTER_NAME: object::name(cluster)}},
            });
            entries.into_iter().for_each(|(key, value)| object::put(&mut secret, &["data", key], json!(value)));
            object::set_owner(&mut secret, plane, Owner::Controlling);
            self.client.ensure(&SECRET, &secret).await?;
        }
        Ok(())
    }

    fn note(&self, plane: &mut Value, kind: &str, state: Result<&str, (&str, &str)>) {
        let (holds, reason, message) = match state {
            Ok(reason) => (true, reason, ""),
            Err((reason, message)) => (false, reason, message),
        };
        condition::set_meta(plane, kind, holds, reason, message, self.client.now());
    }
}

fn data<'a>(secret: &'a Value, key: &str) -> &'a str {
    secret.get("data").and_then(|data| data.get(key)).and_then(Value::as_str).unwrap_or_default()
}
