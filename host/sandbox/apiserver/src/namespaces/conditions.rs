//! What a namespace that is being emptied says about what is left in it.
//!
//! Source: `k8s.io/kubernetes/pkg/controller/namespace/deletion`.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::storage::{GroupResource, Stored};

/// What holds a namespace up.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Remains {
    resources: BTreeMap<String, usize>,
    finalizers: BTreeMap<String, usize>,
}

impl Remains {
    /// Counts one object.
    pub(super) fn count(&mut self, place: &GroupResource, stored: &Stored) {
        *self.resources.entry(format!("{}.{}", place.resource, place.group)).or_default() += 1;
        for finalizer in &stored.finalizers {
            *self.finalizers.entry(finalizer.to_string()).or_default() += 1;
        }
    }

    /// Whether nothing is left.
    pub(super) fn is_empty(&self) -> bool {
        self.resources.is_empty()
    }

    /// Writes the conditions into the status of the namespace.
    pub(super) fn tell(&self, namespace: &mut Value, now: &str) {
        let old = namespace["status"]["conditions"].take();
        let conditions = self.conditions().into_iter().map(|(type_, status, reason, message)| {
            let known = old.as_array().into_iter().flatten().find(|condition| condition["type"] == type_);
            let since = known.filter(|condition| condition["status"] == status);
            let since = since.map_or_else(|| now.into(), |condition| condition["lastTransitionTime"].clone());
            json!({"type": type_, "status": status, "reason": reason, "message": message, "lastTransitionTime": since})
        });
        namespace["status"]["conditions"] = conditions.collect();
    }

    /// Type, status, reason and message of each.
    fn conditions(&self) -> [(&'static str, &'static str, &'static str, String); 5] {
        let resources = listed(&self.resources, " has ");
        let content = ("NamespaceContentRemaining", "True", "SomeResourcesRemain");
        let finalizers = match listed(&self.finalizers, " in ") {
            none if none.is_empty() => fine(
                "NamespaceFinalizersRemaining",
                "ContentHasNoFinalizers",
                "All content-preserving finalizers finished",
            ),
            some => (
                "NamespaceFinalizersRemaining",
                "True",
                "SomeFinalizersRemain",
                format!("Some content in the namespace has finalizers remaining: {some}"),
            ),
        };
        [
            fine("NamespaceDeletionDiscoveryFailure", "ResourcesDiscovered", "All resources successfully discovered"),
            fine(
                "NamespaceDeletionGroupVersionParsingFailure",
                "ParsedGroupVersions",
                "All legacy kube types successfully parsed",
            ),
            fine(
                "NamespaceDeletionContentFailure",
                "ContentDeleted",
                "All content successfully deleted, may be waiting on finalization",
            ),
            (content.0, content.1, content.2, format!("Some resources are remaining: {resources}")),
            finalizers,
        ]
    }
}

fn fine(
    type_: &'static str,
    reason: &'static str,
    message: &str,
) -> (&'static str, &'static str, &'static str, String) {
    (type_, "False", reason, message.to_owned())
}

fn listed(counts: &BTreeMap<String, usize>, between: &str) -> String {
    counts.iter().map(|(what, n)| format!("{what}{between}{n} resource instances")).collect::<Vec<_>>().join(", ")
}
