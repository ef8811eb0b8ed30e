//! Memory and first sync of 100,000 Pods on a real API server: our store, and kube-rs reflectors of typed Pods and of
//! `DynamicObject`.
//!
//! Each side is a process of its own that reads the same API server, one after the other, several times round. What is
//! counted is what its resident set grew by, from "client made" to "all synchronised", indexes included; the peak is that
//! of the kernel (`VmHWM`).
//!
//! `BACKPLANE_BENCH_PODS` makes it smaller. `BACKPLANE_BENCH_KUBECONFIG` names an API server that holds these Pods already.

mod child;
mod fill;
mod pods;

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use backplane_core::{Kind, Selector};
use backplane_store::{Estimate, Watch, estimate};
use backplane_tests::real::{ControlPlane, PlaneOptions, built};
use tokio::process::Command;

use child::Figures;
pub(crate) use child::child;

use crate::table::{Row, Table, median};

/// Pods, unless the environment says otherwise.
const PODS: usize = 100_000;
/// Processes of each side.
const ROUNDS: usize = 3;
/// Memory for an object as it is, and compressed. Bytes.
const GOAL_RAW: f64 = 5_000.0;
const GOAL_COMPRESSED: f64 = 2_200.0;
/// Peak of the first sync against what is held afterwards.
const GOAL_PEAK: f64 = 1.3;
/// What one more reader may cost against the first.
const GOAL_READER: f64 = 0.01;
/// Longest wait for an answer while estimating.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) async fn bench() -> Result<Table> {
    let server = Server::ready().await?;
    let client = child::client(&server.kubeconfig).await?;
    let watch = Watch { kind: Kind::new("", "v1", "Pod"), selector: Selector::default() };
    let told = estimate(client, &watch, PATIENCE).await?;
    let mut sides = Sides::default();
    for round in 1..=ROUNDS {
        println!("round {round} of {ROUNDS}");
        sides.store.push(server.measure("store").await?);
        sides.typed.push(server.measure("typed").await?);
        sides.packed.push(server.measure("store-packed").await?);
        sides.dynamic.push(server.measure("dynamic").await?);
        sides.pages.push(server.measure("store-pages").await?);
        sides.typed_stream.push(server.measure("typed-stream").await?);
    }
    Ok(Table { name: "store-memory", rows: sides.rows(&told) })
}

/// An API server that holds the Pods.
struct Server {
    kubeconfig: PathBuf,
    pods: usize,
    /// Lives as long as it is measured against.
    _plane: Option<(ControlPlane, tempfile::TempDir)>,
}

impl Server {
    async fn ready() -> Result<Self> {
        let pods = match std::env::var("BACKPLANE_BENCH_PODS") {
            Ok(text) => text.parse().context("BACKPLANE_BENCH_PODS is no number")?,
            Err(_) => PODS,
        };
        if let Some(kubeconfig) = std::env::var_os("BACKPLANE_BENCH_KUBECONFIG") {
            return Ok(Self { kubeconfig: kubeconfig.into(), pods, _plane: None });
        }
        let parts = built().context("store-memory measures against a real API server")?;
        // The log of what was asked would only slow the server down.
        let audit_policy = Some("apiVersion: audit.k8s.io/v1\nkind: Policy\nrules: [{level: None}]\n".into());
        let plane =
            ControlPlane::start_with(&parts, PlaneOptions { controllers: false, audit_policy, ..Default::default() })
                .await?;
        let folder = tempfile::tempdir()?;
        let kubeconfig = folder.path().join("kubeconfig");
        std::fs::write(&kubeconfig, plane.kubeconfig())?;
        fill::fill(&child::client(&kubeconfig).await?, pods).await?;
        Ok(Self { kubeconfig, pods, _plane: Some((plane, folder)) })
    }

    /// Figures of one side, from a process of its own.
    async fn measure(&self, side: &str) -> Result<Figures> {
        let program = std::env::current_exe()?;
        let mut command = Command::new(program);
        command.args(["store-memory-child", side]).arg(&self.kubeconfig).stderr(Stdio::inherit());
        let output = command.output().await?;
        ensure!(output.status.success(), "the {side} process failed: {}", output.status);
        let figures: Figures = serde_json::from_slice(&output.stdout)?;
        ensure!(figures.objects == self.pods, "{side} holds {} objects instead of {}", figures.objects, self.pods);
        println!("{}", figures.line(side));
        Ok(figures)
    }
}

impl Figures {
    fn line(&self, side: &str) -> String {
        let mib = |bytes: u64| bytes as f64 / f64::from(1 << 20);
        format!(
            "  {side:<14} {:>8.1} MiB steady {:>8.1} MiB peak {:>7.2} s {:>7.2} s CPU",
            mib(self.steady),
            mib(self.peak),
            self.seconds,
            self.cpu_seconds
        )
    }

    fn per_object(&self) -> f64 {
        self.steady as f64 / self.objects as f64
    }

    fn peak_per_object(&self) -> f64 {
        self.peak as f64 / self.objects as f64
    }
}

/// What each side measured, a figure a round.
#[derive(Default)]
struct Sides {
    store: Vec<Figures>,
    pages: Vec<Figures>,
    packed: Vec<Figures>,
    typed: Vec<Figures>,
    typed_stream: Vec<Figures>,
    dynamic: Vec<Figures>,
}

impl Sides {
    fn rows(&self, told: &Estimate) -> Vec<Row> {
        [self.memory(), self.first_sync(), self.estimates(told)].into_iter().flatten().collect()
    }

    fn memory(&self) -> Vec<Row> {
        let (raw, packed) = (of(&self.store, Figures::per_object), of(&self.packed, Figures::per_object));
        let (typed, dynamic) = (of(&self.typed, Figures::per_object), of(&self.dynamic, Figures::per_object));
        let document = of(&self.store, |f| f.documents as f64 / f.objects as f64);
        let reader = of(&self.store, |f| f.readers as f64 / f.objects as f64 / 9.0);
        vec![
            Row::at_most("bytes an object, against the goal", raw, GOAL_RAW, "B", 1.0),
            Row::at_most("compressed, against the goal", packed, GOAL_COMPRESSED, "B", 1.0),
            Row::told("bytes an object, against its JSON", raw, document, "B"),
            Row::told("bytes an object, against typed Pods", raw, typed, "B"),
            Row::told("bytes an object, against DynamicObject", raw, dynamic, "B"),
            Row::told("compressed, against typed Pods", packed, typed, "B"),
            Row::at_most("2nd to 10th reader, each, against the first", reader, raw, "B", GOAL_READER),
        ]
    }

    fn first_sync(&self) -> Vec<Row> {
        let peak = |name: &str, side: &[Figures]| {
            let (peak, steady) = (of(side, Figures::peak_per_object), of(side, Figures::per_object));
            Row::at_most(format!("peak of the first sync, {name}"), peak, steady, "B", GOAL_PEAK)
        };
        let seconds = |side| of(side, |f| f.seconds);
        let cpu = |side| of(side, |f| f.cpu_seconds);
        vec![
            peak("streamed", &self.store),
            peak("in pages", &self.pages),
            peak("compressed", &self.packed),
            Row::at_most("first sync, against typed Pods", seconds(&self.store), seconds(&self.typed), "s", 1.0),
            Row::told("the same, both streamed", seconds(&self.store), seconds(&self.typed_stream), "s"),
            Row::told("the same, both in pages", seconds(&self.pages), seconds(&self.typed), "s"),
            Row::told("compressed, against typed Pods", seconds(&self.packed), seconds(&self.typed), "s"),
            Row::told("first sync, against DynamicObject", seconds(&self.store), seconds(&self.dynamic), "s"),
            Row::told("CPU of the first sync, against typed Pods", cpu(&self.store), cpu(&self.typed), "s"),
            Row::told("compressed, CPU against typed Pods", cpu(&self.packed), cpu(&self.typed), "s"),
        ]
    }

    /// What was said beforehand, against what it came to.
    fn estimates(&self, told: &Estimate) -> Vec<Row> {
        let each = |bytes: u64| bytes as f64 / told.objects.max(1) as f64;
        let (raw, packed) = (of(&self.store, Figures::per_object), of(&self.packed, Figures::per_object));
        let compressed = told.compressed_bytes.map(|bytes| Row::told("estimate, compressed", each(bytes), packed, "B"));
        [Row::told("estimate, against what it came to", each(told.bytes), raw, "B")]
            .into_iter()
            .chain(compressed)
            .collect()
    }
}

fn of(side: &[Figures], figure: impl Fn(&Figures) -> f64) -> f64 {
    median(side.iter().map(figure).collect())
}
