//! One side in its own process: says `ready` when it has seen every object, and its figures after the end mark.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Result, bail};
use async_trait::async_trait;
use backplane_core::declaration::Declaration;
use backplane_core::grant::Permissions;
use backplane_core::ports::Reads;
use backplane_core::reconcile::{Outcome, Reconciler, Request, Response};
use backplane_core::{CallError, Grant, Kind};
use backplane_reconcile::{Conditions, Controller, Options, StatusStyle};
use backplane_store::{Identity, Store, View};
use futures::StreamExt;
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::runtime::{
    self,
    controller::{Action, Config as ControllerConfig},
    watcher::Config as WatcherConfig,
};
use kube::{Api, Client, Config};
use serde::Deserialize;
use tokio_util::sync::CancellationToken;

use super::Measured;
use crate::reconcile::native::Note;

/// Reconciles at the same time, of both sides.
const WORKERS: usize = 16;
/// What is still under way when the end mark is seen.
const AFTERWARDS: Duration = Duration::from_millis(300);

/// `bench events-child ours|kube-rs OBJECTS KUBECONFIG`.
pub(crate) async fn run(side: &str, objects: &str, kubeconfig: &Path) -> Result<()> {
    let config = Kubeconfig::read_from(kubeconfig)?;
    let mut config = Config::from_custom_kubeconfig(config, &KubeConfigOptions::default()).await?;
    config.read_timeout = None;
    let client = Client::try_from(config)?;
    let tape = Arc::new(Tape { objects: objects.parse()?, state: Mutex::default() });
    match side {
        "ours" => ours(client, tape).await,
        "kube-rs" => kube_rs(client, tape).await,
        other => bail!("no side {other}"),
    }
}

async fn kube_rs(client: Client, tape: Arc<Tape>) -> Result<()> {
    runtime::Controller::new(Api::<Note>::all(client), WatcherConfig::default())
        .with_config(ControllerConfig::default().concurrency(WORKERS.try_into()?))
        .run(look, |_, _, _| Action::requeue(Duration::from_secs(1)), tape)
        .for_each(|_| futures::future::ready(()))
        .await;
    Ok(())
}

async fn look(note: Arc<Note>, tape: Arc<Tape>) -> Result<Action, kube::Error> {
    tape.saw(note.text());
    Ok(Action::await_change())
}

async fn ours(client: Client, tape: Arc<Tape>) -> Result<()> {
    let store = Store::new(client, backplane_store::Options::default());
    let kind = Kind::new("bench.example.org", "v1", "Note");
    let declaration = Declaration { name: "events".into(), reconciles: vec![kind], ..Declaration::default() };
    let permissions = Arc::new(Permissions::new(declaration, Grant::default()));
    let writer = store.writer(Identity::without_impersonation("events"), permissions.clone());
    let view = store.view(permissions.clone());
    let style = StatusStyle { conditions: Conditions::None, seed: None };
    let options = Options { workers: WORKERS, style, ..Options::default() };
    let reconciler = Arc::new(Looker { view, tape });
    Controller::new("events", store, permissions, reconciler, Arc::new(writer), options)
        .run(CancellationToken::new())
        .await;
    Ok(())
}

/// Our side's reconciler.
struct Looker {
    view: View,
    tape: Arc<Tape>,
}

#[derive(Deserialize)]
struct Seen<'a> {
    #[serde(borrow)]
    spec: Spec<'a>,
}

#[derive(Deserialize)]
struct Spec<'a> {
    text: &'a str,
}

#[async_trait]
impl Reconciler for Looker {
    async fn reconcile(&self, request: &Request) -> Result<Response, CallError> {
        if let Ok(Some(bytes)) = self.view.get(&request.object)
            && let Ok(seen) = serde_json::from_slice::<Seen<'_>>(&bytes)
        {
            self.tape.saw(seen.spec.text);
        }
        Ok(Outcome::Done.into())
    }
}

/// What a side has seen.
struct Tape {
    objects: usize,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    seen: usize,
    /// Processor time at the begin mark.
    began: Option<f64>,
    delays_ms: Vec<f64>,
}

impl Tape {
    fn saw(&self, text: &str) {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
        let mut words = text.split(' ');
        let (what, made) = (words.next(), words.next().and_then(|made| made.parse::<u128>().ok()).unwrap_or(now));
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.seen += 1;
        if state.seen == self.objects {
            println!("ready");
        }
        match what {
            // What an earlier round left behind is seen again at the start.
            Some("begin") if state.seen > self.objects => state.began = cpu_seconds(),
            Some("end") if state.began.is_some() => finish(state.began, std::mem::take(&mut state.delays_ms)),
            _ if state.began.is_some() => state.delays_ms.push(now.saturating_sub(made) as f64 / 1e6),
            _ => {}
        }
    }
}

fn finish(began: Option<f64>, mut delays_ms: Vec<f64>) {
    std::thread::spawn(move || {
        std::thread::sleep(AFTERWARDS);
        delays_ms.sort_by(f64::total_cmp);
        let at = |part: f64| delays_ms.get((delays_ms.len() as f64 * part) as usize).copied().unwrap_or(f64::NAN);
        let cpu_seconds = cpu_seconds().unwrap_or(f64::NAN) - began.unwrap_or(f64::NAN);
        let measured = Measured { cpu_seconds, looks: delays_ms.len(), p50_ms: at(0.5), p99_ms: at(0.99) };
        println!("{}", serde_json::to_string(&measured).unwrap_or_default());
        std::process::exit(0);
    });
}

fn cpu_seconds() -> Option<f64> {
    crate::reconcile::cpu_seconds(std::process::id()).ok()
}
