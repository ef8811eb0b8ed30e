//! The server's version, and whether it is well: it is, as long as it answers.

use backplane_apimachinery::Status;
use http::Response;
use serde_json::{Value, json};

use crate::pipeline::{Call, reply};
use crate::server::Body;

/// The single checks that can be asked for by name.
const CHECKS: [&str; 3] = ["ping", "log", "etcd"];

/// `/version`. The version is also the one that is emulated, and one before it can still be run beside it.
pub(super) fn version(version: &str) -> Value {
    let mut numbers = version.trim_start_matches('v').split('.');
    let (major, minor) = (numbers.next().unwrap_or_default(), numbers.next().unwrap_or_default());
    let before = minor.parse::<u32>().map_or_else(|_| minor.to_owned(), |minor| minor.saturating_sub(1).to_string());
    json!({
        "major": major, "minor": minor, "emulationMajor": major, "emulationMinor": minor,
        "minCompatibilityMajor": major, "minCompatibilityMinor": before, "gitVersion": version, "gitCommit": "",
        "gitTreeState": "clean", "buildDate": "1970-01-01T00:00:00Z", "goVersion": "", "compiler": "rustc",
        "platform": format!("{}/{}", std::env::consts::OS, architecture()),
    })
}

/// The processor, in the words of Go.
fn architecture() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}

/// `/healthz`, `/livez`, `/readyz`, and each single check below them; whatever the method is.
///
/// # Errors
/// 404 for a check that there is not.
pub(super) fn well(call: &Call<'_>, check: &str, part: &[&str]) -> Result<Response<Body>, Status> {
    match part {
        [] => {}
        [name] if CHECKS.contains(name) => {}
        _ => return Err(Status::no_such_path()),
    }
    Ok(match call.request.query.flag("verbose") {
        Some(true) => reply::text(200, &format!("[+]ping ok\n{check} check passed\n")),
        _ => reply::text(200, "ok"),
    })
}
