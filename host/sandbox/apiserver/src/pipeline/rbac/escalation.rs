//! Nobody grants what they do not have: whoever writes roles and bindings must hold every right that is in them, or be
//! allowed to `escalate` the role or to `bind` it.
//!
//! Source: <https://kubernetes.io/docs/reference/access-authn-authz/rbac/#privilege-escalation-prevention-and-bootstrapping>.

use std::collections::{BTreeMap, BTreeSet};

use backplane_apimachinery::Status;
use serde_json::Value;

use super::{Attributes, GROUP, Rule, Rules, path_matches};
use crate::pipeline::Resource;
use crate::user::User;

/// Checks a role or binding that a user wants to write.
///
/// # Errors
/// 403 naming what the user does not hold; 404 for a binding to a role that is not there.
pub(crate) fn check(resource: &Resource<'_>, user: &User, new: &Value, old: Option<&Value>) -> Result<(), Status> {
    if resource.kind.group != GROUP || user.is_master() || old.is_some_and(|old| same_but_for_owners(new, old)) {
        return Ok(());
    }
    let rules = resource.server.rbac.rules(&resource.server.storage);
    let check = Check { resource, user, rules: &rules, name: new["metadata"]["name"].as_str().unwrap_or_default() };
    match resource.kind.kind.as_str() {
        // A new role has no name that could be permitted.
        "Role" | "ClusterRole" => check.role(new, old.map(|_| check.name)),
        _ => check.binding(new),
    }
}

/// The garbage collector changes owners and finalizers of things that it could not grant.
fn same_but_for_owners(new: &Value, old: &Value) -> bool {
    let stripped = |object: &Value| {
        let mut object = object.clone();
        if let Some(metadata) = object["metadata"].as_object_mut() {
            metadata.retain(|field, _| !["ownerReferences", "finalizers", "managedFields"].contains(&field.as_str()));
        }
        object
    };
    stripped(new) == stripped(old)
}

struct Check<'a> {
    resource: &'a Resource<'a>,
    user: &'a User,
    rules: &'a Rules,
    /// Of the object that is written.
    name: &'a str,
}

impl Check<'_> {
    fn role(&self, role: &Value, permitted: Option<&str>) -> Result<(), Status> {
        if self.may("escalate", &self.resource.kind.plural, permitted) {
            return Ok(());
        }
        if role["aggregationRule"].is_object() && !self.missing(&everything()).is_empty() {
            return Err(self.refuse("must have cluster-admin privileges to use the aggregationRule"));
        }
        self.holds(&super::load::own_rules(role))
    }

    fn binding(&self, binding: &Value) -> Result<(), Status> {
        let text = |field: &str| binding["roleRef"][field].as_str().unwrap_or_default();
        let (kind, name) = (text("kind"), text("name"));
        let plural = if kind == "Role" { "roles" } else { "clusterroles" };
        if self.may("bind", plural, Some(name)) {
            return Ok(());
        }
        let wanted = self.rules.rules_of_role(kind, name, self.resource.namespace.as_deref());
        match wanted {
            Some(wanted) => self.holds(wanted),
            None => Err(self.resource.not_found(name)),
        }
    }

    fn may(&self, verb: &str, resource: &str, name: Option<&str>) -> bool {
        let asked = Attributes {
            verb,
            group: GROUP,
            resource,
            namespace: self.resource.namespace.as_deref(),
            name,
            ..Attributes::of(self.user)
        };
        self.rules.allow(&asked).is_some()
    }

    fn holds(&self, wanted: &[Rule]) -> Result<(), Status> {
        let missing = self.missing(wanted);
        if missing.is_empty() {
            return Ok(());
        }
        let groups = quoted(&self.user.groups);
        let lines: Vec<String> = missing.into_iter().collect();
        Err(self.refuse(&format!(
            "user {:?} (groups=[{groups}]) is attempting to grant RBAC permissions not currently held:\n{}",
            self.user.name,
            lines.join("\n")
        )))
    }

    fn refuse(&self, why: &str) -> Status {
        Status::forbidden_because(GROUP, &self.resource.kind.plural, self.name, why)
    }

    /// The wanted rights that the user does not hold, in words; verbs on the same resource together.
    fn missing(&self, wanted: &[Rule]) -> BTreeSet<String> {
        let held = self.rules.rules_of(self.user, self.resource.namespace.as_deref());
        let single = wanted.iter().flat_map(Right::all_of);
        let missing = single.filter(|right| !held.iter().any(|rule| right.is_within(rule)));
        let mut verbs: BTreeMap<Target, Vec<String>> = BTreeMap::new();
        for right in missing {
            // Rights on paths stay single.
            let target = Target { apart: right.target.path.as_ref().map(|_| right.verb.clone()), ..right.target };
            verbs.entry(target).or_default().push(right.verb);
        }
        verbs.iter().map(|(target, verbs)| target.show(verbs)).collect()
    }
}

fn everything() -> [Rule; 2] {
    let all = || vec!["*".to_owned()];
    [
        Rule { verbs: all(), api_groups: all(), resources: all(), ..Rule::default() },
        Rule { verbs: all(), non_resource_urls: all(), ..Rule::default() },
    ]
}

/// One verb on one thing.
struct Right {
    verb: String,
    target: Target,
}

/// One resource, or one path.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Target {
    group: String,
    resource: String,
    name: Option<String>,
    path: Option<String>,
    /// Keeps rights on the same thing from being shown together.
    apart: Option<String>,
}

impl Right {
    /// A rule in its smallest parts.
    fn all_of(rule: &Rule) -> Vec<Self> {
        let names: Vec<Option<String>> = match rule.resource_names.as_slice() {
            [] => vec![None],
            names => names.iter().cloned().map(Some).collect(),
        };
        let mut targets = Vec::new();
        for group in &rule.api_groups {
            for resource in &rule.resources {
                let of = |name: &Option<String>| Target {
                    group: group.clone(),
                    resource: resource.clone(),
                    name: name.clone(),
                    ..Target::default()
                };
                targets.push(names.iter().map(of).collect::<Vec<_>>());
            }
        }
        let path = |path: &String| vec![Target { path: Some(path.clone()), ..Target::default() }];
        targets.extend(rule.non_resource_urls.iter().map(path));
        let each = |target: Target| rule.verbs.iter().map(move |verb| (verb.clone(), target.clone()));
        targets.into_iter().flatten().flat_map(each).map(|(verb, target)| Self { verb, target }).collect()
    }

    fn is_within(&self, rule: &Rule) -> bool {
        super::any(&rule.verbs, &self.verb)
            && match &self.target.path {
                Some(path) => rule.non_resource_urls.iter().any(|held| held == path || path_matches(held, path)),
                None => super::any(&rule.api_groups, &self.target.group) && self.target.is_within(rule),
            }
    }
}

impl Target {
    fn is_within(&self, rule: &Rule) -> bool {
        let any_resource = self.resource.split_once('/').map(|(_, sub)| format!("*/{sub}"));
        let covers = |held: &String| *held == "*" || *held == self.resource || any_resource.as_ref() == Some(held);
        let named =
            rule.resource_names.is_empty() || self.name.as_ref().is_some_and(|n| rule.resource_names.contains(n));
        named && rule.resources.iter().any(covers)
    }

    fn show(&self, verbs: &[String]) -> String {
        let verbs = quoted(verbs);
        match (&self.path, &self.name) {
            (Some(path), _) => format!("{{NonResourceURLs:[{path:?}], Verbs:[{verbs}]}}"),
            (None, Some(name)) => format!(
                "{{APIGroups:[{:?}], Resources:[{:?}], ResourceNames:[{name:?}], Verbs:[{verbs}]}}",
                self.group, self.resource
            ),
            (None, None) => {
                format!("{{APIGroups:[{:?}], Resources:[{:?}], Verbs:[{verbs}]}}", self.group, self.resource)
            }
        }
    }
}

fn quoted(texts: &[String]) -> String {
    texts.iter().map(|text| format!("{text:?}")).collect::<Vec<_>>().join(" ")
}
