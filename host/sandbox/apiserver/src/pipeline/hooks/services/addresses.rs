//! Cluster addresses. The range is that of a kubeadm cluster.

use std::net::Ipv4Addr;

use backplane_apimachinery::FieldError;
use serde_json::{Value, json};

use super::{free, text, used};
use crate::pipeline::Resource;

/// `10.96.0.0/12`, whose first address belongs to the API server itself.
const FIRST: u32 = 0x0a60_0001;
const COUNT: u32 = 1 << 20;

/// Takes the address that a Service asks for, or chooses one.
pub(super) fn choose(resource: &Resource<'_>, old: Option<&Value>, spec: &mut Value) -> Vec<FieldError> {
    let wanted = text(&spec["clusterIP"]).to_owned();
    let taken = || used(resource, |spec, used| used.extend([text(&spec["clusterIP"]).to_owned()]));
    let listed = spec["clusterIPs"].as_array().is_some_and(|list| !list.is_empty());
    if wanted.is_empty() && !listed {
        if let Some(address) = free(resource, address, &taken()) {
            spec["clusterIP"] = address.into();
        }
    } else if old.is_none_or(|old| old["clusterIP"] != wanted) {
        // What is no address, or `None`, is for the rules to judge.
        if let Some(why) = wanted.parse().ok().and_then(|address| refused(address, || taken().contains(&wanted))) {
            let why = format!("failed to allocate IP {wanted}: {why}");
            return vec![FieldError::invalid("spec.clusterIPs", &json!([wanted]), &why)];
        }
    }
    if !listed {
        spec["clusterIPs"] = json!([spec["clusterIP"]]);
    }
    Vec::new()
}

fn refused(address: Ipv4Addr, taken: impl Fn() -> bool) -> Option<&'static str> {
    let offset = u32::from(address).wrapping_sub(FIRST - 1);
    if offset >= COUNT {
        Some("the provided network does not match the current range")
    } else {
        taken().then_some("provided IP is already allocated")
    }
}

fn address(n: u64) -> String {
    let offset = u32::try_from(1 + n % u64::from(COUNT - 3)).unwrap_or(1);
    Ipv4Addr::from(FIRST + offset).to_string()
}
