//! Requests and limits of containers.

use crate::builtin::rules::at::{At, Errors};
use crate::meta::names;
use crate::quantity::Quantity;

/// Resources with names of one word.
const STANDARD: [&str; 20] = [
    "cpu",
    "memory",
    "ephemeral-storage",
    "requests.cpu",
    "requests.memory",
    "requests.ephemeral-storage",
    "limits.cpu",
    "limits.memory",
    "limits.ephemeral-storage",
    "pods",
    "resourcequotas",
    "services",
    "replicationcontrollers",
    "secrets",
    "configmaps",
    "persistentvolumeclaims",
    "storage",
    "requests.storage",
    "services.nodeports",
    "services.loadbalancers",
];
const OF_CONTAINERS: [&str; 3] = ["cpu", "memory", "ephemeral-storage"];

pub(super) fn check(resources: &At<'_>, errors: &mut Errors) {
    let (limits, requests) = (resources.child("limits"), resources.child("requests"));
    amounts(&limits, errors);
    for (name, quantity) in requests.entries() {
        amount(name, &quantity, errors);
        against_limit(name, &quantity, &limits, &requests, errors);
    }
    let given = |wanted: fn(&str) -> bool| [&limits, &requests].iter().any(|l| l.entries().iter().any(|e| wanted(e.0)));
    if given(is_huge_pages) && !given(|name| ["cpu", "memory"].contains(&name)) {
        errors.push(resources.forbidden("HugePages require cpu or memory"));
    }
}

/// Amounts of resources of a container.
pub(super) fn amounts(list: &At<'_>, errors: &mut Errors) {
    for (name, quantity) in list.entries() {
        amount(name, &quantity, errors);
    }
}

fn amount(name: &str, quantity: &At<'_>, errors: &mut Errors) {
    self::name(name, quantity, errors);
    let Some(value) = read(quantity) else { return };
    if value.thousandths() < 0 {
        errors.push(quantity.invalid("must be greater than or equal to 0"));
    } else if !is_native(name) && value.thousandths() % 1000 != 0 {
        errors.push(quantity.invalid("must be an integer"));
    }
    if is_huge_pages(name) && !is_whole_pages(name, value) {
        errors.push(quantity.invalid(&format!("{} is not positive integer multiple of {name}", quantity.text())));
    }
}

/// Whether memory in pages of one size is so many of them.
fn is_whole_pages(name: &str, value: Quantity) -> bool {
    let page = name.strip_prefix("hugepages-").and_then(|size| size.parse::<Quantity>().ok());
    page.is_some_and(|page| page.thousandths() > 0 && value.thousandths() % page.thousandths() == 0)
}

fn read(quantity: &At<'_>) -> Option<Quantity> {
    quantity.text().parse().ok()
}

/// Whether a resource is Kubernetes' own.
fn is_native(name: &str) -> bool {
    !name.contains('/') || name.contains("kubernetes.io/")
}

fn is_huge_pages(name: &str) -> bool {
    name.starts_with("hugepages-")
}

fn name(name: &str, at: &At<'_>, errors: &mut Errors) {
    let wrong = names::qualified(name);
    let one_word = !name.contains('/');
    let unknown = one_word && !STANDARD.contains(&name) && !is_huge_pages(name);
    if wrong.is_empty() && unknown {
        errors.push(at.invalid_value(name, "must be a standard resource type or fully qualified"));
    }
    errors.extend(wrong.into_iter().map(|why| at.invalid_value(name, &why)));
    if one_word && !OF_CONTAINERS.contains(&name) && !is_huge_pages(name) {
        errors.push(at.invalid_value(name, "must be a standard resource for containers"));
    } else if !is_native(name) && name.starts_with("requests.") {
        errors.push(at.invalid_value(name, "doesn't follow extended resource name standard"));
    }
}

/// A request is at most the limit; of what cannot be promised twice, it is the limit.
fn against_limit(name: &str, request: &At<'_>, limits: &At<'_>, requests: &At<'_>, errors: &mut Errors) {
    let limit = limits.child(name);
    let shared = is_native(name) && !is_huge_pages(name);
    let (Some(wanted), Some(most)) = (read(request), read(&limit)) else {
        if !shared {
            errors.push(limits.required("Limit must be set for non overcommitable resources"));
        }
        return;
    };
    let rule = match shared {
        true if wanted > most => "must be less than or equal to",
        false if wanted != most => "must be equal to",
        _ => return,
    };
    errors.push(requests.invalid_value(request.text(), &format!("{rule} {name} limit of {}", limit.text())));
}
