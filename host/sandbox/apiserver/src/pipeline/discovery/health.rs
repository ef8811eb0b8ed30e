//! The server's version, and whether it is well: it is, as long as it answers.

use http::Response;
use serde_json::{Value, json};

use crate::pipeline::{Call, reply};
use crate::server::Body;

/// `/version`.
pub(super) fn version(version: &str) -> Value {
    let mut numbers = version.trim_start_matches('v').split('.');
    let (major, minor) = (numbers.next().unwrap_or_default(), numbers.next().unwrap_or_default());
    json!({
        "major": major, "minor": minor, "gitVersion": version, "gitCommit": "", "gitTreeState": "clean",
        "buildDate": "1970-01-01T00:00:00Z", "goVersion": "", "compiler": "rustc",
        "platform": format!("{}/{}", std::env::consts::OS, std::env::consts::ARCH),
    })
}

/// `/healthz`, `/livez`, `/readyz`, and each single check below them.
pub(super) fn well(call: &Call<'_>, path: &[&str]) -> Response<Body> {
    match call.request.query.flag("verbose") {
        Some(true) => reply::text(200, &format!("[+]ping ok\n{} check passed\n", path[0])),
        _ => reply::text(200, "ok"),
    }
}
