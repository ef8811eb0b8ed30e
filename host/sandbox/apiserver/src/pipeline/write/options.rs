//! What a client says about a write besides the object.

use backplane_apimachinery::Status;
use backplane_apimachinery::field::FieldError;

use crate::pipeline::Call;

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
}

impl WriteOptions {
    /// Of a controller in this server.
    pub(crate) fn internal(manager: &str) -> Self {
        let validation = FieldValidation::Ignore;
        Self { dry_run: DryRun::No, validation, manager: manager.to_owned(), force: true }
    }

    /// Reads the query.
    ///
    /// # Errors
    /// 422 for values that mean nothing.
    pub(crate) fn read(call: &Call<'_>) -> Result<Self, Status> {
        let query = &call.request.query;
        let manager = match query.get("fieldManager") {
            Some(name) => checked_manager(name)?,
            None => default_manager(call.header("user-agent").unwrap_or_default()),
        };
        let validation = match query.get("fieldValidation") {
            None | Some("Warn") => FieldValidation::Warn,
            Some("Strict") => FieldValidation::Strict,
            Some("Ignore") => FieldValidation::Ignore,
            Some(other) => return Err(unsupported("fieldValidation", other, &["Ignore", "Strict", "Warn"])),
        };
        Ok(Self {
            dry_run: dry_run(query.get("dryRun"))?,
            validation,
            manager,
            force: query.flag("force") == Some(true),
        })
    }
}

/// Reads `dryRun`.
///
/// # Errors
/// 422 for anything but `All`.
pub(crate) fn dry_run(value: Option<&str>) -> Result<DryRun, Status> {
    match value {
        None => Ok(DryRun::No),
        Some("All") => Ok(DryRun::All),
        Some(other) => Err(unsupported("dryRun", other, &["All"])),
    }
}

fn unsupported(field: &str, value: &str, supported: &[&str]) -> Status {
    let error = FieldError::not_supported(field, &value.into(), supported);
    Status::invalid("meta.k8s.io", "PatchOptions", "", &[error])
}

fn checked_manager(name: &str) -> Result<String, Status> {
    if name.len() > MANAGER_LIMIT {
        let error = FieldError::too_long("fieldManager", MANAGER_LIMIT as u64);
        return Err(Status::invalid("meta.k8s.io", "PatchOptions", "", &[error]));
    }
    Ok(name.to_owned())
}

/// Clients that do not say who they are are called what their user agent begins with.
fn default_manager(user_agent: &str) -> String {
    let name = user_agent.split('/').next().unwrap_or_default().trim();
    if name.is_empty() { "unknown".to_owned() } else { name.chars().take(MANAGER_LIMIT).collect() }
}
