//! kubeadm's discovery: fetches `cluster-info` from whoever answers, and believes it only after checking that it was
//! signed with the token and that its authority is one of those the join configuration names.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use http::{Method, StatusCode};
use ring::{digest, hmac};
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use serde_json::{Value, json};

use super::join::{Plan, Token};
use super::wire::{Wire, WireError};
use crate::cloud::Inner;

const CLUSTER_INFO: &str = "/api/v1/namespaces/kube-public/configmaps/cluster-info";

/// Why the API server is not believed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DiscoveryError {
    #[error("cannot fetch cluster-info from {endpoint}: {source}")]
    Fetch { endpoint: String, source: WireError },
    #[error("cluster-info is answered with {0}")]
    Refused(StatusCode),
    #[error("cluster-info holds no kubeconfig with an authority")]
    NoAuthority,
    #[error("token id {0} is invalid for this cluster or has expired: cluster-info is not signed with it")]
    Unsigned(String),
    #[error("cluster-info is not signed with this token: the signature of token id {0} does not match")]
    WrongSignature(String),
    #[error("cluster CA found in cluster-info does not match caCertHashes; it has {0}")]
    WrongAuthority(String),
}

/// The authorities to trust from now on.
pub(crate) async fn discover(cloud: &Arc<Inner>, plan: &Plan) -> Result<Vec<CertificateDer<'static>>, DiscoveryError> {
    let fetch = |source| DiscoveryError::Fetch { endpoint: plan.endpoint.clone(), source };
    let wire = Wire::blind(cloud.dialer.clone(), cloud.env.clock.clone(), &plan.endpoint).map_err(fetch)?;
    let (status, config_map) = wire.ask(Method::GET, CLUSTER_INFO, None).await.map_err(fetch)?;
    if status != StatusCode::OK {
        return Err(DiscoveryError::Refused(status));
    }
    judge(&config_map["data"], plan, cloud.quirks.signed_cluster_info)
}

fn judge(data: &Value, plan: &Plan, signed: bool) -> Result<Vec<CertificateDer<'static>>, DiscoveryError> {
    let kubeconfig = data["kubeconfig"].as_str().ok_or(DiscoveryError::NoAuthority)?;
    let signature = data[format!("jws-kubeconfig-{}", plan.token.id)].as_str();
    match signature {
        Some(signature) if !is_signed(kubeconfig, signature, &plan.token) => {
            return Err(DiscoveryError::WrongSignature(plan.token.id.clone()));
        }
        None if signed => return Err(DiscoveryError::Unsigned(plan.token.id.clone())),
        _ => {}
    }
    let authorities = authorities(kubeconfig).filter(|all| !all.is_empty()).ok_or(DiscoveryError::NoAuthority)?;
    let hashes: Vec<String> = authorities.iter().filter_map(spki_hash).collect();
    let wanted = |hash: &String| plan.ca_hashes.iter().any(|wanted| wanted.eq_ignore_ascii_case(hash));
    if plan.ca_hashes.is_empty() || hashes.iter().any(wanted) {
        return Ok(authorities);
    }
    Err(DiscoveryError::WrongAuthority(hashes.join(", ")))
}

/// A detached JWS: `header..signature`, the payload being the kubeconfig and the key the token's secret half.
fn is_signed(kubeconfig: &str, signature: &str, token: &Token) -> bool {
    let parts: Vec<&str> = signature.split('.').collect();
    let [header, "", signature] = parts.as_slice() else { return false };
    let expected = json!({ "alg": "HS256", "kid": token.id });
    let head = URL_SAFE_NO_PAD.decode(header).ok().and_then(|bytes| serde_json::from_slice::<Value>(&bytes).ok());
    let key = hmac::Key::new(hmac::HMAC_SHA256, token.secret.as_bytes());
    let message = format!("{header}.{}", URL_SAFE_NO_PAD.encode(kubeconfig));
    let Ok(signature) = URL_SAFE_NO_PAD.decode(signature) else { return false };
    head == Some(expected) && hmac::verify(&key, message.as_bytes(), &signature).is_ok()
}

fn authorities(kubeconfig: &str) -> Option<Vec<CertificateDer<'static>>> {
    let config: Value = serde_saphyr::from_str(kubeconfig).ok()?;
    let data = config["clusters"][0]["cluster"]["certificate-authority-data"].as_str()?;
    let pem = STANDARD.decode(data.split_ascii_whitespace().collect::<String>()).ok()?;
    CertificateDer::pem_slice_iter(&pem).collect::<Result<_, _>>().ok()
}

/// `sha256:<hex>` of the certificate's public key, as `kubeadm` and `openssl` write it.
fn spki_hash(certificate: &CertificateDer<'static>) -> Option<String> {
    let mut roots = RootCertStore::empty();
    roots.add(certificate.clone()).ok()?;
    // The trust anchor holds the inside of the SubjectPublicKeyInfo; the hash covers its outer SEQUENCE as well.
    let inside = roots.roots.first()?.subject_public_key_info.as_ref();
    let whole: Vec<u8> = [sequence_header(inside.len()).as_slice(), inside].concat();
    let hash = digest::digest(&digest::SHA256, &whole);
    Some(format!("sha256:{}", hash.as_ref().iter().map(|byte| format!("{byte:02x}")).collect::<String>()))
}

fn sequence_header(length: usize) -> Vec<u8> {
    let bytes: Vec<u8> = length.to_be_bytes().into_iter().skip_while(|byte| *byte == 0).collect();
    match (length, bytes.len() as u8) {
        (0..=127, _) => vec![0x30, length as u8],
        (_, count) => [vec![0x30, 0x80 | count], bytes].concat(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcgen::PublicKeyData as _;
    use std::collections::BTreeMap;

    fn authority() -> (String, String) {
        let key = rcgen::KeyPair::generate().unwrap();
        let hash = digest::digest(&digest::SHA256, &key.subject_public_key_info());
        let hash = hash.as_ref().iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        let mut params = rcgen::CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        (params.self_signed(&key).unwrap().pem(), format!("sha256:{hash}"))
    }

    fn plan(ca_hashes: Vec<String>) -> Plan {
        Plan {
            endpoint: "127.0.0.1:1".to_owned(),
            token: Token { id: "abcdef".to_owned(), secret: "0123456789abcdef".to_owned() },
            ca_hashes,
            node_name: "n".to_owned(),
            kubelet_args: BTreeMap::new(),
            taints: Vec::new(),
        }
    }

    fn kubeconfig(pem: &str) -> String {
        format!("clusters:\n- name: ''\n  cluster:\n    certificate-authority-data: {}\n", STANDARD.encode(pem))
    }

    fn sign(kubeconfig: &str, secret: &str) -> String {
        let header = URL_SAFE_NO_PAD.encode(r#"{"alg":"HS256","kid":"abcdef"}"#);
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
        let tag = hmac::sign(&key, format!("{header}.{}", URL_SAFE_NO_PAD.encode(kubeconfig)).as_bytes());
        format!("{header}..{}", URL_SAFE_NO_PAD.encode(tag))
    }

    #[test]
    fn a_pinned_and_signed_authority_is_believed() {
        let (pem, hash) = authority();
        let config = kubeconfig(&pem);
        let data = json!({ "kubeconfig": config, "jws-kubeconfig-abcdef": sign(&config, "0123456789abcdef") });
        assert_eq!(judge(&data, &plan(vec![hash]), true).unwrap().len(), 1);
        assert_eq!(judge(&data, &plan(Vec::new()), true).unwrap().len(), 1, "verification skipped on purpose");
    }

    #[test]
    fn everything_else_is_refused() {
        let (pem, hash) = authority();
        let (_, other) = authority();
        let config = kubeconfig(&pem);
        let signed = json!({ "kubeconfig": config, "jws-kubeconfig-abcdef": sign(&config, "0123456789abcdef") });
        let forged = json!({ "kubeconfig": config, "jws-kubeconfig-abcdef": sign(&config, "another-secret-x") });
        let unsigned = json!({ "kubeconfig": config });
        let empty = json!({ "kubeconfig": "clusters: []" });
        let cases = [
            ("other authority", signed, plan(vec![other]), "does not match caCertHashes"),
            ("other token", forged, plan(vec![hash.clone()]), "does not match"),
            ("unsigned", unsigned, plan(vec![hash.clone()]), "not signed"),
            ("no authority", empty, plan(vec![hash]), "not signed"),
        ];
        for (name, data, plan, expected) in cases {
            let error = judge(&data, &plan, true).unwrap_err().to_string();
            assert!(error.contains(expected), "{name}: {error}");
        }
    }
}
