//! What goes wrong, and how it ends.

use std::time::Duration;

use anyhow::Result;
use backplane_tests::proxy::{Policy, Way};
use backplane_tests::real::Part;
use backplane_tests::wait::eventually;
use serde_json::json;

use crate::kinds::{DEFINITIONS, GROUP, collection};
use crate::load::name;
use crate::stage::Stage;

/// Payload of an object that is nearly as large as etcd takes.
const PAYLOAD: usize = 1_000_000;
/// Accounts that grow so large.
const LARGE: usize = 3;
/// Longest wait for the API server to take one.
const LIMIT: Duration = Duration::from_secs(60);
/// Longer than the store rides out refusals.
const REFUSED: Duration = Duration::from_secs(4);

/// Something that goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    ApiServerKilled,
    EtcdKilled,
    Reset,
    Stalled,
    Truncated,
    Slow,
    TooManyRequests,
    InternalError,
    Unavailable,
    KindDeleted,
    RightsWithdrawn,
    LargeObjects,
    DaemonKilled,
}

/// All of them; the one after which another daemon runs comes last.
pub(crate) const FAULTS: [Fault; 13] = [
    Fault::ApiServerKilled,
    Fault::EtcdKilled,
    Fault::Reset,
    Fault::Stalled,
    Fault::Truncated,
    Fault::Slow,
    Fault::TooManyRequests,
    Fault::InternalError,
    Fault::Unavailable,
    Fault::KindDeleted,
    Fault::RightsWithdrawn,
    Fault::LargeObjects,
    Fault::DaemonKilled,
];

impl Fault {
    /// In words, for the table.
    pub(crate) fn what(self) -> &'static str {
        match self {
            Self::ApiServerKilled => "kube-apiserver killed with -9",
            Self::EtcdKilled => "etcd killed with -9",
            Self::Reset => "connections reset",
            Self::Stalled => "connections stall",
            Self::Truncated => "answers truncated",
            Self::Slow => "connections slow (20 kB/s)",
            Self::TooManyRequests => "429 with Retry-After",
            Self::InternalError => "500",
            Self::Unavailable => "503",
            Self::KindDeleted => "CRD deleted and created again",
            Self::RightsWithdrawn => "permissions withdrawn",
            Self::LargeObjects => "objects of 1 MB",
            Self::DaemonKilled => "the daemon killed with -9",
        }
    }

    /// Lets it happen, for so long, and ends it.
    pub(crate) async fn strike(self, stage: &mut Stage, time: Duration) -> Result<()> {
        match self {
            Self::ApiServerKilled => killed(stage, Part::ApiServer, time).await,
            Self::EtcdKilled => killed(stage, Part::Etcd, time).await,
            Self::Reset => disturbed(stage, Way::Reset, time).await,
            Self::Stalled => disturbed(stage, Way::Stall, time * 2).await,
            Self::Truncated => disturbed(stage, Way::Truncate, time).await,
            Self::Slow => disturbed(stage, Way::Slow(20_000), time * 2).await,
            Self::TooManyRequests => answered(stage, Policy::Answer(429, Some(1)), time).await,
            Self::InternalError => answered(stage, Policy::Answer(500, None), time).await,
            Self::Unavailable => answered(stage, Policy::Answer(503, None), time).await,
            Self::KindDeleted => kind_deleted(stage, time).await,
            Self::RightsWithdrawn => rights_withdrawn(stage, time).await,
            Self::LargeObjects => large_objects(stage, time).await,
            Self::DaemonKilled => daemon_killed(stage, time).await,
        }
    }
}

async fn killed(stage: &mut Stage, part: Part, time: Duration) -> Result<()> {
    stage.plane.kill(part);
    tokio::time::sleep(time).await;
    stage.plane.start_part(part).await
}

async fn disturbed(stage: &mut Stage, way: Way, time: Duration) -> Result<()> {
    stage.wire.set(way);
    tokio::time::sleep(time).await;
    stage.wire.set(Way::Open);
    Ok(())
}

/// Watches that are open would not notice, so they are cut and have to be opened again.
async fn answered(stage: &mut Stage, policy: Policy, time: Duration) -> Result<()> {
    stage.gate.set(policy);
    stage.wire.cut();
    tokio::time::sleep(time).await;
    stage.gate.set(Policy::Forward);
    Ok(())
}

async fn kind_deleted(stage: &mut Stage, time: Duration) -> Result<()> {
    stage.user.remove(&format!("{DEFINITIONS}/entries.{GROUP}")).await?;
    tokio::time::sleep(time).await;
    stage.define("Entry", "entries").await
}

/// The API server asks for permission only when a watch is opened.
async fn rights_withdrawn(stage: &mut Stage, time: Duration) -> Result<()> {
    stage.unbind().await?;
    stage.wire.cut();
    tokio::time::sleep(REFUSED + time).await;
    stage.bind().await
}

async fn large_objects(stage: &mut Stage, time: Duration) -> Result<()> {
    for payload in ["x".repeat(PAYLOAD), String::new()] {
        for index in 0..LARGE {
            let path = format!("{}/{}", collection("accounts"), name(index));
            let change = json!({"spec": {"payload": payload}});
            // Safe to ask twice, and a busy server may take longer than an answer is waited for.
            let user = &stage.user;
            eventually("a large object taken", LIMIT, async || Ok(Ok(user.patch(&path, &change).await?))).await?;
        }
        tokio::time::sleep(time).await;
    }
    Ok(())
}

async fn daemon_killed(stage: &mut Stage, time: Duration) -> Result<()> {
    if let Some(mut daemon) = stage.daemon.take() {
        daemon.kill();
    }
    tokio::time::sleep(time).await;
    stage.start_daemon().await
}
