//! Why a call into a plugin gave no answer.
//!
//! A trap, a deadline and a refusal are three facts. A refusal is an *answer* and therefore an outcome
//! ([`crate::reconcile::Outcome::Refused`]); what is here are calls that ended without one.

use std::time::Duration;

use crate::error::BoxError;

/// A call into a plugin that ended without an answer.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "each variant's line covers its fields")]
pub enum CallError {
    /// The guest ran past its deadline and was interrupted; its instance is gone.
    #[error("plugin {plugin} exceeded its deadline of {deadline:?}")]
    Deadline { plugin: String, deadline: Duration },
    /// The guest trapped (panic, `unreachable`, memory fault); its instance is gone.
    #[error("plugin {plugin} trapped")]
    Trap {
        plugin: String,
        #[source]
        source: BoxError,
    },
    /// The guest went beyond one of its budgets (memory, host calls, bytes out); its instance is gone.
    #[error("plugin {plugin} exceeded its budget of {limit} {budget}")]
    Limit { plugin: String, budget: Budget, limit: u64 },
    /// Every instance is busy and the wait for one ran out.
    #[error("no instance of plugin {plugin} is free")]
    Saturated { plugin: String },
    /// The plugin does not export what the call needs.
    #[error("plugin {plugin} does not export {interface}")]
    NotExported { plugin: String, interface: &'static str },
    /// The host could not run the call; the guest is not to blame.
    #[error("the host could not call plugin {plugin}")]
    Host {
        plugin: String,
        #[source]
        source: BoxError,
    },
}

/// A quantity that a plugin may not exceed within one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Budget {
    /// Bytes of linear memory.
    MemoryBytes,
    /// Calls from the guest into the host.
    HostCalls,
    /// Bytes that the guest hands to the host (objects written, logs, HTTP bodies, results).
    OutputBytes,
}

impl std::fmt::Display for Budget {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::MemoryBytes => "bytes of memory",
            Self::HostCalls => "host calls",
            Self::OutputBytes => "bytes of output",
        })
    }
}

/// Whether doing the same again can help.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// Waiting can help: try again with back-off.
    Later,
    /// Only a change of the object, the plugin or its grant can help; still retried, at the slowest pace.
    OnChange,
}

impl CallError {
    /// Whether the same call could succeed if made again.
    pub fn retry(&self) -> Retry {
        match self {
            Self::Deadline { .. } | Self::Saturated { .. } | Self::Host { .. } => Retry::Later,
            Self::Trap { .. } | Self::Limit { .. } | Self::NotExported { .. } => Retry::OnChange,
        }
    }

    /// A word from a closed set, for metrics and condition reasons (CamelCase).
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Deadline { .. } => "DeadlineExceeded",
            Self::Trap { .. } => "Trapped",
            Self::Limit { .. } => "BudgetExceeded",
            Self::Saturated { .. } => "Saturated",
            Self::NotExported { .. } => "NotExported",
            Self::Host { .. } => "HostFailed",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_call_is_retried_soon_only_when_waiting_can_help() {
        let plugin = || "p".to_owned();
        let cases = [
            ("deadline", CallError::Deadline { plugin: plugin(), deadline: Duration::from_secs(1) }, Retry::Later),
            ("trap", CallError::Trap { plugin: plugin(), source: "unreachable".into() }, Retry::OnChange),
            ("limit", CallError::Limit { plugin: plugin(), budget: Budget::HostCalls, limit: 1 }, Retry::OnChange),
            ("saturated", CallError::Saturated { plugin: plugin() }, Retry::Later),
        ];
        for (name, error, expected) in cases {
            assert_eq!(error.retry(), expected, "{name}");
        }
    }
}
