//! kubeadm: reads the `JoinConfiguration` of a join file, in the versions `v1beta3` and `v1beta4`.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde_json::Value;

use super::Machine;
use super::userdata::BadData;

/// What a join configuration asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Plan {
    /// `host:port` of the API server.
    pub(crate) endpoint: String,
    pub(crate) token: Token,
    /// `sha256:<hex>` of accepted authorities; empty if any is accepted.
    pub(crate) ca_hashes: Vec<String>,
    pub(crate) node_name: String,
    pub(crate) kubelet_args: BTreeMap<String, String>,
    pub(crate) taints: Vec<Taint>,
}

/// A bootstrap token. `Debug` shows its public half.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) id: String,
    pub(crate) secret: String,
}

impl Token {
    pub(crate) fn bearer(&self) -> String {
        format!("{}.{}", self.id, self.secret)
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Token({})", self.id)
    }
}

/// A taint of the Node.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, serde::Serialize)]
pub(crate) struct Taint {
    pub(crate) key: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) value: Option<String>,
    pub(crate) effect: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct JoinConfiguration {
    discovery: Option<Discovery>,
    #[serde(default)]
    node_registration: NodeRegistration,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Discovery {
    bootstrap_token: Option<BootstrapToken>,
    tls_bootstrap_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct BootstrapToken {
    #[serde(default)]
    api_server_endpoint: String,
    #[serde(default)]
    token: String,
    ca_cert_hashes: Option<Vec<String>>,
    #[serde(default, rename = "unsafeSkipCAVerification")]
    unsafe_skip_ca_verification: bool,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct NodeRegistration {
    name: Option<String>,
    kubelet_extra_args: Option<Value>,
    taints: Option<Vec<Taint>>,
}

/// Reads the join configuration among the documents of a join file.
pub(crate) fn parse(file: &str, machine: &Machine) -> Result<Plan, BadData> {
    let bad = |text: &str| BadData::Join(text.to_owned());
    let documents: Vec<Value> = serde_saphyr::from_multiple(file).map_err(|_| bad("not valid YAML"))?;
    let found = documents.into_iter().find(|document| document["kind"] == "JoinConfiguration");
    let document = found.ok_or_else(|| bad("no document of kind JoinConfiguration"))?;
    let version = document["apiVersion"].as_str().unwrap_or_default();
    if !["kubeadm.k8s.io/v1beta3", "kubeadm.k8s.io/v1beta4"].contains(&version) {
        return Err(BadData::Join(format!("apiVersion {version} is not supported")));
    }
    let config: JoinConfiguration = serde_json::from_value(document).map_err(|_| bad("a member has the wrong type"))?;
    plan(config, machine)
}

fn plan(config: JoinConfiguration, machine: &Machine) -> Result<Plan, BadData> {
    let bad = |text: &str| BadData::Join(text.to_owned());
    let discovery = config.discovery.ok_or_else(|| bad("discovery is missing"))?;
    let bootstrap = discovery.bootstrap_token.ok_or_else(|| bad("discovery.bootstrapToken is missing"))?;
    let written = if bootstrap.token.is_empty() { discovery.tls_bootstrap_token.as_deref() } else { None };
    let token =
        token(written.unwrap_or(&bootstrap.token)).ok_or_else(|| bad("the bootstrap token has the wrong form"))?;
    if !is_endpoint(&bootstrap.api_server_endpoint) {
        return Err(bad("discovery.bootstrapToken.apiServerEndpoint is not host:port"));
    }
    let ca_hashes = bootstrap.ca_cert_hashes.unwrap_or_default();
    if ca_hashes.is_empty() && !bootstrap.unsafe_skip_ca_verification {
        return Err(bad("neither caCertHashes nor unsafeSkipCAVerification is given"));
    }
    if ca_hashes.iter().any(|hash| !is_hash(hash)) {
        return Err(bad("an entry of caCertHashes is not sha256:<hex>"));
    }
    let registration = config.node_registration;
    let node_name = registration.name.unwrap_or_else(|| machine.name.clone()).trim().to_lowercase();
    if !is_node_name(&node_name) {
        return Err(bad("nodeRegistration.name is not a valid name of a Node"));
    }
    let kubelet_args = arguments(registration.kubelet_extra_args)?;
    let taints = registration.taints.unwrap_or_default();
    Ok(Plan { endpoint: bootstrap.api_server_endpoint, token, ca_hashes, node_name, kubelet_args, taints })
}

/// `kubeletExtraArgs` as a map (`v1beta3`) or a list of names and values (`v1beta4`).
fn arguments(value: Option<Value>) -> Result<BTreeMap<String, String>, BadData> {
    let wrong = || BadData::Join("nodeRegistration.kubeletExtraArgs has the wrong form".to_owned());
    let pairs: Option<Vec<(String, Value)>> = match value {
        None | Some(Value::Null) => Some(Vec::new()),
        Some(Value::Object(map)) => Some(map.into_iter().collect()),
        Some(Value::Array(list)) => {
            list.into_iter().map(|item| Some((item["name"].as_str()?.to_owned(), item["value"].clone()))).collect()
        }
        Some(_) => None,
    };
    pairs.ok_or_else(wrong)?.into_iter().map(|(name, value)| Ok((name, scalar(value).ok_or_else(wrong)?))).collect()
}

fn scalar(value: Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text),
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        _ => None,
    }
}

fn token(text: &str) -> Option<Token> {
    let (id, secret) = text.split_once('.')?;
    let fits = |part: &str, length| {
        part.len() == length && part.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    };
    (fits(id, 6) && fits(secret, 16)).then(|| Token { id: id.to_owned(), secret: secret.to_owned() })
}

fn is_endpoint(text: &str) -> bool {
    let parts = text.rsplit_once(':');
    parts
        .is_some_and(|(host, port)| !host.is_empty() && !host.contains('/') && port.parse::<u16>().is_ok_and(|p| p > 0))
}

fn is_hash(text: &str) -> bool {
    let digits = text.strip_prefix("sha256:").unwrap_or_default();
    digits.len() == 64 && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn is_node_name(name: &str) -> bool {
    let label = |label: &str| {
        let inner = label.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
        inner && !label.is_empty() && !label.starts_with('-') && !label.ends_with('-')
    };
    name.len() <= 253 && name.split('.').all(label)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const HASH: &str = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    fn machine() -> Machine {
        Machine {
            uuid: "u-1".to_owned(),
            name: "pool-a-1".to_owned(),
            cores: 1,
            memory: 1 << 30,
            meta: serde_json::Map::new(),
            addresses: Vec::new(),
            boot_drive: None,
            image: None,
            kubernetes_version: None,
        }
    }

    fn good() -> Value {
        json!({
            "apiVersion": "kubeadm.k8s.io/v1beta4", "kind": "JoinConfiguration",
            "discovery": {"bootstrapToken": {
                "apiServerEndpoint": "10.0.0.1:6443", "token": "abcdef.0123456789abcdef", "caCertHashes": [HASH],
            }},
            "nodeRegistration": {
                "name": "worker-1", "kubeletExtraArgs": [{"name": "provider-id", "value": "cloudsigma://u-1"}],
                "taints": [{"key": "node.cluster.x-k8s.io/uninitialized", "effect": "NoSchedule"}],
            },
        })
    }

    fn with(pointer: &str, value: Value) -> String {
        let mut document = good();
        *document.pointer_mut(pointer).unwrap() = value;
        document.to_string()
    }

    #[test]
    fn both_versions_of_the_configuration_mean_the_same() {
        let new = parse(&good().to_string(), &machine()).unwrap();
        let mut old = good();
        old["apiVersion"] = json!("kubeadm.k8s.io/v1beta3");
        old["nodeRegistration"]["kubeletExtraArgs"] = json!({"provider-id": "cloudsigma://u-1"});
        assert_eq!(parse(&old.to_string(), &machine()).unwrap(), new);
        assert_eq!(new.node_name, "worker-1");
        assert_eq!(new.kubelet_args["provider-id"], "cloudsigma://u-1");
        assert_eq!(new.taints[0].key, "node.cluster.x-k8s.io/uninitialized");
    }

    #[test]
    fn the_configuration_is_found_among_other_documents() {
        let file = format!("---\nkind: KubeletConfiguration\n---\n{}\n", good());
        assert!(parse(&file, &machine()).is_ok());
    }

    #[test]
    fn a_node_without_a_name_is_called_like_its_server() {
        let plan = parse(&with("/nodeRegistration/name", Value::Null), &machine()).unwrap();
        assert_eq!(plan.node_name, "pool-a-1");
    }

    #[test]
    fn wrong_configurations_are_refused_with_a_reason() {
        let bootstrap = "/discovery/bootstrapToken";
        let cases = [
            ("not YAML", "kind: [".to_owned(), "YAML"),
            ("other kind", with("/kind", json!("ClusterConfiguration")), "kind JoinConfiguration"),
            ("old version", with("/apiVersion", json!("kubeadm.k8s.io/v1beta2")), "not supported"),
            ("no discovery", with("/discovery", Value::Null), "discovery is missing"),
            ("short token", with(&format!("{bootstrap}/token"), json!("abc.def")), "wrong form"),
            ("URL", with(&format!("{bootstrap}/apiServerEndpoint"), json!("https://10.0.0.1:6443")), "host:port"),
            ("no hash", with(&format!("{bootstrap}/caCertHashes"), json!([])), "caCertHashes"),
            ("bad hash", with(&format!("{bootstrap}/caCertHashes"), json!(["sha256:00"])), "sha256"),
            ("placeholder left", with("/nodeRegistration/name", json!("{{ nobody.knows }}")), "valid name"),
        ];
        for (name, file, expected) in cases {
            let error = parse(&file, &machine()).unwrap_err().to_string();
            assert!(error.contains(expected), "{name}: {error}");
            assert!(!error.contains("0123456789abcdef"), "{name} shows the token");
        }
    }
}
