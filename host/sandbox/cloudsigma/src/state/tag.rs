//! Tags: the tag holds its members; objects show the tags that hold them.

use serde_json::{Map, Value, json};

use super::fields::Fields;
use super::{Outcome, World};
use crate::error::ApiError;

/// A tag.
#[derive(Debug, Clone)]
pub(crate) struct Tag {
    pub(crate) uuid: String,
    pub(crate) name: String,
    pub(crate) meta: Map<String, Value>,
    pub(crate) members: Vec<String>,
}

impl World {
    pub(crate) fn create_tag(&mut self, body: &Value) -> Outcome<String> {
        let fields = Fields::of(body)?;
        let name = fields.required_text("name")?.to_owned();
        let meta = fields.meta()?.unwrap_or_default();
        let members = self.members(fields)?.unwrap_or_default();
        let uuid = self.env.uuid();
        self.tags.push(Tag { uuid: uuid.clone(), name, meta, members });
        Ok(uuid)
    }

    /// A full update. `resources` replaces the members whole; left out, they stay.
    pub(crate) fn update_tag(&mut self, uuid: &str, body: &Value) -> Outcome<()> {
        self.tag(uuid)?;
        let fields = Fields::of(body)?;
        let name = fields.required_text("name")?.to_owned();
        let (meta, members) = (fields.meta()?, self.members(fields)?);
        let tag = self.tags.iter_mut().find(|tag| tag.uuid == uuid).ok_or_else(ApiError::not_found)?;
        tag.name = name;
        tag.meta = meta.unwrap_or_else(|| std::mem::take(&mut tag.meta));
        tag.members = members.unwrap_or_else(|| std::mem::take(&mut tag.members));
        Ok(())
    }

    pub(crate) fn tag(&self, uuid: &str) -> Outcome<&Tag> {
        self.tags.iter().find(|tag| tag.uuid == uuid).ok_or_else(ApiError::not_found)
    }

    fn members(&self, fields: Fields<'_>) -> Outcome<Option<Vec<String>>> {
        let Some(mut members) = fields.references("resources")? else { return Ok(None) };
        if members.iter().any(|uuid| self.kind_of(uuid).is_none()) {
            return Err(ApiError::validation("resources", "No such resource"));
        }
        let mut seen = std::collections::HashSet::new();
        members.retain(|uuid| seen.insert(uuid.clone()));
        Ok(Some(members))
    }

    fn kind_of(&self, uuid: &str) -> Option<&'static str> {
        let kinds = [
            ("servers", self.servers.iter().any(|server| server.uuid == uuid)),
            ("drives", self.drives.iter().any(|drive| drive.uuid == uuid)),
            ("ips", self.ips.iter().any(|ip| ip.address == uuid)),
            ("vlans", self.vlans.iter().any(|vlan| vlan.uuid == uuid)),
            ("snapshots", self.snapshots.iter().any(|snapshot| snapshot.uuid == uuid)),
        ];
        kinds.into_iter().find_map(|(kind, found)| found.then_some(kind))
    }

    /// Uuids of the tags that hold an object.
    pub(crate) fn tags_of(&self, uuid: &str) -> Vec<String> {
        let holds = |tag: &&Tag| tag.members.iter().any(|member| member == uuid);
        self.tags.iter().filter(holds).map(|tag| tag.uuid.clone()).collect()
    }

    pub(crate) fn known_tags(&self, tags: Option<&[String]>) -> Outcome<()> {
        match tags.unwrap_or_default().iter().find(|uuid| self.tag(uuid).is_err()) {
            Some(_) => Err(ApiError::validation("tags", "No such tag")),
            None => Ok(()),
        }
    }

    /// Makes `tags` the tags of an object, if they were given.
    pub(crate) fn set_tags_of(&mut self, uuid: &str, tags: Option<Vec<String>>) {
        let Some(tags) = tags else { return };
        for tag in &mut self.tags {
            let holds = tag.members.iter().any(|member| member == uuid);
            match (holds, tags.contains(&tag.uuid)) {
                (false, true) => tag.members.push(uuid.to_owned()),
                (true, false) => tag.members.retain(|member| member != uuid),
                _ => {}
            }
        }
    }

    /// Takes an object that is gone out of every tag.
    pub(crate) fn untag(&mut self, uuid: &str) {
        self.tags.iter_mut().for_each(|tag| tag.members.retain(|member| member != uuid));
    }

    pub(crate) fn tag_json(&self, tag: &Tag) -> Value {
        let resource = |uuid: &String| {
            let kind = self.kind_of(uuid)?;
            let uri = format!("/api/2.0/{kind}/{uuid}/");
            Some(json!({ "owner": self.owner_link(), "res_type": kind, "resource_uri": uri, "uuid": uuid }))
        };
        json!({
            "meta": tag.meta, "name": tag.name, "owner": self.owner_link(),
            "resource_uri": format!("/api/2.0/tags/{}/", tag.uuid),
            "resources": tag.members.iter().filter_map(resource).collect::<Vec<_>>(), "uuid": tag.uuid,
        })
    }
}
