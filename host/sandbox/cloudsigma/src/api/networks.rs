//! `/ips/` and `/vlans/`: read, and change of `meta` and `tags`.

use http::Method;
use serde_json::Value;

use super::list::{self, Shown};
use super::{Answer, Call};
use crate::error::ApiError;
use crate::state::fields::Fields;
use crate::state::{Outcome, World};

pub(super) fn ips(world: &mut World, call: &Call, rest: &[&str]) -> Outcome<Answer> {
    let address = match rest {
        [] | ["detail"] => {
            let shown =
                if rest.is_empty() { Shown::Only(&["owner", "resource_uri", "server", "uuid"]) } else { Shown::All };
            let objects = world.ips.iter().map(|ip| world.ip_json(ip)).collect();
            return list::page(world, "ips", objects, &call.query, shown).map(Answer::ok);
        }
        [address, ..] => *address,
    };
    let position = world.ips.iter().position(|ip| ip.address == address).ok_or_else(ApiError::not_found)?;
    if call.method == Method::PUT {
        let body = call.json()?;
        if let Some(meta) = tags_and_meta(world, address, &body)? {
            world.ips[position].meta = meta;
        }
    }
    Ok(Answer::ok(world.ip_json(&world.ips[position])))
}

pub(super) fn vlans(world: &mut World, call: &Call, rest: &[&str]) -> Outcome<Answer> {
    let uuid = match rest {
        [] | ["detail"] => {
            let shown = if rest.is_empty() { Shown::Only(&["owner", "resource_uri", "uuid"]) } else { Shown::All };
            let objects = world.vlans.iter().map(|vlan| world.vlan_json(vlan)).collect();
            return list::page(world, "vlans", objects, &call.query, shown).map(Answer::ok);
        }
        [uuid, ..] => *uuid,
    };
    let position = world.vlans.iter().position(|vlan| vlan.uuid == uuid).ok_or_else(ApiError::not_found)?;
    if call.method == Method::PUT {
        let body = call.json()?;
        if let Some(meta) = tags_and_meta(world, uuid, &body)? {
            world.vlans[position].meta = meta;
        }
    }
    Ok(Answer::ok(world.vlan_json(&world.vlans[position])))
}

/// Applies the tags and hands back the new meta, after both were found good.
fn tags_and_meta(world: &mut World, uuid: &str, body: &Value) -> Outcome<Option<serde_json::Map<String, Value>>> {
    let fields = Fields::of(body)?;
    let (tags, meta) = (fields.references("tags")?, fields.meta()?);
    world.known_tags(tags.as_deref())?;
    world.set_tags_of(uuid, tags);
    Ok(meta)
}
