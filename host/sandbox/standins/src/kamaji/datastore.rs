//! DataStore: ready at once, with the list of who uses it, and not to be deleted while that is not empty.

use async_trait::async_trait;
use serde_json::{Value, json};

use crate::client::Client;
use crate::error::Error;
use crate::kinds::{DATA_STORE, Kind, TENANT};
use crate::queue::Key;
use crate::runner::{Controller, Handle, Next, key_of};
use crate::{condition, object};

/// Keeps a DataStore while it is used. Kamaji refuses the deletion in its webhook; here it waits.
const FINALIZER: &str = "finalizer.kamaji.clastix.io/datastore";

/// The control loop.
pub(super) struct DataStores {
    pub(super) client: Client,
}

#[async_trait]
impl Controller for DataStores {
    fn name(&self) -> &'static str {
        "datastores"
    }

    fn watches(&self) -> Vec<Kind> {
        vec![DATA_STORE, TENANT]
    }

    async fn concerns(&self, kind: &Kind, object: &Value) -> Vec<Key> {
        if *kind == DATA_STORE {
            return vec![key_of(object)];
        }
        let names = ["/spec/dataStore", "/status/storage/dataStoreName"].map(|p| object::text(object, p));
        names.into_iter().filter(|name| !name.is_empty()).map(|name| Key::new("", name)).collect()
    }

    async fn reconcile(&self, key: &Key, _handle: &Handle) -> Result<Next, Error> {
        let Some(store) = self.client.get(&DATA_STORE, "", &key.name).await? else { return Ok(Next::OnChange) };
        let users = self.users(&key.name).await?;
        let mut changed = store.clone();
        match object::is_deleting(&store) && users.is_empty() {
            true => object::remove_finalizer(&mut changed, FINALIZER),
            false if !object::is_deleting(&store) => object::add_finalizer(&mut changed, FINALIZER),
            false => {}
        }
        object::put(&mut changed, &["status", "usedBy"], json!(users));
        object::put(&mut changed, &["status", "ready"], json!(true));
        let generation = object::number(&store, "/metadata/generation", 1);
        object::put(&mut changed, &["status", "observedGeneration"], json!(generation));
        condition::set_meta(&mut changed, "kamaji.clastix.io/DataStoreValidated", true, "Valid", "", self.client.now());
        self.client.save(&DATA_STORE, &store, &changed).await?;
        Ok(Next::OnChange)
    }
}

impl DataStores {
    /// `namespace/name` of the TenantControlPlanes that use the store.
    async fn users(&self, store: &str) -> Result<Vec<String>, Error> {
        let tenants = self.client.list(&TENANT, "", "").await?;
        let uses = |tenant: &&Value| object::text(tenant, "/status/storage/dataStoreName") == store;
        let mut users: Vec<String> = tenants.iter().filter(uses).map(|tenant| key_of(tenant).to_string()).collect();
        users.sort();
        Ok(users)
    }
}
