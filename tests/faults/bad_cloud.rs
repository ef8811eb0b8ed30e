//! A cloud that misbehaves: whatever it answers, each machine gets exactly one server, and everything ends as it should.

use std::collections::BTreeMap;

use anyhow::Result;
use backplane_sandbox::{Fault, Rule};
use backplane_tests::fixture::Fixture;
use backplane_tests::guide::{CLUSTER, NAMESPACE, POOL, cluster_manifest};
use backplane_tests::resource::CLOUDSIGMA_MACHINE;
use backplane_tests::wait::{equal, eventually};
use http::Method;
use serde_json::json;

/// A rule that hits the requests which cost money or decide about it.
fn rules(fault: &Fault) -> Vec<Rule> {
    let rule = |method: Method, prefix: &str| Rule::new(method, prefix, fault.clone());
    vec![
        // The test looks into the cloud as well, so some of these are its own.
        rule(Method::GET, "/servers").times(3),
        rule(Method::GET, "/drives").times(3),
        rule(Method::POST, "/drives").times(2),
        rule(Method::POST, "/servers").times(2),
    ]
}

/// Plays creation while the cloud fails, and counts what was bought.
async fn converges_in_spite_of(fault: Fault) -> Result<()> {
    converges_under(rules(&fault)).await
}

async fn converges_under(rules: Vec<Rule>) -> Result<()> {
    let fixture = Fixture::start().await?;
    for rule in rules {
        fixture.dev.world.cloud.faults().inject(rule);
    }
    fixture.guide.driver.apply(&cluster_manifest(&fixture.guide.image)).await?;
    fixture.guide.pool_has(CLUSTER, POOL, 2).await?;
    fixture.guide.ready_nodes(CLUSTER, 2).await?;
    one_server_each(&fixture).await?;
    fixture.dev.world.cloud.faults().clear();
    Ok(())
}

/// No machine has two servers, and no drive is left over.
async fn one_server_each(fixture: &Fixture) -> Result<()> {
    let servers = fixture.guide.cloud.servers().await?;
    let mut by_machine: BTreeMap<String, usize> = BTreeMap::new();
    for server in &servers {
        *by_machine.entry(server["meta"]["machine-uid"].to_string()).or_default() += 1;
    }
    equal("servers of each machine", &by_machine.values().copied().collect::<Vec<_>>(), &vec![1, 1])?;
    equal("drives", &fixture.guide.cloud.drives().await?.len(), &2)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unauthorised_then_healed() -> Result<()> {
    converges_in_spite_of(Fault::status(401)).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn forbidden_then_healed() -> Result<()> {
    converges_in_spite_of(Fault::status(403)).await
}

/// A 404 to a read says that something is gone which is not; a 404 to a clone is an image that does not exist, and has a
/// test of its own.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn not_found_to_reads_buys_nothing_twice() -> Result<()> {
    let reads = ["/servers", "/drives", "/tags"];
    converges_under(reads.map(|prefix| Rule::new(Method::GET, prefix, Fault::status(404)).times(4)).into()).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn throttled_waits_as_long_as_it_is_told() -> Result<()> {
    converges_in_spite_of(Fault::throttled(1)).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn internal_errors_are_retried() -> Result<()> {
    converges_in_spite_of(Fault::status(500)).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn half_a_body_buys_nothing_twice() -> Result<()> {
    converges_in_spite_of(Fault::HalfBody).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_is_lost_after_the_deed_buys_nothing_twice() -> Result<()> {
    converges_in_spite_of(Fault::PerformThenDrop).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn silence_is_given_up_after_the_endpoints_timeout() -> Result<()> {
    converges_in_spite_of(Fault::Hang).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_credential_that_stays_wrong_is_said_on_the_machine_and_buys_nothing() -> Result<()> {
    let fixture = Fixture::start().await?;
    fixture.dev.world.cloud.faults().inject(Rule::any(Fault::status(401)));
    fixture.guide.driver.apply(&cluster_manifest(&fixture.guide.image)).await?;
    eventually("condition Ready=False, reason Unauthorised", fixture.guide.limit, async || {
        let machines = fixture.guide.driver.list(CLOUDSIGMA_MACHINE, Some(NAMESPACE), "").await?;
        let text = serde_json::to_string(&machines.iter().map(|m| &m["status"]["conditions"]).collect::<Vec<_>>())?;
        Ok(if text.contains("Unauthorised") { Ok(()) } else { Err(text) })
    })
    .await?;
    fixture.dev.world.cloud.faults().clear();
    equal("servers while it was wrong", &fixture.dev.world.cloud.requests().count("POST /servers/"), &0)?;
    fixture.guide.pool_has(CLUSTER, POOL, 2).await?;
    one_server_each(&fixture).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_somebody_removed_is_made_again() -> Result<()> {
    let fixture = Fixture::start().await?;
    fixture.play(2).await?;
    let guide = &fixture.guide;
    let machines = guide.driver.list(CLOUDSIGMA_MACHINE, Some(NAMESPACE), "").await?;
    let (name, id) = (&machines[0]["metadata"]["name"], &machines[0]["status"]["instanceID"]);
    let (name, id) = (name.as_str().unwrap_or_default(), id.as_str().unwrap_or_default());
    guide.cloud.remove_server(id, guide.limit).await?;
    // A cloud sends no events: without a change, a machine at rest is looked at once a minute.
    let look = json!([{"op": "add", "path": "/metadata/annotations", "value": {"look": "now"}}]);
    guide.driver.patch_json(CLOUDSIGMA_MACHINE, NAMESPACE, name, &look).await?;
    eventually("another server for the machine", guide.limit, async || {
        let found = guide.driver.get(CLOUDSIGMA_MACHINE, Some(NAMESPACE), name).await?.unwrap_or_default();
        let now = &found["status"];
        let replaced = now["instanceID"] != id && now["instanceState"] == "running";
        Ok(if replaced { Ok(()) } else { Err(now.to_string()) })
    })
    .await?;
    one_server_each(&fixture).await
}
