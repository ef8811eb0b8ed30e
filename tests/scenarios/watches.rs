//! Ten plugins that read Pods are one watch to the API server; what it costs can be seen, before and after.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use backplane::describe::{Output, watched};
use backplane::dev::start_daemon;
use backplane_core::{Kind, Selector};
use backplane_runtime::Daemon;
use backplane_runtime::settings::{PluginSettings, Settings};
use backplane_runtime::watches::{WatchReport, estimate};
use backplane_sandbox::{World, WorldOptions};
use backplane_tests::audit::DAEMON;
use backplane_tests::driver::client_from_kubeconfig;
use backplane_tests::fixture::cache_dir;
use backplane_tests::ground::{Base, Ground};
use backplane_tests::guests::guest;
use backplane_tests::on_each_ground;
use backplane_tests::wait::equal;
use k8s_openapi::api::core::v1::Pod;
use kube::api::{Api, PostParams};
use serde_json::json;

const READERS: usize = 10;
const PODS: usize = 3;
/// Name of the guest, as it stands in its component.
const NAME: &[u8] = b"reader-of-pods-0";

on_each_ground!(
    ten_plugins_that_read_pods_are_one_watch_and_its_cost_can_be_seen,
    what_a_watch_would_cost_is_told_before_there_is_one,
);

/// The same component under ten names.
fn plugins(folder: &Path) -> Result<Vec<PathBuf>> {
    let component = std::fs::read(guest("pod_reader.wasm"))?;
    let found = component.windows(NAME.len()).enumerate().filter(|(_, bytes)| *bytes == NAME).map(|(at, _)| at);
    let places: Vec<usize> = found.collect();
    ensure!(!places.is_empty(), "the guest does not hold its name in one piece");
    (0..READERS)
        .map(|number| {
            let mut named = component.clone();
            places.iter().for_each(|at| named[at + NAME.len() - 1] = b'0' + number as u8);
            let file = folder.join(format!("reader-{number}.wasm"));
            std::fs::write(&file, named)?;
            Ok(file)
        })
        .collect()
}

async fn world(base: &Base) -> Result<World> {
    let external = base.external();
    let world = World::start(WorldOptions { external, time_scale: 0.02, ..WorldOptions::default() }).await?;
    let pods = Api::<Pod>::namespaced(client_from_kubeconfig(&world.admin_kubeconfig()).await?, "default");
    for number in 0..PODS {
        let pod = json!({"metadata": {"name": format!("pod-{number}"), "labels": {"odd": (number % 2 == 1).to_string()}},
            "spec": {"containers": [{"name": "c", "image": "registry.example.org/c:1"}]}});
        pods.create(&PostParams::default(), &serde_json::from_value(pod)?).await?;
    }
    Ok(world)
}

async fn daemon(world: &World, plugins: Vec<PathBuf>) -> Result<Daemon> {
    let file = Path::new("backplane.toml");
    let text = format!(
        "observe = {{ listen = \"127.0.0.1:0\" }}\nengine = {{ cache-dir = {:?} }}\nstore = {{ compress = [\"Pod\"] }}\n",
        cache_dir()
    );
    let mut settings = Settings::parse(file, &text, Path::new("."))?;
    settings.plugins = plugins.into_iter().map(PluginSettings::from_path).collect();
    start_daemon(world, settings, file).await
}

async fn ten_plugins_that_read_pods_are_one_watch_and_its_cost_can_be_seen(ground: Ground) -> Result<()> {
    let Some(base) = ground.prepare("that ten plugins share one watch of Pods").await? else { return Ok(()) };
    let (world, folder) = (world(&base).await?, tempfile::tempdir()?);
    let audit = base.audit(&world)?;
    let daemon = daemon(&world, plugins(folder.path())?).await?;
    let asked = |verb: &str| -> Result<usize> {
        let events = audit.events()?;
        Ok(events
            .iter()
            .filter(|e| e.user == DAEMON && e.resource == "pods" && e.verb == verb && e.code == 200)
            .count())
    };
    let text = watched(daemon.observe_address(), Output::Json).await?;
    let watches: Vec<WatchReport> = serde_json::from_str(&text)?;
    let pods = watches.iter().find(|watch| watch.kind == "Pod").context("Pods are watched")?;
    equal("readers", &pods.readers.len(), &READERS)?;
    equal("objects", &pods.objects, &(PODS as u64))?;
    equal("state", &pods.state.as_str(), &"synced")?;
    equal("watches of Pods, as the API server saw them", &asked("watch")?, &1)?;
    equal("lists of Pods", &asked("list")?, &0)?;
    let table = watched(daemon.observe_address(), Output::Table).await?;
    println!("{table}");
    ensure!(table.lines().any(|line| line.starts_with("Pod ") && line.contains("reader-of-pods-9")), "{table}");
    daemon.stop().await;
    world.stop().await;
    Ok(())
}

async fn what_a_watch_would_cost_is_told_before_there_is_one(ground: Ground) -> Result<()> {
    let Some(base) = ground.prepare("an estimate of a watch").await? else { return Ok(()) };
    let world = world(&base).await?;
    let client = client_from_kubeconfig(&world.admin_kubeconfig()).await?;
    let pods = || Kind::new("", "v1", "Pod");
    let told = estimate(client.clone(), pods(), Selector::default()).await?;
    equal("objects", &(told.objects, told.sampled), &(PODS as u64, PODS as u64))?;
    ensure!(told.bytes > 500 * told.objects && told.bytes < 5000 * told.objects, "{told:?}");
    equal("so few are not compressed", &told.compressed_bytes, &Some(told.bytes))?;
    let odd = estimate(client.clone(), pods(), "odd=true".parse()?).await?;
    equal("with a label", &odd.objects, &1)?;
    let absent = estimate(client, Kind::new("demo.example.org", "v1", "Nothing"), Selector::default()).await;
    let error = absent.err().context("a kind that is not served")?.to_string();
    equal("error", &error.as_str(), &"the API server does not serve Nothing in demo.example.org/v1")?;
    world.stop().await;
    Ok(())
}
