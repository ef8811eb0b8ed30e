//! Many readers, one watch; and at rest nobody writes.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use backplane::dev::{DevOptions, start_daemon};
use backplane_runtime::settings::{EndpointSettings, Settings};
use backplane_runtime::{Daemon, rbac};
use backplane_sandbox::{World, WorldOptions};
use backplane_tests::audit::{Audit, DAEMON};
use backplane_tests::figures::Figures;
use backplane_tests::fixture::{Fixture, cache_dir, options};
use backplane_tests::ground::{Base, Ground};
use backplane_tests::guests::{apply_new, define, guest, website};
use backplane_tests::wait::{equal, eventually, failure};

backplane_tests::on_each_ground!(
    the_api_server_sees_one_watch_for_each_kind_and_selector,
    once_the_guide_has_settled_nobody_writes_and_nobody_looks,
    plugins_that_share_kinds_do_not_keep_each_other_busy,
    a_plugin_is_not_woken_by_objects_that_are_none_of_its_business,
);

/// The store itself watches definitions, to notice kinds that come later.
const CRDS: &str = "customresourcedefinitions";
/// Kinds that several plugins read.
const SHARED: [&str; 4] = ["services", "machines", "clusters", "cloudsigmaclusters"];
/// How long it is watched that nothing happens.
const REST: Duration = Duration::from_secs(2);

fn own_crds() -> Result<Vec<String>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/crds");
    let files = std::fs::read_dir(&folder).with_context(|| folder.display().to_string())?;
    files.map(|file| Ok(std::fs::read_to_string(file?.path())?)).collect()
}

/// A daemon with plugins that read the same kinds, in a world whose audit began before it.
async fn audited(base: &Base) -> Result<(World, Daemon, Audit)> {
    let external = base.external();
    let options = WorldOptions { time_scale: 0.02, crds: own_crds()?, external, ..WorldOptions::default() };
    let world = World::start(options).await?;
    let audit = base.audit(&world)?;
    let text = format!(
        "observe = {{ listen = \"127.0.0.1:0\" }}\nengine = {{ cache-dir = {:?} }}\n[[plugin]]\npath = {:?}\n[[plugin]]\npath = {:?}\n[[plugin]]\npath = {:?}\n",
        cache_dir(),
        guest("backplane_clusters.wasm"),
        guest("backplane_cloudsigma.wasm"),
        guest("website.wasm"),
    );
    let file = Path::new("backplane.toml");
    let mut settings = Settings::parse(file, &text, Path::new("."))?;
    // Nothing is bought here, so no credential is needed.
    let cloud = EndpointSettings { allow_plain_http: true, ..EndpointSettings::new(world.cloud_url()) };
    settings.offered_endpoints.insert("cloudsigma".into(), cloud);
    let daemon = start_daemon(&world, settings, file).await?;
    Ok((world, daemon, audit))
}

/// Watches of the daemon by group and resource, as the API server saw them.
fn watches(audit: &Audit) -> Result<BTreeMap<String, usize>> {
    let mut seen = BTreeMap::new();
    for event in audit.events()?.iter().filter(|event| event.user == DAEMON && event.verb == "watch") {
        if event.code == 200 {
            *seen.entry(event.resource.clone()).or_default() += 1;
        }
    }
    Ok(seen)
}

/// The watches, once these are among them: a record is written a moment after the fact.
async fn told_of(audit: &Audit, wanted: &[&str]) -> Result<BTreeMap<String, usize>> {
    eventually(&format!("watches of {wanted:?}"), Duration::from_secs(30), async || {
        let seen = watches(audit)?;
        Ok(if wanted.iter().all(|name| seen.contains_key(*name)) { Ok(seen) } else { Err(format!("{seen:?}")) })
    })
    .await
}

async fn the_api_server_sees_one_watch_for_each_kind_and_selector(ground: Ground) -> Result<()> {
    let Some(base) = ground.prepare("one watch for each kind and selector").await? else { return Ok(()) };
    let (world, daemon, audit) = audited(&base).await?;
    let figures = Figures::read(daemon.observe_address()).await?;
    let mut declared: BTreeMap<String, usize> = BTreeMap::new();
    for sample in figures.family("backplane_watch_readers") {
        *declared.entry(sample.labels["kind"].clone()).or_default() += 1;
    }
    let seen = told_of(&audit, &SHARED).await?;
    let mut compared = 0;
    for (kind, selectors) in &declared {
        let name = kind.split('.').next().unwrap_or_default();
        let plural = rbac::usual_plural(&backplane_core::Kind::new("", "", name));
        // A kind that is not defined here is not watched.
        if let Some(count) = seen.get(&plural) {
            equal(&format!("watches of {plural}"), count, selectors)?;
            compared += 1;
        }
    }
    equal("watched resources that were declared", &compared, &seen.keys().filter(|name| *name != CRDS).count())?;
    println!("watches: {seen:?}; readers: {declared:?}");
    daemon.stop().await;
    world.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readers_of_one_kind_share_its_watch() -> Result<()> {
    let fixture = Fixture::start().await?;
    let figures = Figures::read(fixture.dev.observe_address()).await?;
    let readers: Vec<_> = figures.family("backplane_watch_readers").cloned().collect();
    let distinct: BTreeSet<_> = readers.iter().map(|sample| sample.labels.clone()).collect();
    equal("kinds and selectors", &distinct.len(), &readers.len())?;
    let shared: Vec<_> =
        readers.iter().filter(|sample| sample.value > 1).map(|sample| &sample.labels["kind"]).collect();
    // The plugin of clusters and the rooms that act for the cloud both look at Cluster API's machines.
    if !shared.iter().any(|kind| kind.contains("Machine")) {
        return Err(failure("kinds with several readers", format!("{readers:?}")));
    }
    let opened = figures.sum("backplane_store_watches_opened_total", &[]);
    let unavailable = figures.sum("backplane_store_errors_total", &[]);
    if opened > readers.len() as u64 + unavailable {
        return Err(failure(format!("at most {} watches opened", readers.len()), opened.to_string()));
    }
    Ok(())
}

/// Looks and calls so far, by component.
async fn looks(fixture: &Fixture) -> Result<BTreeMap<String, u64>> {
    let figures = Figures::read(fixture.dev.observe_address()).await?;
    let mut looks = BTreeMap::new();
    for sample in figures.family("backplane_reconciles_total") {
        *looks.entry(sample.labels["component"].clone()).or_default() += sample.value;
    }
    Ok(looks)
}

/// Nobody writes, and nobody even looks. A cloud sends no events, so machines at rest are looked at once a minute: a span
/// without looks is waited for, which a loop never has.
async fn rests(fixture: &Fixture, audit: &Audit) -> Result<()> {
    audit.at_rest(fixture.guide.limit, REST).await?;
    eventually(&format!("{REST:?} without a look"), fixture.guide.limit, async || {
        let before = looks(fixture).await?;
        tokio::time::sleep(REST).await;
        let after = looks(fixture).await?;
        Ok(if before == after { Ok(()) } else { Err(format!("{before:?}, then {after:?}")) })
    })
    .await?;
    audit.at_rest(fixture.guide.limit, REST).await
}

async fn once_the_guide_has_settled_nobody_writes_and_nobody_looks(ground: Ground) -> Result<()> {
    let what = "that a settled guide is at rest";
    let Some(fixture) = Fixture::with_cluster_api(ground, what, options()).await? else { return Ok(()) };
    let audit = fixture.audit()?;
    fixture.play(2).await?;
    rests(&fixture, &audit).await?;
    let looks = looks(&fixture).await?;
    println!("looks: {looks:?}; writes: {}", audit.writes()?.len());
    Ok(())
}

async fn plugins_that_share_kinds_do_not_keep_each_other_busy(ground: Ground) -> Result<()> {
    let options = DevOptions { plugins: vec![guest("website.wasm")], ..options() };
    let what = "plugins side by side";
    let Some(fixture) = Fixture::with_cluster_api(ground, what, options).await? else { return Ok(()) };
    define(&fixture.guide.driver).await?;
    let audit = fixture.audit()?;
    apply_new(&fixture.guide.driver, fixture.guide.limit, &website("neighbour")).await?;
    fixture.play(2).await?;
    rests(&fixture, &audit).await
}

async fn a_plugin_is_not_woken_by_objects_that_are_none_of_its_business(ground: Ground) -> Result<()> {
    let options = DevOptions { plugins: vec![guest("website.wasm")], ..options() };
    let what = "plugins side by side";
    let Some(fixture) = Fixture::with_cluster_api(ground, what, options).await? else { return Ok(()) };
    define(&fixture.guide.driver).await?;
    fixture.play(2).await?;
    // The guide made Services and Deployments; none has a Website for its owner.
    equal("looks of the page", &looks(&fixture).await?.get("website").copied().unwrap_or_default(), &0)
}
