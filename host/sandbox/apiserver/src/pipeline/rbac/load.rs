//! Reads roles and bindings from the store.

use std::collections::HashMap;
use std::sync::Arc;

use backplane_core::selector::Requirement;
use backplane_core::{ObjectKey, Selector};
use serde_json::Value;

use super::{Binding, GROUP, Rule, Rules, Subject};
use crate::storage::{GroupResource, Storage};

type Roles = HashMap<ObjectKey, Arc<Vec<Rule>>>;

pub(super) fn rules(storage: &Storage) -> Rules {
    let roles = plain(&objects(storage, "roles"));
    let cluster = objects(storage, "clusterroles");
    let cluster_roles = aggregated(&cluster);
    let mut bindings = Vec::new();
    for object in objects(storage, "clusterrolebindings") {
        bindings.extend(binding(&object, None, &roles, &cluster_roles));
    }
    for object in objects(storage, "rolebindings") {
        let namespace = object["metadata"]["namespace"].as_str().map(str::to_owned);
        bindings.extend(binding(&object, namespace, &roles, &cluster_roles));
    }
    Rules { bindings, roles: roles.into_iter().chain(cluster_roles).collect() }
}

fn objects(storage: &Storage, resource: &str) -> Vec<Value> {
    let listing = storage.list(&GroupResource::new(GROUP, resource), None, None);
    listing.map(|l| l.objects.iter().map(|stored| stored.value()).collect()).unwrap_or_default()
}

fn key(object: &Value) -> ObjectKey {
    let text = |field: &str| object["metadata"][field].as_str().map(str::to_owned);
    ObjectKey { namespace: text("namespace"), name: text("name").unwrap_or_default() }
}

pub(super) fn own_rules(object: &Value) -> Vec<Rule> {
    let rules = object["rules"].as_array().into_iter().flatten();
    rules.filter_map(|rule| serde_json::from_value(rule.clone()).ok()).collect()
}

fn plain(objects: &[Value]) -> Roles {
    objects.iter().map(|object| (key(object), Arc::new(own_rules(object)))).collect()
}

/// Cluster roles, those with an aggregation rule holding the rules of all roles that it selects, at any depth.
fn aggregated(objects: &[Value]) -> Roles {
    let collect = |object: &Value| {
        let (mut pending, mut seen, mut rules) = (vec![object], vec![key(object)], Vec::new());
        while let Some(role) = pending.pop() {
            let selectors = selectors(role);
            if selectors.is_empty() {
                rules.extend(own_rules(role));
            }
            for other in objects.iter().filter(|other| selectors.iter().any(|s| selects(s, other))) {
                if !seen.contains(&key(other)) {
                    seen.push(key(other));
                    pending.push(other);
                }
            }
        }
        rules
    };
    objects.iter().map(|object| (key(object), Arc::new(collect(object)))).collect()
}

fn selectors(role: &Value) -> Vec<Selector> {
    let selectors = role["aggregationRule"]["clusterRoleSelectors"].as_array().into_iter().flatten();
    selectors.map(|selector| label_selector(&selector["matchLabels"])).filter(|s| !s.is_empty()).collect()
}

fn label_selector(labels: &Value) -> Selector {
    let labels = labels.as_object().into_iter().flatten();
    let equals = labels.map(|(key, value)| Requirement::In {
        key: key.clone(),
        values: vec![value.as_str().unwrap_or_default().to_owned()],
    });
    Selector::new(equals.collect())
}

fn selects(selector: &Selector, role: &Value) -> bool {
    selector.matches(|key| role["metadata"]["labels"].get(key).and_then(Value::as_str))
}

fn binding(object: &Value, namespace: Option<String>, roles: &Roles, cluster_roles: &Roles) -> Option<Binding> {
    let role = &object["roleRef"];
    let name = role["name"].as_str()?.to_owned();
    let rules = match role["kind"].as_str()? {
        "ClusterRole" => cluster_roles.get(&ObjectKey { namespace: None, name: name.clone() })?,
        "Role" => roles.get(&ObjectKey { namespace: namespace.clone(), name: name.clone() })?,
        _ => return None,
    };
    let kind = if namespace.is_some() { "RoleBinding" } else { "ClusterRoleBinding" };
    let subjects: Vec<Subject> = object["subjects"].as_array().into_iter().flatten().filter_map(subject).collect();
    let (place, role_kind) = (key(object), role["kind"].as_str()?);
    let title = place.namespace.map_or_else(|| place.name.clone(), |namespace| format!("{}/{namespace}", place.name));
    Some(Binding {
        title: format!("RBAC: allowed by {kind} {title:?} of {role_kind} {name:?}"),
        namespace,
        subjects,
        rules: Arc::clone(rules),
    })
}

fn subject(subject: &Value) -> Option<Subject> {
    let name = subject["name"].as_str()?.to_owned();
    match subject["kind"].as_str()? {
        "User" => Some(Subject::User(name)),
        "Group" => Some(Subject::Group(name)),
        "ServiceAccount" => {
            Some(Subject::ServiceAccount { namespace: subject["namespace"].as_str()?.to_owned(), name })
        }
        _ => None,
    }
}
