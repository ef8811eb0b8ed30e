//! Guests that misbehave inside a whole daemon: each costs its own call, says so on its object, and harms no neighbour.

use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use backplane::dev::DevOptions;
use backplane_tests::figures::{Figures, fetch};
use backplane_tests::fixture::{Fixture, Typist, options};
use backplane_tests::guests::{WEBSITE, WISH, apply_new, define, guest, website, wish};
use backplane_tests::guide::{Guide, NAMESPACE};
use backplane_tests::process::DevProcess;
use backplane_tests::resource::{DEPLOYMENT, EVENT, SERVICE};
use backplane_tests::wait::{eventually, failure};
use serde_json::Value;

/// Far above what an honest call needs even on a busy machine, so that nothing but a loop runs into it.
const AMPLE: &str = "15s";
const SHORT: &str = "300ms";

/// Words in which the host tells of a misdeed: reason of condition and event, result in the metrics, and part of the message.
struct Told {
    reason: &'static str,
    result: &'static str,
    message: &'static str,
}

const DEADLINE: Told = Told { reason: "DeadlineExceeded", result: "deadline", message: "its deadline of 300ms" };
const TRAP: Told = Told { reason: "Trapped", result: "trap", message: "plugin rude trapped" };

fn limit(message: &'static str) -> Told {
    Told { reason: "BudgetExceeded", result: "limit", message }
}

/// Settings with the guide's plugins, an honest neighbour, and `rude` on a short leash.
fn write_settings(folder: &Path, deadline: &str) -> Result<std::path::PathBuf> {
    let mut text = String::from("observe = { listen = \"127.0.0.1:0\" }\n");
    let honest = [
        ("backplane_clusters.wasm", ""),
        ("backplane_cloudsigma.wasm", "settings = { regional-endpoint = false, poll-ms = 100 }\n"),
        ("website.wasm", ""),
    ];
    for (name, settings) in honest {
        writeln!(text, "[[plugin]]\npath = {:?}\n{settings}", guest(name))?;
    }
    let limits = format!(
        "limits = {{ deadline = {deadline:?}, memory-bytes = 8388608, host-calls = 5000, output-bytes = 1048576 }}"
    );
    writeln!(text, "[[plugin]]\npath = {:?}\n{limits}", guest("rude.wasm"))?;
    let file = folder.join("backplane.toml");
    std::fs::write(&file, text)?;
    Ok(file)
}

async fn start(deadline: &str) -> Result<Fixture> {
    let folder = tempfile::tempdir()?;
    let config = write_settings(folder.path(), deadline)?;
    let fixture = Fixture::with(DevOptions { config: Some(config), ..options() }, Typist::Client).await?;
    define(&fixture.guide.driver).await?;
    Ok(fixture)
}

async fn wished(fixture: &Fixture, misdeed: &str) -> Result<()> {
    apply_new(&fixture.guide.driver, fixture.guide.limit, &wish(misdeed)).await
}

/// Waits until condition and event of the wish tell of the misdeed.
async fn is_told(guide: &Guide, misdeed: &str, told: &Told) -> Result<()> {
    eventually(&format!("condition Reconciled=False, reason {}", told.reason), guide.limit, async || {
        let found = guide.driver.get(WISH, Some(NAMESPACE), misdeed).await?.unwrap_or_default();
        let condition = reconciled(&found);
        let message = condition["message"].as_str().unwrap_or_default();
        let holds = condition["status"] == "False" && condition["reason"] == told.reason;
        Ok(if holds && message.contains(told.message) { Ok(()) } else { Err(condition.to_string()) })
    })
    .await?;
    eventually(&format!("a Warning event, reason {}", told.reason), guide.limit, async || {
        let found = events_about(guide, misdeed).await?;
        let holds = found.iter().any(|event| event["type"] == "Warning" && event["reason"] == told.reason);
        Ok(if holds { Ok(()) } else { Err(format!("{} events", found.len())) })
    })
    .await
}

fn reconciled(object: &Value) -> Value {
    let conditions = object["status"]["conditions"].as_array().cloned().unwrap_or_default();
    conditions.into_iter().find(|condition| condition["type"] == "Reconciled").unwrap_or_default()
}

async fn events_about(guide: &Guide, name: &str) -> Result<Vec<Value>> {
    let all = guide.driver.list(EVENT, Some(NAMESPACE), "").await?;
    Ok(all.into_iter().filter(|event| event["involvedObject"]["name"] == name).collect())
}

/// How often calls into `rude` ended like this.
async fn calls(fixture: &Fixture, result: &str) -> Result<u64> {
    let figures = Figures::read(fixture.dev.observe_address()).await?;
    Ok(figures.sum("backplane_component_calls_total", &[("component", "rude"), ("result", result)]))
}

/// The daemon answers, and the neighbour does a whole job.
async fn life_goes_on(fixture: &Fixture) -> Result<()> {
    fetch(fixture.dev.observe_address(), "/healthz").await?;
    let (driver, limit) = (&fixture.guide.driver, fixture.guide.limit);
    apply_new(driver, limit, &website("neighbour")).await?;
    eventually("a ready Website", limit, async || {
        let site = driver.get(WEBSITE, Some(NAMESPACE), "neighbour").await?.unwrap_or_default();
        Ok(if site["status"]["ready"] == true { Ok(()) } else { Err(site["status"].to_string()) })
    })
    .await?;
    for kind in [DEPLOYMENT, SERVICE] {
        let child = driver.get(kind, Some(NAMESPACE), "neighbour").await?;
        child.ok_or_else(|| failure(format!("the {} of the Website", kind.kind), "nothing of that name"))?;
    }
    Ok(())
}

/// The wish is told of in the right words, and only those; the neighbour does not notice.
async fn costs_only_its_call(misdeed: &str, told: &Told, deadline: &str) -> Result<()> {
    let fixture = start(deadline).await?;
    wished(&fixture, misdeed).await?;
    is_told(&fixture.guide, misdeed, told).await?;
    life_goes_on(&fixture).await?;
    for result in ["deadline", "trap", "limit", "host"] {
        let count = calls(&fixture, result).await?;
        if (count > 0) != (result == told.result) {
            return Err(failure(format!("calls that ended with {} alone", told.result), format!("{count} {result}")));
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_guest_that_loops_is_interrupted_at_its_deadline() -> Result<()> {
    costs_only_its_call("loops", &DEADLINE, SHORT).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_guest_that_panics_is_told_of_as_a_trap() -> Result<()> {
    costs_only_its_call("panics", &TRAP, AMPLE).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_guest_that_exits_ends_its_call_and_not_the_daemon() -> Result<()> {
    costs_only_its_call("exits", &TRAP, AMPLE).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_guest_that_recurses_without_end_is_told_of_as_a_trap() -> Result<()> {
    costs_only_its_call("recurses", &TRAP, AMPLE).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_guest_that_eats_memory_stops_at_its_budget() -> Result<()> {
    costs_only_its_call("grows", &limit("8388608 bytes of memory"), AMPLE).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_guest_that_floods_the_host_with_calls_stops_at_its_budget() -> Result<()> {
    costs_only_its_call("calls", &limit("5000 host calls"), AMPLE).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_guest_that_floods_the_cluster_with_objects_stops_at_its_budget() -> Result<()> {
    costs_only_its_call("writes", &limit("1048576 bytes of output"), AMPLE).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_guest_that_floods_the_log_stops_at_its_budget() -> Result<()> {
    costs_only_its_call("logs", &limit("5000 host calls"), AMPLE).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_guest_that_prints_without_end_stops_at_its_budget() -> Result<()> {
    costs_only_its_call("prints", &limit("exceeded its budget"), AMPLE).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_is_too_long_is_not_taken() -> Result<()> {
    costs_only_its_call("answers", &limit("1048576 bytes of output"), AMPLE).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn trap_deadline_and_budget_are_three_things_and_a_refusal_a_fourth() -> Result<()> {
    let fixture = start(SHORT).await?;
    let refusal = Told { reason: "Rude", result: "ok", message: "" };
    let misdeeds = [("loops", DEADLINE), ("panics", TRAP), ("grows", limit("bytes of memory")), ("fine", refusal)];
    for (misdeed, _) in &misdeeds {
        wished(&fixture, misdeed).await?;
    }
    for (misdeed, told) in &misdeeds {
        is_told(&fixture.guide, misdeed, told).await?;
        let count = calls(&fixture, told.result).await?;
        if count == 0 {
            return Err(failure(format!("calls that ended with {}", told.result), "none"));
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_guide_goes_on_while_every_worker_of_a_neighbour_loops() -> Result<()> {
    let fixture = start("2s").await?;
    // Two Wishes cannot share a name, so most of these are in namespaces of their own.
    for i in 0..6 {
        let namespace = format!("apiVersion: v1\nkind: Namespace\nmetadata: {{name: loops-{i}}}\n");
        fixture.guide.driver.apply(&namespace).await?;
        let looping = wish("loops").replace("namespace: default", &format!("namespace: loops-{i}"));
        apply_new(&fixture.guide.driver, fixture.guide.limit, &looping).await?;
    }
    fixture.play(2).await?;
    // The guide may be faster than the first deadline.
    eventually("loops that ended at their deadline", fixture.guide.limit, async || {
        let ended = calls(&fixture, "deadline").await?;
        Ok(if ended > 0 { Ok(()) } else { Err("none".to_owned()) })
    })
    .await?;
    fetch(fixture.dev.observe_address(), "/healthz").await.map(drop)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_guest_panics_with_is_seen_nowhere() -> Result<()> {
    const PANIC: &str = "the secret is";
    let folder = tempfile::tempdir()?;
    let config = write_settings(folder.path(), AMPLE)?;
    let arguments = ["--config".into(), config.into(), "--log".into(), "trace".into()];
    let mut dev = DevProcess::start_with(folder.path(), &arguments).await?;
    let guide = dev.guide(folder.path(), Duration::from_secs(90)).await?;
    define(&guide.driver).await?;
    apply_new(&guide.driver, guide.limit, &wish("panics")).await?;
    is_told(&guide, "panics", &TRAP).await?;
    let object = guide.driver.get(WISH, Some(NAMESPACE), "panics").await?.unwrap_or_default();
    let events = serde_json::to_string(&events_about(&guide, "panics").await?)?;
    dev.stop().await?;
    let log = std::fs::read_to_string(folder.path().join("dev.log"))?;
    if !log.contains("plugin rude trapped") {
        return Err(failure("a log that tells of the trap", log));
    }
    let object = object.to_string();
    for (place, text) in [("the object", &object), ("its events", &events), ("the log", &log)] {
        if let Some(line) = text.lines().find(|line| line.contains(PANIC)) {
            return Err(failure(format!("{place} without the guest's words"), line));
        }
    }
    Ok(())
}
