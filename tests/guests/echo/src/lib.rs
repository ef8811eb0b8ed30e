//! Does what the object's name asks for and answers what it saw, as the message of a refusal.
//!
//! Written against the bare contract, with both duties: it reconciles and provides machines.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use bindings::backplane::cluster::cluster::{self, WriteError};
use bindings::backplane::logging::logging::{self, Level};
use bindings::backplane::reconciler::status;
use bindings::backplane::settings::settings;
use bindings::backplane::store::store::{self, Query};
use bindings::backplane::types::types::{Condition, ConditionStatus, Event, EventType, Kind, ObjectRef};
use bindings::exports::backplane::lifecycle::lifecycle::{self, Declaration, Read, Verb, Wake, Write};
use bindings::exports::backplane::reconciler::reconciler::{self, Outcome, Refusal, Request, Response};
use serde_json::{Value, json};

mod fetch;
mod machines;

mod bindings {
    wit_bindgen::generate!({
        inline: "
            package backplane:echo;
            world echo {
                include backplane:worlds/imports@0.1.0;
                export backplane:lifecycle/lifecycle@0.1.0;
                export backplane:reconciler/reconciler@0.1.0;
                export backplane:provider/machines@0.1.0;
            }
        ",
        generate_all,
        path: [
            "../../../wit/types", "../../../wit/store", "../../../wit/cluster", "../../../wit/settings",
            "../../../wit/logging", "../../../wit/lifecycle", "../../../wit/reconciler", "../../../wit/provider",
            "../../../wit/worlds",
        ],
    });
}

struct Echo;

bindings::export!(Echo with_types_in bindings);

fn kind(name: &str) -> Kind {
    Kind { group: "demo.example.org".into(), version: "v1".into(), kind: name.into() }
}

impl lifecycle::Guest for Echo {
    fn describe() -> Declaration {
        Declaration {
            name: "echo".into(),
            version: env!("CARGO_PKG_VERSION").into(),
            reconciles: vec![kind("Wish")],
            reads: vec![Read {
                kind: kind("Child"),
                selector: "app=echo".into(),
                wakes: vec![Wake::Owners(kind("Wish"))],
            }],
            writes: vec![Write { kind: kind("Child"), verbs: vec![Verb::Apply, Verb::Delete] }],
            endpoints: vec!["cloud".into()],
            settings_schema: Some(r#"{"type": "object"}"#.into()),
        }
    }

    fn configure(settings: Vec<u8>) -> Result<(), String> {
        match serde_json::from_slice::<Value>(&settings) {
            Ok(Value::Object(_)) => Ok(()),
            _ => Err("the settings are not a JSON object".into()),
        }
    }
}

impl reconciler::Guest for Echo {
    fn reconcile(request: Request) -> Response {
        let message = match request.object.name.as_str() {
            "mirror" => mirror(&request.object),
            "fetch" => fetch::fetch(&spec(&request.object)),
            "denied" => denied(),
            "writes" => writes(&request.object),
            "status" => returned(),
            "settings" => String::from_utf8(settings::get()).unwrap_or_default(),
            "surroundings" => surroundings(),
            "counts" => counts(),
            "waits" => format!("{:?}", cluster::create(b"{}").is_ok()),
            "logs" => logs(),
            _ => format!("{} {} {}", request.object.name, request.reason, request.attempt),
        };
        Response {
            outcome: Outcome::Refused(Refusal { reason: "Echo".into(), message }),
            conditions: vec![condition()],
            events: vec![Event { kind: EventType::Normal, reason: "Seen".into(), message: "seen".into() }],
        }
    }
}

fn condition() -> Condition {
    let (kind, reason) = ("Ready".to_owned(), "Seen".to_owned());
    Condition { kind, status: ConditionStatus::Holds, reason, message: String::new(), severity: None }
}

fn object(of: &ObjectRef) -> Value {
    let bytes = store::get(of).ok().flatten().unwrap_or_default();
    serde_json::from_slice(&bytes).unwrap_or_default()
}

fn spec(of: &ObjectRef) -> Value {
    object(of)["spec"].take()
}

/// Reads itself, lists its children, applies one.
fn mirror(wish: &ObjectRef) -> String {
    let object = object(wish);
    let owner_uid = object["metadata"]["uid"].as_str().map(str::to_owned);
    let query = Query { namespace: wish.namespace.clone(), selector: "app=echo".into(), owner_uid };
    let children = store::list_objects(&kind("Child"), &query).map_or(0, |children| children.len());
    let intent = json!({"kind": "Child", "metadata": {"name": object["spec"]["child"]}});
    let applied = cluster::apply(intent.to_string().as_bytes()).unwrap_or_default();
    let reconciled = store::is_reconciled(&kind("Wish"));
    format!("children {children}, reconciled {reconciled}, applied {}", String::from_utf8_lossy(&applied))
}

fn denied() -> String {
    let none = Query { namespace: None, selector: String::new(), owner_uid: None };
    let list = store::list_objects(&kind("Unheard"), &none).map(|_| ());
    let selector = store::list_objects(&kind("Child"), &Query { selector: "a b".into(), ..none }).map(|_| ());
    format!("{list:?}; {selector:?}")
}

fn writes(wish: &ObjectRef) -> String {
    let options = cluster::DeleteOptions {
        uid: Some("u".into()),
        resource_version: None,
        propagation: cluster::Propagation::Foreground,
    };
    let event = Event { kind: EventType::Warning, reason: "R".into(), message: "m".into() };
    cluster::emit(wish, &event);
    let text = |result: Result<Vec<u8>, WriteError>| match result {
        Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        Err(error) => format!("{error:?}"),
    };
    [
        text(cluster::apply(b"a")),
        text(cluster::apply_status(b"s")),
        text(cluster::create(b"c")),
        text(cluster::patch(wish, cluster::PatchType::Merge, b"p")),
        format!("{:?}", cluster::delete(wish, &options)),
    ]
    .join(" | ")
}

/// Returns two statuses, of which the first is none.
fn returned() -> String {
    let said = [&b"[]"[..], br#"{"ready":true}"#].map(|status| format!("{:?}", status::return_status(status)));
    said.join(" | ")
}

fn surroundings() -> String {
    let epoch = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |now| now.as_secs());
    let first = wasip2::random::random::get_random_u64();
    let distinct = first != wasip2::random::random::get_random_u64();
    format!(
        "variables {}, arguments {}, clock {}, random {distinct}",
        std::env::vars().count(),
        std::env::args().count(),
        epoch > 1_700_000_000,
    )
}

fn counts() -> String {
    static CALLS: AtomicU32 = AtomicU32::new(0);
    (CALLS.fetch_add(1, Relaxed) + 1).to_string()
}

fn logs() -> String {
    logging::log(Level::Info, "a message", &[("fact".into(), "value".into())]);
    println!("to standard output");
    eprintln!("to standard error");
    String::new()
}
