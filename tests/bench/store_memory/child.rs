//! One side in a process of its own, so that nothing but what is measured is in it.

use std::fmt::Debug;
use std::hash::Hash;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use backplane_core::declaration::{Declaration, Read};
use backplane_core::grant::{Grant, Permissions};
use backplane_core::{Kind, Selector};
use backplane_store::{Demand, Options, Snapshot, Store, View, Watch};
use futures::StreamExt;
use k8s_openapi::api::core::v1::Pod;
use kube::api::{ApiResource, DynamicObject};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::runtime::{WatchStreamExt, reflector, watcher};
use kube::{Api, Client, Config, Resource};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// Time for freed memory to go back and for late work to end.
const REST: Duration = Duration::from_millis(700);
/// Readers beside the first.
const MORE_READERS: usize = 9;

type KindOf<K> = <K as Resource>::DynamicType;

/// What one process measured of itself. Bytes are resident, without what was resident before the first request for Pods.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub(crate) struct Figures {
    pub(crate) objects: usize,
    /// Sum of the sizes of the objects as they are kept, where that can be told.
    pub(crate) documents: u64,
    pub(crate) steady: u64,
    pub(crate) peak: u64,
    /// What nine more readers added.
    pub(crate) readers: u64,
    pub(crate) seconds: f64,
    pub(crate) cpu_seconds: f64,
}

/// Prints the figures of one side as JSON.
pub(crate) async fn child(side: &str, kubeconfig: &Path) -> Result<()> {
    let client = client(kubeconfig).await?;
    client.apiserver_version().await?;
    let measure = Measure { resident: memory("VmRSS")?, cpu: cpu_seconds()?, began: Instant::now() };
    let figures = match side {
        "store" => ours(client, Options::default(), measure).await?,
        "store-pages" => ours(client, Options { streaming: false, ..Options::default() }, measure).await?,
        "store-packed" => ours(client, Options { compress: vec!["Pod".into()], ..Options::default() }, measure).await?,
        "typed" => kube_rs::<Pod>(Api::all(client), (), false, measure).await?,
        "typed-stream" => kube_rs::<Pod>(Api::all(client), (), true, measure).await?,
        "dynamic" => {
            let resource = ApiResource::erase::<Pod>(&());
            kube_rs::<DynamicObject>(Api::all_with(client, &resource), resource, false, measure).await?
        }
        _ => anyhow::bail!("no such side: {side}"),
    };
    println!("{}", serde_json::to_string(&figures)?);
    Ok(())
}

/// A client that never times out a quiet watch.
pub(crate) async fn client(kubeconfig: &Path) -> Result<Client> {
    let kubeconfig = Kubeconfig::read_from(kubeconfig)?;
    let mut config = Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await?;
    config.read_timeout = None;
    Ok(Client::try_from(config)?)
}

struct Measure {
    resident: u64,
    cpu: f64,
    began: Instant,
}

impl Measure {
    /// To be called the moment everything is there.
    async fn taken(self, objects: usize) -> Result<Figures> {
        let (seconds, cpu) = (self.began.elapsed().as_secs_f64(), cpu_seconds()?);
        tokio::time::sleep(REST).await;
        Ok(Figures {
            objects,
            seconds,
            cpu_seconds: cpu - self.cpu,
            steady: memory("VmRSS")?.saturating_sub(self.resident),
            peak: memory("VmHWM")?.saturating_sub(self.resident),
            ..Figures::default()
        })
    }
}

async fn ours(client: Client, options: Options, measure: Measure) -> Result<Figures> {
    let store = Store::new(client, options);
    let watch = Watch { kind: Kind::new("", "v1", "Pod"), selector: Selector::default() };
    let _first = store.declare("first", &[Demand { watch: watch.clone(), paths: Vec::new(), labels: Vec::new() }]);
    store.synced(std::slice::from_ref(&watch)).await;
    let costs = store.costs();
    let mut figures = measure.taken(costs.iter().map(|cost| cost.objects).sum()).await?;
    figures.documents = costs.iter().map(|cost| cost.bytes).sum();
    let before = memory("VmRSS")?;
    let mut readers = Vec::new();
    for number in 0..MORE_READERS {
        let view = reader(&store, &watch, number);
        let changes = store.subscribe(&[(watch.clone(), Snapshot::With)]);
        let mut told = 0;
        while changes.try_next().is_some() {
            told += 1;
        }
        ensure!(told == figures.objects, "reader {number} was told of {told} objects");
        readers.push((view, changes));
    }
    tokio::time::sleep(REST).await;
    figures.readers = memory("VmRSS")?.saturating_sub(before);
    ensure!(store.costs()[0].readers.len() == 1 + MORE_READERS, "the readers share no watch");
    Ok(figures)
}

/// A reader as a plugin is one.
fn reader(store: &Store, watch: &Watch, number: usize) -> View {
    let read = Read { kind: watch.kind.clone(), selector: watch.selector.clone(), wakes: Vec::new() };
    let declaration = Declaration { name: format!("reader-{number}"), reads: vec![read], ..Declaration::default() };
    store.view(Arc::new(Permissions::new(declaration, Grant::default())))
}

async fn kube_rs<K>(api: Api<K>, kind: KindOf<K>, stream: bool, measure: Measure) -> Result<Figures>
where
    K: Resource + Clone + Debug + DeserializeOwned + Send + Sync + 'static,
    KindOf<K>: Clone + Eq + Hash + Debug + Send + Sync + Unpin + 'static,
{
    let writer = reflector::store::Writer::<K>::new(kind);
    let reader = writer.as_reader();
    let config = if stream { watcher::Config::default().streaming_lists() } else { watcher::Config::default() };
    let events = watcher(api, config).default_backoff().reflect(writer).applied_objects();
    tokio::spawn(events.for_each(|_| futures::future::ready(())));
    reader.wait_until_ready().await?;
    measure.taken(reader.len()).await
}

/// A line of `/proc/self/status`, in bytes. Source: proc_pid_status(5).
fn memory(name: &str) -> Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    let kilobytes = line.and_then(|rest| rest.split_whitespace().next()).with_context(|| format!("no {name}"))?;
    Ok(kilobytes.parse::<u64>()? * 1024)
}

/// Processor time of this process. Source: proc_pid_stat(5); the unit is a hundredth of a second on every Linux of today.
fn cpu_seconds() -> Result<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let after_name = stat.rsplit_once(')').context("no process name")?.1;
    let ticks: Vec<u64> = after_name.split_whitespace().skip(11).take(2).map(str::parse).collect::<Result<_, _>>()?;
    Ok(ticks.iter().sum::<u64>() as f64 / 100.0)
}
