//! Step 8: one cluster on two providers, one of which is not there.

use anyhow::Result;
use serde_json::Value;

use super::{Guide, MIXED, NAMESPACE, mixed_manifest};
use crate::resource::{KDC_CLUSTER, KUBEVIRT_TEMPLATE, MACHINE_DEPLOYMENT};
use crate::wait::{eventually, failure};

/// What the user is to be told.
const NO_PROVIDER: &str = "KubevirtMachine";

pub(super) async fn mixed(guide: &Guide) -> Result<()> {
    guide.driver.apply(&mixed_manifest(&guide.image)).await?;
    guide.pool_has(MIXED, "cloud", 1).await?;
    guide.ready_nodes(MIXED, 1).await?;
    let name = format!("{MIXED}-local");
    for kind in [MACHINE_DEPLOYMENT, KUBEVIRT_TEMPLATE] {
        let found = guide.driver.get(kind, Some(NAMESPACE), &name).await?;
        found.ok_or_else(|| failure(format!("{} {name}", kind.kind), "nothing of that name"))?;
    }
    eventually("pool status and a condition that name the missing provider", guide.limit, async || {
        let found = guide.driver.get(KDC_CLUSTER, Some(NAMESPACE), MIXED).await?.unwrap_or_default();
        Ok(if says_so(&found) { Ok(()) } else { Err(found["status"].to_string()) })
    })
    .await
}

fn says_so(cluster: &Value) -> bool {
    let status = &cluster["status"];
    let pools = status["workerPools"].as_array().cloned().unwrap_or_default();
    let pool = pools.iter().find(|pool| pool["name"] == "local").cloned().unwrap_or_default();
    let conditions = status["conditions"].as_array().cloned().unwrap_or_default();
    let condition = conditions.iter().any(|c| c["status"] == "False" && names_it(&c["message"]));
    names_it(&pool["message"]) && pool["phase"] != "Ready" && condition
}

fn names_it(message: &Value) -> bool {
    message.as_str().is_some_and(|text| text.contains(NO_PROVIDER))
}
