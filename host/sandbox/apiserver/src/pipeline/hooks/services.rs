//! Cluster addresses and node ports of Services: chosen when a Service is created, kept as long as it needs them.
//!
//! ```text
//!   create: families ─> addresses ─> node ports
//!   update: keep what is left out ─> lose what the new type does not need ─> as a create
//! ```
//!
//! The cluster has addresses of one family, as most clusters have. Nothing routes them.

mod addresses;
mod families;
mod kept;
mod ports;

use std::collections::HashSet;

use backplane_apimachinery::{FieldError, Status};
use serde_json::{Value, json};

use crate::pipeline::Resource;

/// One part of the allocation: the spec before, if there was one, and the spec to complete.
type Step = fn(&Resource<'_>, Option<&Value>, &mut Value) -> Vec<FieldError>;

/// Tries before an exhausted range is given up; each hits a free one unless the range is nearly full.
const TRIES: usize = 1000;

/// Fills in what a new Service leaves to the server.
///
/// # Errors
/// 422 for families, addresses and ports that it cannot have.
pub(super) fn create(resource: &Resource<'_>, service: &mut Value) -> Result<(), Status> {
    allocate(resource, None, service)
}

/// Fills in what a changed Service leaves to the server.
///
/// # Errors
/// 422 for families, addresses and ports that it cannot have.
pub(super) fn update(resource: &Resource<'_>, old: &Value, service: &mut Value) -> Result<(), Status> {
    kept::keep(&old["spec"], &mut service["spec"]);
    kept::same_address(&old["spec"], &mut service["spec"]);
    kept::lose(&old["spec"], &mut service["spec"]);
    if old["spec"]["type"] == "LoadBalancer" && service["spec"]["type"] != "LoadBalancer" {
        service["status"]["loadBalancer"] = json!({});
    }
    allocate(resource, Some(&old["spec"]), service)
}

fn allocate(resource: &Resource<'_>, old: Option<&Value>, service: &mut Value) -> Result<(), Status> {
    let name = text(&service["metadata"]["name"]).to_owned();
    let spec = &mut service["spec"];
    if spec["type"] == "ExternalName" {
        return Ok(());
    }
    let steps: [Step; 3] = [families::infer, addresses::choose, ports::choose];
    for step in steps {
        let errors = step(resource, old, spec);
        if !errors.is_empty() {
            return Err(Status::invalid("", "Service", &name, &errors));
        }
    }
    Ok(())
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// What the Services that there are have, read from their specs.
fn used(resource: &Resource<'_>, read: impl Fn(&Value, &mut HashSet<String>)) -> HashSet<String> {
    let mut used = HashSet::new();
    let listing = resource.server.storage.list(&resource.storage, None, None);
    for stored in listing.map(|listing| listing.objects).unwrap_or_default() {
        read(&stored.value()["spec"], &mut used);
    }
    used
}

fn free(resource: &Resource<'_>, name: impl Fn(u64) -> String, used: &HashSet<String>) -> Option<String> {
    (0..TRIES).map(|_| name(resource.server.env.random.next_u64())).find(|name| !used.contains(name))
}
