//! What reaches the operator's log.

use crate::support::{Fake, ask, limited, load, logged, may_call, over, slot, wish};
use backplane_core::CallError;
use backplane_engine::{Context, Credential, Endpoint, Endpoints, Limits};

#[tokio::test]
async fn a_guests_lines_and_prints_carry_its_name_and_the_span_of_the_call() {
    ask(&slot(load("echo"), Context::nothing("echo")), "logs").await.expect("answer");
    let text = logged();
    let expected = [
        r#"a message component="echo" facts="fact=value""#,
        r#"to standard output component="echo" facts="stdout""#,
        r#"to standard error component="echo" facts="stderr""#,
    ];
    for line in expected {
        assert!(text.contains(line), "{line}: {text}");
    }
    let closed = text.lines().find(|line| line.contains("outcome=")).expect("span");
    for field in [r#"component="echo""#, "component.digest=", r#"function="reconciler.reconcile""#, r#"outcome="ok""#] {
        assert!(closed.contains(field), "{field}: {closed}");
    }
    assert!(closed.contains("elapsed_ms="), "{closed}");
}

#[tokio::test]
async fn a_call_that_fails_says_how_in_its_span() {
    let slot = slot(load("rude"), limited("rude", Limits { host_calls: 10, ..Limits::default() }));
    let error = ask(&slot, "calls").await.expect_err("limit");
    assert!(matches!(error, CallError::Limit { .. }), "{error}");
    ask(&slot, "panics").await.expect_err("trap");
    let text = logged();
    assert!(text.contains(r#"outcome="BudgetExceeded""#) && text.contains(r#"outcome="Trapped""#), "{text}");
}

#[tokio::test]
async fn a_flood_leaves_its_beginning_and_one_line_that_says_so() {
    let slot = slot(load("rude"), limited("rude", Limits { log_bytes: 2_048, ..Limits::default() }));
    ask(&slot, "logs").await.expect("answer");
    let text = logged();
    assert!((10..100).contains(&text.matches("again and again").count()), "{text}");
    assert_eq!(text.matches("further log lines of this call are dropped").count(), 1, "{text}");
}

#[tokio::test]
async fn no_line_shows_a_credential_or_an_object() {
    let server = axum::Router::new().route("/", axum::routing::any(|| async { "fine" }));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("port");
    let address = listener.local_addr().expect("address");
    tokio::spawn(async move { axum::serve(listener, server).await });
    let endpoint = Endpoint {
        credential: Some(Credential::Bearer { token: "top-secret-token".to_owned().into() }),
        allow_plain_http: true,
        ..Endpoint::new("cloud", format!("http://{address}"))
    };
    let object = r#"{"spec": {"url": "http://cloud/", "method": "POST", "body": "in-the-object"}}"#;
    let context = over(&Fake::with(&[(wish("fetch").object, object)]));
    let endpoints = Endpoints::new([endpoint]).expect("endpoints");
    let slot = slot(load("echo"), Context { endpoints, permissions: may_call(&["cloud"]), ..context });
    assert!(ask(&slot, "fetch").await.expect("answer").ends_with(" fine"));
    tracing::debug!(context = ?slot.generation(), "debug output of the parts");
    let text = logged();
    assert!(text.contains("debug output of the parts"), "{text}");
    for secret in ["top-secret-token", "in-the-object"] {
        assert!(!text.contains(secret), "{secret}: {text}");
    }
}
