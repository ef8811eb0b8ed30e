//! `/servers/`.

use http::Method;
use serde_json::{Value, json};

use super::list::{self, Shown};
use super::{Answer, Call, create_all};
use crate::error::ApiError;
use crate::state::{Outcome, Server, World};

pub(super) const SHORT: [&str; 6] = ["name", "owner", "resource_uri", "runtime", "status", "uuid"];

pub(super) fn answer(world: &mut World, call: &Call, rest: &[&str]) -> Outcome<Answer> {
    match (rest, call.method.clone()) {
        ([], Method::GET) => listed(world, call, Shown::Only(&SHORT)),
        (["detail"], _) => listed(world, call, Shown::All),
        (["availability_groups"], _) => Ok(Answer::ok(groups(world))),
        (["availability_groups", uuid], _) => group(world, uuid),
        ([], _) => create(world, call),
        ([uuid, "action"], _) => act(world, call, uuid),
        ([uuid, "runtime"], _) => Ok(Answer::ok(world.runtime_json(world.server(uuid)?))),
        ([uuid, ..], Method::PUT) => {
            world.update_server(uuid, &call.json()?)?;
            one(world, uuid)
        }
        ([uuid, ..], Method::DELETE) => {
            world.delete_server(uuid, call.query.get("recurse"))?;
            Ok(Answer::gone())
        }
        ([uuid, ..], _) => one(world, uuid),
    }
}

fn listed(world: &World, call: &Call, shown: Shown<'_>) -> Outcome<Answer> {
    let objects = world.listed_servers().map(|server| world.server_json(server)).collect();
    list::page(world, "servers", objects, &call.query, shown).map(Answer::ok)
}

fn one(world: &World, uuid: &str) -> Outcome<Answer> {
    Ok(Answer::ok(world.server_json(world.server(uuid)?)))
}

fn create(world: &mut World, call: &Call) -> Outcome<Answer> {
    let made = create_all(world, &call.json()?, World::create_server, |world, uuid| {
        world.forget_server(uuid);
        world.servers_created -= 1;
    })?;
    let objects: Outcome<Vec<Value>> = made.iter().map(|uuid| Ok(world.server_json(world.server(uuid)?))).collect();
    Ok(Answer::created("servers", objects?))
}

fn act(world: &mut World, call: &Call, uuid: &str) -> Outcome<Answer> {
    world.server(uuid)?;
    let body = call.action_json()?;
    match call.action() {
        "start" => world.start_server(uuid)?,
        "stop" => world.stop_server(uuid)?,
        "shutdown" => world.shutdown_server(uuid)?,
        "restart" => world.restart_server(uuid)?,
        "clone" => {
            let copy = world.clone_server(uuid, &body)?;
            return Ok(Answer::accepted(world.server_json(world.server(&copy)?)));
        }
        "open_vnc" | "open_console" => return tunnel(world, call.action(), uuid),
        "close_vnc" | "close_console" => {}
        _ => return Err(ApiError::validation("do", "No such action")),
    }
    Ok(Answer::accepted(success(call.action(), uuid)))
}

fn success(action: &str, uuid: &str) -> Value {
    json!({ "action": action, "result": "success", "uuid": uuid })
}

/// The address of a tunnel that leads nowhere.
fn tunnel(world: &World, action: &str, uuid: &str) -> Outcome<Answer> {
    if !world.server(uuid)?.is_on() {
        return Err(ApiError::permission("Cannot open a tunnel to a guest in state \"stopped\""));
    }
    let host = format!("direct.{}.cloudsigma.com:41111", world.options.region.to_lowercase());
    let mut object = success(action, uuid);
    match action {
        "open_vnc" => object["vnc_url"] = Value::from(format!("vnc://{host}")),
        _ => object["console_url"] = Value::from(format!("csconsole://{host}")),
    }
    Ok(Answer::accepted(object))
}

/// Every running server has a host of its own.
fn groups(world: &World) -> Value {
    world.servers.iter().filter(|server| server.is_on()).map(|server| json!([server.uuid])).collect()
}

fn group(world: &World, uuid: &str) -> Outcome<Answer> {
    let server: &Server = world.server(uuid)?;
    Ok(Answer::ok(if server.is_on() { json!([server.uuid]) } else { json!([]) }))
}
