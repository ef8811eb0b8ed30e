//! Renders the cloud-init document that makes a machine join its cluster.
//!
//! Values in, text out. The join configuration is written as JSON inside the document: JSON is YAML, and jinja leaves
//! it alone but for the placeholders that the user put in on purpose.

use base64::Engine as _;
use serde_json::{Value, json};

use crate::object;

/// Where `kubeadm join` finds its configuration.
const CONFIG_PATH: &str = "/run/kubeadm/kubeadm-join-config.yaml";
/// What the machine leaves behind once it has joined.
const DONE_PATH: &str = "/run/cluster-api/bootstrap-success.complete";
/// Makes the directory of [`DONE_PATH`].
const PLACEHOLDER_PATH: &str = "/run/cluster-api/placeholder";

/// Why no document can be made.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RenderError {
    /// YAML of a value could not be written.
    #[error("cloud-init cannot be written as YAML")]
    Yaml(#[source] serde_saphyr::ser::Error),
    /// Only cloud-config is rendered here.
    #[error("bootstrap format {0} is not supported")]
    Format(String),
    /// A file takes its content from a Secret; the caller resolves these first.
    #[error("file {0} has content that is not UTF-8")]
    Content(String),
}

/// The join configuration with what the cluster adds to the user's `joinConfiguration`.
pub(crate) fn join_configuration(user: &Value, endpoint: &str, token: &str, ca_hashes: &[String]) -> Value {
    let mut join = if user.is_object() { user.clone() } else { json!({}) };
    object::put(&mut join, &["apiVersion"], json!("kubeadm.k8s.io/v1beta3"));
    object::put(&mut join, &["kind"], json!("JoinConfiguration"));
    let discovery = ["discovery", "bootstrapToken"];
    let at = |member| [discovery[0], discovery[1], member];
    if object::text(&join, "/discovery/bootstrapToken/apiServerEndpoint").is_empty() {
        object::put(&mut join, &at("apiServerEndpoint"), json!(endpoint));
    }
    if object::text(&join, "/discovery/bootstrapToken/token").is_empty() {
        object::put(&mut join, &at("token"), json!(token));
    }
    let unchecked = object::is_true(&join, "/discovery/bootstrapToken/unsafeSkipCAVerification");
    if !unchecked && object::list(&join, "/discovery/bootstrapToken/caCertHashes").is_empty() {
        object::put(&mut join, &at("caCertHashes"), json!(ca_hashes));
    }
    join
}

/// The whole document: files, commands around `kubeadm join`, users.
pub(crate) fn render(spec: &Value, join: &Value) -> Result<String, RenderError> {
    let format = object::text(spec, "/format");
    if !format.is_empty() && format != "cloud-config" {
        return Err(RenderError::Format(format.to_owned()));
    }
    let mut document = json!({"write_files": files(spec, join)?, "runcmd": commands(spec)});
    if let Some(users) = spec.get("users").and_then(Value::as_array) {
        object::put(&mut document, &["users"], users.iter().map(user).collect());
    }
    for (from, to) in [("ntp", "ntp"), ("mounts", "mounts")] {
        if let Some(value) = spec.get(from) {
            object::put(&mut document, &[to], value.clone());
        }
    }
    let body = serde_saphyr::to_string(&document).map_err(RenderError::Yaml)?;
    Ok(format!("## template: jinja\n#cloud-config\n\n{body}"))
}

fn files(spec: &Value, join: &Value) -> Result<Vec<Value>, RenderError> {
    let mut files = Vec::new();
    for file in object::list(spec, "/files") {
        files.push(self::file(file)?);
    }
    let config = serde_saphyr::to_string(join).map_err(RenderError::Yaml)?;
    let config = format!("---\n{config}");
    files.push(json!({"path": CONFIG_PATH, "owner": "root:root", "permissions": "0640", "content": config}));
    let note = "Written so that its directory is there when the machine reports its success.";
    files.push(json!({"path": PLACEHOLDER_PATH, "owner": "root:root", "permissions": "0640", "content": note}));
    Ok(files)
}

fn file(file: &Value) -> Result<Value, RenderError> {
    let mut out = json!({"path": object::text(file, "/path")});
    for member in ["owner", "permissions", "encoding"] {
        if let Some(value) = file.get(member) {
            object::put(&mut out, &[member], value.clone());
        }
    }
    if object::is_true(file, "/append") {
        object::put(&mut out, &["append"], json!(true));
    }
    let content = object::text(file, "/content");
    if file.get("encoding").is_some_and(|e| e == "base64") && !is_base64(content) {
        return Err(RenderError::Content(object::text(file, "/path").to_owned()));
    }
    object::put(&mut out, &["content"], json!(content));
    Ok(out)
}

fn is_base64(content: &str) -> bool {
    let compact: String = content.split_whitespace().collect();
    base64::engine::general_purpose::STANDARD.decode(compact).is_ok()
}

fn commands(spec: &Value) -> Vec<Value> {
    let verbosity = object::number(spec, "/verbosity", 0);
    let verbose = if verbosity > 0 { format!(" --v {verbosity}") } else { String::new() };
    let join = format!("kubeadm join --config {CONFIG_PATH}{verbose} && echo success > {DONE_PATH}");
    let before = object::list(spec, "/preKubeadmCommands").iter().cloned();
    let after = object::list(spec, "/postKubeadmCommands").iter().cloned();
    before.chain([json!(join)]).chain(after).collect()
}

/// A user in cloud-init's words.
fn user(user: &Value) -> Value {
    let words = [
        ("name", "name"),
        ("passwd", "passwd"),
        ("gecos", "gecos"),
        ("groups", "groups"),
        ("homeDir", "homedir"),
        ("inactive", "inactive"),
        ("lockPassword", "lock_passwd"),
        ("shell", "shell"),
        ("primaryGroup", "primary_group"),
        ("sudo", "sudo"),
        ("sshAuthorizedKeys", "ssh_authorized_keys"),
    ];
    let present = words.iter().filter_map(|(from, to)| Some(((*to).to_owned(), user.get(from)?.clone())));
    Value::Object(present.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rendered(spec: &Value) -> (String, Value) {
        let join = join_configuration(
            &spec["joinConfiguration"],
            "127.0.0.9:6443",
            "abcdef.0123456789abcdef",
            &["sha256:00".into()],
        );
        let text = render(spec, &join).expect("renders");
        let document = serde_saphyr::from_str(&text).expect("is YAML");
        (text, document)
    }

    fn content(document: &Value, path: &str) -> String {
        let found = object::list(document, "/write_files").iter().find(|f| object::text(f, "/path") == path);
        object::text(found.expect("file is there"), "/content").to_owned()
    }

    #[test]
    fn the_document_holds_the_join_configuration_and_runs_it_between_the_users_commands() {
        let (text, document) = rendered(&json!({
            "joinConfiguration": {"nodeRegistration": {"name": "{{ ds.meta_data.local_hostname }}",
                "kubeletExtraArgs": {"cloud-provider": "external",
                    "provider-id": "cloudsigma://{{ ds.meta_data.instance_id }}"}}},
            "preKubeadmCommands": ["first"], "postKubeadmCommands": ["last"],
            "files": [{"path": "/etc/a", "content": "x\ny\n", "permissions": "0600"}],
            "users": [{"name": "op", "sshAuthorizedKeys": ["k"], "lockPassword": true}],
        }));
        assert!(text.starts_with("## template: jinja\n#cloud-config\n"));
        let join: Value = serde_saphyr::from_str(&content(&document, CONFIG_PATH)).expect("is YAML");
        assert_eq!(object::text(&join, "/kind"), "JoinConfiguration");
        assert_eq!(object::text(&join, "/apiVersion"), "kubeadm.k8s.io/v1beta3");
        assert_eq!(object::text(&join, "/discovery/bootstrapToken/apiServerEndpoint"), "127.0.0.9:6443");
        assert_eq!(join["discovery"]["bootstrapToken"]["caCertHashes"], json!(["sha256:00"]));
        assert_eq!(object::text(&join, "/nodeRegistration/name"), "{{ ds.meta_data.local_hostname }}");
        let commands = object::list(&document, "/runcmd");
        assert_eq!((&commands[0], &commands[2]), (&json!("first"), &json!("last")));
        assert!(commands[1].as_str().expect("text").starts_with("kubeadm join --config /run/kubeadm/"));
        assert_eq!(content(&document, "/etc/a"), "x\ny\n");
        assert_eq!(document["users"][0]["lock_passwd"], json!(true));
    }

    #[test]
    fn what_the_user_says_about_discovery_is_kept() {
        let user = json!({"discovery": {"bootstrapToken": {
            "token": "aaaaaa.bbbbbbbbbbbbbbbb", "apiServerEndpoint": "x:1", "unsafeSkipCAVerification": true}}});
        let join = join_configuration(&user, "y:2", "unused", &["sha256:00".into()]);
        assert_eq!(object::text(&join, "/discovery/bootstrapToken/token"), "aaaaaa.bbbbbbbbbbbbbbbb");
        assert_eq!(object::text(&join, "/discovery/bootstrapToken/apiServerEndpoint"), "x:1");
        assert!(object::list(&join, "/discovery/bootstrapToken/caCertHashes").is_empty());
    }

    #[test]
    fn what_cannot_be_rendered_is_refused() {
        let cases = [
            ("ignition", json!({"format": "ignition"})),
            ("bad base64", json!({"files": [{"path": "/a", "content": "***", "encoding": "base64"}]})),
        ];
        for (case, spec) in cases {
            assert!(render(&spec, &json!({})).is_err(), "{case}");
        }
    }
}
