//! One reconcile of the kind that is compared with its native twin. See [`logic`].

use bindings::backplane::cluster::cluster;
use bindings::backplane::store::store::{self, Query};
use bindings::backplane::types::types::{Kind, ObjectRef};
use bindings::exports::backplane::lifecycle::lifecycle::{self, Declaration};
use bindings::exports::backplane::reconciler::reconciler::{self, Outcome, Request, Response};
use logic::Doors;

mod logic;

mod bindings {
    wit_bindgen::generate!({
        world: "backplane:worlds/controller",
        generate_all,
        path: [
            "../../../wit/types", "../../../wit/store", "../../../wit/cluster", "../../../wit/settings",
            "../../../wit/logging", "../../../wit/lifecycle", "../../../wit/reconciler", "../../../wit/provider",
            "../../../wit/worlds",
        ],
    });
}

struct Boundary;

bindings::export!(Boundary with_types_in bindings);

fn kind(name: &str) -> Kind {
    Kind { group: "demo.example.org".into(), version: "v1".into(), kind: name.into() }
}

struct Imports;

impl Doors for Imports {
    fn get(&self, name: &str) -> impl AsRef<[u8]> {
        let object = ObjectRef { kind: kind("Wish"), namespace: Some("demo".into()), name: name.into() };
        store::get(&object).ok().flatten().unwrap_or_default()
    }

    fn children(&self, uid: &str) -> Vec<impl AsRef<[u8]>> {
        let query = Query { namespace: Some("demo".into()), selector: String::new(), owner_uid: Some(uid.into()) };
        store::list_objects(&kind("Child"), &query).unwrap_or_default()
    }

    fn apply(&self, intent: &[u8]) -> usize {
        cluster::apply(intent).map_or(0, |object| object.len())
    }
}

impl lifecycle::Guest for Boundary {
    fn describe() -> Declaration {
        let (reads, writes, endpoints, settings_schema) = (vec![], vec![], vec![], None);
        let (name, version, reconciles) = ("boundary".into(), "1".into(), vec![kind("Wish")]);
        Declaration { name, version, reconciles, reads, writes, endpoints, settings_schema }
    }

    fn configure(_: Vec<u8>) -> Result<(), String> {
        Ok(())
    }
}

impl reconciler::Guest for Boundary {
    fn reconcile(request: Request) -> Response {
        let seen = logic::reconcile(&Imports, &request.object.name);
        Response { outcome: Outcome::RequeueAfter(seen as u64), conditions: vec![], events: vec![] }
    }
}
