//! Where changes come from: a fake API server, or a real one.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::Result;
use backplane_apiserver::kubeconfig;
use backplane_tests::real::{ControlPlane, Parts};
use futures::future::try_join_all;
use kube::Client;
use tempfile::TempDir;

use super::fake::Fake;
use crate::reconcile::load;

/// Requests to a real server at the same time.
const AT_ONCE: usize = 64;

/// How changes are made.
pub(super) struct Stream {
    pub(super) objects: usize,
    /// A second, at most.
    pub(super) rate: f64,
    pub(super) lasting: Duration,
}

/// A source of changes.
pub(super) struct Source {
    kubeconfig: PathBuf,
    from: From,
    rate: AtomicU64,
    _folder: TempDir,
}

enum From {
    Fake(Fake),
    Real { client: Client, _plane: Box<ControlPlane> },
}

impl Source {
    /// A fake server with so many objects.
    pub(super) async fn fake(objects: usize) -> Result<Self> {
        let fake = Fake::start(objects).await?;
        let text = kubeconfig(&fake.url(), "", "bench", "fake");
        Self::new(From::Fake(fake), &text)
    }

    /// A real server with [`super::OBJECTS`] objects.
    pub(super) async fn real(parts: &Parts) -> Result<Self> {
        let plane = crate::reconcile::plane(parts).await?;
        let client = plane.client().await?;
        load::prepare(&client, "nobody").await?;
        load::fill(&client, super::OBJECTS).await?;
        let text = plane.kubeconfig();
        Self::new(From::Real { client, _plane: Box::new(plane) }, &text)
    }

    fn new(from: From, text: &str) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let kubeconfig = folder.path().join("kubeconfig");
        std::fs::write(&kubeconfig, text)?;
        Ok(Self { kubeconfig, from, rate: AtomicU64::new(0), _folder: folder })
    }

    pub(super) fn kubeconfig(&self) -> &Path {
        &self.kubeconfig
    }

    /// Changes a second of the last [`Source::change`].
    pub(super) fn last_rate(&self) -> f64 {
        self.rate.load(Ordering::Relaxed) as f64
    }

    /// Marks the beginning, makes changes, marks the end; gives their number.
    pub(super) async fn change(&self, stream: &Stream) -> Result<usize> {
        let begin = Instant::now();
        let changes = match &self.from {
            From::Fake(fake) => fake.change(stream).await?,
            From::Real { client, .. } => change_real(client, stream).await?,
        };
        self.rate.store((changes as f64 / begin.elapsed().as_secs_f64()) as u64, Ordering::Relaxed);
        Ok(changes)
    }
}

async fn change_real(client: &Client, stream: &Stream) -> Result<usize> {
    // The last object carries the marks alone, lest a change fold with one.
    let mark = stream.objects - 1;
    load::set_text(client, mark, &text("begin")).await?;
    let (begin, next) = (Instant::now(), AtomicUsize::new(0));
    let worker = async || {
        while begin.elapsed() < stream.lasting {
            let i = next.fetch_add(1, Ordering::Relaxed);
            let due = Duration::from_secs_f64(i as f64 / stream.rate);
            tokio::time::sleep(due.saturating_sub(begin.elapsed())).await;
            load::set_text(client, i % mark, &text("change")).await?;
        }
        anyhow::Ok(())
    };
    try_join_all((0..AT_ONCE).map(|_| worker())).await?;
    load::set_text(client, mark, &text("end")).await?;
    Ok(next.into_inner())
}

/// The text of an object: what it is, when it was made, and filling.
pub(super) fn text(what: &str) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    format!("{what} {} {}", now.as_nanos(), "x".repeat(600))
}
