//! `backplane describe`: what a running daemon tells of its watches and leases, and what one more watch would cost.

mod leases;
mod table;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::str::FromStr;

use anyhow::{Context, Result};
use backplane_core::{Kind, Selector};
use backplane_runtime::settings::Settings;
use backplane_runtime::watches::{EstimateReport, WatchReport, estimate};
use clap::{Args, ValueEnum};
use kube::client::Body;

use crate::cluster::cluster;
pub use leases::{LeasesArguments, leases};

/// What `backplane describe watches` takes.
#[derive(Args)]
pub struct WatchesArguments {
    /// The daemon's settings file: where it tells about itself, and which cluster it serves.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Where the daemon tells about itself; wins over the file's `observe.listen`.
    #[arg(long, value_name = "ADDRESS", conflicts_with = "estimate")]
    observe: Option<SocketAddr>,
    /// Asks the API server what a watch of this kind would cost, instead of a daemon what its watches do. `VERSION/KIND` in
    /// the core group.
    #[arg(long, value_name = "GROUP/VERSION/KIND", value_parser = kind)]
    estimate: Option<Kind>,
    /// Only objects with these labels.
    #[arg(long, value_name = "SELECTOR", requires = "estimate", value_parser = Selector::from_str)]
    selector: Option<Selector>,
    /// A table for people, or JSON for programs.
    #[arg(short, long, value_name = "FORMAT", default_value = "table")]
    output: Output,
}

/// How the answer is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Output {
    /// A table.
    Table,
    /// JSON.
    Json,
}

/// Prints what watches cost.
///
/// # Errors
/// A daemon or an API server that cannot be asked, a kind that is not served.
pub async fn watches(arguments: WatchesArguments) -> Result<()> {
    print!("{}", report(arguments).await?);
    Ok(())
}

/// What [`watches`] prints.
///
/// # Errors
/// As [`watches`].
pub async fn report(arguments: WatchesArguments) -> Result<String> {
    let settings = match &arguments.config {
        Some(file) => Settings::read(file)?,
        None => Settings::default(),
    };
    match arguments.estimate {
        Some(kind) => {
            let selector = arguments.selector.unwrap_or_default();
            let told = estimate(cluster(&settings.cluster).await?.client()?, kind, selector).await?;
            estimated(&told, arguments.output)
        }
        None => watched(arguments.observe.unwrap_or(settings.observe.listen), arguments.output).await,
    }
}

/// What a daemon tells of its watches, written out.
///
/// # Errors
/// A daemon that cannot be asked.
pub async fn watched(observe: SocketAddr, output: Output) -> Result<String> {
    let text = ask(observe, "/watches").await?;
    let watches: Vec<WatchReport> =
        serde_json::from_str(&text).with_context(|| format!("{observe} does not answer as this daemon does"))?;
    Ok(match output {
        Output::Table => table::watches(&watches),
        Output::Json => serde_json::to_string_pretty(&watches)? + "\n",
    })
}

/// An estimate, written out.
///
/// # Errors
/// None that is known of: a report is always JSON.
pub fn estimated(told: &EstimateReport, output: Output) -> Result<String> {
    Ok(match output {
        Output::Table => table::estimate(told),
        Output::Json => serde_json::to_string_pretty(told)? + "\n",
    })
}

async fn ask(observe: SocketAddr, path: &str) -> Result<String> {
    get(observe, path).await.with_context(|| {
        format!("the daemon cannot be asked at {observe}; --observe or --config says where it tells about itself")
    })
}

async fn get(observe: SocketAddr, path: &str) -> Result<String> {
    let url = format!("http://{}", reachable(observe)).parse()?;
    let daemon = kube::Client::try_from(kube::Config::new(url))?;
    let request = http::Request::get(path).body(Body::empty())?;
    let answer = daemon.send(request).await?;
    anyhow::ensure!(answer.status().is_success(), "it answered {}", answer.status());
    Ok(String::from_utf8(answer.into_body().collect_bytes().await?.to_vec())?)
}

/// One listens on all addresses, but connects to one.
fn reachable(observe: SocketAddr) -> SocketAddr {
    let ip = match observe.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, observe.port())
}

fn kind(text: &str) -> Result<Kind, String> {
    let parts: Vec<&str> = text.split('/').collect();
    match parts[..] {
        _ if parts.contains(&"") => Err("a part of it is empty".into()),
        [version, kind] => Ok(Kind::new("", version, kind)),
        [group, version, kind] => Ok(Kind::new(group, version, kind)),
        _ => Err("write GROUP/VERSION/KIND, such as apps/v1/Deployment, or v1/Pod".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_is_written_with_its_version_and_the_core_group_left_out() {
        let cases = [
            ("v1/Pod", Ok(Kind::new("", "v1", "Pod"))),
            ("apps/v1/Deployment", Ok(Kind::new("apps", "v1", "Deployment"))),
            ("Pod", Err("write GROUP/VERSION/KIND, such as apps/v1/Deployment, or v1/Pod".to_owned())),
            ("/v1/Pod", Err("a part of it is empty".to_owned())),
        ];
        for (text, expected) in cases {
            assert_eq!(kind(text), expected, "{text}");
        }
    }

    #[test]
    fn an_address_that_listens_everywhere_is_reached_on_the_loopback_interface() {
        let cases = [("0.0.0.0:1", "127.0.0.1:1"), ("[::]:1", "[::1]:1"), ("10.0.0.1:1", "10.0.0.1:1")];
        for (listen, expected) in cases {
            assert_eq!(reachable(listen.parse().expect(listen)).to_string(), expected, "{listen}");
        }
    }
}
