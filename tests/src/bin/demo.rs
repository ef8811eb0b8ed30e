//! Plays the guide against `backplane dev` and shows how it goes. Run it with `cargo xtask demo`.
//!
//! It is a user: it starts the daemon as a process, types kubectl commands, and looks into the cloud over HTTP. It exits
//! with 0 only if every check held.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use backplane_tests::cloud::CloudView;
use backplane_tests::display::{Display, Row};
use backplane_tests::driver::{Driver, client_from_kubeconfig};
use backplane_tests::guide::{Guide, steps};
use backplane_tests::process::{DevInfo, DevProcess};

/// Longest wait for one condition; a step takes some seconds.
const LIMIT: Duration = Duration::from_secs(120);

#[tokio::main]
async fn main() -> Result<()> {
    let keep = std::env::args().any(|argument| argument == "--keep");
    let folder = tempfile::tempdir()?;
    let start = Instant::now();
    let mut dev = DevProcess::start(folder.path()).await?;
    println!("backplane dev is ready after {:.2} s", start.elapsed().as_secs_f64());
    let guide = guide(&dev.info, folder.path()).await?;
    println!("commands are typed with {}\n", guide.driver.name());
    let failures = play(&guide).await;
    if keep {
        println!("\nexport KUBECONFIG={}", dev.info.kubeconfig.display());
        println!("backplane dev keeps running; press Ctrl-C to end it");
        tokio::signal::ctrl_c().await?;
    }
    dev.stop().await?;
    if failures > 0 {
        bail!("{failures} of the guide's steps failed");
    }
    Ok(())
}

async fn guide(info: &DevInfo, folder: &Path) -> Result<Guide> {
    Ok(Guide {
        driver: Driver::new(&info.kubeconfig).await?,
        client: client_from_kubeconfig(&std::fs::read_to_string(&info.kubeconfig)?).await?,
        cloud: CloudView::new(&info.cloud.url, &info.cloud.email, &info.cloud.password),
        image: info.image(backplane_tests::guide::VERSION)?,
        limit: LIMIT,
        folder: folder.into(),
        phases: Arc::new(Mutex::new(Vec::new())),
    })
}

/// Plays the steps in order. The first that fails ends the guide: later ones rely on it.
async fn play(guide: &Guide) -> usize {
    let mut display = Display::new();
    let steps = steps();
    let count = steps.len();
    for (done, step) in steps.into_iter().enumerate() {
        let row = Row { number: step.number, title: step.title, command: step.command };
        let result = display.show(&row, guide, step.run(guide)).await;
        if result.is_err() {
            display.summary(done, count);
            return count - done;
        }
    }
    display.summary(count, count);
    0
}
