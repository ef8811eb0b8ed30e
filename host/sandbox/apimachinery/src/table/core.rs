//! Kinds of the core group, apart from Pods, Nodes and Services.

use jiff::Timestamp;
use serde_json::Value;

use super::{Columns, Printer, age, count, joined, list, name, nodes, number, pods, services, since, text, text_or};

pub(super) fn printer(kind: &str) -> Option<(Columns, Printer)> {
    Some(match kind {
        "Pod" => (pods::COLUMNS, pods::cells),
        "Node" => (nodes::COLUMNS, nodes::cells),
        "Service" => (services::COLUMNS, services::cells),
        "Endpoints" => (&[("Endpoints", "string", 0), ("Age", "string", 0)], endpoints),
        "Namespace" => (&[("Status", "string", 0), ("Age", "string", 0)], namespace),
        "Secret" => (&[("Type", "string", 0), ("Data", "string", 0), ("Age", "string", 0)], secret),
        "ConfigMap" => (&[("Data", "string", 0), ("Age", "string", 0)], config_map),
        "ServiceAccount" => (&[("Age", "string", 0)], service_account),
        "Event" => (EVENT, event),
        "PersistentVolumeClaim" => (CLAIM, claim),
        "PersistentVolume" => (VOLUME, volume),
        _ => return None,
    })
}

pub(super) const EVENT: Columns = &[
    ("Last Seen", "string", 0),
    ("Type", "string", 0),
    ("Reason", "string", 0),
    ("Object", "string", 0),
    ("Subobject", "string", 1),
    ("Source", "string", 1),
    ("Message", "string", 0),
    ("First Seen", "string", 1),
    ("Count", "string", 1),
    ("Name", "string", 1),
];

const CLAIM: Columns = &[
    ("Status", "string", 0),
    ("Volume", "string", 0),
    ("Capacity", "string", 0),
    ("Access Modes", "string", 0),
    ("StorageClass", "string", 0),
    ("VolumeAttributesClass", "string", 0),
    ("Age", "string", 0),
    ("VolumeMode", "string", 1),
];

const VOLUME: Columns = &[
    ("Capacity", "string", 0),
    ("Access Modes", "string", 0),
    ("Reclaim Policy", "string", 0),
    ("Status", "string", 0),
    ("Claim", "string", 0),
    ("StorageClass", "string", 0),
    ("VolumeAttributesClass", "string", 0),
    ("Reason", "string", 0),
    ("Age", "string", 0),
    ("VolumeMode", "string", 1),
];

fn namespace(object: &Value, now: Timestamp) -> Vec<Value> {
    vec![name(object), text(object, "/status/phase").into(), age(object, now)]
}

fn secret(object: &Value, now: Timestamp) -> Vec<Value> {
    vec![name(object), text(object, "/type").into(), count(object, "/data").into(), age(object, now)]
}

fn config_map(object: &Value, now: Timestamp) -> Vec<Value> {
    let data = count(object, "/data") + count(object, "/binaryData");
    vec![name(object), data.into(), age(object, now)]
}

fn service_account(object: &Value, now: Timestamp) -> Vec<Value> {
    vec![name(object), age(object, now)]
}

fn endpoints(object: &Value, now: Timestamp) -> Vec<Value> {
    const SHOWN: usize = 3;
    let mut all = Vec::new();
    for subset in list(object, "/subsets") {
        let addresses = list(subset, "/addresses").iter().map(|a| text(a, "/ip"));
        match list(subset, "/ports") {
            [] => all.extend(addresses.map(str::to_owned)),
            ports => {
                for port in ports {
                    let with_port = |ip: &str| match ip.contains(':') {
                        true => format!("[{ip}]:{}", number(port, "/port")),
                        false => format!("{ip}:{}", number(port, "/port")),
                    };
                    all.extend(list(subset, "/addresses").iter().map(|a| with_port(text(a, "/ip"))));
                }
            }
        }
    }
    let shown = all.iter().take(SHOWN).map(String::as_str).collect::<Vec<_>>().join(",");
    let shown = match all.len() {
        0 => "<none>".to_owned(),
        n if n > SHOWN => format!("{shown} + {} more...", n - SHOWN),
        _ => shown,
    };
    vec![name(object), shown.into(), age(object, now)]
}

pub(super) fn event(object: &Value, now: Timestamp) -> Vec<Value> {
    // A series, or the newer API's single time, stands in for absent old-style times.
    let pick = |pointers: &[&'static str]| {
        let found = pointers.iter().find(|p| !text(object, p).is_empty());
        found.map_or_else(|| "<unknown>".to_owned(), |p| since(object, p, now))
    };
    let first = pick(&["/firstTimestamp", "/deprecatedFirstTimestamp", "/eventTime"]);
    let last = pick(&[
        "/series/lastObservedTime",
        "/lastTimestamp",
        "/deprecatedLastTimestamp",
        "/firstTimestamp",
        "/eventTime",
    ]);
    let count = [number(object, "/series/count"), number(object, "/count"), number(object, "/deprecatedCount")]
        .into_iter()
        .find(|n| *n > 0)
        .unwrap_or(1);
    let about = if object.get("regarding").is_some() { "/regarding" } else { "/involvedObject" };
    let of = |key: &str| text(object, &format!("{about}/{key}")).to_owned();
    let target = match of("name").as_str() {
        "" => of("kind").to_lowercase(),
        name => format!("{}/{name}", of("kind").to_lowercase()),
    };
    let component = text_or(object, "/source/component", text(object, "/reportingComponent"));
    let component = if component.is_empty() { text(object, "/reportingController") } else { component };
    let host = text_or(object, "/source/host", text(object, "/reportingInstance"));
    let source = if host.is_empty() { component.to_owned() } else { format!("{component}, {host}") };
    let message = text_or(object, "/message", text(object, "/note"));
    vec![
        last.into(),
        text(object, "/type").into(),
        text(object, "/reason").into(),
        target.into(),
        of("fieldPath").into(),
        source.into(),
        message.trim().into(),
        first.into(),
        count.into(),
        name(object),
    ]
}

fn modes(object: &Value, pointer: &str) -> String {
    let short = |mode: &Value| match mode.as_str() {
        Some("ReadWriteOnce") => "RWO",
        Some("ReadOnlyMany") => "ROX",
        Some("ReadWriteMany") => "RWX",
        Some("ReadWriteOncePod") => "RWOP",
        _ => "",
    };
    list(object, pointer).iter().map(short).filter(|m| !m.is_empty()).collect::<Vec<_>>().join(",")
}

fn phase(object: &Value) -> &str {
    if text(object, "/metadata/deletionTimestamp").is_empty() { text(object, "/status/phase") } else { "Terminating" }
}

fn claim(object: &Value, now: Timestamp) -> Vec<Value> {
    let bound = !text(object, "/spec/volumeName").is_empty();
    let capacity = if bound { text(object, "/status/capacity/storage") } else { "" };
    let access = if bound { modes(object, "/status/accessModes") } else { String::new() };
    vec![
        name(object),
        phase(object).into(),
        text(object, "/spec/volumeName").into(),
        capacity.into(),
        access.into(),
        text(object, "/spec/storageClassName").into(),
        text_or(object, "/spec/volumeAttributesClassName", "<unset>").into(),
        age(object, now),
        text_or(object, "/spec/volumeMode", "<unset>").into(),
    ]
}

fn volume(object: &Value, now: Timestamp) -> Vec<Value> {
    let claim = match text(object, "/spec/claimRef/name") {
        "" => String::new(),
        name => format!("{}/{name}", text(object, "/spec/claimRef/namespace")),
    };
    vec![
        name(object),
        text(object, "/spec/capacity/storage").into(),
        modes(object, "/spec/accessModes").into(),
        text(object, "/spec/persistentVolumeReclaimPolicy").into(),
        phase(object).into(),
        claim.into(),
        text(object, "/spec/storageClassName").into(),
        text_or(object, "/spec/volumeAttributesClassName", "<unset>").into(),
        text(object, "/status/reason").into(),
        age(object, now),
        text_or(object, "/spec/volumeMode", "<unset>").into(),
    ]
}

pub(super) fn labels(object: &Value, pointer: &str) -> Value {
    joined(object.pointer(pointer).and_then(Value::as_object), "<none>").into()
}
