//! `/snapshots/`.

use http::Method;
use serde_json::Value;

use super::list::{self, Shown};
use super::{Answer, Call, create_all, named};
use crate::error::ApiError;
use crate::state::{Outcome, World};

pub(super) fn answer(world: &mut World, call: &Call, rest: &[&str]) -> Outcome<Answer> {
    match (rest, call.method.clone()) {
        ([] | ["detail"], Method::GET) => {
            let objects = world.snapshots.iter().map(|snapshot| world.snapshot_json(snapshot)).collect();
            list::page(world, "snapshots", objects, &call.query, Shown::All).map(Answer::ok)
        }
        ([], Method::POST) => create(world, call),
        ([], _) => {
            named(&call.json()?)?.iter().try_for_each(|uuid| world.delete_snapshot(uuid))?;
            Ok(Answer::gone())
        }
        ([uuid, "action"], _) => act(world, call, uuid),
        ([uuid, ..], Method::PUT) => {
            world.update_snapshot(uuid, &call.json()?)?;
            one(world, uuid)
        }
        ([uuid, ..], Method::DELETE) => world.delete_snapshot(uuid).map(|()| Answer::gone()),
        ([uuid, ..], _) => one(world, uuid),
    }
}

fn one(world: &World, uuid: &str) -> Outcome<Answer> {
    Ok(Answer::ok(world.snapshot_json(world.snapshot(uuid)?)))
}

fn create(world: &mut World, call: &Call) -> Outcome<Answer> {
    let made = create_all(world, &call.json()?, World::create_snapshot, |world, uuid| {
        world.snapshots.retain(|snapshot| snapshot.uuid != uuid);
    })?;
    let objects: Outcome<Vec<Value>> = made.iter().map(|uuid| Ok(world.snapshot_json(world.snapshot(uuid)?))).collect();
    Ok(Answer::created("snapshots", objects?))
}

/// The new drive, bare, and with a link object where other answers have a text: so it was recorded.
fn act(world: &mut World, call: &Call, uuid: &str) -> Outcome<Answer> {
    if call.action() != "clone" {
        return Err(ApiError::validation("do", "No such action"));
    }
    let drive = world.clone_snapshot(uuid, &call.action_json()?)?;
    let mut object = world.drive_json(world.drive(&drive)?);
    object["resource_uri"] = World::link("drives", &drive);
    Ok(Answer::accepted(object))
}
