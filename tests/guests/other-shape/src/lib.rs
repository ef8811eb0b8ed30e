//! Claims the version of the contract that the host offers and has other types.

use bindings::exports::backplane::lifecycle::lifecycle;
use bindings::exports::backplane::reconciler::reconciler;

mod bindings {
    wit_bindgen::generate!({
        inline: "
            package backplane:shape;

            world shape {
                export backplane:lifecycle/lifecycle@0.1.0;
                export backplane:reconciler/reconciler@0.1.0;
            }

            package backplane:lifecycle@0.1.0 {
                interface lifecycle {
                    describe: func() -> string;
                    configure: func(settings: list<u8>) -> result<_, string>;
                }
            }

            package backplane:reconciler@0.1.0 {
                interface reconciler {
                    reconcile: func(name: string) -> bool;
                }
            }
        ",
        generate_all,
    });
}

struct Other;

bindings::export!(Other with_types_in bindings);

impl lifecycle::Guest for Other {
    fn describe() -> String {
        "other".into()
    }

    fn configure(_: Vec<u8>) -> Result<(), String> {
        Ok(())
    }
}

impl reconciler::Guest for Other {
    fn reconcile(name: String) -> bool {
        name.is_empty()
    }
}
