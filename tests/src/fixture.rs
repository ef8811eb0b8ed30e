//! A whole `backplane dev` inside the test's own process, with delays scaled down.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use backplane::dev::{Dev, DevOptions};
use tempfile::TempDir;

use crate::audit::Audit;
use crate::cloud::CloudView;
use crate::driver::{Driver, client_from_kubeconfig, find_kubectl};
use crate::ground::{Base, Ground};
use crate::guide::{Guide, VERSION, steps};
use crate::real::ClusterApi;

/// How much faster than the real thing the simulators' delays run.
const TIME_SCALE: f64 = 0.02;
/// Longest wait for one condition. Far beyond what any needs, so that only a standstill fails.
const LIMIT: Duration = Duration::from_secs(90);

/// A world, a daemon in it, and somebody at the keyboard.
pub struct Fixture {
    /// The process's own `backplane dev`.
    pub dev: Dev,
    /// Follows the guide.
    pub guide: Guide,
    /// The real Cluster API, if it was asked for.
    pub managers: Option<ClusterApi>,
    /// Ends after the world that works on it.
    base: Base,
    /// Scratch files; gone with the fixture.
    pub folder: TempDir,
}

/// Who types the commands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Typist {
    /// The client library: fast, and always there.
    Client,
    /// kubectl.
    Kubectl,
}

/// Options of a test world.
///
/// # Panics
/// Never: nothing here can fail.
pub fn options() -> DevOptions {
    DevOptions { time_scale: TIME_SCALE, cache_dir: Some(cache_dir()), ..DevOptions::default() }
}

/// Where compiled guests are kept between tests, so that each is compiled once.
pub fn cache_dir() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../target/test-artefacts")
}

impl Fixture {
    /// A world with the client library at the keyboard.
    ///
    /// # Errors
    /// What did not start.
    pub async fn start() -> Result<Self> {
        Self::with(options(), Typist::Client).await
    }

    /// A world with these options.
    ///
    /// # Errors
    /// What did not start.
    pub async fn with(options: DevOptions, typist: Typist) -> Result<Self> {
        Self::based(Base::Embedded, options, typist).await
    }

    /// A world with these options on this ground; `None` after saying that `what` is not shown there.
    ///
    /// # Errors
    /// What did not start.
    pub async fn on(ground: Ground, what: &str, options: DevOptions) -> Result<Option<Self>> {
        match ground.prepare(what).await? {
            Some(base) => Self::based(base, options, Typist::Client).await.map(Some),
            None => Ok(None),
        }
    }

    async fn based(base: Base, options: DevOptions, typist: Typist) -> Result<Self> {
        let dev = Dev::start(base.options(options)).await?;
        let folder = tempfile::tempdir()?;
        let guide = guide(&dev, &folder, typist).await?;
        Ok(Self { dev, guide, managers: None, base, folder })
    }

    /// The same with Cluster API, real where the ground is.
    ///
    /// # Errors
    /// What did not start.
    pub async fn with_cluster_api(ground: Ground, what: &str, options: DevOptions) -> Result<Option<Self>> {
        let Some(mut fixture) = Self::on(ground, what, options).await? else { return Ok(None) };
        fixture.managers = fixture.base.managers().await?;
        Ok(Some(fixture))
    }

    /// What the API server is asked from now on.
    ///
    /// # Errors
    /// A record that cannot be read.
    pub fn audit(&self) -> Result<Audit> {
        self.base.audit(&self.dev.world)
    }

    /// Plays the guide's steps up to and including this one.
    ///
    /// # Errors
    /// The step that failed.
    pub async fn play(&self, last: u32) -> Result<()> {
        for step in steps().into_iter().filter(|step| step.number <= last) {
            let begin = Instant::now();
            step.run(&self.guide).await.with_context(|| format!("step {} ({})", step.number, step.title))?;
            println!("step {} {} in {:.1} s", step.number, step.title, begin.elapsed().as_secs_f64());
        }
        Ok(())
    }
}

async fn guide(dev: &Dev, folder: &TempDir, typist: Typist) -> Result<Guide> {
    let kubeconfig = dev.kubeconfig();
    let file = folder.path().join("kubeconfig");
    std::fs::write(&file, &kubeconfig)?;
    let client = client_from_kubeconfig(&kubeconfig).await?;
    let driver = match typist {
        Typist::Client => Driver::Client(client.clone()),
        Typist::Kubectl => Driver::kubectl(find_kubectl().context("kubectl was not found")?, &file),
    };
    let cloud = dev.cloud_access();
    Ok(Guide {
        driver,
        client,
        cloud: CloudView::new(&cloud.url, &cloud.email, &cloud.password),
        image: cloud.image(VERSION).context("no image of the guide's version")?,
        limit: LIMIT,
        folder: folder.path().into(),
        phases: Arc::new(Mutex::new(Vec::new())),
    })
}
