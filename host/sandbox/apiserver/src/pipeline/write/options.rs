//! What a client says about a write besides the object.

use backplane_apimachinery::Status;
use backplane_apimachinery::field::FieldError;

use serde_json::{Map, Value, json};

use super::Part;
use crate::pipeline::admission::{Admission, Operation};
use crate::pipeline::body::Faults;
use crate::pipeline::{Call, Resource};
use crate::user::User;

/// Longest name of a field manager.
const MANAGER_LIMIT: usize = 128;

/// Whether a write is only tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DryRun {
    /// It is meant.
    No,
    /// Every step is done but storing.
    All,
}

/// What unknown fields lead to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FieldValidation {
    Ignore,
    Warn,
    Strict,
}

/// Parameters of a write.
#[derive(Debug, Clone)]
pub(crate) struct WriteOptions {
    pub(crate) dry_run: DryRun,
    pub(crate) validation: FieldValidation,
    /// Who owns the written fields.
    pub(crate) manager: String,
    /// Whether an apply takes fields that others own.
    pub(crate) force: bool,
    /// Who asks. `None`: the server itself, whose writes are shown to no webhook.
    pub(crate) user: Option<User>,
    /// What is wrong in the text of the body.
    pub(crate) faults: Faults,
    /// How a patch is quoted, if not by its result.
    pub(crate) quoted: Option<String>,
    /// What the query said, as webhooks see it.
    said: Map<String, Value>,
}

impl WriteOptions {
    /// Of a controller in this server.
    pub(crate) fn internal(manager: &str) -> Self {
        let validation = FieldValidation::Ignore;
        let manager = manager.to_owned();
        Self {
            dry_run: DryRun::No,
            validation,
            manager,
            force: true,
            user: None,
            faults: Faults::default(),
            quoted: None,
            said: Map::new(),
        }
    }

    /// The write as webhooks are told of it; `old` is what it changes.
    pub(super) fn admission<'a>(
        &'a self,
        resource: &'a Resource<'a>,
        part: Part,
        old: Option<&'a Value>,
    ) -> Option<Admission<'a>> {
        let user = self.user.as_ref()?;
        let (operation, kind) = match old {
            None => (Operation::Create, "CreateOptions"),
            Some(_) if self.said.contains_key("force") => (Operation::Update, "PatchOptions"),
            Some(_) => (Operation::Update, "UpdateOptions"),
        };
        let mut options = self.said.clone();
        options.insert("kind".into(), kind.into());
        options.insert("apiVersion".into(), "meta.k8s.io/v1".into());
        if old.is_none() {
            options.remove("force");
        }
        let dry_run = self.dry_run == DryRun::All;
        let subresource = part.subresource();
        Some(Admission { resource, operation, subresource, old, user, options: options.into(), dry_run })
    }

    /// Reads the query.
    ///
    /// # Errors
    /// 422 for values that mean nothing.
    pub(crate) fn read(call: &Call<'_>) -> Result<Self, Status> {
        let query = &call.request.query;
        let kind = options_kind(call.request.verb);
        let applies = call.header("content-type").is_some_and(|media| media.starts_with("application/apply-patch"));
        if call.request.verb == "patch" && !applies && query.flag("force").is_some() {
            let error = FieldError::forbidden("force", "may not be specified for non-apply patch");
            return Err(Status::invalid("meta.k8s.io", kind, "", &[error]));
        }
        let manager = match query.get("fieldManager") {
            Some(name) => checked_manager(name, kind)?,
            None => default_manager(call.header("user-agent").unwrap_or_default()),
        };
        let validation = match query.get("fieldValidation") {
            None | Some("Warn") => FieldValidation::Warn,
            Some("Strict") => FieldValidation::Strict,
            Some("Ignore") => FieldValidation::Ignore,
            Some(other) => {
                return Err(unsupported("fieldValidation", &other.into(), &["", "Ignore", "Strict", "Warn"], kind));
            }
        };
        Ok(Self {
            dry_run: dry_run(query.get("dryRun"), kind)?,
            validation,
            manager,
            force: query.flag("force") == Some(true),
            user: Some(call.user.clone()),
            faults: Faults::of(call),
            quoted: None,
            said: said(call),
        })
    }
}

fn said(call: &Call<'_>) -> Map<String, Value> {
    let query = &call.request.query;
    let texts = ["fieldManager", "fieldValidation"].into_iter();
    let mut said: Map<String, Value> = texts.filter_map(|key| Some((key.to_owned(), query.get(key)?.into()))).collect();
    if let Some(dry_run) = query.get("dryRun") {
        said.insert("dryRun".into(), json!([dry_run]));
    }
    if call.request.verb == "patch" {
        said.insert("force".into(), json!(query.flag("force") == Some(true)));
    }
    said
}

/// Reads `dryRun`.
///
/// # Errors
/// 422 for anything but `All`.
pub(crate) fn dry_run(value: Option<&str>, kind: &str) -> Result<DryRun, Status> {
    match value {
        None => Ok(DryRun::No),
        Some("All") => Ok(DryRun::All),
        Some(other) => Err(unsupported("dryRun", &json!([other]), &["All"], kind)),
    }
}

fn unsupported(field: &str, value: &Value, supported: &[&str], kind: &str) -> Status {
    Status::invalid("meta.k8s.io", kind, "", &[FieldError::not_supported(field, value, supported)])
}

/// The kind of the options that a verb takes.
fn options_kind(verb: &str) -> &'static str {
    match verb {
        "create" => "CreateOptions",
        "update" => "UpdateOptions",
        _ => "PatchOptions",
    }
}

fn checked_manager(name: &str, kind: &str) -> Result<String, Status> {
    if let Some((at, c)) = name.chars().enumerate().find(|(_, c)| c.is_control()) {
        let why = format!("invalid character U+{:04X} (at position {at})", c as u32);
        let error = FieldError::invalid("fieldManager", &name.into(), &why);
        return Err(Status::invalid("meta.k8s.io", kind, "", &[error]));
    }
    if name.len() > MANAGER_LIMIT {
        let error = FieldError::too_long("fieldManager", MANAGER_LIMIT as u64);
        return Err(Status::invalid("meta.k8s.io", kind, "", &[error]));
    }
    Ok(name.to_owned())
}

/// Clients that do not say who they are are called what their user agent begins with.
fn default_manager(user_agent: &str) -> String {
    let name = user_agent.split('/').next().unwrap_or_default().trim();
    if name.is_empty() { "unknown".to_owned() } else { name.chars().take(MANAGER_LIMIT).collect() }
}
