//! Opens a file, so it imports what no plugin is granted.

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

struct Files;

bindings::export!(Files with_types_in bindings);

impl Guest for Files {
    fn describe() -> Declaration {
        let (reads, writes, reconciles, endpoints) = (vec![], vec![], vec![], vec![]);
        Declaration {
            name: "files".into(),
            version: "1".into(),
            reconciles,
            reads,
            writes,
            endpoints,
            settings_schema: std::fs::read_to_string("/etc/passwd").ok(),
        }
    }

    fn configure(_: Vec<u8>) -> Result<(), String> {
        Ok(())
    }
}

impl reconciler::Guest for Files {
    fn reconcile(_: Request) -> Response {
        Response { outcome: Outcome::Done, conditions: vec![], events: vec![] }
    }
}
