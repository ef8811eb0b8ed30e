//! The cloud in memory, for unit tests: servers, drives, images and tags, states that move only when told to, and faults.
//!
//! Small on purpose: it knows what the plugin asks for and refuses the rest. The full simulator is the sandbox's.

mod routes;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use backplane_sdk::http::{Error, Request, Response, Transport};
use backplane_sdk::prelude::*;

/// The image that exists.
pub(crate) const IMAGE: &str = "0000-image";
/// Bytes of the image.
pub(crate) const IMAGE_SIZE: u64 = 1 << 30;

/// A region of the cloud.
#[derive(Default)]
pub(crate) struct FakeCloud {
    pub(crate) state: RefCell<State>,
}

/// Its content.
#[derive(Default)]
pub(crate) struct State {
    pub(crate) servers: BTreeMap<String, Value>,
    pub(crate) drives: BTreeMap<String, Value>,
    pub(crate) images: BTreeMap<String, Value>,
    pub(crate) tags: BTreeMap<String, Value>,
    /// Servers that lists do not show.
    pub(crate) unlisted: BTreeSet<String>,
    /// Servers that may not be read one by one.
    pub(crate) hidden: BTreeSet<String>,
    /// All requests, as `METHOD path`.
    pub(crate) requests: Vec<String>,
    /// Faults to come: which request (from 0), and what happens to it.
    pub(crate) faults: BTreeMap<usize, Fault>,
    /// Faults by the beginning of `METHOD path`, for as long as they stand.
    pub(crate) refusals: Vec<(String, Fault)>,
    next: u32,
}

/// What happens to a request.
#[derive(Debug, Clone)]
pub(crate) enum Fault {
    /// Answered with this status; not done.
    Status(u16, String),
    /// Done; the answer never comes.
    Lost,
    /// Done; half of the answer comes.
    Half,
    /// Not done, no answer.
    Silent,
}

impl FakeCloud {
    /// A cloud with one image.
    pub(crate) fn new() -> Self {
        let cloud = Self::default();
        cloud.state.borrow_mut().images.insert(
            IMAGE.into(),
            json!({"uuid": IMAGE, "name": "ubuntu", "status": "unmounted", "size": IMAGE_SIZE, "media": "disk", "meta": {"os": "linux"}}),
        );
        cloud
    }

    /// Lets time pass: whatever is under way arrives.
    pub(crate) fn tick(&self) {
        let mut state = self.state.borrow_mut();
        for drive in state.drives.values_mut().filter(|drive| drive["status"] == "cloning_dst") {
            drive["status"] = "unmounted".into();
        }
        for (number, server) in state.servers.values_mut().enumerate() {
            match server["status"].as_str() {
                Some("starting") => {
                    server["status"] = "running".into();
                    let address = format!("10.0.0.{}", number + 1);
                    server["runtime"] = json!({"nics": [{"ip_v4": {"uuid": address}, "interface_type": "public"}]});
                }
                Some("stopping") => {
                    server["status"] = "stopped".into();
                    server["runtime"] = Value::Null;
                }
                _ => {}
            }
        }
    }

    /// Plans a fault for the request that is so many requests ahead (0: the next).
    pub(crate) fn fault_in(&self, ahead: usize, fault: Fault) {
        let mut state = self.state.borrow_mut();
        let number = state.requests.len() + ahead;
        state.faults.insert(number, fault);
    }

    /// All requests that begin like this fail from now on.
    pub(crate) fn refuse(&self, beginning: &str, fault: Fault) {
        self.state.borrow_mut().refusals.push((beginning.into(), fault));
    }

    /// They work again.
    pub(crate) fn recover(&self) {
        self.state.borrow_mut().refusals.clear();
    }

    /// Puts a server in place.
    pub(crate) fn put_server(&self, server: Value) {
        let uuid = server["uuid"].as_str().expect("uuid").to_owned();
        self.state.borrow_mut().servers.insert(uuid, server);
    }

    /// Puts a drive in place.
    pub(crate) fn put_drive(&self, drive: Value) {
        let uuid = drive["uuid"].as_str().expect("uuid").to_owned();
        self.state.borrow_mut().drives.insert(uuid, drive);
    }

    /// Servers, as `name status`.
    pub(crate) fn servers(&self) -> Vec<String> {
        let text = |server: &Value| {
            format!("{} {}", server["name"].as_str().unwrap_or("?"), server["status"].as_str().unwrap_or("?"))
        };
        self.state.borrow().servers.values().map(text).collect()
    }

    /// Names of drives.
    pub(crate) fn drives(&self) -> Vec<String> {
        let text = |drive: &Value| drive["name"].as_str().unwrap_or("?").to_owned();
        self.state.borrow().drives.values().map(text).collect()
    }

    /// The only server.
    pub(crate) fn server(&self) -> Value {
        let state = self.state.borrow();
        assert_eq!(state.servers.len(), 1, "servers");
        state.servers.values().next().cloned().expect("server")
    }

    /// Members of each tag, by name.
    pub(crate) fn tags(&self) -> BTreeMap<String, Vec<String>> {
        let members = |tag: &Value| {
            let list = tag["resources"].as_array().cloned().unwrap_or_default();
            list.iter().map(|member| member["uuid"].as_str().unwrap_or("?").to_owned()).collect()
        };
        let state = self.state.borrow();
        state.tags.values().map(|tag| (tag["name"].as_str().unwrap_or("?").to_owned(), members(tag))).collect()
    }

    /// How many requests began like this.
    pub(crate) fn count(&self, beginning: &str) -> usize {
        self.state.borrow().requests.iter().filter(|request| request.starts_with(beginning)).count()
    }
}

impl State {
    pub(super) fn id(&mut self, kind: &str) -> String {
        self.next += 1;
        format!("{kind}-{:04}", self.next)
    }

    fn fault(&mut self, request: &str) -> Option<Fault> {
        let number = self.requests.len();
        self.requests.push(request.to_owned());
        let standing = self.refusals.iter().find(|(beginning, _)| request.starts_with(beginning.as_str()));
        self.faults.remove(&number).or_else(|| standing.map(|(_, fault)| fault.clone()))
    }
}

impl Transport for FakeCloud {
    fn send(&self, request: &Request) -> Result<Response, Error> {
        let offered = ["http://cloudsigma.fra", "http://cloudsigma"];
        let path = offered.iter().find_map(|base| request.url.strip_prefix(base).filter(|path| path.starts_with('/')));
        let path = path.ok_or_else(|| Error::Denied(request.url.clone()))?;
        let method = request.method.as_str();
        let mut state = self.state.borrow_mut();
        let fault = state.fault(&format!("{method} {path}"));
        let act = |state: &mut State| {
            let body = serde_json::from_slice(&request.body).unwrap_or(Value::Null);
            state.answer(method, path, &body)
        };
        match fault {
            None => Ok(act(&mut state)),
            Some(Fault::Silent) => Err(Error::Timeout),
            Some(Fault::Status(status, body)) => {
                let mut response = Response::new(status, body);
                response.headers.push(("retry-after".into(), "7".into()));
                Ok(response)
            }
            Some(Fault::Lost) => {
                act(&mut state);
                Err(Error::Timeout)
            }
            Some(Fault::Half) => {
                let mut response = act(&mut state);
                response.body.truncate(response.body.len() / 2);
                Ok(response)
            }
        }
    }
}
