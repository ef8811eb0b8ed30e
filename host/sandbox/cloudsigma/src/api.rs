//! From a request to an answer: which verbs a path offers, and what each does to the [`World`].
//!
//! Knows paths, envelopes and status codes; the rules of the objects are in [`crate::state`].

use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::error::ApiError;
use crate::state::{Outcome, World};

mod account;
mod drives;
pub(crate) mod list;
mod networks;
mod plain;
mod servers;
mod snapshots;
mod tags;

use list::Query;

/// A request, authenticated and with its path taken apart.
pub(crate) struct Call {
    pub(crate) method: Method,
    /// Path below `/api/2.0/`, without empty parts.
    pub(crate) path: Vec<String>,
    pub(crate) query: Query,
    pub(crate) body: Vec<u8>,
}

/// An answer that is not a refusal.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) payload: Payload,
    pub(crate) location: Option<String>,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Payload {
    Nothing,
    Json(Value),
    Text(String),
}

impl Answer {
    pub(crate) fn ok(value: Value) -> Self {
        Self { status: StatusCode::OK, payload: Payload::Json(value), location: None }
    }

    pub(crate) fn accepted(value: Value) -> Self {
        Self { status: StatusCode::ACCEPTED, ..Self::ok(value) }
    }

    /// 201 with the envelope, and where the first new object is.
    pub(crate) fn created(kind: &str, objects: Vec<Value>) -> Self {
        let uuid = objects.first().and_then(|object| object.get("uuid")).and_then(Value::as_str);
        let location = uuid.map(|uuid| format!("/api/2.0/{kind}/{uuid}/"));
        Self { status: StatusCode::CREATED, location, ..Self::ok(json!({ "objects": objects })) }
    }

    pub(crate) fn gone() -> Self {
        Self { status: StatusCode::NO_CONTENT, payload: Payload::Nothing, location: None }
    }
}

impl Call {
    /// The body; a create or an update cannot do without one.
    pub(crate) fn json(&self) -> Outcome<Value> {
        serde_json::from_slice(&self.body).map_err(|_| ApiError::malformed("The body is not valid JSON"))
    }

    /// The body of an action, which may be left out.
    pub(crate) fn action_json(&self) -> Outcome<Value> {
        if self.body.iter().all(u8::is_ascii_whitespace) { Ok(json!({})) } else { self.json() }
    }

    fn action(&self) -> &str {
        self.query.get("do").unwrap_or_default()
    }

    fn is(&self, method: &Method) -> bool {
        self.method == *method
    }
}

/// Answers a request.
pub(crate) fn answer(world: &mut World, call: &Call) -> Outcome<Answer> {
    let path: Vec<&str> = call.path.iter().map(String::as_str).collect();
    let verbs = verbs(&path).ok_or_else(ApiError::not_found)?;
    if call.is(&Method::OPTIONS) {
        let payload = Payload::Text(verbs.join(", "));
        return Ok(Answer { status: StatusCode::OK, payload, location: None });
    }
    if !verbs.contains(&call.method.as_str()) {
        return Err(ApiError::method_not_allowed());
    }
    match path.as_slice() {
        [kind, "schema"] => Ok(Answer::ok(schema(kind))),
        ["bservers", ..] => Err(ApiError::permission("Preemptible servers are not enabled for this account")),
        ["servers", rest @ ..] => servers::answer(world, call, rest),
        ["drives", rest @ ..] => drives::answer(world, call, rest),
        ["libdrives", rest @ ..] => drives::library(world, call, rest),
        ["snapshots", rest @ ..] => snapshots::answer(world, call, rest),
        ["ips", rest @ ..] => networks::ips(world, call, rest),
        ["vlans", rest @ ..] => networks::vlans(world, call, rest),
        ["tags", rest @ ..] => tags::answer(world, call, rest),
        ["keypairs" | "fwpolicies" | "acls" | "pubkeys", ..] => plain::answer(world, call, &path),
        _ => account::answer(world, call, &path),
    }
}

/// What a path offers; `None` if there is no such path.
pub(crate) fn verbs(path: &[&str]) -> Option<&'static [&'static str]> {
    const READ: &[&str] = &["GET"];
    const SET: &[&str] = &["GET", "POST"];
    const BULK: &[&str] = &["GET", "POST", "DELETE"];
    const ONE: &[&str] = &["GET", "PUT", "DELETE"];
    const EDIT: &[&str] = &["GET", "PUT"];
    const ACT: &[&str] = &["POST"];
    const SINGLE: [&str; 4] = ["balance", "capabilities", "cloud_status", "currentusage"];
    Some(match path {
        ["servers" | "tags" | "keypairs" | "fwpolicies" | "acls"] => SET,
        ["drives" | "snapshots"] => BULK,
        ["bservers", ..] => BULK,
        ["libdrives" | "ips" | "vlans" | "pubkeys" | "jobs" | "licenses" | "subscriptions" | "locations"] => READ,
        ["profile"] => EDIT,
        ["global_context"] => SET,
        [single] if SINGLE.contains(single) => READ,
        [kind, "detail"] if has_objects(kind) => READ,
        [kind, "schema"] if has_objects(kind) => READ,
        ["servers" | "drives", "availability_groups"] => READ,
        ["servers" | "drives", "availability_groups", _] => READ,
        ["servers" | "drives" | "libdrives" | "snapshots", _, "action"] => ACT,
        ["servers", _, "runtime"] => READ,
        ["tags", _, "servers" | "drives" | "ips" | "vlans" | "snapshots"] => READ,
        ["libdrives" | "pubkeys" | "jobs" | "subscriptions", _] => READ,
        ["ips" | "vlans", _] => EDIT,
        [kind, _] if has_objects(kind) => ONE,
        _ => return None,
    })
}

fn has_objects(kind: &str) -> bool {
    const KINDS: [&str; 12] = [
        "servers",
        "drives",
        "libdrives",
        "snapshots",
        "ips",
        "vlans",
        "tags",
        "keypairs",
        "pubkeys",
        "fwpolicies",
        "acls",
        "jobs",
    ];
    KINDS.contains(&kind)
}

/// The description of a kind, without its fields.
fn schema(kind: &str) -> Value {
    let lower = |path: &[&str]| verbs(path).unwrap_or_default().iter().map(|v| v.to_lowercase()).collect::<Vec<_>>();
    let filtering: serde_json::Map<String, Value> =
        list::filters(kind).iter().map(|name| ((*name).to_owned(), Value::from("exact"))).collect();
    json!({
        "allowed_detail_http_methods": lower(&[kind, "-"]), "allowed_list_http_methods": lower(&[kind]),
        "default_format": "application/json", "default_limit": list::DEFAULT_LIMIT, "fields": {},
        "filtering": filtering, "ordering": list::ORDERING,
    })
}

/// Creates every object of the request, or none: what was made before one fails is taken back.
pub(crate) fn create_all(
    world: &mut World,
    body: &Value,
    create: impl Fn(&mut World, &Value) -> Outcome<String>,
    take_back: impl Fn(&mut World, &str),
) -> Outcome<Vec<String>> {
    let mut made = Vec::new();
    for object in crate::state::fields::objects(body)? {
        match create(world, object) {
            Ok(uuid) => made.push(uuid),
            Err(error) => {
                made.iter().for_each(|uuid| take_back(world, uuid));
                return Err(error);
            }
        }
    }
    Ok(made)
}

/// The uuids that a bulk request names.
pub(crate) fn named(body: &Value) -> Outcome<Vec<String>> {
    let objects = crate::state::fields::objects(body)?;
    let uuid =
        |object: &&Value| object.as_str().or_else(|| object.get("uuid").and_then(Value::as_str)).map(str::to_owned);
    objects.iter().map(uuid).collect::<Option<Vec<_>>>().ok_or_else(|| ApiError::required("uuid"))
}
