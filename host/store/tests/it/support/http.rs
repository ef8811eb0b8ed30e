//! Requests and answers.

use std::convert::Infallible;

use backplane_core::{Kind, Selector};
use bytes::Bytes;
use futures::stream::{self, Stream, StreamExt};
use http::{Method, Request, Response};
use http_body::Frame;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use kube::client::Body;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::world::{Line, Logged, Served, World};
use super::{Fake, merge};

type Answer = Response<UnsyncBoxBody<Bytes, Infallible>>;

pub(crate) async fn serve(fake: Fake, request: Request<Body>) -> Result<Answer, Infallible> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map(|b| b.to_bytes()).unwrap_or_default();
    let user = head.headers.get("impersonate-user").and_then(|v| v.to_str().ok()).map(str::to_owned);
    let path = head.uri.to_string();
    let mut world = fake.world();
    world.requests.push(Logged { method: head.method.to_string(), path: path.clone(), user });
    Ok(answer(&mut world, &head.method, &path, &body))
}

/// A path taken apart.
struct Target {
    served: Served,
    namespace: Option<String>,
    name: Option<String>,
    status: bool,
}

fn answer(world: &mut World, method: &Method, uri: &str, body: &[u8]) -> Answer {
    let (path, query) = uri.split_once('?').unwrap_or((uri, ""));
    let segments: Vec<&str> = path.trim_matches('/').split('/').collect();
    let (group, rest) = if segments[0] == "api" { ("", &segments[1..]) } else { (segments[1], &segments[2..]) };
    let version = rest[0];
    if rest.len() == 1 {
        return discovery(world, group, version);
    }
    let Some(target) = target(world, group, version, &rest[1..]) else { return refuse(404, "") };
    let watching = query.contains("watch=1");
    if !watching && let Some((code, reason)) = world.fail.pop_front() {
        return refuse(code, reason);
    }
    if watching && let Some((code, reason)) = world.fail_watch.pop_front() {
        return refuse(code, reason);
    }
    let body = || serde_json::from_slice::<Value>(body).unwrap_or_default();
    let answer = match (method.as_str(), &target.name) {
        ("GET", None) if watching => watch(world, &target.served.kind, query),
        ("GET", None) => list(world, &target.served.kind, query),
        ("GET", Some(name)) => match world.get(&target.served.kind, target.namespace.as_deref(), name) {
            Some(object) => reply(200, &object),
            None => refuse(404, "NotFound"),
        },
        ("POST", None) => create(world, &target, body()),
        ("PATCH", Some(name)) => patch(world, &target, name, &body(), query.contains("force=true")),
        ("DELETE", Some(name)) => delete(world, &target, name, &body()),
        _ => refuse(405, "MethodNotAllowed"),
    };
    if method != Method::GET && world.lose_answers > 0 {
        world.lose_answers -= 1;
        return refuse(504, "Timeout");
    }
    answer
}

fn discovery(world: &World, group: &str, version: &str) -> Answer {
    let served = world.served.iter().filter(|s| s.present && s.kind.group == group && s.kind.version == version);
    let resources: Vec<Value> =
        served.map(|s| json!({"name": s.plural, "kind": s.kind.kind, "namespaced": s.namespaced})).collect();
    if resources.is_empty() { refuse(404, "") } else { reply(200, &json!({"resources": resources})) }
}

fn target(world: &World, group: &str, version: &str, rest: &[&str]) -> Option<Target> {
    let (namespace, rest) = match rest {
        ["namespaces", namespace, rest @ ..] => (Some((*namespace).to_owned()), rest),
        rest => (None, rest),
    };
    let is = |s: &&Served| s.present && s.kind.group == group && s.kind.version == version && s.plural == rest[0];
    let served = world.served.iter().find(is)?.clone();
    let name = rest.get(1).map(|name| (*name).to_owned());
    Some(Target { served, namespace, name, status: rest.get(2) == Some(&"status") })
}

fn parameter<'q>(query: &'q str, name: &str) -> Option<&'q str> {
    query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))
}

fn selector(query: &str) -> Selector {
    let text = parameter(query, "labelSelector").unwrap_or_default().replace("%3D", "=").replace("%2C", ",");
    text.parse().expect("selector")
}

fn watch(world: &mut World, kind: &Kind, query: &str) -> Answer {
    let from = parameter(query, "resourceVersion").map(|v| v.parse().expect("version"));
    if from.is_none() && world.refuse_streaming {
        return refuse(422, "Invalid");
    }
    if from.is_some_and(|from: u64| from < world.compacted) {
        let status = json!({"kind": "Status", "code": 410, "reason": "Expired"});
        return stream_of(stream::iter([json!({"type": "ERROR", "object": status}).to_string()]));
    }
    let lines = world.watch(kind, selector(query), from);
    stream_of(received(lines))
}

fn received(lines: mpsc::UnboundedReceiver<Line>) -> impl Stream<Item = String> {
    stream::unfold(lines, |mut lines| async move { lines.recv().await.flatten().map(|line| (line, lines)) })
}

fn stream_of(lines: impl Stream<Item = String> + Send + 'static) -> Answer {
    let frames = lines.map(|line| Ok(Frame::data(Bytes::from(line + "\n"))));
    Response::new(StreamBody::new(frames).boxed_unsync())
}

/// Pages of one list show one moment, as those of a real server do.
fn list(world: &mut World, kind: &Kind, query: &str) -> Answer {
    let token = parameter(query, "continue").and_then(|at| at.split_once('-'));
    let (version, start) = match token {
        Some((version, start)) => (version.parse().expect("version"), start.parse().expect("offset")),
        None => (world.version, 0_usize),
    };
    let now = world.all(kind, &selector(query));
    let all = world.snapshots.entry((version, kind.clone())).or_insert(now);
    let limit: usize = parameter(query, "limit").map_or(usize::MAX, |n| n.parse().expect("limit"));
    let items: Vec<Value> = all.iter().skip(start).take(limit).map(without_kind).collect();
    let end = start + items.len();
    let more = if end < all.len() { format!("{version}-{end}") } else { String::new() };
    let metadata = json!({"resourceVersion": version.to_string(), "continue": more});
    reply(200, &json!({"kind": "List", "metadata": metadata, "items": items}))
}

fn without_kind(object: &Value) -> Value {
    let mut object = object.clone();
    let members = object.as_object_mut().expect("an object");
    members.remove("kind");
    members.remove("apiVersion");
    object
}

fn create(world: &mut World, target: &Target, mut object: Value) -> Answer {
    if object["metadata"]["name"].is_null()
        && let Some(prefix) = object["metadata"]["generateName"].as_str()
    {
        object["metadata"]["name"] = json!(format!("{prefix}{}", world.version));
    }
    let name = object["metadata"]["name"].as_str().unwrap_or_default().to_owned();
    if world.get(&target.served.kind, target.namespace.as_deref(), &name).is_some() {
        return refuse(409, "AlreadyExists");
    }
    reply(201, &world.put(&target.served.kind, object))
}

fn patch(world: &mut World, target: &Target, name: &str, patch: &Value, creates: bool) -> Answer {
    let kind = &target.served.kind;
    let known = world.get(kind, target.namespace.as_deref(), name);
    let mut object = match known.clone() {
        Some(object) => object,
        None if creates && !target.status => json!({}),
        None => return refuse(404, "NotFound"),
    };
    let expected = &patch["metadata"]["resourceVersion"];
    if expected.is_string() && *expected != object["metadata"]["resourceVersion"] {
        return refuse(409, "Conflict");
    }
    match target.status {
        true => merge(&mut object["status"], &patch["status"]),
        false => merge(&mut object, patch),
    }
    if known.as_ref() == Some(&object) { reply(200, &object) } else { reply(200, &world.put(kind, object)) }
}

fn delete(world: &mut World, target: &Target, name: &str, options: &Value) -> Answer {
    let kind = &target.served.kind;
    let Some(mut object) = world.get(kind, target.namespace.as_deref(), name) else { return refuse(404, "NotFound") };
    let uid = object["metadata"]["uid"].clone();
    let expected = &options["preconditions"]["uid"];
    if expected.is_string() && *expected != uid {
        return refuse(409, "Conflict");
    }
    if object["metadata"]["finalizers"].as_array().is_some_and(|f| !f.is_empty()) {
        object["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
        return reply(200, &world.put(kind, object));
    }
    world.remove(kind, target.namespace.as_deref(), name);
    reply(200, &json!({"kind": "Status", "status": "Success", "details": {"uid": uid}}))
}

fn refuse(code: u16, reason: &str) -> Answer {
    let mut answer = reply(code, &json!({"kind": "Status", "code": code, "reason": reason, "message": reason}));
    if code == 429 {
        answer.headers_mut().insert("retry-after", http::HeaderValue::from_static("1"));
    }
    answer
}

fn reply(code: u16, body: &Value) -> Answer {
    let body = Full::new(Bytes::from(body.to_string())).boxed_unsync();
    Response::builder().status(code).body(body).expect("an answer")
}
