//! Comparisons: ours and a baseline in one run, interleaved, so that the ratio means the same on a noisy machine.
//!
//! `cargo xtask bench NAME` builds and calls this. Each prints a table and writes `NAME.json` into the given folder.

mod boundary;
mod events;
mod reconcile;
mod server;
mod start;
mod store_memory;
mod table;

use std::path::Path;

use anyhow::{Result, bail};

#[tokio::main]
async fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let table = match arguments[..] {
        ["boundary", _] => boundary::bench().await?,
        ["events", _] => events::bench().await?,
        ["events-child", side, objects, kubeconfig] => {
            return events::child(side, objects, Path::new(kubeconfig)).await;
        }
        ["reconcile", _] => reconcile::bench().await?,
        ["reconcile-native", workers, kubeconfig] => {
            return reconcile::native::run(workers, Path::new(kubeconfig)).await;
        }
        ["start", _] => start::bench().await?,
        ["store-memory", _] => store_memory::bench().await?,
        // A process of its own, so that nothing but what is measured is in it.
        ["store-memory-child", side, kubeconfig] => return store_memory::child(side, Path::new(kubeconfig)).await,
        _ => bail!("usage: bench boundary|events|reconcile|start|store-memory FOLDER"),
    };
    table.print();
    table.write(Path::new(arguments[1]))
}
