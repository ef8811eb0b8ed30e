//! Misbehaves in the way that the object's name asks for. Written against the bare contract: no library is needed.

use std::hint::black_box;

use bindings::backplane::cluster::cluster;
use bindings::backplane::logging::logging::{self, Level};
use bindings::backplane::store::store;
use bindings::backplane::types::types::Kind;
use bindings::exports::backplane::lifecycle::lifecycle::{self, Declaration};
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

struct Rude;

bindings::export!(Rude with_types_in bindings);

fn kind() -> Kind {
    Kind { group: "demo.example.org".into(), version: "v1".into(), kind: "Wish".into() }
}

impl lifecycle::Guest for Rude {
    fn describe() -> Declaration {
        Declaration {
            name: "rude".into(),
            version: env!("CARGO_PKG_VERSION").into(),
            reconciles: vec![kind()],
            reads: vec![],
            writes: vec![],
            endpoints: vec![],
            settings_schema: None,
        }
    }

    fn configure(settings: Vec<u8>) -> Result<(), String> {
        if settings == b"{}" { Ok(()) } else { Err("rude takes no settings".into()) }
    }
}

impl reconciler::Guest for Rude {
    fn reconcile(request: Request) -> Response {
        let mut message = String::new();
        match request.object.name.as_str() {
            "loops" => loops(),
            "panics" => panic!("the secret is {}", request.reason),
            "exits" => std::process::exit(3),
            "grows" => grows(),
            "grows-a-little" => drop(black_box(vec![1_u8; 8 << 20])),
            "recurses" => drop(black_box(recurses(1))),
            "calls" => calls(),
            "writes" => writes(),
            "logs" => logs(),
            "prints" => prints(),
            "answers" => message = "x".repeat(2 << 20),
            _ => {}
        }
        let outcome = Outcome::Refused(reconciler::Refusal { reason: "Rude".into(), message });
        Response { outcome, conditions: vec![], events: vec![] }
    }
}

fn loops() {
    let mut turns = 0_u64;
    loop {
        turns = black_box(turns.wrapping_add(1));
    }
}

fn grows() {
    let mut kept = Vec::new();
    loop {
        kept.push(black_box(vec![1_u8; 1 << 20]));
    }
}

#[expect(unconditional_recursion, reason = "this is the point")]
fn recurses(depth: u64) -> [u64; 64] {
    let mut frame = black_box([depth; 64]);
    frame[0] = recurses(depth + 1)[1];
    black_box(frame)
}

fn calls() {
    loop {
        black_box(store::is_reconciled(&kind()));
    }
}

fn writes() {
    let object = vec![b' '; 64 << 10];
    loop {
        let _ = cluster::apply(&object);
    }
}

fn logs() {
    for line in 0..10_000 {
        logging::log(Level::Info, "a line that is written again and again", &[("line".into(), line.to_string())]);
    }
}

fn prints() {
    loop {
        println!("a line that is printed again and again");
    }
}
