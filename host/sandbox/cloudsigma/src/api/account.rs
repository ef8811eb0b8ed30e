//! What there is one of: profile, balance, capabilities, state of the cloud; and lists nobody can change.

use http::Method;
use serde_json::{Value, json};

use super::list::{self, Shown};
use super::{Answer, Call};
use crate::error::ApiError;
use crate::state::fields::Fields;
use crate::state::{Outcome, World};

pub(super) fn answer(world: &mut World, call: &Call, path: &[&str]) -> Outcome<Answer> {
    let listed =
        |world: &World, kind: &str, objects| list::page(world, kind, objects, &call.query, Shown::All).map(Answer::ok);
    match path {
        ["profile"] => profile(world, call),
        ["global_context"] => global_context(world, call),
        ["balance"] => Ok(Answer::ok(balance())),
        ["capabilities"] => Ok(Answer::ok(world.capabilities())),
        ["cloud_status"] => Ok(Answer::ok(cloud_status())),
        ["currentusage"] => Ok(Answer::ok(usage(world))),
        ["locations"] => listed(world, "locations", vec![world.location()]),
        ["licenses"] => listed(world, "licenses", Vec::new()),
        ["jobs"] | ["jobs", "detail"] => {
            let objects = world.jobs.iter().rev().map(|job| world.job_json(job)).collect();
            listed(world, "jobs", objects)
        }
        ["jobs", uuid] => {
            let job = world.jobs.iter().find(|job| job.uuid == *uuid).ok_or_else(ApiError::not_found)?;
            Ok(Answer::ok(world.job_json(job)))
        }
        ["subscriptions"] => {
            let mut list = list::page(world, "subscriptions", world.subscriptions(), &call.query, Shown::All)?;
            list["price"] = Value::from("0");
            Ok(Answer::ok(list))
        }
        ["subscriptions", id] => {
            let found = world.subscriptions().into_iter().find(|one| one["id"] == **id || one["uuid"] == **id);
            found.map(Answer::ok).ok_or_else(ApiError::not_found)
        }
        _ => Err(ApiError::not_found()),
    }
}

fn profile(world: &mut World, call: &Call) -> Outcome<Answer> {
    if call.method == Method::PUT {
        let body = call.json()?;
        let fields = Fields::of(&body)?;
        fields.one_of("clone_naming", &["NONE", "COUNTER", "DATE", "TIMESTAMP"])?;
        for (name, kept) in &mut world.profile {
            let fixed = ["uuid", "email", "state", "currency", "signup_time"].contains(&name.as_str());
            if let (false, Some(sent)) = (fixed, fields.get(name)) {
                *kept = sent.clone();
            }
        }
    }
    Ok(Answer::ok(Value::Object(world.profile.clone())))
}

fn global_context(world: &mut World, call: &Call) -> Outcome<Answer> {
    if call.method == Method::POST {
        match call.json()? {
            Value::Object(context) => world.global_context = context,
            _ => return Err(ApiError::malformed("A dictionary is expected")),
        }
    }
    Ok(Answer::ok(Value::Object(world.global_context.clone())))
}

fn balance() -> Value {
    json!({ "balance": "1000.00000000000000000000", "credit_limit": null, "currency": "EUR" })
}

fn cloud_status() -> Value {
    json!({
        "free_tier": {}, "guest": false, "host_availability_zones": false, "remote_snapshots": false, "signup": false,
        "sso": [], "trial": false, "vmware": false, "vpc": false,
    })
}

fn usage(world: &World) -> Value {
    let on = world.servers.iter().filter(|server| server.is_on());
    let (cpu, mem) = on.fold((0, 0), |(cpu, mem), server| (cpu + server.cpu, mem + server.mem));
    let storage: u64 = world.drives.iter().map(|drive| drive.size).sum();
    let using = |using: u64, subscribed: usize| json!({ "burst": using, "subscribed": subscribed, "using": using });
    json!({
        "balance": { "balance": balance()["balance"], "currency": "EUR" },
        "usage": {
            "cpu": using(cpu, 0), "mem": using(mem, 0), "dssd": using(storage, 0),
            "ip": { "burst": 0, "subscribed": world.options.addresses.subscribed.len(), "using": 0 },
            "vlan": { "burst": 0, "subscribed": world.vlans.len(), "using": world.vlans.len() },
        },
    })
}
