//! Which objects a list or watch wants: labels and fields.

use backplane_apimachinery::kind::Origin;
use backplane_apimachinery::select::{FieldSelector, wrong_labels};
use backplane_apimachinery::{ResourceKind, Status};
use backplane_core::Selector;

use super::Resource;
use super::request::Query;
use crate::storage::Stored;

/// Selectors on labels and fields; both must match.
#[derive(Debug, Clone, Default)]
pub(crate) struct Selection {
    labels: Selector,
    fields: FieldSelector,
}

impl Selection {
    /// Reads `labelSelector` and `fieldSelector`.
    ///
    /// # Errors
    /// 400 for selectors that cannot be read, or fields that cannot be selected by.
    pub(crate) fn parse(query: &Query, resource: &Resource<'_>) -> Result<Self, Status> {
        let labels = query.get("labelSelector").unwrap_or_default().parse::<Selector>();
        let labels = labels.map_err(|error| Status::bad_request(error.reason()))?;
        if let Some(error) = wrong_labels(&labels) {
            return Err(Status::bad_request(format!("unable to parse requirement: {error}")));
        }
        let fields: FieldSelector = query.get("fieldSelector").unwrap_or_default().parse().map_err(
            |error: backplane_apimachinery::select::FieldSelectorError| Status::bad_request(error.to_string()),
        )?;
        let known = |field: &str| is_metadata(field) || resource.kind.selectable.iter().any(|known| known == field);
        let unknown = fields.requirements().iter().find(|r| !known(&r.field));
        match unknown {
            Some(r) if resource.kind.origin == Origin::Custom => {
                Err(Status::bad_request(format!("field label not supported: {}", r.field)))
            }
            Some(r) if !selectable(&resource.kind).contains(&r.field.as_str()) => {
                let why = match selectable(&resource.kind) {
                    [] => {
                        let known = "only \"metadata.name\", \"metadata.namespace\"";
                        format!("{:?} is not a known field selector: {known}", r.field)
                    }
                    _ => format!("field label not supported: {}", r.field),
                };
                Err(Status::bad_request(why))
            }
            _ => Ok(Self { labels, fields }),
        }
    }

    /// Of these only the object with a name.
    pub(crate) fn named(self, name: &str) -> Self {
        Self { fields: self.fields.with("metadata.name", name), ..self }
    }

    /// Whether it selects everything.
    pub(crate) fn is_everything(&self) -> bool {
        self.labels.is_empty() && self.fields.is_empty()
    }

    /// Whether it selects an object.
    pub(crate) fn matches(&self, stored: &Stored) -> bool {
        self.labels.matches(|key| stored.label(key)) && self.fields_match(stored)
    }

    fn fields_match(&self, stored: &Stored) -> bool {
        let requirements = self.fields.requirements();
        if requirements.iter().any(|r| !is_metadata(&r.field)) {
            return self.fields.matches(&stored.value());
        }
        requirements.iter().all(|r| {
            let text = match r.field.as_str() {
                "metadata.name" => stored.key.name.as_str(),
                _ => stored.key.namespace.as_deref().unwrap_or_default(),
            };
            (text == r.value) == r.equals
        })
    }
}

/// What objects of a kind can be selected by besides name and namespace.
fn selectable(kind: &ResourceKind) -> &'static [&'static str] {
    match (kind.group.as_str(), kind.kind.as_str()) {
        ("", "Pod") => &[
            "spec.nodeName",
            "spec.restartPolicy",
            "spec.schedulerName",
            "spec.serviceAccountName",
            "spec.hostNetwork",
            "status.phase",
            "status.podIP",
            "status.podIPs",
            "status.nominatedNodeName",
        ],
        ("" | "events.k8s.io", "Event") => &[
            "involvedObject.kind",
            "involvedObject.namespace",
            "involvedObject.name",
            "involvedObject.uid",
            "involvedObject.apiVersion",
            "involvedObject.resourceVersion",
            "involvedObject.fieldPath",
            "reason",
            "reportingComponent",
            "source",
            "type",
        ],
        ("", "Node") => &["spec.unschedulable"],
        ("", "Namespace") => &["status.phase", "name"],
        ("", "Secret") => &["type"],
        ("", "Service") => &["spec.clusterIP", "spec.type"],
        ("apps", "ReplicaSet") => &["status.replicas"],
        ("batch", "Job") => &["status.successful"],
        _ => &[],
    }
}

fn is_metadata(field: &str) -> bool {
    matches!(field, "metadata.name" | "metadata.namespace")
}
