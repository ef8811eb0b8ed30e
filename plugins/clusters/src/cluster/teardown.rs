//! The end of a cluster, in order: workers, control plane, infrastructure, address, datastore. Each step waits for the
//! one before, because what goes later is needed to take apart what goes earlier: machines need their region and user,
//! Cluster API the tenant's API server, Kamaji the datastore.

use backplane_sdk::{Obj, Outcome};

use super::decide::conclude;
use super::observed::{ControlPlaneKind, Observed};
use super::report::Report;
use crate::api::KdcCluster;
use crate::plan::{Plan, belongs_to};
use crate::{kinds, names};

/// The next step. An EIp that the cluster was only given, and a shared datastore, are never touched.
pub(crate) fn step(kdc: &Obj<KdcCluster>, observed: &Observed) -> Plan {
    let mut plan = Plan::new(Outcome::AwaitChange);
    let steps = [workers, control_plane, infrastructure, service, address, store];
    let waits_for = steps.iter().find_map(|step| step(&mut plan, kdc, observed));
    match waits_for {
        Some(waits_for) => conclude(plan, kdc, Report::leaving(kdc, observed, &waits_for)),
        None => Plan { release: true, ..Plan::new(Outcome::Done) },
    }
}

fn workers(plan: &mut Plan, _: &Obj<KdcCluster>, observed: &Observed) -> Option<String> {
    for deployment in &observed.deployments {
        plan.delete(&kinds::MACHINE_DEPLOYMENT, deployment);
    }
    let machines = observed.machines.iter().filter(|machine| machine.metadata.label(names::POOL).is_some()).count();
    let deployments = observed.deployments.len();
    (machines + deployments > 0).then(|| format!("{machines} machines in {deployments} pools"))
}

/// Cluster API deletes the control plane with the Cluster; one that is left then, or was never its, is ours to delete.
fn control_plane(plan: &mut Plan, _: &Obj<KdcCluster>, observed: &Observed) -> Option<String> {
    if let Some(capi) = &observed.capi {
        plan.delete(&kinds::CAPI_CLUSTER, capi);
        return Some("the Cluster and its control plane".into());
    }
    let plane = observed.control_plane.as_ref()?;
    let kind = match plane.kind {
        ControlPlaneKind::Kamaji => &kinds::KAMAJI_CONTROL_PLANE,
        ControlPlaneKind::Tenant => &kinds::TENANT_CONTROL_PLANE,
    };
    plan.delete(kind, &plane.object);
    Some("the control plane".into())
}

fn infrastructure(plan: &mut Plan, _: &Obj<KdcCluster>, observed: &Observed) -> Option<String> {
    let clusters = [
        (&kinds::KUBEVIRT_CLUSTER, &observed.kubevirt_cluster),
        (&kinds::CLOUDSIGMA_CLUSTER, &observed.cloudsigma_cluster),
    ];
    for (kind, cluster) in clusters {
        if let Some(cluster) = cluster {
            plan.delete(kind, cluster);
        }
    }
    for (kind, template) in &observed.templates {
        plan.delete(kind, template);
    }
    let left = clusters.iter().any(|(_, cluster)| cluster.is_some()) || !observed.templates.is_empty();
    left.then(|| "infrastructure clusters and templates".into())
}

fn service(plan: &mut Plan, kdc: &Obj<KdcCluster>, observed: &Observed) -> Option<String> {
    let service = observed.service.as_ref().filter(|service| belongs_to(service, kdc.uid()))?;
    plan.delete(&kinds::SERVICE, service);
    Some(format!("Service {}", service.name()))
}

fn address(plan: &mut Plan, kdc: &Obj<KdcCluster>, observed: &Observed) -> Option<String> {
    let eip = observed.eip.as_ref().filter(|eip| belongs_to(eip, kdc.uid()))?;
    plan.delete(&kinds::EIP, eip);
    Some(format!("EIp {}", eip.name()))
}

fn store(plan: &mut Plan, kdc: &Obj<KdcCluster>, observed: &Observed) -> Option<String> {
    let store = observed.datastore.as_ref().filter(|store| belongs_to(store, kdc.uid()))?;
    plan.delete(&kinds::KDC_DATASTORE, store);
    Some(format!("datastore {}", store.name()))
}
