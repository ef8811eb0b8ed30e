//! The project's door: every task by one name, with all set-up it needs.
//!
//! Only a Rust toolchain is assumed. Tasks call `cargo` and print each command they run; nothing is hidden.

mod bench;
mod build;
mod demo;
mod licences;
mod lint;
mod real_parts;
mod run;
mod test;

use anyhow::{Result, bail};

const USAGE: &str = "\
cargo xtask TASK

  demo [--keep]   play the CloudSigma guide against `backplane dev`; --keep leaves it running
  test [--real [--long]]
                  build the guests, run every test, print the counts; --real also on kube-apiserver, etcd and Cluster API (an
                  error if one is missing), --long with every fault as often as the documentation says
  real-parts      build kube-apiserver, kube-controller-manager, etcd and Cluster API with Go; does nothing twice
  bench NAME…     compare ours with a baseline in one run: boundary, events, reconcile, start, store-memory
  guests          build the plugins and test guests for wasm32-wasip2
  lint            formatting, clippy, docs and licences, as CI judges them";

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (task, rest) = match arguments.split_first() {
        Some((task, rest)) => (task.as_str(), rest),
        None => ("help", &[][..]),
    };
    match task {
        "demo" => demo::demo(rest),
        "test" => test::test(rest),
        "real-parts" => real_parts::all().map(drop),
        "bench" => bench::bench(rest),
        "guests" => build::guests().map(drop),
        "lint" => lint::lint(),
        "help" | "--help" | "-h" => {
            println!("{USAGE}");
            Ok(())
        }
        other => bail!("unknown task {other:?}\n\n{USAGE}"),
    }
}
