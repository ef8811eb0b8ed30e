//! Role-based access: who may do what, as the stored roles and bindings say.
//!
//! The rules are read from the store when they are first needed after a change, and kept until the next.
//!
//! Source: <https://kubernetes.io/docs/reference/access-authn-authz/rbac/>.

pub(super) mod escalation;
mod load;
pub(crate) mod policy;

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use backplane_core::ObjectKey;

use crate::storage::{GroupResource, Storage};
use crate::user::{User, service_account};

pub(crate) const GROUP: &str = "rbac.authorization.k8s.io";
const RESOURCES: [&str; 4] = ["roles", "rolebindings", "clusterroles", "clusterrolebindings"];

/// One question: may this user do that?
#[derive(Debug, Clone, Copy)]
pub(crate) struct Attributes<'a> {
    pub(crate) user: &'a User,
    pub(crate) verb: &'a str,
    pub(crate) group: &'a str,
    pub(crate) resource: &'a str,
    pub(crate) subresource: Option<&'a str>,
    pub(crate) namespace: Option<&'a str>,
    pub(crate) name: Option<&'a str>,
    /// Set for paths that are no resource; the fields above mean nothing then.
    pub(crate) path: Option<&'a str>,
}

impl<'a> Attributes<'a> {
    /// A question about nothing yet.
    pub(crate) fn of(user: &'a User) -> Self {
        let (verb, group, resource) = ("", "", "");
        Self { user, verb, group, resource, subresource: None, namespace: None, name: None, path: None }
    }
}

/// The authorizer of one server.
#[derive(Default)]
pub(crate) struct Rbac {
    rules: Mutex<Option<(u64, Arc<Rules>)>>,
}

impl Rbac {
    /// The rules as the store has them now.
    pub(crate) fn rules(&self, storage: &Storage) -> Arc<Rules> {
        let revision = RESOURCES.map(|r| storage.resource_revision(&GroupResource::new(GROUP, r))).into_iter().max();
        let revision = revision.unwrap_or_default();
        let mut cached = self.rules.lock().unwrap_or_else(PoisonError::into_inner);
        match &*cached {
            Some((known, rules)) if *known == revision => Arc::clone(rules),
            _ => {
                let rules = Arc::new(load::rules(storage));
                *cached = Some((revision, Arc::clone(&rules)));
                rules
            }
        }
    }
}

/// Every binding with the rules of its role, and every role.
#[derive(Debug, Default)]
pub(crate) struct Rules {
    bindings: Vec<Binding>,
    /// Roles of the cluster have no namespace.
    roles: HashMap<ObjectKey, Arc<Vec<Rule>>>,
}

#[derive(Debug)]
struct Binding {
    /// For the explanation of a yes.
    title: String,
    /// `None`: everywhere.
    namespace: Option<String>,
    subjects: Vec<Subject>,
    rules: Arc<Vec<Rule>>,
}

#[derive(Debug)]
enum Subject {
    User(String),
    Group(String),
    ServiceAccount { namespace: String, name: String },
}

/// One rule of a role.
#[derive(Debug, Default, Clone, serde::Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Rule {
    pub(crate) verbs: Vec<String>,
    pub(crate) api_groups: Vec<String>,
    pub(crate) resources: Vec<String>,
    pub(crate) resource_names: Vec<String>,
    #[serde(rename = "nonResourceURLs")]
    pub(crate) non_resource_urls: Vec<String>,
}

impl Rules {
    /// The binding that permits it, in words; `None` if none does.
    pub(crate) fn allow(&self, asked: &Attributes<'_>) -> Option<String> {
        let permits = |binding: &&Binding| binding.rules.iter().any(|rule| rule.permits(asked));
        let relevant = |binding: &&Binding| binding.concerns(asked.user, asked.namespace, asked.path.is_some());
        self.bindings.iter().filter(relevant).find(permits).map(|binding| binding.explain(asked.user))
    }

    /// Every rule that applies to a user in a namespace; `None`: those that apply everywhere.
    pub(crate) fn rules_of(&self, user: &User, namespace: Option<&str>) -> Vec<Rule> {
        let relevant = self.bindings.iter().filter(|binding| binding.concerns(user, namespace, false));
        relevant.flat_map(|binding| binding.rules.iter().cloned()).collect()
    }

    /// The rules of a role that a binding in a namespace (`None`: one of the cluster) refers to.
    pub(crate) fn rules_of_role(&self, kind: &str, name: &str, namespace: Option<&str>) -> Option<&[Rule]> {
        let namespace = namespace.filter(|_| kind == "Role").map(str::to_owned);
        self.roles.get(&ObjectKey { namespace, name: name.to_owned() }).map(|rules| rules.as_slice())
    }
}

impl Binding {
    /// Why it permits something to a user, in words.
    fn explain(&self, user: &User) -> String {
        let subject = self.subjects.iter().find(|subject| subject.is(user)).map(ToString::to_string);
        format!("{} to {}", self.title, subject.unwrap_or_default())
    }

    fn concerns(&self, user: &User, namespace: Option<&str>, path: bool) -> bool {
        let here = self.namespace.is_none() || (!path && self.namespace.as_deref() == namespace);
        here && self.subjects.iter().any(|subject| subject.is(user))
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(name) => write!(f, "User {name:?}"),
            Self::Group(name) => write!(f, "Group {name:?}"),
            Self::ServiceAccount { namespace, name } => write!(f, "ServiceAccount \"{name}/{namespace}\""),
        }
    }
}

impl Subject {
    fn is(&self, user: &User) -> bool {
        match self {
            Self::User(name) => name == "*" || *name == user.name,
            Self::Group(group) => user.in_group(group),
            Self::ServiceAccount { namespace, name } => {
                service_account(&user.name).is_some_and(|(ns, account)| ns == namespace && account == name)
            }
        }
    }
}

impl Rule {
    fn permits(&self, asked: &Attributes<'_>) -> bool {
        any(&self.verbs, asked.verb)
            && match asked.path {
                Some(path) => self.non_resource_urls.iter().any(|pattern| path_matches(pattern, path)),
                None => any(&self.api_groups, asked.group) && self.covers(asked) && self.names(asked.name),
            }
    }

    fn covers(&self, asked: &Attributes<'_>) -> bool {
        self.resources.iter().any(|pattern| match (pattern.split_once('/'), asked.subresource) {
            _ if pattern == "*" => true,
            (None, None) => pattern == asked.resource,
            (Some((resource, sub)), Some(asked_sub)) => {
                sub == asked_sub && (resource == "*" || resource == asked.resource)
            }
            _ => false,
        })
    }

    fn names(&self, name: Option<&str>) -> bool {
        self.resource_names.is_empty() || name.is_some_and(|name| self.resource_names.iter().any(|n| n == name))
    }
}

fn any(patterns: &[String], text: &str) -> bool {
    patterns.iter().any(|pattern| pattern == "*" || pattern == text)
}

fn path_matches(pattern: &str, path: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(prefix) => path.starts_with(prefix),
        None => pattern == path,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(groups: &[&str], resources: &[&str], verbs: &[&str], names: &[&str]) -> Rule {
        let own = |texts: &[&str]| texts.iter().map(|t| (*t).to_owned()).collect();
        Rule {
            api_groups: own(groups),
            resources: own(resources),
            verbs: own(verbs),
            resource_names: own(names),
            ..Rule::default()
        }
    }

    #[test]
    fn a_rule_permits_what_it_names_and_nothing_else() {
        let user = User::default();
        let base = Attributes { verb: "get", resource: "pods", ..Attributes::of(&user) };
        let cases = [
            ("named", rule(&[""], &["pods"], &["get"], &[]), base, true),
            ("stars", rule(&["*"], &["*"], &["*"], &[]), base, true),
            ("group", rule(&["apps"], &["pods"], &["get"], &[]), base, false),
            ("verb", rule(&[""], &["pods"], &["list"], &[]), base, false),
            ("name", rule(&[""], &["pods"], &["get"], &["a"]), base, false),
            ("this name", rule(&[""], &["pods"], &["get"], &["a"]), Attributes { name: Some("a"), ..base }, true),
            ("no sub", rule(&[""], &["pods"], &["get"], &[]), Attributes { subresource: Some("log"), ..base }, false),
            ("sub", rule(&[""], &["pods/log"], &["get"], &[]), Attributes { subresource: Some("log"), ..base }, true),
            ("any/sub", rule(&[""], &["*/log"], &["get"], &[]), Attributes { subresource: Some("log"), ..base }, true),
            ("only sub", rule(&[""], &["pods/log"], &["get"], &[]), base, false),
        ];
        for (name, rule, asked, expected) in cases {
            assert_eq!(rule.permits(&asked), expected, "{name}");
        }
    }

    #[test]
    fn a_path_is_permitted_by_itself_or_by_a_prefix() {
        for (pattern, path, expected) in
            [("/healthz", "/healthz", true), ("/apis/*", "/apis/apps", true), ("/api", "/apis", false)]
        {
            assert_eq!(path_matches(pattern, path), expected, "{pattern} {path}");
        }
    }
}
