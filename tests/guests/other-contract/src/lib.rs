//! Built against a version of the contract that no host offers.

use bindings::exports::backplane::lifecycle::lifecycle::{Declaration, Guest};
use bindings::exports::backplane::reconciler::reconciler::{self, Outcome, Request, Response};

mod bindings {
    wit_bindgen::generate!({
        inline: "
            package backplane:other;
            world other {
                export backplane:lifecycle/lifecycle@0.9.0;
                export backplane:reconciler/reconciler@0.9.0;
            }
        ",
        generate_all,
        path: ["wit/types", "wit/lifecycle", "wit/reconciler"],
    });
}

struct Other;

bindings::export!(Other with_types_in bindings);

impl Guest for Other {
    fn describe() -> Declaration {
        let (reads, writes, reconciles, endpoints) = (vec![], vec![], vec![], vec![]);
        let (name, version, settings_schema) = ("other".into(), "1".into(), None);
        Declaration { name, version, reconciles, reads, writes, endpoints, settings_schema }
    }

    fn configure(_: Vec<u8>) -> Result<(), String> {
        Ok(())
    }
}

impl reconciler::Guest for Other {
    fn reconcile(_: Request) -> Response {
        Response { outcome: Outcome::Done, conditions: vec![], events: vec![] }
    }
}
