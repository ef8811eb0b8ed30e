//! Describes itself with mistakes.

use bindings::exports::backplane::lifecycle::lifecycle::{Declaration, Guest};
use bindings::exports::backplane::reconciler::reconciler::{self, Outcome, Request, Response};

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

struct Misdeclared;

bindings::export!(Misdeclared with_types_in bindings);

impl Guest for Misdeclared {
    fn describe() -> Declaration {
        let (reads, writes, reconciles, endpoints) = (vec![], vec![], vec![], vec![]);
        Declaration {
            name: "Not A Label".into(),
            version: "1".into(),
            reconciles,
            reads,
            writes,
            endpoints,
            settings_schema: Some("no JSON".into()),
        }
    }

    fn configure(_: Vec<u8>) -> Result<(), String> {
        Ok(())
    }
}

impl reconciler::Guest for Misdeclared {
    fn reconcile(_: Request) -> Response {
        Response { outcome: Outcome::Done, conditions: vec![], events: vec![] }
    }
}
