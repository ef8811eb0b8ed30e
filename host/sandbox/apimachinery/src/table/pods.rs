//! Pods: how many containers are ready, and the one word that says how the Pod is.

use jiff::Timestamp;
use serde_json::Value;

use super::{Columns, age, list, name, number, since, text, text_or};

pub(super) const COLUMNS: Columns = &[
    ("Ready", "string", 0),
    ("Status", "string", 0),
    ("Restarts", "string", 0),
    ("Age", "string", 0),
    ("IP", "string", 1),
    ("Node", "string", 1),
    ("Nominated Node", "string", 1),
    ("Readiness Gates", "string", 1),
];

pub(super) fn cells(pod: &Value, now: Timestamp) -> Vec<Value> {
    let statuses = list(pod, "/status/containerStatuses");
    let ready = statuses.iter().filter(|s| s["ready"] == true && !s["state"]["running"].is_null()).count();
    vec![
        name(pod),
        format!("{ready}/{}", list(pod, "/spec/containers").len()).into(),
        status(pod).into(),
        restarts(pod, now).into(),
        age(pod, now),
        text_or(pod, "/status/podIP", "<none>").into(),
        text_or(pod, "/spec/nodeName", "<none>").into(),
        text_or(pod, "/status/nominatedNodeName", "<none>").into(),
        gates(pod).into(),
    ]
}

fn status(pod: &Value) -> String {
    let mut reason = text_or(pod, "/status/reason", text(pod, "/status/phase")).to_owned();
    let gated = |c: &&Value| text(c, "/type") == "PodScheduled" && text(c, "/reason") == "SchedulingGated";
    if list(pod, "/status/conditions").iter().any(|c| gated(&c)) {
        reason = "SchedulingGated".to_owned();
    }
    match initializing(pod) {
        Some(init) => reason = init,
        None => main_containers(pod, &mut reason),
    }
    if !text(pod, "/metadata/deletionTimestamp").is_empty()
        && !["Succeeded", "Failed"].contains(&text(pod, "/status/phase"))
    {
        let lost = text(pod, "/status/reason") == "NodeLost";
        reason = if lost { "Unknown".to_owned() } else { "Terminating".to_owned() };
    }
    reason
}

/// The word for a Pod whose init containers are not through.
fn initializing(pod: &Value) -> Option<String> {
    let total = list(pod, "/spec/initContainers").len();
    for (i, container) in list(pod, "/status/initContainerStatuses").iter().enumerate() {
        let waiting = text(container, "/state/waiting/reason");
        if let Some(ended) = container.pointer("/state/terminated") {
            match number(ended, "/exitCode") {
                0 => continue,
                _ => return Some(format!("Init:{}", end_reason(ended))),
            }
        }
        if container["started"] == true && always_restarts(pod, text(container, "/name")) {
            continue;
        }
        return Some(match waiting {
            "" | "PodInitializing" => format!("Init:{i}/{total}"),
            waiting => format!("Init:{waiting}"),
        });
    }
    None
}

fn always_restarts(pod: &Value, container: &str) -> bool {
    list(pod, "/spec/initContainers")
        .iter()
        .any(|c| text(c, "/name") == container && text(c, "/restartPolicy") == "Always")
}

fn end_reason(ended: &Value) -> String {
    match (text(ended, "/reason"), number(ended, "/signal")) {
        ("", 0) => format!("ExitCode:{}", number(ended, "/exitCode")),
        ("", signal) => format!("Signal:{signal}"),
        (reason, _) => reason.to_owned(),
    }
}

fn main_containers(pod: &Value, reason: &mut String) {
    let mut running = false;
    for container in list(pod, "/status/containerStatuses").iter().rev() {
        let waiting = text(container, "/state/waiting/reason");
        if !waiting.is_empty() {
            *reason = waiting.to_owned();
        } else if let Some(ended) = container.pointer("/state/terminated") {
            *reason = end_reason(ended);
        } else if container["ready"] == true && container.pointer("/state/running").is_some() {
            running = true;
        }
    }
    if reason == "Completed" && running {
        let ready =
            list(pod, "/status/conditions").iter().any(|c| text(c, "/type") == "Ready" && text(c, "/status") == "True");
        *reason = if ready { "Running".to_owned() } else { "NotReady".to_owned() };
    }
}

fn restarts(pod: &Value, now: Timestamp) -> String {
    let statuses = list(pod, "/status/containerStatuses");
    let total: i64 = statuses.iter().map(|s| number(s, "/restartCount")).sum();
    let ended = "/lastState/terminated/finishedAt";
    let last = statuses.iter().filter(|s| !text(s, ended).is_empty()).max_by_key(|s| text(s, ended));
    match last {
        Some(status) if total > 0 => format!("{total} ({} ago)", since(status, ended, now)),
        _ => total.to_string(),
    }
}

fn gates(pod: &Value) -> String {
    let gates = list(pod, "/spec/readinessGates");
    if gates.is_empty() {
        return "<none>".into();
    }
    let open = |gate: &&Value| {
        let wanted = text(gate, "/conditionType");
        list(pod, "/status/conditions").iter().any(|c| text(c, "/type") == wanted && text(c, "/status") == "True")
    };
    format!("{}/{}", gates.iter().filter(open).count(), gates.len())
}
