//! What a daemon tells about itself over HTTP.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;

/// How long an answer may take: the daemon is next door.
const PATIENCE: Duration = Duration::from_secs(10);

/// One sample of `/metrics`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sample {
    /// Name of the family, with its suffix.
    pub name: String,
    /// Labels.
    pub labels: BTreeMap<String, String>,
    /// Value, whole numbers only.
    pub value: u64,
}

/// Everything that `/metrics` showed at one moment.
#[derive(Debug, Clone)]
pub struct Figures(Vec<Sample>);

/// The body of an answer that must be 200.
///
/// # Errors
/// No answer, or another status.
pub async fn fetch(address: SocketAddr, path: &str) -> Result<String> {
    let request = http::Request::get(format!("http://{address}{path}")).body(Empty::<Bytes>::new())?;
    let client = Client::builder(TokioExecutor::new()).build_http();
    let asked = tokio::time::timeout(PATIENCE, client.request(request)).await;
    let response = asked.context("the daemon is silent")?.context("the daemon does not answer")?;
    if !response.status().is_success() {
        bail!("{path} answered {}", response.status());
    }
    Ok(String::from_utf8(response.into_body().collect().await?.to_bytes().to_vec())?)
}

impl Figures {
    /// Reads `/metrics`.
    ///
    /// # Errors
    /// No answer.
    pub async fn read(address: SocketAddr) -> Result<Self> {
        let text = fetch(address, "/metrics").await?;
        Ok(Self(text.lines().filter_map(sample).collect()))
    }

    /// The samples of a family.
    pub fn family<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Sample> {
        self.0.iter().filter(move |sample| sample.name == name)
    }

    /// The sum over all samples of a family that have these labels.
    pub fn sum(&self, name: &str, labels: &[(&str, &str)]) -> u64 {
        let has = |sample: &&Sample| {
            labels.iter().all(|(key, value)| sample.labels.get(*key).is_some_and(|found| found == value))
        };
        self.family(name).filter(has).map(|sample| sample.value).sum()
    }
}

fn sample(line: &str) -> Option<Sample> {
    if line.starts_with('#') {
        return None;
    }
    let (head, value) = line.rsplit_once(' ')?;
    let (name, labels) = head.split_once('{').unwrap_or((head, "}"));
    let labels = labels.trim_end_matches('}').split("\",").filter_map(|label| {
        let (key, value) = label.split_once("=\"")?;
        Some((key.to_owned(), value.trim_end_matches('"').to_owned()))
    });
    Some(Sample { name: name.into(), labels: labels.collect(), value: value.parse().ok()? })
}
