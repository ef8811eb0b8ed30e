//! Objects of other programs that Cluster API core refers to: found through references, watched once they are met.

use serde_json::Value;

use super::words;
use crate::client::Client;
use crate::error::Error;
use crate::kinds::Kind;
use crate::object::{self, Owner};
use crate::queue::Key;
use crate::runner::Handle;

/// A referenced object together with its kind.
pub(crate) struct External {
    pub(crate) kind: Kind,
    pub(crate) object: Value,
}

/// What a reference leads to.
pub(crate) enum Lookup {
    /// There is no reference.
    Unset,
    /// There is no such object, or no such kind.
    Missing,
    /// Here it is.
    Found(External),
}

impl Lookup {
    /// The object, if it is there.
    pub(crate) fn found(self) -> Option<External> {
        match self {
            Self::Found(external) => Some(external),
            _ => None,
        }
    }
}

/// Follows the reference at a JSON pointer; from then on changes of that kind wake the controller of `handle`.
pub(crate) async fn get(client: &Client, handle: &Handle, object: &Value, pointer: &str) -> Result<Lookup, Error> {
    let Some(reference) = object.pointer(pointer).filter(|r| r.is_object()) else { return Ok(Lookup::Unset) };
    let Some(kind) = Kind::of_reference(reference) else { return Ok(Lookup::Missing) };
    handle.watch(&kind);
    let found = client.get(&kind, object::namespace(object), object::text(reference, "/name")).await?;
    Ok(found.map_or(Lookup::Missing, |object| Lookup::Found(External { kind, object })))
}

impl External {
    /// Makes `owner` the owner and names its Cluster. The MachineSet that cloned the object steps back.
    pub(crate) async fn claim(
        &mut self,
        client: &Client,
        owner: &Value,
        cluster: &str,
        mode: Owner,
    ) -> Result<(), Error> {
        let mut changed = self.object.clone();
        if mode == Owner::Controlling {
            object::drop_owners_of_kind(&mut changed, "MachineSet");
        }
        object::set_owner(&mut changed, owner, mode);
        object::set_label(&mut changed, words::CLUSTER_NAME, cluster);
        if object::owners(&changed) != object::owners(&self.object)
            || object::label(&self.object, words::CLUSTER_NAME) != Some(cluster)
        {
            self.object = client.save(&self.kind, &self.object, &changed).await?;
        }
        Ok(())
    }

    /// Asks for the object's deletion unless that has been done.
    pub(crate) async fn delete(&self, client: &Client) -> Result<(), Error> {
        if !object::is_deleting(&self.object) {
            client.delete(&self.kind, &self.object).await?;
        }
        Ok(())
    }
}

/// Keys of owners of a kind: whom a change of an external object concerns.
pub(crate) fn owner_keys(object: &Value, kind: &Kind) -> Vec<Key> {
    let owner = object::owner_of_kind(object, &kind.group, &kind.kind);
    owner.map(|owner| Key::new(object::namespace(object), object::text(owner, "/name"))).into_iter().collect()
}
