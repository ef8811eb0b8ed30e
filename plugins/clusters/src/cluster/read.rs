//! Reads the snapshot. The only place of the cluster half that asks the cache.

use backplane_sdk::{Cluster, Error, Kind, Obj, Query, Result};

use super::observed::{ControlPlane, ControlPlaneKind, Observed};
use crate::api::{Any, KamajiControlPlane, KdcCluster, KdcClusterDatastore, TenantControlPlane};
use crate::plan::belongs_to;
use crate::settings::Settings;
use crate::version::Version;
use crate::{kinds, names};

/// Everything there is for a KdcCluster.
///
/// # Errors
/// [`Error::NotReady`] while a kind that the cluster needs is not in the cache.
pub(super) fn observe(kdc: &Obj<KdcCluster>, settings: &Settings, cluster: &Cluster) -> Result<Observed> {
    let front = kdc.key().sibling(names::control_plane(kdc.name()));
    let mut observed = Observed {
        datastore: datastore(kdc, cluster)?,
        eip: cluster.get(&front)?,
        service: cluster.get(&front)?,
        ..Observed::default()
    };
    observe_cluster_api(&mut observed, kdc, cluster)?;
    observed.control_plane = control_plane(kdc, cluster)?;
    observed.templates = templates(kdc, cluster)?;
    observed.unprovided = unprovided(settings, cluster);
    Ok(observed)
}

/// A cluster without Cluster API does without its kinds, so they need not be served for it.
fn observe_cluster_api(observed: &mut Observed, kdc: &Obj<KdcCluster>, cluster: &Cluster) -> Result<()> {
    let needed = kdc.spec.enable_cluster_api;
    let labelled = Query::in_namespace(kdc.namespace()).labels(format!("{}={}", names::CLUSTER_NAME, kdc.name()));
    observed.capi = served(needed, cluster.get(&kdc.key()))?.filter(|capi| belongs_to(capi, kdc.uid()));
    observed.deployments = served(needed, cluster.list(&Query::owned_by(kdc)))?;
    observed.sets = served(needed, cluster.list(&labelled))?;
    observed.machines = served(needed, cluster.list(&labelled))?;
    let owned = |kind: &Kind| cluster.get_ref(&kind.at(&kdc.key()));
    observed.kubevirt_cluster = served(needed, owned(&kinds::KUBEVIRT_CLUSTER))?;
    observed.cloudsigma_cluster = served(uses(kdc, "cloudsigma"), owned(&kinds::CLOUDSIGMA_CLUSTER))?;
    observed.kubevirt_cluster.take_if(|infrastructure| !belongs_to(infrastructure, kdc.uid()));
    observed.cloudsigma_cluster.take_if(|infrastructure| !belongs_to(infrastructure, kdc.uid()));
    Ok(())
}

/// An absent kind holds no objects, unless the cluster needs it.
fn served<T: Default>(needed: bool, answer: Result<T>) -> Result<T> {
    match answer {
        Err(Error::NotReady(_)) if !needed => Ok(T::default()),
        other => other,
    }
}

/// Whether the manifest has, or the status had, pools of this provider.
fn uses(kdc: &Obj<KdcCluster>, provider: &str) -> bool {
    let spec = &kdc.spec;
    let known = |name: &str| spec.workers.iter().any(|pool| pool.name == name);
    let left = kdc.status.worker_pools.iter().any(|pool| !known(&pool.name));
    left || spec.workers.iter().any(|pool| pool.infrastructure_provider == provider)
}

fn templates(kdc: &Obj<KdcCluster>, cluster: &Cluster) -> Result<Vec<(Kind, Obj<Any>)>> {
    let kinds = [
        (kinds::BOOTSTRAP_TEMPLATE, kdc.spec.enable_cluster_api),
        (kinds::CLOUDSIGMA_TEMPLATE, uses(kdc, "cloudsigma")),
        (kinds::KUBEVIRT_TEMPLATE, uses(kdc, "kubevirt")),
    ];
    let mut templates = Vec::new();
    for (kind, needed) in kinds {
        let found = served(needed, cluster.list_kind::<Any>(&kind, &Query::owned_by(kdc)))?;
        templates.extend(found.into_iter().map(|template| (kind.clone(), template)));
    }
    Ok(templates)
}

/// Its own datastore, the one it names, or the one that is found: the one it has, else the first that is ready, else
/// the first.
fn datastore(kdc: &Obj<KdcCluster>, cluster: &Cluster) -> Result<Option<Obj<KdcClusterDatastore>>> {
    let given = &kdc.spec.data_store;
    if given.dedicated {
        return cluster.get(&kdc.key().sibling(names::dedicated_datastore(kdc.name())));
    }
    let namespace = given.namespace.as_deref().unwrap_or(kdc.namespace());
    if let Some(name) = &given.name {
        return cluster.get(&backplane_sdk::Key::new(namespace, name));
    }
    let mut found: Vec<Obj<KdcClusterDatastore>> = cluster.list(&Query::in_namespace(namespace))?;
    found.retain(|store| !store.is_deleting() && store.metadata.controller().is_none());
    let had = |store: &Obj<KdcClusterDatastore>| kdc.status.data_store_name.as_deref() == Some(store.name());
    let ready = |store: &Obj<KdcClusterDatastore>| store.status.phase.as_deref() == Some("Ready");
    found.sort_by_key(|store| (!had(store), !ready(store)));
    Ok(found.into_iter().next())
}

/// The KamajiControlPlane, or the TenantControlPlane that we steer ourselves.
fn control_plane(kdc: &Obj<KdcCluster>, cluster: &Cluster) -> Result<Option<ControlPlane>> {
    let key = kdc.key().sibling(names::control_plane(kdc.name()));
    let needed = kdc.spec.enable_cluster_api;
    let kamaji = served(needed, cluster.get::<KamajiControlPlane>(&key))?;
    if let Some(plane) = kamaji.filter(|plane| belongs_to(plane, kdc.uid())) {
        return Ok(Some(from_kamaji(plane)));
    }
    let tenant = served(!needed, cluster.get::<TenantControlPlane>(&key))?;
    Ok(tenant.filter(|plane| belongs_to(plane, kdc.uid())).map(from_tenant))
}

fn from_kamaji(plane: Obj<KamajiControlPlane>) -> ControlPlane {
    let status = &plane.body.status;
    ControlPlane {
        kind: ControlPlaneKind::Kamaji,
        told: Version::parse(&plane.body.spec.version),
        running: Version::parse(&status.version),
        ready: status.ready && status.initialized,
        failure: status.failure_message.clone(),
        object: Obj::new(plane.metadata, Any {}),
    }
}

fn from_tenant(plane: Obj<TenantControlPlane>) -> ControlPlane {
    let version = &plane.body.status.kubernetes_resources.version;
    ControlPlane {
        kind: ControlPlaneKind::Tenant,
        told: Version::parse(&plane.body.spec.kubernetes.version),
        running: Version::parse(&version.version),
        ready: version.status == "Ready",
        failure: None,
        object: Obj::new(plane.metadata, Any {}),
    }
}

/// Machine kinds that neither this daemon nor, as the operator says, anybody else reconciles.
fn unprovided(settings: &Settings, cluster: &Cluster) -> Vec<Kind> {
    let machines = [kinds::CLOUDSIGMA_MACHINE, kinds::KUBEVIRT_MACHINE];
    let external = |kind: &Kind| settings.external_providers.iter().any(|name| *name == kind.kind);
    machines.into_iter().filter(|kind| !external(kind) && !cluster.is_reconciled(kind)).collect()
}
