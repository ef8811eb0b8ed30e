//! Tags that say in the cloud's console whose a server is: provider, cluster, pool, and those of the spec.
//!
//! A tag's list of members is always written whole, so two machines at once can undo each other's entry. Therefore nothing is
//! taken as done: each look at a server compares what it carries with what it should, and writes again.

use std::collections::BTreeSet;

use backplane_sdk::log;
use backplane_sdk::prelude::*;

use crate::api::{ApiError, Drive, Resource, Server, Tag};
use crate::nics;
use crate::plugin::Work;

/// Says in a tag's `meta` that the provider made it, so that it may delete it.
const MAKER: (&str, &str) = ("made-by", "cloudsigma-capcs");

/// Tags a server and what was made with it. Cheap when it has been done: a server that carries enough tags is not asked about.
pub(crate) fn ensure(work: &Work<'_>, server: &Server, drives: &[Drive]) -> Result<(), ApiError> {
    let names = work.machine.tags();
    if drives.is_empty() && server.tags.len() >= names.len() {
        return Ok(());
    }
    let members = members(work, server, drives);
    let tags = work.api.tags()?;
    for name in &names {
        match first(&tags, name) {
            Some(tag) => add(work, tag, &members)?,
            None => work.api.create_tag(name, &members, &json!({MAKER.0: MAKER.1}))?,
        }
    }
    Ok(())
}

fn members(work: &Work<'_>, server: &Server, drives: &[Drive]) -> Vec<Resource> {
    let attached: BTreeSet<&str> = server.drives.iter().map(|attachment| attachment.drive.uuid.as_str()).collect();
    let drives = drives.iter().map(|drive| drive.uuid.as_str()).filter(|uuid| attached.contains(uuid));
    let addresses = nics::static_addresses(&work.machine.spec().nics);
    [server.uuid.as_str()].into_iter().chain(drives).chain(addresses).map(Resource::of).collect()
}

/// Names need not be unique: the same one is taken by everybody.
fn first<'a>(tags: &'a [Tag], name: &str) -> Option<&'a Tag> {
    tags.iter().filter(|tag| tag.name == name).min_by(|one, other| one.uuid.cmp(&other.uuid))
}

fn add(work: &Work<'_>, tag: &Tag, members: &[Resource]) -> Result<(), ApiError> {
    let carries = |member: &Resource| tag.resources.iter().any(|present| present.uuid == member.uuid);
    let missing: Vec<_> = members.iter().filter(|member| !carries(member)).cloned().collect();
    if missing.is_empty() {
        return Ok(());
    }
    work.api.retag(tag, &[tag.resources.clone(), missing].concat())
}

/// Takes a server, the machine's drives and its addresses out of all its tags, before they are deleted.
pub(crate) fn remove(work: &Work<'_>, server: &Server, drives: &[Drive]) -> Result<(), ApiError> {
    let mine: BTreeSet<String> = members(work, server, drives).into_iter().map(|member| member.uuid).collect();
    of_machine(work)?.iter().try_for_each(|tag| keep(work, tag, |member| !mine.contains(&member.uuid)).map(drop))
}

/// After server and drives are gone: takes out members that no longer exist, and deletes tags that nothing carries any more.
///
/// The tags are read before the servers, so that a server that was tagged meanwhile is not taken for one that is gone.
pub(crate) fn sweep(work: &Work<'_>) -> Result<(), ApiError> {
    let tags = of_machine(work)?;
    if tags.is_empty() {
        return Ok(());
    }
    let alive: BTreeSet<String> = (work.api.servers()?.into_iter().map(|server| server.uuid))
        .chain(work.api.drives()?.into_iter().map(|drive| drive.uuid))
        .collect();
    let addresses = nics::static_addresses(&work.machine.spec().nics);
    for tag in tags {
        let left = keep(work, &tag, |member| match member.res_type.as_str() {
            "servers" | "drives" => alive.contains(&member.uuid),
            _ => !addresses.contains(&member.uuid.as_str()),
        })?;
        if left == 0 && may_delete(&tag) {
            remove_tag(work, &tag)?;
        }
    }
    Ok(())
}

fn of_machine(work: &Work<'_>) -> Result<Vec<Tag>, ApiError> {
    let names = work.machine.tags();
    let mut tags = work.api.tags()?;
    tags.retain(|tag| names.contains(&tag.name));
    Ok(tags)
}

/// Keeps some members of a tag, writing only if that changes anything; how many are left.
fn keep(work: &Work<'_>, tag: &Tag, stays: impl Fn(&Resource) -> bool) -> Result<usize, ApiError> {
    let staying: Vec<_> = tag.resources.iter().filter(|member| stays(member)).cloned().collect();
    if staying.len() != tag.resources.len() {
        match work.api.retag(tag, &staying) {
            Err(ApiError::NotFound) => {}
            other => other?,
        }
    }
    Ok(staying.len())
}

/// A tag of the spec may be the user's own: it goes only if the provider made it.
fn may_delete(tag: &Tag) -> bool {
    let ours = ["managed-by:cloudsigma-capcs", "cluster:", "pool:"].iter().any(|prefix| tag.name.starts_with(prefix));
    ours || tag.meta.get(MAKER.0).and_then(Value::as_str) == Some(MAKER.1)
}

fn remove_tag(work: &Work<'_>, tag: &Tag) -> Result<(), ApiError> {
    match work.api.delete_tag(&tag.uuid) {
        Err(ApiError::NotFound) => Ok(()),
        other => other.inspect(|()| log::info!("tag deleted", tag.name = tag.name)),
    }
}

/// Tags are for people: a refusal is logged and must not keep a machine from living or dying.
pub(crate) fn tolerate(result: Result<(), ApiError>) -> Result<(), ApiError> {
    match result {
        Err(error) if error.is_final() => {
            log::warn!("tags are not as they should be", error = error);
            Ok(())
        }
        other => other,
    }
}
