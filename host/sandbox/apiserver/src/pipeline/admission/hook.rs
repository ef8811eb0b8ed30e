//! One webhook of a configuration.

use std::time::Duration;

use backplane_apimachinery::condition::Condition;
use backplane_apimachinery::select::label_selector;
use backplane_core::selector::Selector;
use serde_json::Value;

/// A webhook, read.
#[derive(Debug)]
pub(crate) struct Hook {
    /// Configuration and place in it.
    pub(super) id: String,
    pub(super) name: String,
    pub(super) client: Value,
    pub(super) rules: Vec<Rule>,
    /// Whether a webhook that cannot be asked refuses.
    pub(super) fails: bool,
    /// Whether a rule for another version of the kind counts.
    pub(super) equivalent: bool,
    pub(super) namespaces: Selector,
    pub(super) objects: Selector,
    /// Whether it may be asked about what is only tried.
    pub(super) dry_runs: bool,
    pub(super) timeout: Duration,
    pub(super) reinvoked: bool,
    /// Each with its name; an expression that cannot be read says why.
    pub(super) conditions: Vec<(String, Result<Condition, String>)>,
}

/// One rule: what a webhook wants to see.
#[derive(Debug)]
pub(super) struct Rule {
    operations: Vec<String>,
    groups: Vec<String>,
    versions: Vec<String>,
    resources: Vec<String>,
    scope: String,
}

impl Hook {
    /// The webhooks of a configuration.
    pub(super) fn all(configuration: &Value) -> Vec<Self> {
        let name = configuration["metadata"]["name"].as_str().unwrap_or_default();
        let list = configuration["webhooks"].as_array().into_iter().flatten();
        list.enumerate().map(|(i, webhook)| Self::read(format!("{name}/{i}"), webhook)).collect()
    }

    fn read(id: String, webhook: &Value) -> Self {
        let conditions = webhook["matchConditions"].as_array().into_iter().flatten();
        Self {
            id,
            name: text(&webhook["name"]),
            client: webhook["clientConfig"].clone(),
            rules: webhook["rules"].as_array().into_iter().flatten().map(Rule::read).collect(),
            fails: webhook["failurePolicy"] != "Ignore",
            equivalent: webhook["matchPolicy"] != "Exact",
            namespaces: label_selector(&webhook["namespaceSelector"]),
            objects: label_selector(&webhook["objectSelector"]),
            dry_runs: webhook["sideEffects"] == "None" || webhook["sideEffects"] == "NoneOnDryRun",
            timeout: Duration::from_secs(webhook["timeoutSeconds"].as_u64().unwrap_or(10).clamp(1, 30)),
            reinvoked: webhook["reinvocationPolicy"] == "IfNeeded",
            conditions: conditions.map(|c| (text(&c["name"]), Condition::compile(&text(&c["expression"])))).collect(),
        }
    }
}

impl Rule {
    fn read(rule: &Value) -> Self {
        let texts = |field: &str| rule[field].as_array().into_iter().flatten().map(text).collect();
        Self {
            operations: texts("operations"),
            groups: texts("apiGroups"),
            versions: texts("apiVersions"),
            resources: texts("resources"),
            scope: rule["scope"].as_str().unwrap_or("*").to_owned(),
        }
    }

    /// Whether it is about this operation on this resource.
    pub(super) fn covers(&self, asked: &Asked<'_>) -> bool {
        let has = |list: &[String], wanted: &str| list.iter().any(|entry| entry == "*" || entry == wanted);
        let in_scope = match self.scope.as_str() {
            "Cluster" => !asked.namespaced,
            "Namespaced" => asked.namespaced,
            _ => true,
        };
        in_scope
            && has(&self.operations, asked.operation)
            && has(&self.groups, asked.group)
            && has(&self.versions, asked.version)
            && self.resources.iter().any(|resource| is_about(resource, asked))
    }
}

/// What a rule is held against.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked<'a> {
    pub(super) operation: &'a str,
    pub(super) group: &'a str,
    pub(super) version: &'a str,
    pub(super) resource: &'a str,
    pub(super) subresource: &'a str,
    pub(super) namespaced: bool,
}

fn is_about(rule: &str, asked: &Asked<'_>) -> bool {
    let (resource, subresource) = rule.split_once('/').unwrap_or((rule, ""));
    (resource == "*" || resource == asked.resource) && (subresource == "*" || subresource == asked.subresource)
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_rule_covers_what_its_five_parts_name() {
        let rule = |resources: &[&str], scope: &str| {
            Rule::read(&json!({"operations": ["CREATE"], "apiGroups": ["apps"], "apiVersions": ["*"],
                "resources": resources, "scope": scope}))
        };
        let asked = |resource, subresource, namespaced| Asked {
            operation: "CREATE",
            group: "apps",
            version: "v1",
            resource,
            subresource,
            namespaced,
        };
        let cases = [
            (rule(&["deployments"], "*"), asked("deployments", "", true), true),
            (rule(&["deployments"], "*"), asked("deployments", "status", true), false),
            (rule(&["*"], "*"), asked("deployments", "status", true), false),
            (rule(&["*/*"], "*"), asked("deployments", "status", true), true),
            (rule(&["*/*"], "*"), asked("deployments", "", true), true),
            (rule(&["*/scale"], "*"), asked("deployments", "scale", true), true),
            (rule(&["deployments/*"], "*"), asked("deployments", "status", true), true),
            (rule(&["deployments"], "Cluster"), asked("deployments", "", true), false),
            (rule(&["deployments"], "Namespaced"), asked("deployments", "", true), true),
        ];
        for (rule, asked, expected) in cases {
            assert_eq!(rule.covers(&asked), expected, "{rule:?} {asked:?}");
        }
        let delete = Asked { operation: "DELETE", ..asked("deployments", "", true) };
        assert!(!rule(&["*"], "*").covers(&delete));
    }
}
