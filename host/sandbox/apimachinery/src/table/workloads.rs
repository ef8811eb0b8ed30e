//! Workloads (apps, batch) and disruption budgets.

use jiff::Timestamp;
use serde_json::Value;

use super::{Columns, Printer, age, core, list, name, number, selector, since, text, text_or};

pub(super) fn printer(kind: &str) -> Option<(Columns, Printer)> {
    Some(match kind {
        "Deployment" => (DEPLOYMENT, deployment),
        "ReplicaSet" => (REPLICA_SET, replica_set),
        "StatefulSet" => (STATEFUL_SET, stateful_set),
        "DaemonSet" => (DAEMON_SET, daemon_set),
        "Job" => (JOB, job),
        "CronJob" => (CRON_JOB, cron_job),
        "PodDisruptionBudget" => (BUDGET, budget),
        _ => return None,
    })
}

const DEPLOYMENT: Columns = &[
    ("Ready", "string", 0),
    ("Up-to-date", "string", 0),
    ("Available", "string", 0),
    ("Age", "string", 0),
    ("Containers", "string", 1),
    ("Images", "string", 1),
    ("Selector", "string", 1),
];

const REPLICA_SET: Columns = &[
    ("Desired", "integer", 0),
    ("Current", "integer", 0),
    ("Ready", "integer", 0),
    ("Age", "string", 0),
    ("Containers", "string", 1),
    ("Images", "string", 1),
    ("Selector", "string", 1),
];

const STATEFUL_SET: Columns =
    &[("Ready", "string", 0), ("Age", "string", 0), ("Containers", "string", 1), ("Images", "string", 1)];

const DAEMON_SET: Columns = &[
    ("Desired", "integer", 0),
    ("Current", "integer", 0),
    ("Ready", "integer", 0),
    ("Up-to-date", "integer", 0),
    ("Available", "integer", 0),
    ("Node Selector", "string", 0),
    ("Age", "string", 0),
    ("Containers", "string", 1),
    ("Images", "string", 1),
    ("Selector", "string", 1),
];

const JOB: Columns = &[
    ("Status", "string", 0),
    ("Completions", "string", 0),
    ("Duration", "string", 0),
    ("Age", "string", 0),
    ("Containers", "string", 1),
    ("Images", "string", 1),
    ("Selector", "string", 1),
];

const CRON_JOB: Columns = &[
    ("Schedule", "string", 0),
    ("Timezone", "string", 0),
    ("Suspend", "boolean", 0),
    ("Active", "integer", 0),
    ("Last Schedule", "string", 0),
    ("Age", "string", 0),
    ("Containers", "string", 1),
    ("Images", "string", 1),
    ("Selector", "string", 1),
];

const BUDGET: Columns = &[
    ("Min Available", "string", 0),
    ("Max Unavailable", "string", 0),
    ("Allowed Disruptions", "integer", 0),
    ("Age", "string", 0),
];

/// Names and images of the containers of a pod template.
fn containers(object: &Value, template: &str) -> [Value; 2] {
    let list = list(object, &format!("{template}/spec/containers"));
    let each = |pointer| list.iter().map(|c| text(c, pointer)).collect::<Vec<_>>().join(",");
    [each("/name").into(), each("/image").into()]
}

fn deployment(object: &Value, now: Timestamp) -> Vec<Value> {
    let mut cells = vec![
        name(object),
        format!("{}/{}", number(object, "/status/readyReplicas"), number(object, "/spec/replicas")).into(),
        number(object, "/status/updatedReplicas").into(),
        number(object, "/status/availableReplicas").into(),
        age(object, now),
    ];
    cells.extend(containers(object, "/spec/template"));
    cells.push(selector(object, "/spec/selector").into());
    cells
}

fn replica_set(object: &Value, now: Timestamp) -> Vec<Value> {
    let mut cells = vec![
        name(object),
        number(object, "/spec/replicas").into(),
        number(object, "/status/replicas").into(),
        number(object, "/status/readyReplicas").into(),
        age(object, now),
    ];
    cells.extend(containers(object, "/spec/template"));
    cells.push(selector(object, "/spec/selector").into());
    cells
}

fn stateful_set(object: &Value, now: Timestamp) -> Vec<Value> {
    let ready = format!("{}/{}", number(object, "/status/readyReplicas"), number(object, "/spec/replicas"));
    let mut cells = vec![name(object), ready.into(), age(object, now)];
    cells.extend(containers(object, "/spec/template"));
    cells
}

fn daemon_set(object: &Value, now: Timestamp) -> Vec<Value> {
    let status = |key: &str| number(object, &format!("/status/{key}")).into();
    let mut cells = vec![
        name(object),
        status("desiredNumberScheduled"),
        status("currentNumberScheduled"),
        status("numberReady"),
        status("updatedNumberScheduled"),
        status("numberAvailable"),
        core::labels(object, "/spec/template/spec/nodeSelector"),
        age(object, now),
    ];
    cells.extend(containers(object, "/spec/template"));
    cells.push(selector(object, "/spec/selector").into());
    cells
}

fn job(object: &Value, now: Timestamp) -> Vec<Value> {
    let succeeded = number(object, "/status/succeeded");
    let completions = match (object.pointer("/spec/completions"), number(object, "/spec/parallelism")) {
        (Some(wanted), _) => format!("{succeeded}/{wanted}"),
        (None, parallelism) if parallelism > 1 => format!("{succeeded}/1 of {parallelism}"),
        _ => format!("{succeeded}/1"),
    };
    let duration = match (text(object, "/status/startTime"), text(object, "/status/completionTime")) {
        ("", _) => String::new(),
        (_, "") => since(object, "/status/startTime", now),
        (_, end) => end.parse().map_or_else(|_| String::new(), |end| since(object, "/status/startTime", end)),
    };
    let mut cells =
        vec![name(object), job_status(object).into(), completions.into(), duration.into(), age(object, now)];
    cells.extend(containers(object, "/spec/template"));
    cells.push(selector(object, "/spec/selector").into());
    cells
}

fn job_status(object: &Value) -> &'static str {
    let holds = |wanted: &str| {
        list(object, "/status/conditions").iter().any(|c| text(c, "/type") == wanted && text(c, "/status") == "True")
    };
    match () {
        () if holds("Complete") => "Complete",
        () if holds("Failed") => "Failed",
        () if !text(object, "/metadata/deletionTimestamp").is_empty() => "Terminating",
        () if holds("Suspended") => "Suspended",
        () if holds("FailureTarget") => "FailureTarget",
        () if holds("SuccessCriteriaMet") => "SuccessCriteriaMet",
        () => "Running",
    }
}

fn cron_job(object: &Value, now: Timestamp) -> Vec<Value> {
    let last = match text(object, "/status/lastScheduleTime") {
        "" => "<none>".to_owned(),
        _ => since(object, "/status/lastScheduleTime", now),
    };
    let suspend = if object.pointer("/spec/suspend") == Some(&Value::Bool(true)) { "True" } else { "False" };
    let mut cells = vec![
        name(object),
        text(object, "/spec/schedule").into(),
        text_or(object, "/spec/timeZone", "<none>").into(),
        suspend.into(),
        list(object, "/status/active").len().into(),
        last.into(),
        age(object, now),
    ];
    cells.extend(containers(object, "/spec/jobTemplate/spec/template"));
    cells.push(selector(object, "/spec/jobTemplate/spec/selector").into());
    cells
}

fn budget(object: &Value, now: Timestamp) -> Vec<Value> {
    let shown = |pointer| match object.pointer(pointer) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) => number.to_string(),
        _ => "N/A".to_owned(),
    };
    vec![
        name(object),
        shown("/spec/minAvailable").into(),
        shown("/spec/maxUnavailable").into(),
        number(object, "/status/disruptionsAllowed").into(),
        age(object, now),
    ]
}
