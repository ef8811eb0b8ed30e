//! The end of a Cluster: first everything that hangs on it, then the control plane, then the infrastructure.

use serde_json::Value;

use super::{external, words};
use crate::client::Client;
use crate::error::Error;
use crate::kinds::{Kind, MACHINE, MACHINE_DEPLOYMENT, MACHINE_SET};
use crate::object;
use crate::runner::{Handle, Next};

/// One step; each waits for the former, and what it waits for wakes it.
pub(super) async fn step(client: &Client, handle: &Handle, cluster: &mut Value) -> Result<Next, Error> {
    if descendants(client, cluster).await? > 0 {
        return Ok(Next::OnChange);
    }
    for pointer in ["/spec/controlPlaneRef", "/spec/infrastructureRef"] {
        let part = external::get(client, handle, cluster, pointer).await?.found();
        if let Some(part) = part {
            part.delete(client).await?;
            return Ok(Next::OnChange);
        }
    }
    object::remove_finalizer(cluster, words::CLUSTER_FINALIZER);
    Ok(Next::OnChange)
}

/// How many objects hang on the Cluster; asks for the deletion of those that hang on it directly.
async fn descendants(client: &Client, cluster: &Value) -> Result<usize, Error> {
    let selector = format!("{}={}", words::CLUSTER_NAME, object::name(cluster));
    let mut count = 0;
    for kind in [MACHINE_DEPLOYMENT, MACHINE_SET, MACHINE] {
        let found: Vec<Value> = client.list(&kind, object::namespace(cluster), &selector).await?;
        count += found.len();
        for object in found.iter().filter(|object| object::is_owned_by(object, cluster)) {
            delete(client, &kind, object).await?;
        }
    }
    Ok(count)
}

/// Asks for deletion unless that has been done.
pub(super) async fn delete(client: &Client, kind: &Kind, object: &Value) -> Result<(), Error> {
    if !object::is_deleting(object) {
        client.delete(kind, object).await?;
    }
    Ok(())
}
