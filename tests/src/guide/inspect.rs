//! Step 3: what a user looks at while it runs.

use anyhow::{Context, Result};
use serde_json::Value;

use super::{CLUSTER, Guide, NAMESPACE, POOL};
use crate::driver::Driver;
use crate::resource::{CLOUDSIGMA_MACHINE, EVENT, TENANT_CONTROL_PLANE};
use crate::wait::{equal, eventually, failure};

pub(super) async fn objects(guide: &Guide) -> Result<()> {
    control_plane(guide).await?;
    let selector = format!("cluster.x-k8s.io/deployment-name={CLUSTER}-{POOL}");
    let machines = guide.driver.list(CLOUDSIGMA_MACHINE, Some(NAMESPACE), &selector).await?;
    let machine = machines.first().context("no CloudSigmaMachine")?;
    sizes(guide, machine).await?;
    let name = machine["metadata"]["name"].as_str().unwrap_or_default();
    condition(guide, name).await?;
    events(guide, name).await?;
    typed(guide, name).await
}

async fn control_plane(guide: &Guide) -> Result<()> {
    let name = format!("{CLUSTER}-cp");
    let found = guide.driver.get(TENANT_CONTROL_PLANE, Some(NAMESPACE), &name).await?;
    let found = found.ok_or_else(|| failure(format!("TenantControlPlane {name}"), "nothing of that name"))?;
    let status = &found["status"]["kubernetesResources"]["version"]["status"];
    equal("its status", status, &Value::from("Ready"))
}

/// CPU and memory reach the cloud exactly: MHz, and MB as bytes.
async fn sizes(guide: &Guide, machine: &Value) -> Result<()> {
    let id = machine["status"]["instanceID"].as_str().unwrap_or_default();
    let servers = guide.cloud.servers().await?;
    let server =
        servers.iter().find(|server| server["uuid"] == id).context("no server has the machine's instanceID")?;
    equal("server cpu in MHz", &server["cpu"], &Value::from(2000))?;
    equal("server mem in bytes", &server["mem"], &Value::from(4096_u64 << 20))?;
    let drive = server["drives"][0]["drive"]["uuid"].as_str().unwrap_or_default().to_owned();
    let drives = guide.cloud.drives().await?;
    let drive = drives.iter().find(|found| found["uuid"] == drive).context("the server's drive is not listed")?;
    equal("drive size in bytes", &drive["size"], &Value::from(30_u64 << 30))
}

async fn condition(guide: &Guide, name: &str) -> Result<()> {
    eventually("condition ServerReady=True", guide.limit, async || {
        let found = guide.driver.get(CLOUDSIGMA_MACHINE, Some(NAMESPACE), name).await?.unwrap_or_default();
        let conditions = found["status"]["conditions"].as_array().cloned().unwrap_or_default();
        let holds = conditions.iter().any(|c| c["type"] == "ServerReady" && c["status"] == "True");
        Ok(if holds { Ok(()) } else { Err(format!("{conditions:?}")) })
    })
    .await
}

async fn events(guide: &Guide, name: &str) -> Result<()> {
    eventually("an event about the machine", guide.limit, async || {
        let events = guide.driver.list(EVENT, Some(NAMESPACE), "").await?;
        let found = events.iter().any(|event| event["involvedObject"]["name"] == name);
        Ok(if found { Ok(()) } else { Err(format!("{} events, none about it", events.len())) })
    })
    .await
}

/// The same through the eyes of kubectl, where there is one.
async fn typed(guide: &Guide, name: &str) -> Result<()> {
    let Driver::Kubectl(kubectl) = &guide.driver else { return Ok(()) };
    let table = kubectl.ok(&["get", "machinedeployment,machines,cloudsigmamachines", "-n", NAMESPACE], None).await?;
    for part in [
        format!("machinedeployment.cluster.x-k8s.io/{CLUSTER}-{POOL}"),
        format!("cloudsigmamachine.infrastructure.cluster.x-k8s.io/{name}"),
    ] {
        if !table.contains(&part) {
            return Err(failure(format!("a line for {part}"), table));
        }
    }
    let text = kubectl.ok(&["describe", "cloudsigmamachine", name, "-n", NAMESPACE], None).await?;
    if !text.contains("Conditions:") || !text.contains("Events:") || text.contains("Events:  <none>") {
        return Err(failure("conditions and events", text));
    }
    kubectl
        .ok(&["wait", "--for=condition=Ready", "cloudsigmamachine", name, "-n", NAMESPACE, "--timeout=30s"], None)
        .await?;
    let phase = "--for=jsonpath={.status.phase}=Ready";
    kubectl.ok(&["wait", phase, "kdccluster", CLUSTER, "-n", NAMESPACE, "--timeout=30s"], None).await?;
    Ok(())
}
