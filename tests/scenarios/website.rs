//! The author's page at work: a Website becomes a Deployment and a Service, and stays one.

use std::time::Duration;

use anyhow::{Context, Result};
use backplane::dev::DevOptions;
use backplane_tests::audit::DAEMON;
use backplane_tests::figures::Figures;
use backplane_tests::fixture::{Fixture, options};
use backplane_tests::ground::Ground;
use backplane_tests::guests::{WEBSITE, apply_new, define, guest, website};
use backplane_tests::guide::NAMESPACE;
use backplane_tests::resource::{DEPLOYMENT, Resource, SERVICE};
use backplane_tests::wait::{equal, eventually, failure};
use serde_json::{Value, json};

backplane_tests::on_each_ground!(
    a_website_becomes_a_deployment_and_a_service_that_it_owns,
    a_website_is_not_ready_while_its_deployment_is_not,
    deleting_a_website_takes_its_children_along,
    what_somebody_else_changes_is_put_right,
    what_nobody_declared_of_a_child_is_left_to_others,
    a_settled_website_is_written_no_more_even_when_looked_at,
);

const NAME: &str = "home";

/// A world with the page loaded and its kind defined.
async fn start(ground: Ground, without: &[&str]) -> Result<Option<Fixture>> {
    let without = without.iter().copied().map(str::to_owned).collect();
    let options = DevOptions { plugins: vec![guest("website.wasm")], without, ..options() };
    let Some(fixture) = Fixture::on(ground, "the author's page", options).await? else { return Ok(None) };
    define(&fixture.guide.driver).await?;
    Ok(Some(fixture))
}

/// The same, with one Website that has become ready.
async fn start_ready(ground: Ground) -> Result<Option<Fixture>> {
    let Some(fixture) = start(ground, &[]).await? else { return Ok(None) };
    apply_new(&fixture.guide.driver, fixture.guide.limit, &website(NAME)).await?;
    eventually("status.ready true", fixture.guide.limit, async || {
        let site = get(&fixture, WEBSITE).await?.unwrap_or_default();
        Ok(if site["status"]["ready"] == true { Ok(()) } else { Err(site["status"].to_string()) })
    })
    .await?;
    Ok(Some(fixture))
}

async fn get(fixture: &Fixture, kind: Resource) -> Result<Option<Value>> {
    fixture.guide.driver.get(kind, Some(NAMESPACE), NAME).await
}

async fn present(fixture: &Fixture, kind: Resource) -> Result<Value> {
    get(fixture, kind).await?.with_context(|| format!("no {} {NAME}", kind.kind))
}

/// Waits until a field of the Deployment has this value again.
async fn is_repaired(fixture: &Fixture, pointer: &str, value: Value) -> Result<()> {
    eventually(&format!("{pointer} = {value} again"), fixture.guide.limit, async || {
        let seen = present(fixture, DEPLOYMENT).await?.pointer(pointer).cloned().unwrap_or_default();
        Ok(if seen == value { Ok(()) } else { Err(seen.to_string()) })
    })
    .await
}

async fn a_website_becomes_a_deployment_and_a_service_that_it_owns(ground: Ground) -> Result<()> {
    let Some(fixture) = start_ready(ground).await? else { return Ok(()) };
    let site = present(&fixture, WEBSITE).await?;
    for kind in [DEPLOYMENT, SERVICE] {
        let child = present(&fixture, kind).await?;
        let owner = &child["metadata"]["ownerReferences"][0];
        equal(&format!("owner of the {}", kind.kind), &owner["uid"], &site["metadata"]["uid"])?;
        equal("its kind", &owner["kind"], &json!("Website"))?;
    }
    let deployment = present(&fixture, DEPLOYMENT).await?;
    equal("image", &deployment["spec"]["template"]["spec"]["containers"][0]["image"], &json!("nginx:1.29"))?;
    equal("available replicas", &deployment["status"]["availableReplicas"], &json!(1))
}

async fn a_website_is_not_ready_while_its_deployment_is_not(ground: Ground) -> Result<()> {
    // Nobody runs its Pods, whoever makes them.
    let Some(fixture) = start(ground, &["workloads", "kubelets"]).await? else { return Ok(()) };
    apply_new(&fixture.guide.driver, fixture.guide.limit, &website(NAME)).await?;
    eventually("status.ready false", fixture.guide.limit, async || {
        let site = get(&fixture, WEBSITE).await?.unwrap_or_default();
        Ok(if site["status"]["ready"] == false { Ok(()) } else { Err(site["status"].to_string()) })
    })
    .await?;
    present(&fixture, DEPLOYMENT).await.map(drop)
}

async fn deleting_a_website_takes_its_children_along(ground: Ground) -> Result<()> {
    let Some(fixture) = start_ready(ground).await? else { return Ok(()) };
    fixture.guide.driver.delete(WEBSITE, NAMESPACE, NAME).await?;
    for kind in [WEBSITE, DEPLOYMENT, SERVICE] {
        eventually(&format!("no {}", kind.kind), fixture.guide.limit, async || {
            Ok(get(&fixture, kind).await?.map_or(Ok(()), |left| Err(left["metadata"].to_string())))
        })
        .await?;
    }
    Ok(())
}

async fn what_somebody_else_changes_is_put_right(ground: Ground) -> Result<()> {
    let Some(fixture) = start_ready(ground).await? else { return Ok(()) };
    let image = "/spec/template/spec/containers/0/image";
    let cases = [("/spec/replicas", json!(5), json!(1)), (image, json!("other:1"), json!("nginx:1.29"))];
    for (pointer, foreign, own) in cases {
        let patch = json!([{"op": "replace", "path": pointer, "value": foreign}]);
        fixture.guide.driver.patch_json(DEPLOYMENT, NAMESPACE, NAME, &patch).await?;
        is_repaired(&fixture, pointer, own).await?;
    }
    fixture.guide.driver.delete(SERVICE, NAMESPACE, NAME).await?;
    eventually("the Service again", fixture.guide.limit, async || {
        Ok(get(&fixture, SERVICE).await?.map(drop).ok_or_else(|| "none".into()))
    })
    .await
}

async fn what_nobody_declared_of_a_child_is_left_to_others(ground: Ground) -> Result<()> {
    let Some(fixture) = start_ready(ground).await? else { return Ok(()) };
    let patch = json!([{"op": "add", "path": "/metadata/annotations", "value": {"note": "of somebody else"}}]);
    fixture.guide.driver.patch_json(DEPLOYMENT, NAMESPACE, NAME, &patch).await?;
    let scale = json!([{"op": "replace", "path": "/spec/replicas", "value": 2}]);
    fixture.guide.driver.patch_json(WEBSITE, NAMESPACE, NAME, &scale).await?;
    is_repaired(&fixture, "/spec/replicas", json!(2)).await?;
    let deployment = present(&fixture, DEPLOYMENT).await?;
    equal("the annotation", &deployment["metadata"]["annotations"]["note"], &json!("of somebody else"))
}

async fn a_settled_website_is_written_no_more_even_when_looked_at(ground: Ground) -> Result<()> {
    let Some(fixture) = start_ready(ground).await? else { return Ok(()) };
    let audit = fixture.audit()?;
    audit.at_rest(fixture.guide.limit, Duration::from_secs(1)).await?;
    let suppressed = async || {
        let figures = Figures::read(fixture.dev.observe_address()).await?;
        anyhow::Ok(figures.sum("backplane_writes_total", &[("result", "suppressed")]))
    };
    let (before, writes) = (suppressed().await?, audit.writes()?.len());
    let look = json!([{"op": "add", "path": "/metadata/annotations", "value": {"look": "now"}}]);
    fixture.guide.driver.patch_json(WEBSITE, NAMESPACE, NAME, &look).await?;
    // Deployment, Service and status: all three are as they should be.
    eventually("three writes suppressed", fixture.guide.limit, async || {
        let more = suppressed().await? - before;
        Ok(if more >= 3 { Ok(()) } else { Err(more.to_string()) })
    })
    .await?;
    let page = format!("{DAEMON}-website");
    let written = audit.writes()?.split_off(writes);
    match written.iter().find(|event| event.user == page) {
        None => Ok(()),
        Some(event) => Err(failure("no write of the page", backplane_tests::audit::line(event))),
    }
}
