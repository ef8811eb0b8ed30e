//! `/drives/` and `/libdrives/`.

use http::Method;
use serde_json::{Value, json};

use super::list::{self, Shown};
use super::{Answer, Call, create_all, named};
use crate::error::ApiError;
use crate::state::{Outcome, World};

const SHORT: [&str; 5] = ["owner", "resource_uri", "status", "uuid", "name"];

pub(super) fn answer(world: &mut World, call: &Call, rest: &[&str]) -> Outcome<Answer> {
    match (rest, call.method.clone()) {
        ([], Method::GET) => {
            let names = if world.options.quirks.names_in_drive_list { 5 } else { 4 };
            listed(world, call, Shown::Only(&SHORT[..names]))
        }
        (["detail"], _) => listed(world, call, Shown::All),
        (["availability_groups", ..], _) => {
            Ok(Answer::ok(world.drives.iter().map(|drive| json!([drive.uuid])).collect()))
        }
        ([], Method::POST) => create(world, call),
        ([], _) => delete_named(world, call),
        ([uuid, "action"], _) => act(world, call, uuid),
        ([uuid, ..], Method::PUT) => {
            world.update_drive(uuid, &call.json()?)?;
            one(world, uuid)
        }
        ([uuid, ..], Method::DELETE) => world.delete_drive(uuid).map(|()| Answer::gone()),
        ([uuid, ..], _) => one(world, uuid),
    }
}

fn listed(world: &World, call: &Call, shown: Shown<'_>) -> Outcome<Answer> {
    let objects = world.drives.iter().map(|drive| world.drive_json(drive)).collect();
    list::page(world, "drives", objects, &call.query, shown).map(Answer::ok)
}

fn one(world: &World, uuid: &str) -> Outcome<Answer> {
    match world.image(uuid) {
        Some(image) => Ok(Answer::ok(image.to_drive_json())),
        None => Ok(Answer::ok(world.drive_json(world.drive(uuid)?))),
    }
}

fn create(world: &mut World, call: &Call) -> Outcome<Answer> {
    let made = create_all(world, &call.json()?, World::create_drive, |world, uuid| {
        world.forget_drive(uuid);
        world.drives_created -= 1;
    })?;
    let objects: Outcome<Vec<Value>> = made.iter().map(|uuid| Ok(world.drive_json(world.drive(uuid)?))).collect();
    Ok(Answer::created("drives", objects?))
}

fn delete_named(world: &mut World, call: &Call) -> Outcome<Answer> {
    let uuids = named(&call.json()?)?;
    uuids.iter().try_for_each(|uuid| world.drive(uuid).map(|_| ()))?;
    uuids.iter().try_for_each(|uuid| world.delete_drive(uuid))?;
    Ok(Answer::gone())
}

fn act(world: &mut World, call: &Call, uuid: &str) -> Outcome<Answer> {
    let body = call.action_json()?;
    let changed = match call.action() {
        "clone" => world.clone_drive(uuid, &body)?,
        "resize" => world.resize_drive(uuid, &body).map(|()| uuid.to_owned())?,
        _ => return Err(ApiError::validation("do", "No such action")),
    };
    Ok(Answer::accepted(json!({ "objects": [world.drive_json(world.drive(&changed)?)] })))
}

pub(super) fn library(world: &mut World, call: &Call, rest: &[&str]) -> Outcome<Answer> {
    match rest {
        [] | ["detail"] => {
            let present = world.images.iter().filter(|image| world.image(&image.uuid).is_some());
            let objects = present.map(crate::images::Image::to_json).collect();
            list::page(world, "libdrives", objects, &call.query, Shown::All).map(Answer::ok)
        }
        [uuid, "action"] => {
            world.image(uuid).ok_or_else(ApiError::not_found)?;
            match call.action() {
                "clone" => act(world, call, uuid),
                _ => Err(ApiError::validation("do", "No such action")),
            }
        }
        [uuid, ..] => Ok(Answer::ok(world.image(uuid).ok_or_else(ApiError::not_found)?.to_json())),
    }
}
