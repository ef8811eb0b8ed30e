//! What a client says about a deletion: in the body, or in the query.

use backplane_apimachinery::Status;
use backplane_apimachinery::field::FieldError;
use serde_json::{Value, json};

use crate::pipeline::admission::{Admission, Operation};
use crate::pipeline::request::Query;
use crate::pipeline::write::{DryRun, dry_run};
use crate::pipeline::{Call, Resource, body};
use crate::storage::Stored;
use crate::user::User;

/// What happens to the objects that name the deleted one as their owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Propagation {
    Background,
    Foreground,
    Orphan,
}

/// Parameters of a deletion.
#[derive(Debug, Clone)]
pub(crate) struct DeleteOptions {
    /// `None`: what the finalizers that the object already has say.
    pub(crate) propagation: Option<Propagation>,
    pub(crate) dry_run: DryRun,
    /// Only the object with this uid.
    pub(crate) uid: Option<String>,
    /// Only this version of the object.
    pub(crate) version: Option<String>,
    /// Who asks. `None`: the server itself, whose deletions are shown to no webhook.
    user: Option<User>,
}

impl DeleteOptions {
    /// Of a controller in this server.
    pub(crate) fn internal(propagation: Propagation, uid: &str) -> Self {
        let uid = Some(uid.to_owned());
        Self { propagation: Some(propagation), dry_run: DryRun::No, uid, version: None, user: None }
    }

    /// Of a controller that is a program of its own elsewhere, and asks as one.
    pub(crate) fn of_controller(account: &str, propagation: Propagation, uid: &str) -> Self {
        let user = User::known(&format!("system:serviceaccount:kube-system:{account}"), &[] as &[&str]);
        Self { user: Some(user), ..Self::internal(propagation, uid) }
    }

    /// Shows the deletion to the webhooks.
    ///
    /// # Errors
    /// What one of them refused.
    pub(super) fn admit(&self, resource: &Resource<'_>, old: &Value, warnings: &mut Vec<String>) -> Result<(), Status> {
        let Some(user) = &self.user else { return Ok(()) };
        let dry_run = self.dry_run == DryRun::All;
        let options = self.document();
        let (operation, old, subresource) = (Operation::Delete, Some(old), None);
        let admission = Admission { resource, operation, subresource, old, user, options, dry_run };
        admission.announce(warnings)?;
        admission.validate(None, warnings)
    }

    /// As webhooks see it.
    fn document(&self) -> Value {
        let mut options = json!({"kind": "DeleteOptions", "apiVersion": "meta.k8s.io/v1"});
        if let Some(propagation) = self.propagation {
            options["propagationPolicy"] = format!("{propagation:?}").into();
        }
        if self.dry_run == DryRun::All {
            options["dryRun"] = json!(["All"]);
        }
        for (field, value) in [("uid", &self.uid), ("resourceVersion", &self.version)] {
            if let Some(value) = value {
                options["preconditions"][field] = value.as_str().into();
            }
        }
        options
    }

    /// Reads the body, or the query where there is none.
    ///
    /// # Errors
    /// 400 and 422 for what cannot be read or means nothing.
    pub(crate) fn read(call: &Call<'_>) -> Result<Self, Status> {
        let body = if call.body.is_empty() { Value::Null } else { body::any(call)? };
        of_kind(&body)?;
        let query = &call.request.query;
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let policy = text(&body["propagationPolicy"]).or_else(|| query.get("propagationPolicy").map(str::to_owned));
        number(&body, query)?;
        if let (Some(policy), true) = (&policy, body["orphanDependents"].is_boolean()) {
            let why = "orphanDependents and deletionPropagation cannot be both set";
            let error = FieldError::invalid("propagationPolicy", &policy.as_str().into(), why);
            return Err(Status::invalid("meta.k8s.io", "DeleteOptions", "", &[error]));
        }
        let orphan = body["orphanDependents"].as_bool().or_else(|| query.flag("orphanDependents"));
        let dry = text(&body["dryRun"][0]).or_else(|| query.get("dryRun").map(str::to_owned));
        Ok(Self {
            propagation: propagation(policy.as_deref(), orphan)?,
            dry_run: dry_run(dry.as_deref(), "DeleteOptions")?,
            uid: text(&body["preconditions"]["uid"]),
            version: text(&body["preconditions"]["resourceVersion"]),
            user: Some(call.user.clone()),
        })
    }

    /// Checks the preconditions.
    ///
    /// # Errors
    /// 409 naming both sides.
    pub(super) fn check(&self, resource: &Resource<'_>, stored: &Stored) -> Result<(), Status> {
        let differs = |wanted: &Option<String>, present: &str| wanted.as_ref().filter(|w| *w != present).cloned();
        let why = if let Some(wanted) = differs(&self.uid, &stored.uid) {
            format!(
                "the UID in the precondition ({wanted}) does not match the UID in record ({}). The object might have been \
                 deleted and then recreated",
                stored.uid
            )
        } else if let Some(wanted) = differs(&self.version, &stored.revision.to_string()) {
            format!(
                "the ResourceVersion in the precondition ({wanted}) does not match the ResourceVersion in record ({}). The \
                 object might have been modified",
                stored.revision
            )
        } else {
            return Ok(());
        };
        Err(Status::conflict(&resource.kind.group, &resource.kind.kind, &stored.key.name, &why))
    }
}

/// A body that says what it is has to be what is wanted here.
fn of_kind(body: &Value) -> Result<(), Status> {
    let text = |field: &str| body[field].as_str().unwrap_or_default();
    match text("kind") {
        "" | "DeleteOptions" => Ok(()),
        kind => Err(Status::bad_request(body::not_registered(text("apiVersion"), kind))),
    }
}

/// The grace period has to be a number; nothing here takes longer for it.
fn number(body: &Value, query: &Query) -> Result<(), Status> {
    match &body["gracePeriodSeconds"] {
        Value::Null | Value::Number(_) => query.signed("gracePeriodSeconds").map(drop),
        _ => Err(Status::bad_request(
            "json: cannot unmarshal string into Go struct field DeleteOptions.gracePeriodSeconds of type int64",
        )),
    }
}

fn propagation(policy: Option<&str>, orphan: Option<bool>) -> Result<Option<Propagation>, Status> {
    match (policy, orphan) {
        (None, None) => Ok(None),
        (None, Some(true)) => Ok(Some(Propagation::Orphan)),
        (None, Some(false)) | (Some("Background"), _) => Ok(Some(Propagation::Background)),
        (Some("Foreground"), _) => Ok(Some(Propagation::Foreground)),
        (Some("Orphan"), _) => Ok(Some(Propagation::Orphan)),
        (Some(other), _) => {
            let supported = ["Foreground", "Background", "Orphan", "nil"];
            let error = FieldError::not_supported("propagationPolicy", &other.into(), &supported);
            Err(Status::invalid("meta.k8s.io", "DeleteOptions", "", &[error]))
        }
    }
}
