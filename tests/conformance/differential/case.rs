//! What is asked: cases as data. A case is a sequence of requests that both servers get one after the other.
//!
//! Texts of a step may hold `{ns}`, the namespace that the case has for itself, and `{name}` for what an earlier answer of the
//! same server was captured as.

use http::Method;
use serde_json::Value;

/// A sequence of requests.
pub(crate) struct Case {
    /// `topic/what it shows`.
    pub(crate) name: String,
    pub(crate) steps: Vec<Step>,
}

/// One request, and how its answers are compared.
pub(crate) struct Step {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: String,
    pub(crate) wait: Wait,
    /// Name, and where in the body the text is.
    pub(crate) captures: Vec<(&'static str, &'static str)>,
    /// Lists in which the real server may hold more: where, and what tells the items apart.
    pub(crate) subset: Option<(&'static str, &'static str)>,
}

/// When an answer counts.
pub(crate) enum Wait {
    /// The first one does.
    No,
    /// A watch: after so many events, or when the server ends it.
    Events(usize),
    /// The request is repeated until this code comes.
    Code(u16),
    /// The request is repeated until the body has this at that place.
    Body(&'static str, Value),
}

pub(crate) fn case(name: &str, steps: Vec<Step>) -> Case {
    Case { name: name.to_owned(), steps }
}

fn step(method: Method, path: &str, body: String) -> Step {
    Step {
        method,
        path: path.to_owned(),
        headers: Vec::new(),
        body,
        wait: Wait::No,
        captures: Vec::new(),
        subset: None,
    }
}

pub(crate) fn get(path: &str) -> Step {
    step(Method::GET, path, String::new())
}

pub(crate) fn post(path: &str, body: Value) -> Step {
    step(Method::POST, path, body.to_string()).json()
}

pub(crate) fn put(path: &str, body: Value) -> Step {
    step(Method::PUT, path, body.to_string()).json()
}

pub(crate) fn delete(path: &str) -> Step {
    step(Method::DELETE, path, String::new())
}

pub(crate) fn delete_with(path: &str, options: Value) -> Step {
    step(Method::DELETE, path, options.to_string()).json()
}

/// A request whose body is any text of any type.
pub(crate) fn raw(method: Method, path: &str, media: &str, body: &str) -> Step {
    step(method, path, body.to_owned()).header("content-type", media)
}

fn patch(path: &str, media: &str, body: Value) -> Step {
    step(Method::PATCH, path, body.to_string()).header("content-type", media)
}

pub(crate) fn json_patch(path: &str, body: Value) -> Step {
    patch(path, "application/json-patch+json", body)
}

pub(crate) fn merge(path: &str, body: Value) -> Step {
    patch(path, "application/merge-patch+json", body)
}

pub(crate) fn strategic(path: &str, body: Value) -> Step {
    patch(path, "application/strategic-merge-patch+json", body)
}

/// Server-side apply by a manager; `path` may have a query already.
pub(crate) fn apply(path: &str, manager: &str, body: Value) -> Step {
    let mark = if path.contains('?') { '&' } else { '?' };
    patch(&format!("{path}{mark}fieldManager={manager}"), "application/apply-patch+yaml", body)
}

/// A watch that is read until so many events came, or until the server ends it.
pub(crate) fn watch(path: &str, events: usize) -> Step {
    let mark = if path.contains('?') { '&' } else { '?' };
    Step { wait: Wait::Events(events), ..get(&format!("{path}{mark}watch=true")) }
}

/// Waits until an object is gone.
pub(crate) fn gone(path: &str) -> Step {
    Step { wait: Wait::Code(404), ..get(path) }
}

/// Waits until an object holds a value.
pub(crate) fn until(path: &str, pointer: &'static str, value: Value) -> Step {
    Step { wait: Wait::Body(pointer, value), ..get(path) }
}

impl Step {
    fn json(self) -> Self {
        self.header("content-type", "application/json")
    }

    pub(crate) fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.retain(|(known, _)| *known != name || name.starts_with("impersonate"));
        self.headers.push((name, value.to_owned()));
        self
    }

    pub(crate) fn accept(self, value: &str) -> Self {
        self.header("accept", value)
    }

    /// Sent as somebody else.
    pub(crate) fn by(self, user: &str) -> Self {
        self.header("impersonate-user", user)
    }

    pub(crate) fn capture(mut self, name: &'static str, pointer: &'static str) -> Self {
        self.captures.push((name, pointer));
        self
    }

    /// Of this list only the items that the embedded server has are compared.
    pub(crate) fn subset(mut self, pointer: &'static str, key: &'static str) -> Self {
        self.subset = Some((pointer, key));
        self
    }
}
