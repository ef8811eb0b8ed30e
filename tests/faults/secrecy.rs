//! The log at its most talkative, while the guide is played: no credential, no user data, no whole object.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::{Context, Result};
use backplane_tests::guide::{CLUSTER, Guide, NAMESPACE, steps};
use backplane_tests::process::DevProcess;
use backplane_tests::resource::SECRET;
use backplane_tests::wait::failure;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

const LIMIT: Duration = Duration::from_secs(120);

/// No fact in a log line is this long; whole objects are.
const LONGEST_LINE: usize = 4096;

/// Shorter texts are words that may stand in any line, such as a name.
const SHORTEST_SECRET: usize = 8;

/// What only whole objects, requests with a credential, and user data hold.
const FORBIDDEN: [&str; 9] = [
    "managedFields",
    "\"spec\":{",
    "\"kind\":\"KdcCluster\"",
    "#cloud-config",
    "cloudinit-user-data",
    "PRIVATE KEY",
    "Bearer ",
    "Basic ",
    "client-key-data",
];

/// A secret, and what to call it: the secret itself is not printed by a failing test either.
type Secret = (String, String);

/// Everything that the guide made and that nobody may read in a log.
async fn secrets(dev: &DevProcess, guide: &Guide) -> Result<Vec<Secret>> {
    let cloud = &dev.info.cloud;
    let basic = STANDARD.encode(format!("{}:{}", cloud.email, cloud.password));
    let mut found = vec![("cloud password".into(), cloud.password.clone()), ("basic credential".into(), basic)];
    let kubeconfigs = [
        ("admin kubeconfig", std::fs::read_to_string(&dev.info.kubeconfig)?),
        ("tenant kubeconfig", guide.tenant_kubeconfig(CLUSTER).await?),
    ];
    for (what, text) in &kubeconfigs {
        found.extend(credentials(text).map(|value| (format!("credential of the {what}"), value)));
    }
    for secret in guide.driver.list(SECRET, Some(NAMESPACE), "").await? {
        found.extend(of_secret(&secret)?);
    }
    for server in guide.cloud.servers().await? {
        found.extend(of_server(&server)?);
    }
    found.retain(|(_, secret)| secret.len() >= SHORTEST_SECRET);
    Ok(found)
}

/// Tokens and keys of a kubeconfig.
fn credentials(kubeconfig: &str) -> impl Iterator<Item = String> {
    let keys = ["token:", "client-key-data:", "password:"];
    kubeconfig.lines().filter_map(move |line| {
        let line = line.trim_start_matches(['-', ' ']);
        let value = keys.iter().find_map(|key| line.strip_prefix(key))?;
        Some(value.trim().trim_matches('"').to_owned())
    })
}

/// Every long value of a Secret as it is stored, and the longest line of what it means.
fn of_secret(secret: &Value) -> Result<Vec<Secret>> {
    let mut found = Vec::new();
    for (key, value) in secret["data"].as_object().into_iter().flatten() {
        let what = format!("Secret {} key {key}", secret["metadata"]["name"]);
        let stored = value.as_str().unwrap_or_default();
        let meant = String::from_utf8_lossy(&STANDARD.decode(stored)?).into_owned();
        found.extend(tokens(&meant).map(|token| (format!("bootstrap token in {what}"), token)));
        let longest = meant.lines().map(str::trim).max_by_key(|line| line.len()).unwrap_or_default();
        // A certificate is public, and so is what a key says about itself.
        if !meant.contains("BEGIN CERTIFICATE") {
            found.push((format!("longest line of {what}"), longest.to_owned()));
        }
        found.push((what, stored.to_owned()));
    }
    Ok(found)
}

fn of_server(server: &Value) -> Result<Vec<Secret>> {
    let stored = server["meta"]["cloudinit-user-data"].as_str().context("a server without user data")?;
    let meant = String::from_utf8(STANDARD.decode(stored)?)?;
    let vnc = server["vnc_password"].as_str().context("a server without vnc_password")?;
    let mut found = vec![("vnc_password".into(), vnc.to_owned()), ("user data".into(), stored.to_owned())];
    found.push(("begin of the user data".into(), stored.chars().take(60).collect()));
    found.extend(tokens(&meant).map(|token| ("bootstrap token in the user data".into(), token)));
    Ok(found)
}

/// The secret halves of what looks like a bootstrap token: six characters, a dot, sixteen characters.
fn tokens(text: &str) -> impl Iterator<Item = String> {
    let plain = |part: &str| part.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '.'));
    words.filter_map(move |word| {
        let (id, secret) = word.split_once('.')?;
        (id.len() == 6 && secret.len() == 16 && plain(id) && plain(secret)).then(|| secret.to_owned())
    })
}

/// Where a secret stands in the log; the line is cut so that a report is no leak itself.
fn leaks(log: &str, secrets: &[Secret]) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for line in log.lines() {
        for (what, _) in secrets.iter().filter(|(_, secret)| line.contains(secret.as_str())) {
            found.insert(format!("{what}: {}", head(line)));
        }
        for word in FORBIDDEN.iter().filter(|word| line.contains(**word)) {
            found.insert(format!("{word:?}: {}", head(line)));
        }
        if line.len() > LONGEST_LINE {
            found.insert(format!("a line of {} bytes: {}", line.len(), head(line)));
        }
    }
    found
}

fn head(line: &str) -> String {
    line.chars().take(160).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_line_of_the_log_shows_a_credential_or_a_whole_object_at_any_level() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let arguments = ["--time-scale", "0.02", "--log", "trace"].map(Into::into);
    let mut dev = DevProcess::start_with(folder.path(), &arguments).await?;
    let guide = dev.guide(folder.path(), LIMIT).await?;
    for step in steps().into_iter().filter(|step| step.number <= 2) {
        step.run(&guide).await?;
    }
    guide.ready_nodes(CLUSTER, 2).await?;
    let secrets = secrets(&dev, &guide).await?;
    dev.stop().await?;
    let log = std::fs::read_to_string(folder.path().join("dev.log"))?;
    for (kind, count) in [
        ("cloud password", 1),
        ("basic credential", 1),
        ("admin kubeconfig", 1),
        ("tenant kubeconfig", 1),
        ("bootstrap token in the user data", 2),
        ("vnc_password", 2),
        ("begin of the user data", 2),
        ("longest line of Secret", 4),
    ] {
        let known = secrets.iter().filter(|(what, _)| what.contains(kind)).count();
        if known < count {
            return Err(failure(format!("at least {count} secrets of the kind {kind}"), known.to_string()));
        }
    }
    if !log.contains("TRACE") || !log.contains("component=\"clusters\"") {
        return Err(failure("a log at level trace of the whole guide", head(&log)));
    }
    let found = leaks(&log, &secrets);
    if found.is_empty() { Ok(()) } else { Err(failure("no secret in the log", list(&found))) }
}

fn list(found: &BTreeSet<String>) -> String {
    let lines: Vec<&str> = found.iter().take(40).map(String::as_str).collect();
    format!("{} places:\n{}", found.len(), lines.join("\n"))
}

#[test]
fn a_leak_would_be_found() {
    let secrets = [("token".to_owned(), "0123456789abcdef".to_owned())];
    let long = "x".repeat(LONGEST_LINE + 1);
    let cases = [
        ("a fact", "INFO write object=x", 0),
        ("a secret", "TRACE sent token=abcdef.0123456789abcdef", 1),
        ("an object", "DEBUG got {\"kind\":\"KdcCluster\",\"spec\":{}}", 2),
        ("a header", "TRACE authorization: Bearer x", 1),
        ("a long line", long.as_str(), 1),
    ];
    for (name, line, expected) in cases {
        assert_eq!(leaks(line, &secrets).len(), expected, "{name}");
    }
    assert_eq!(tokens("token: abcdef.0123456789abcdef\n").collect::<Vec<_>>(), ["0123456789abcdef"]);
}
