//! What a look at an object means: for its condition, for its owner, and for when to look again.

use std::time::Duration;

use backplane_core::condition::{Condition, Event, EventType, Status};
use backplane_core::reconcile::{Outcome, Response};
use backplane_core::{CallError, Retry};

use crate::condition::{cut, reason};
use crate::options::Options;
use crate::queue::Next;

/// Condition type of the host's own statement.
pub(crate) const RECONCILED: &str = "Reconciled";

/// Longest message of an event or of the host's own condition.
const MAX_MESSAGE: usize = 1024;

/// Everything that follows from one look.
#[derive(Debug)]
pub(crate) struct Verdict {
    /// A word from a closed set.
    pub(crate) label: &'static str,
    pub(crate) next: Next,
    /// Conditions to state; empty: leave them alone.
    pub(crate) conditions: Vec<Condition>,
    /// What the reconciler wants merged into the status.
    pub(crate) status: Option<Vec<u8>>,
    /// What the reconciler itself wants recorded.
    pub(crate) events: Vec<Event>,
    /// What went wrong, to be told once.
    pub(crate) trouble: Option<Event>,
}

/// Judges the result of a look.
pub(crate) fn judge(result: Result<Response, CallError>, options: &Options) -> Verdict {
    match result {
        Ok(response) => answered(response, options),
        Err(error) => unanswered(&error),
    }
}

fn answered(response: Response, options: &Options) -> Verdict {
    let Response { outcome, mut conditions, events, status } = response;
    let label = outcome.label();
    let good = || Condition::new(RECONCILED, Status::True, "Succeeded", "");
    let bad =
        |why: &str, message: &str| Condition::new(RECONCILED, Status::False, &reason(why), cut(message, MAX_MESSAGE));
    let (next, own, trouble) = match &outcome {
        Outcome::Done | Outcome::AwaitChange => (Next::Rest, good(), None),
        Outcome::RequeueAfter(pause) => (Next::After((*pause).max(options.requeue_min)), good(), None),
        Outcome::Refused { reason, message } => (Next::Rest, bad(reason, message), Some(warning(reason, message))),
        Outcome::Failed { message, retry_after } => {
            let at_least = retry_after.unwrap_or(Duration::ZERO);
            (Next::Retry { at_least }, bad("Failed", message), None)
        }
    };
    conditions.retain(|condition| condition.kind != RECONCILED);
    conditions.push(own);
    Verdict { label, next, conditions, status, events, trouble }
}

fn unanswered(error: &CallError) -> Verdict {
    let next = match error.retry() {
        Retry::Later => Next::Retry { at_least: Duration::ZERO },
        Retry::OnChange => Next::RetrySlowly,
    };
    // One sentence and no causes: those may quote the guest, and with it the object.
    let (reason, message) = (error.reason(), error.to_string());
    // That all instances are busy says nothing about the object.
    let (conditions, trouble) = match error {
        CallError::Saturated { .. } => (Vec::new(), None),
        _ => (vec![Condition::new(RECONCILED, Status::False, reason, &*message)], Some(warning(reason, &message))),
    };
    Verdict { label: label(error), next, conditions, status: None, events: Vec::new(), trouble }
}

fn warning(why: &str, message: &str) -> Event {
    Event { kind: EventType::Warning, reason: reason(why), message: cut(message, MAX_MESSAGE).to_owned() }
}

fn label(error: &CallError) -> &'static str {
    match error {
        CallError::Deadline { .. } => "deadline",
        CallError::Trap { .. } => "trap",
        CallError::Limit { .. } => "limit",
        CallError::Saturated { .. } => "saturated",
        CallError::NotExported { .. } => "not-exported",
        CallError::Host { .. } => "host",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failed(retry_after: Option<u64>) -> Outcome {
        Outcome::Failed { message: "m".into(), retry_after: retry_after.map(Duration::from_secs) }
    }

    fn refused() -> Outcome {
        Outcome::Refused { reason: "Bad".into(), message: "m".into() }
    }

    #[test]
    fn each_outcome_has_its_pace_its_condition_and_perhaps_a_warning() {
        let secs = Duration::from_secs;
        let p = || "p".to_owned();
        let trap = CallError::Trap { plugin: p(), source: "secret".into() };
        let slow = CallError::Deadline { plugin: p(), deadline: secs(1) };
        let cases = [
            ("done", Ok(Outcome::Done), Next::Rest, "True Succeeded ", false),
            ("await-change", Ok(Outcome::AwaitChange), Next::Rest, "True Succeeded ", false),
            ("requeue", Ok(Outcome::RequeueAfter(secs(9))), Next::After(secs(9)), "True Succeeded ", false),
            (
                "requeue",
                Ok(Outcome::RequeueAfter(secs(0))),
                Next::After(Duration::from_millis(100)),
                "True Succeeded ",
                false,
            ),
            ("refused", Ok(refused()), Next::Rest, "False Bad m", true),
            ("failed", Ok(failed(None)), Next::Retry { at_least: secs(0) }, "False Failed m", false),
            ("failed", Ok(failed(Some(7))), Next::Retry { at_least: secs(7) }, "False Failed m", false),
            ("trap", Err(trap), Next::RetrySlowly, "False Trapped plugin p trapped", true),
            (
                "deadline",
                Err(slow),
                Next::Retry { at_least: secs(0) },
                "False DeadlineExceeded plugin p exceeded its deadline of 1s",
                true,
            ),
        ];
        for (label, result, next, condition, warned) in cases {
            let verdict = judge(result.map(Response::from), &Options::default());
            let own = verdict.conditions.last().expect("own condition");
            let text = format!("{} {} {}", own.status.as_str(), own.reason, own.message);
            assert_eq!((verdict.label, verdict.next, text.as_str()), (label, next, condition));
            assert_eq!(verdict.trouble.is_some(), warned, "{label}");
        }
    }

    #[test]
    fn a_reconciler_cannot_speak_for_the_host() {
        let stated = vec![Condition::new(RECONCILED, Status::True, "Mine", "")];
        let response = Response { outcome: refused(), conditions: stated, events: vec![], status: None };
        let verdict = judge(Ok(response), &Options::default());
        assert_eq!((verdict.conditions.len(), verdict.conditions[0].reason.as_str()), (1, "Bad"));
    }

    #[test]
    fn a_busy_plugin_says_nothing_about_the_object() {
        let verdict = judge(Err(CallError::Saturated { plugin: "p".into() }), &Options::default());
        assert!(verdict.conditions.is_empty() && verdict.trouble.is_none());
        assert_eq!(verdict.next, Next::Retry { at_least: Duration::ZERO });
    }
}
