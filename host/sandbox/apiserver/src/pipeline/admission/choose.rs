//! Which webhooks want to see a write, and in which version of the kind.

use std::sync::Arc;

use backplane_apimachinery::ResourceKind;
use backplane_core::ObjectKey;
use serde_json::Value;

use super::hook::{Asked, Hook};
use super::registered::{GROUP, Phase, hooks};
use super::{Admission, Operation};
use crate::registry::storage_of;
use crate::storage::GroupResource;

/// A webhook, and the kind in the version that it wants to see.
pub(super) struct Chosen {
    pub(super) hook: Arc<Hook>,
    pub(super) kind: Arc<ResourceKind>,
}

/// The webhooks of a phase that want to see an object, in order.
pub(super) fn of(admission: &Admission<'_>, phase: Phase, object: Option<&Value>) -> Vec<Chosen> {
    let mut chosen = covering(admission, phase);
    chosen.retain(|chosen| takes(admission, chosen, object));
    chosen
}

/// The webhooks of a phase with a rule for the write, whatever their selectors say. Webhook configurations are shown to none.
pub(super) fn covering(admission: &Admission<'_>, phase: Phase) -> Vec<Chosen> {
    if admission.resource.kind.group == GROUP {
        return Vec::new();
    }
    let hooks = hooks(admission.server(), phase);
    hooks.iter().filter_map(|hook| Some(Chosen { hook: Arc::clone(hook), kind: kind(admission, hook)? })).collect()
}

/// Whether the selectors of a webhook take an object.
pub(super) fn takes(admission: &Admission<'_>, chosen: &Chosen, object: Option<&Value>) -> bool {
    takes_namespace(admission, &chosen.hook, object) && takes_object(admission, &chosen.hook, object)
}

/// The version of the kind in which a webhook wants to see the object.
fn kind(admission: &Admission<'_>, hook: &Hook) -> Option<Arc<ResourceKind>> {
    let kind = &admission.resource.kind;
    if covers(admission, hook, kind) {
        return Some(Arc::clone(kind));
    }
    let kinds = admission.server().registry.kinds();
    let others = || kinds.all().filter(|other| other.is_stored() && storage_of(other) == admission.resource.storage);
    hook.equivalent.then(|| others().find(|other| covers(admission, hook, other)).cloned()).flatten()
}

fn covers(admission: &Admission<'_>, hook: &Hook, kind: &ResourceKind) -> bool {
    let asked = Asked {
        operation: admission.operation.as_str(),
        group: &kind.group,
        version: &kind.version,
        resource: &kind.plural,
        subresource: admission.subresource.unwrap_or_default(),
        namespaced: kind.is_namespaced(),
    };
    hook.rules.iter().any(|rule| rule.covers(&asked))
}

fn takes_namespace(admission: &Admission<'_>, hook: &Hook, object: Option<&Value>) -> bool {
    let kind = &admission.resource.kind;
    if hook.namespaces.is_empty() {
        return true;
    }
    if kind.group.is_empty() && kind.kind == "Namespace" {
        let namespace = object.filter(|_| admission.operation != Operation::Delete).or(admission.old);
        return namespace.is_none_or(|namespace| hook.namespaces.matches(|key| label(namespace, key)));
    }
    let Some(namespace) = &admission.resource.namespace else { return true };
    let key = ObjectKey { namespace: None, name: namespace.clone() };
    let stored = admission.server().storage.get(&GroupResource::new("", "namespaces"), &key);
    stored.is_some_and(|stored| hook.namespaces.matches(|key| stored.label(key)))
}

fn takes_object(admission: &Admission<'_>, hook: &Hook, object: Option<&Value>) -> bool {
    let takes = |object: &Value| hook.objects.matches(|key| label(object, key));
    hook.objects.is_empty() || object.is_some_and(takes) || admission.old.is_some_and(takes)
}

fn label<'a>(object: &'a Value, key: &str) -> Option<&'a str> {
    object["metadata"]["labels"].get(key)?.as_str()
}
