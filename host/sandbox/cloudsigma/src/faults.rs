//! Errors and delays on demand: for the next n requests, for single servers, and for the cloud as a whole.
//!
//! A rule is looked at before anything else, so that even a request with a wrong password can be left hanging. The first
//! rule that matches wins; a rule that has been used up is forgotten.

use std::collections::HashSet;
use std::sync::Mutex;
use std::time::Duration;

use http::Method;

use crate::lock;

/// Which requests a fault meets, and how often.
#[derive(Debug, Clone)]
pub struct Rule {
    method: Option<Method>,
    prefix: String,
    containing: String,
    remaining: Option<usize>,
    fault: Fault,
}

impl Rule {
    /// Every request with this method whose path, without `/api/2.0`, begins with `prefix`.
    pub fn new(method: Method, prefix: impl Into<String>, fault: Fault) -> Self {
        let prefix = prefix.into();
        let prefix = prefix.strip_prefix("/api/2.0").unwrap_or(&prefix).to_owned();
        Self { method: Some(method), prefix, containing: String::new(), remaining: None, fault }
    }

    /// Every request.
    pub fn any(fault: Fault) -> Self {
        Self { method: None, prefix: String::new(), containing: String::new(), remaining: None, fault }
    }

    /// Only those whose path and query contain `text`, such as `do=clone`.
    pub fn containing(mut self, text: impl Into<String>) -> Self {
        self.containing = text.into();
        self
    }

    /// Only the next `n` of them.
    pub fn times(mut self, n: usize) -> Self {
        self.remaining = Some(n);
        self
    }

    fn matches(&self, method: &Method, path_and_query: &str) -> bool {
        self.method.as_ref().is_none_or(|wanted| wanted == method)
            && path_and_query.starts_with(&self.prefix)
            && path_and_query.contains(&self.containing)
    }
}

/// What happens to a request instead of, or besides, being answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// It is refused and has no effect.
    Status {
        /// Status of the answer.
        status: u16,
        /// Seconds of the `Retry-After` header, if there is to be one.
        retry_after: Option<u64>,
        /// What the answer carries.
        body: FaultBody,
    },
    /// It has no effect and is never answered; the connection stays open.
    Hang,
    /// It is performed, but the connection breaks in the middle of the answer.
    HalfBody,
    /// It is performed after a pause.
    Delay(Duration),
    /// It is performed, and the connection is closed without an answer: the caller does not know.
    PerformThenDrop,
}

impl Fault {
    /// A refusal with the usual error array.
    pub fn status(status: u16) -> Self {
        Self::Status { status, retry_after: None, body: FaultBody::Array }
    }

    /// 429 with `Retry-After`.
    pub fn throttled(seconds: u64) -> Self {
        Self::Status { status: 429, retry_after: Some(seconds), body: FaultBody::Array }
    }
}

/// What a refusal carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultBody {
    /// The error array of the API.
    Array,
    /// Nothing.
    Empty,
    /// A line of plain text, as a proxy in front of the API answers.
    Text,
}

/// Which servers a fault meets.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Target {
    /// The one with this uuid.
    Uuid(String),
    /// Those whose name begins with this.
    NamePrefix(String),
    /// All.
    All,
}

/// What is wrong with a server for as long as the fault is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ServerFault {
    /// Once told to stop it stays `stopping`.
    StuckStopping,
    /// A start is accepted, but it falls back to `stopped`.
    StartFails,
    /// It is shown as `unavailable` while it should be starting or running.
    Unavailable,
    /// It belongs to somebody else: every access is answered 403.
    Foreign,
}

/// The faults of one cloud.
#[derive(Debug, Default)]
pub struct Faults {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    rules: Vec<Rule>,
    servers: HashSet<(Target, ServerFault)>,
    out_of_capacity: bool,
    missing_images: HashSet<String>,
}

impl Faults {
    /// Adds a rule behind those that are there.
    pub fn inject(&self, rule: Rule) {
        lock(&self.state).rules.push(rule);
    }

    /// Sets a fault of servers, existing and future ones.
    pub fn set_server(&self, target: Target, fault: ServerFault) {
        lock(&self.state).servers.insert((target, fault));
    }

    /// Takes a fault of servers back.
    pub fn clear_server(&self, target: Target, fault: ServerFault) {
        lock(&self.state).servers.remove(&(target, fault));
    }

    /// From now on nothing can be created, cloned or started (503 `backend`), or it can again.
    pub fn set_out_of_capacity(&self, full: bool) {
        lock(&self.state).out_of_capacity = full;
    }

    /// The library no longer has this image.
    pub fn hide_image(&self, uuid: impl Into<String>) {
        lock(&self.state).missing_images.insert(uuid.into());
    }

    /// Removes every fault.
    pub fn clear(&self) {
        *lock(&self.state) = State::default();
    }

    /// The fault that this request meets, counted as used.
    pub(crate) fn take(&self, method: &Method, path_and_query: &str) -> Option<Fault> {
        let mut state = lock(&self.state);
        let index = state.rules.iter().position(|rule| rule.matches(method, path_and_query))?;
        let rule = &mut state.rules[index];
        let fault = rule.fault.clone();
        rule.remaining = rule.remaining.map(|n| n.saturating_sub(1));
        if rule.remaining == Some(0) {
            state.rules.remove(index);
        }
        Some(fault)
    }

    /// Whether this server has this fault.
    pub(crate) fn has(&self, uuid: &str, name: &str, fault: ServerFault) -> bool {
        let state = lock(&self.state);
        state.servers.iter().any(|(target, set)| {
            *set == fault
                && match target {
                    Target::Uuid(wanted) => wanted == uuid,
                    Target::NamePrefix(prefix) => name.starts_with(prefix.as_str()),
                    Target::All => true,
                }
        })
    }

    pub(crate) fn out_of_capacity(&self) -> bool {
        lock(&self.state).out_of_capacity
    }

    pub(crate) fn image_missing(&self, uuid: &str) -> bool {
        lock(&self.state).missing_images.contains(uuid)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_meets_the_next_n_matching_requests_only() {
        let faults = Faults::default();
        faults.inject(Rule::new(Method::POST, "/api/2.0/drives/", Fault::status(500)).containing("do=clone").times(2));
        let clone = "/drives/1/action/?do=clone";
        assert_eq!(faults.take(&Method::GET, clone), None);
        assert_eq!(faults.take(&Method::POST, "/drives/1/action/?do=resize"), None);
        assert_eq!(faults.take(&Method::POST, clone), Some(Fault::status(500)));
        assert_eq!(faults.take(&Method::POST, clone), Some(Fault::status(500)));
        assert_eq!(faults.take(&Method::POST, clone), None);
    }

    #[test]
    fn a_rule_without_a_count_stays_until_cleared() {
        let faults = Faults::default();
        faults.inject(Rule::any(Fault::Hang));
        for _ in 0..3 {
            assert_eq!(faults.take(&Method::GET, "/servers/"), Some(Fault::Hang));
        }
        faults.clear();
        assert_eq!(faults.take(&Method::GET, "/servers/"), None);
    }
}
