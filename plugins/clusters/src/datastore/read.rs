//! Reads the snapshot. The only place of the datastore half that asks the cache.

use backplane_sdk::{Cluster, Key, Kind, Obj, Query, Result};
use serde::de::DeserializeOwned;

use super::{Observed, etcd, front};
use crate::api::{KdcCluster, KdcClusterDatastore};
use crate::plan::belongs_to;
use crate::{kinds, names};

/// Everything there is for a datastore.
///
/// # Errors
/// [`backplane_sdk::Error::NotReady`] while a kind is not in the cache.
pub(super) fn observe(store: &Obj<KdcClusterDatastore>, cluster: &Cluster) -> Result<Observed> {
    let etcd = names::etcd(store.name());
    let policy = if store.spec.network_policy.enabled || store.status.phase.is_some() {
        own(store, cluster, &kinds::NETWORK_POLICY, &etcd)?
    } else {
        None
    };
    Ok(Observed {
        members: own(store, cluster, &kinds::STATEFUL_SET, &etcd)?,
        headless: own(store, cluster, &kinds::SERVICE, &etcd)?,
        front: own(store, cluster, &kinds::SERVICE, &names::etcd_front(store.name()))?,
        eip: own(store, cluster, &kinds::EIP, front::eip_name(store))?,
        policy,
        data_store: cluster.get_ref(&kinds::DATA_STORE.at(&Key::cluster(front::data_store_name(store))))?,
        users: users(store, cluster)?,
    })
}

/// The object of that name, if it was made for the datastore.
fn own<T: DeserializeOwned>(
    store: &Obj<KdcClusterDatastore>,
    cluster: &Cluster,
    kind: &Kind,
    name: &str,
) -> Result<Option<Obj<T>>> {
    let found = cluster.get_ref::<T>(&kind.at(&store.key().sibling(name)))?;
    Ok(found.filter(|object| belongs_to(object, store.uid())))
}

/// Clusters that keep their state here. The cluster a datastore is dedicated to does not hold it once it is going.
fn users(store: &Obj<KdcClusterDatastore>, cluster: &Cluster) -> Result<Vec<String>> {
    let clusters: Vec<Obj<KdcCluster>> = cluster.list(&Query::all())?;
    let own = |user: &Obj<KdcCluster>| etcd::is_dedicated(store) && store.metadata.is_owned_by(user.uid());
    let users = clusters.iter().filter(|user| uses(user, store) && !(own(user) && user.is_deleting()));
    Ok(users.map(|user| user.key().to_string()).collect())
}

fn uses(user: &Obj<KdcCluster>, store: &Obj<KdcClusterDatastore>) -> bool {
    let given = &user.spec.data_store;
    if given.dedicated {
        return store.metadata.is_owned_by(user.uid());
    }
    let namespace = given.namespace.as_deref().unwrap_or(user.namespace());
    let name = given.name.as_ref().or(user.status.data_store_name.as_ref());
    namespace == store.namespace() && name.is_some_and(|name| name == store.name())
}
