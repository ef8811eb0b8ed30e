//! The answer of server-side apply to whom other managers are in the way.

use serde_json::json;

use super::Status;

/// One field that another manager owns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApplyConflict {
    /// Manager as printed: `"name"`, `"name" using v1` for updates, with its subresource if any.
    pub manager: String,
    /// Path of the field, such as `.spec.replicas`.
    pub path: String,
}

impl Status {
    /// 409 of server-side apply: other managers own these fields.
    pub fn apply_conflict(conflicts: &[ApplyConflict]) -> Self {
        let causes = conflicts
            .iter()
            .map(|c| {
                let message = format!("conflict with {}", c.manager);
                json!({"reason": "FieldManagerConflict", "message": message, "field": c.path})
            })
            .collect();
        Self::new(409, "Conflict", conflict_message(conflicts)).causes(causes)
    }
}

fn conflict_message(conflicts: &[ApplyConflict]) -> String {
    if let [one] = conflicts {
        return format!("Apply failed with 1 conflict: conflict with {}: {}", one.manager, one.path);
    }
    let mut managers: Vec<&str> = conflicts.iter().map(|c| c.manager.as_str()).collect();
    managers.sort_unstable();
    managers.dedup();
    let mut lines = Vec::new();
    for manager in managers {
        lines.push(format!("conflicts with {manager}:"));
        lines.extend(conflicts.iter().filter(|c| c.manager == manager).map(|c| format!("- {}", c.path)));
    }
    format!("Apply failed with {} conflicts: {}", conflicts.len(), lines.join("\n"))
}
