//! `/tags/`.

use http::Method;
use serde_json::Value;

use super::list::{self, Shown};
use super::servers::SHORT;
use super::{Answer, Call, create_all};
use crate::state::{Outcome, World};

pub(super) fn answer(world: &mut World, call: &Call, rest: &[&str]) -> Outcome<Answer> {
    match (rest, call.method.clone()) {
        ([] | ["detail"], Method::GET) => {
            let objects = world.tags.iter().map(|tag| world.tag_json(tag)).collect();
            list::page(world, "tags", objects, &call.query, Shown::All).map(Answer::ok)
        }
        ([], _) => create(world, call),
        ([uuid, kind], _) => members(world, call, uuid, kind),
        ([uuid, ..], Method::PUT) => {
            world.update_tag(uuid, &call.json()?)?;
            one(world, uuid)
        }
        ([uuid, ..], Method::DELETE) => {
            world.tag(uuid)?;
            world.tags.retain(|tag| tag.uuid != *uuid);
            Ok(Answer::gone())
        }
        ([uuid, ..], _) => one(world, uuid),
    }
}

fn one(world: &World, uuid: &str) -> Outcome<Answer> {
    Ok(Answer::ok(world.tag_json(world.tag(uuid)?)))
}

fn create(world: &mut World, call: &Call) -> Outcome<Answer> {
    let made = create_all(world, &call.json()?, World::create_tag, |world, uuid| {
        world.tags.retain(|tag| tag.uuid != uuid);
    })?;
    let objects: Outcome<Vec<Value>> = made.iter().map(|uuid| Ok(world.tag_json(world.tag(uuid)?))).collect();
    Ok(Answer::created("tags", objects?))
}

/// Members of one kind, with a link object where other answers have a text: so it was recorded.
fn members(world: &World, call: &Call, uuid: &str, kind: &str) -> Outcome<Answer> {
    let held = &world.tag(uuid)?.members;
    let objects: Vec<Value> = match kind {
        "servers" => world.servers.iter().map(|server| world.server_json(server)).collect(),
        "drives" => world.drives.iter().map(|drive| world.drive_json(drive)).collect(),
        "ips" => world.ips.iter().map(|ip| world.ip_json(ip)).collect(),
        "vlans" => world.vlans.iter().map(|vlan| world.vlan_json(vlan)).collect(),
        _ => world.snapshots.iter().map(|snapshot| world.snapshot_json(snapshot)).collect(),
    };
    let tagged = |object: &Value| object["uuid"].as_str().is_some_and(|uuid| held.iter().any(|member| member == uuid));
    let objects = objects.into_iter().filter(tagged).map(|mut object| {
        let uuid = object["uuid"].as_str().unwrap_or_default().to_owned();
        object["resource_uri"] = World::link(kind, &uuid);
        object
    });
    let shown = if kind == "servers" { Shown::Only(&SHORT) } else { Shown::All };
    list::page(world, kind, objects.collect(), &call.query, shown).map(Answer::ok)
}
