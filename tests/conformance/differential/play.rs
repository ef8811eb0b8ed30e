//! Plays cases against both servers, step by step, and collects what differs.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, Result};
use bytes::Bytes;
use futures::StreamExt as _;
use http::{HeaderMap, Response};
use http_body_util::{BodyDataStream, BodyExt as _};
use serde_json::{Value, json};
use tokio::time::{Instant, timeout_at};

use super::case::{Case, Step, Wait};
use super::compare::{Difference, difference};
use super::normal;
use super::server::{Incoming, Server};
use super::subset;

/// Longest wait for something that happens on its own, on a busy machine.
const LIMIT: Duration = Duration::from_secs(20);
/// Between two looks at something that happens on its own.
const PAUSE: Duration = Duration::from_millis(100);
/// Cases at a time.
const ABREAST: usize = 12;

/// The two servers.
pub(crate) struct Servers {
    pub(crate) real: Server,
    pub(crate) ours: Server,
}

/// What came out.
#[derive(Default)]
pub(crate) struct Outcome {
    /// Requests that both servers got.
    pub(crate) requests: usize,
    pub(crate) differences: Vec<Difference>,
}

/// What one server calls things in one case.
type Names = BTreeMap<String, String>;

/// Plays all cases.
///
/// # Errors
/// A server that does not answer at all.
pub(crate) async fn play(servers: &Servers, cases: &[Case]) -> Result<Outcome> {
    let mut played = futures::stream::iter(cases.iter().map(|case| one(servers, case))).buffered(ABREAST);
    let mut outcome = Outcome::default();
    while let Some(result) = played.next().await {
        let (requests, differences) = result?;
        outcome.requests += requests;
        outcome.differences.extend(differences);
    }
    Ok(outcome)
}

async fn one(servers: &Servers, case: &Case) -> Result<(usize, Vec<Difference>)> {
    let namespace = namespace_of(&case.name);
    let mut names = [Names::new(), Names::new()];
    for (side, client) in [&servers.real, &servers.ours].into_iter().enumerate() {
        names[side].insert("ns".into(), namespace.clone());
        if case.steps.iter().any(|step| step.path.contains("{ns}")) {
            let body = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}});
            let home = super::case::post("/api/v1/namespaces", body);
            send(client, &home, &names[side]).await.with_context(|| format!("{}: its namespace", case.name))?;
        }
    }
    let mut differences = Vec::new();
    for (number, step) in case.steps.iter().enumerate() {
        let [real_names, our_names] = &mut names;
        let (real, ours) =
            tokio::join!(answer(&servers.real, step, real_names), answer(&servers.ours, step, our_names));
        let what = || format!("{} #{number} {} {}", case.name, step.method, step.path);
        let (real, mut ours) = (real.with_context(what)?, ours.with_context(what)?);
        let mut real = normal::answer(real, &step.body, real_names);
        ours = normal::answer(ours, &step.body, our_names);
        if let Some((pointer, key)) = step.subset {
            subset::keep_common(&mut real, &mut ours, pointer, key);
        }
        differences.extend(difference(case, number, &real, &ours));
    }
    Ok((case.steps.len(), differences))
}

fn namespace_of(case: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    let name: String = case.chars().map(plain).take(60).collect();
    name.trim_matches('-').to_owned()
}

fn filled(text: &str, names: &Names) -> String {
    names.iter().fold(text.to_owned(), |text, (name, value)| text.replace(&format!("{{{name}}}"), value))
}

/// The answer that counts, as one value: code, media type, warnings, body.
async fn answer(client: &Server, step: &Step, names: &mut Names) -> Result<Value> {
    let deadline = Instant::now() + LIMIT;
    loop {
        let response = send(client, step, names).await?;
        let answer = match step.wait {
            Wait::Events(count) if response.status() == 200 => events(response, count).await,
            _ => whole(response).await?,
        };
        let settled = match &step.wait {
            Wait::Code(code) => answer["code"] == *code,
            Wait::Body(pointer, value) => answer["body"].pointer(pointer) == Some(value),
            Wait::No | Wait::Events(_) => true,
        };
        if settled || Instant::now() > deadline {
            for (name, pointer) in &step.captures {
                let text = answer["body"].pointer(pointer).and_then(Value::as_str).unwrap_or("nothing");
                names.insert((*name).to_owned(), text.to_owned());
            }
            return Ok(answer);
        }
        tokio::time::sleep(PAUSE).await;
    }
}

async fn send(server: &Server, step: &Step, names: &Names) -> Result<Response<Incoming>> {
    let mut headers: Vec<(&str, String)> = Vec::new();
    if !step.headers.iter().any(|(name, _)| *name == "user-agent") {
        headers.push(("user-agent", "differential/1.0".to_owned()));
    }
    headers.extend(step.headers.iter().map(|(name, value)| (*name, filled(value, names))));
    let (path, body) = (filled(&step.path, names), filled(&step.body, names));
    let sent = server.send(&step.method, &path, &headers, body.into_bytes());
    tokio::time::timeout(LIMIT, sent).await.context("no answer in time")?
}

fn head(code: u16, headers: &HeaderMap) -> Value {
    let text = |name: &str| -> Vec<&str> { headers.get_all(name).iter().filter_map(|v| v.to_str().ok()).collect() };
    json!({"code": code, "media": text("content-type"), "warnings": text("warning"), "retry": text("retry-after")})
}

async fn whole(response: Response<Incoming>) -> Result<Value> {
    let mut answer = head(response.status().as_u16(), response.headers());
    let bytes = response.into_body().collect().await?.to_bytes();
    answer["body"] = parse(&bytes);
    Ok(answer)
}

fn parse(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).unwrap_or_else(|_| String::from_utf8_lossy(bytes).into_owned().into())
}

/// The events of a watch. What comes without a line end counts, too.
async fn events(response: Response<Incoming>, count: usize) -> Value {
    let mut answer = head(response.status().as_u16(), response.headers());
    let (mut stream, mut rest, mut events) = (BodyDataStream::new(response.into_body()), Vec::new(), Vec::new());
    let deadline = Instant::now() + LIMIT;
    while events.len() < count {
        let Ok(Some(Ok(bytes))) = timeout_at(deadline, stream.next()).await else { break };
        take_lines(&mut rest, &bytes, &mut events);
    }
    // More may have come together with the last one.
    events.truncate(count);
    answer["body"] = Value::Array(events);
    answer
}

fn take_lines(rest: &mut Vec<u8>, bytes: &Bytes, events: &mut Vec<Value>) {
    rest.extend_from_slice(bytes);
    while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
        let line: Vec<u8> = rest.drain(..=end).collect();
        events.push(parse(&line));
    }
}
