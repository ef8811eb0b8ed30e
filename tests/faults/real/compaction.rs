//! etcd forgets its history while a watch is held back: the store has to list anew, and tells of true differences only.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use backplane_core::Kind;
use backplane_core::ports::Query;
use backplane_store::{Demand, Options, Snapshot, Store, Subscription, Watch};
use backplane_tests::driver::client_from_kubeconfig;
use backplane_tests::proxy::{Way, Wire};
use backplane_tests::real::{ControlPlane, PlaneOptions, parts};
use backplane_tests::wait::eventually;
use bytes::Bytes;
use http::Method;
use http_body_util::Full;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};

use crate::user::User;

const MAPS: &str = "/api/v1/namespaces/default/configmaps";
const LIMIT: Duration = Duration::from_secs(30);

fn map(name: &str, value: u32) -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "labels": {"watched": "yes"}},
        "data": {"value": value.to_string()}})
}

fn watch() -> Result<Watch> {
    Ok(Watch { kind: Kind::new("", "v1", "ConfigMap"), selector: "watched=yes".parse()? })
}

/// Lets etcd forget everything before now.
async fn compact(plane: &ControlPlane, user: &User) -> Result<()> {
    let list = user.get(MAPS).await?;
    let revision = list["metadata"]["resourceVersion"].as_str().context("a list has a version")?;
    let body = json!({"revision": revision, "physical": true}).to_string();
    let request = http::Request::post(format!("{}/v3/kv/compaction", plane.etcd_url()));
    let client = Client::builder(TokioExecutor::new()).build_http();
    let answer = client.request(request.body(Full::new(Bytes::from(body)))?).await?;
    ensure!(answer.status().is_success(), "etcd answered {}", answer.status());
    Ok(())
}

/// What has been told so far, as name and whether the object was there before and is there now.
fn told(changes: &Subscription) -> BTreeMap<String, (bool, bool)> {
    std::iter::from_fn(|| changes.try_next())
        .map(|change| (change.key.name, (change.old.is_some(), change.new.is_some())))
        .collect()
}

async fn survives(plane: &ControlPlane, user: &User, streaming: bool) -> Result<()> {
    for index in 0..20 {
        user.create(MAPS, &map(&format!("m{index:02}"), 1)).await?;
    }
    let wire = Wire::open(plane.url().trim_start_matches("https://").parse()?).await?;
    let kubeconfig = plane.kubeconfig().replace(&plane.url(), &format!("https://{}", wire.address()));
    let store = Store::new(client_from_kubeconfig(&kubeconfig).await?, Options { streaming, ..Options::default() });
    let demand = Demand { watch: watch()?, paths: vec![], labels: vec![] };
    let _declared = store.declare("test", &[demand]);
    store.synced(&[watch()?]).await;
    let changes = store.subscribe(&[(watch()?, Snapshot::Without)]);

    wire.set(Way::Reset);
    for value in [2, 3] {
        user.patch(&format!("{MAPS}/m07"), &json!({"data": {"value": value.to_string()}})).await?;
    }
    user.remove(&format!("{MAPS}/m11")).await?;
    user.create(MAPS, &map("new", 1)).await?;
    user.create(MAPS, &map("passing", 1)).await?;
    user.remove(&format!("{MAPS}/passing")).await?;
    compact(plane, user).await?;
    wire.set(Way::Open);

    let relists = || store.counters().relists.load(Ordering::Relaxed);
    eventually("a second list", LIMIT, async || {
        Ok(if relists() > 0 {
            Ok(())
        } else {
            Err(format!("{} lists", store.counters().lists.load(Ordering::Relaxed)))
        })
    })
    .await?;
    let expected = [("m07", (true, true)), ("m11", (true, false)), ("new", (false, true))];
    let expected: BTreeMap<String, _> = expected.map(|(name, change)| (name.to_owned(), change)).into();
    let seen = told(&changes);
    ensure!(seen == expected, "streaming {streaming}: told {seen:?}");
    let reader = store.reader(&watch()?).context("declared")?;
    ensure!(reader.list(&Query::default()).len() == 20, "the cache holds what the server does");

    // And it is followed from there on.
    user.patch(&format!("{MAPS}/m00"), &json!({"data": {"value": "4"}})).await?;
    eventually("the next change", LIMIT, async || {
        let seen = told(&changes);
        Ok(if seen.contains_key("m00") && seen.len() == 1 { Ok(()) } else { Err(format!("{seen:?}")) })
    })
    .await?;
    ensure!(relists() == 1, "one list was enough");
    store.shutdown().await;
    user.ask(Method::DELETE, &format!("{MAPS}?labelSelector=watched%3Dyes"), None).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_compaction_of_etcd_in_mid_watch_leads_to_a_list_that_tells_true_differences_only() -> Result<()> {
    let Some(parts) = parts("compaction of etcd in mid-watch")? else { return Ok(()) };
    // Watched in etcd itself: the API server's own memory would hide the compaction.
    let apiserver = vec!["--watch-cache-sizes=configmaps#0".into()];
    let plane =
        ControlPlane::start_with(&parts, PlaneOptions { controllers: false, apiserver, ..PlaneOptions::default() })
            .await?;
    let user = User::new(&plane.kubeconfig()).await?;
    for streaming in [true, false] {
        survives(&plane, &user, streaming).await.with_context(|| format!("streaming {streaming}"))?;
    }
    Ok(())
}
