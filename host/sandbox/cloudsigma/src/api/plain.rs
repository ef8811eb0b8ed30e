//! `/keypairs/`, `/pubkeys/`, `/fwpolicies/` and `/acls/`.

use http::Method;
use serde_json::{Map, Value};

use super::list::{self, Shown};
use super::{Answer, Call, create_all};
use crate::error::ApiError;
use crate::state::extras::Plain;
use crate::state::{Outcome, World};

pub(super) fn answer(world: &mut World, call: &Call, path: &[&str]) -> Outcome<Answer> {
    let (kind, rest) = match path {
        ["fwpolicies", rest @ ..] => (Plain::Policy, rest),
        ["acls", rest @ ..] => (Plain::Acl, rest),
        ["pubkeys", rest @ ..] => return pubkeys(world, call, rest),
        [_, rest @ ..] => (Plain::Keypair, rest),
        [] => return Err(ApiError::not_found()),
    };
    match (rest, call.method.clone()) {
        ([] | ["detail"], Method::GET) => {
            let objects = world.plain(kind).iter().map(|object| shown(world, kind, object)).collect();
            list::page(world, kind.path(), objects, &call.query, Shown::All).map(Answer::ok)
        }
        ([], _) => create(world, call, kind),
        ([uuid, ..], Method::PUT) => {
            world.update_plain(kind, uuid, &call.json()?)?;
            one(world, kind, uuid)
        }
        ([uuid, ..], Method::DELETE) => world.delete_plain(kind, uuid).map(|()| Answer::gone()),
        ([uuid, ..], _) => one(world, kind, uuid),
    }
}

fn shown(world: &World, kind: Plain, object: &Map<String, Value>) -> Value {
    if kind == Plain::Policy { world.policy_json(object) } else { Value::Object(object.clone()) }
}

fn find<'a>(world: &'a World, kind: Plain, uuid: &str) -> Outcome<&'a Map<String, Value>> {
    let found = world.plain(kind).iter().find(|object| object.get("uuid").is_some_and(|known| known == uuid));
    found.ok_or_else(ApiError::not_found)
}

fn one(world: &World, kind: Plain, uuid: &str) -> Outcome<Answer> {
    Ok(Answer::ok(shown(world, kind, find(world, kind, uuid)?)))
}

fn create(world: &mut World, call: &Call, kind: Plain) -> Outcome<Answer> {
    let body = if kind == Plain::Policy { call.action_json()? } else { call.json()? };
    let made = create_all(
        world,
        &body,
        |world, object| world.create_plain(kind, object),
        |world, uuid| {
            world.delete_plain(kind, uuid).unwrap_or_default();
        },
    )?;
    let objects: Outcome<Vec<Value>> =
        made.iter().map(|uuid| Ok(shown(world, kind, find(world, kind, uuid)?))).collect();
    Ok(Answer::created(kind.path(), objects?))
}

/// Key pairs without their private half.
fn pubkeys(world: &World, call: &Call, rest: &[&str]) -> Outcome<Answer> {
    match rest {
        [] | ["detail"] => {
            let objects = world.plain(Plain::Keypair).iter().map(pubkey).collect();
            list::page(world, "pubkeys", objects, &call.query, Shown::All).map(Answer::ok)
        }
        [uuid, ..] => Ok(Answer::ok(pubkey(find(world, Plain::Keypair, uuid)?))),
    }
}

fn pubkey(keypair: &Map<String, Value>) -> Value {
    let mut object = keypair.clone();
    let private = object.remove("private_key").is_some_and(|key| !key.is_null());
    object.insert("has_private_key".to_owned(), Value::from(private));
    let uri = object.get("uuid").and_then(Value::as_str).map(|uuid| format!("/api/2.0/pubkeys/{uuid}/"));
    object.insert("resource_uri".to_owned(), Value::from(uri));
    Value::Object(object)
}
