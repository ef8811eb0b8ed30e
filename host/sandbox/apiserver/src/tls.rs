//! A certificate authority of one's own, serving certificates from it, and the kubeconfig that names it.
//!
//! For development and tests: keys live in memory, certificates outlive everybody, nothing is revoked.

use std::net::IpAddr;
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose, PublicKeyData, SanType,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use sha2::{Digest, Sha256};

/// Why a certificate could not be made.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The certificate library refused the names or could not sign.
    #[error("certificate cannot be made")]
    Certificate(#[from] rcgen::Error),
    /// The TLS library refused the certificate.
    #[error("certificate cannot be served")]
    Serving(#[from] rustls::Error),
}

/// A certificate authority with its key.
pub struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
}

/// A certificate for a listener, with its key and the chain's root.
#[derive(Debug)]
pub struct ServingCert {
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
}

impl Authority {
    /// Makes a new authority, `name` being its common name.
    ///
    /// # Errors
    /// See [`TlsError`].
    pub fn new(name: &str) -> Result<Self, TlsError> {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages =
            vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign, KeyUsagePurpose::DigitalSignature];
        Ok(Self { issuer: CertifiedIssuer::self_signed(params, KeyPair::generate()?)? })
    }

    /// The authority's certificate.
    pub fn ca_pem(&self) -> String {
        self.issuer.pem()
    }

    /// The authority's private key. For the Secrets that hold it; never for logs.
    pub fn ca_key_pem(&self) -> String {
        self.issuer.key().serialize_pem()
    }

    /// The pin of the authority's public key, `sha256:<hex>`, as kubeadm's `discovery-token-ca-cert-hash`.
    pub fn pin(&self) -> String {
        let digest = Sha256::digest(self.issuer.key().subject_public_key_info());
        let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        format!("sha256:{hex}")
    }

    /// Issues a serving certificate for these names and IP addresses.
    ///
    /// # Errors
    /// See [`TlsError`].
    pub fn issue(&self, sans: &[impl AsRef<str>]) -> Result<ServingCert, TlsError> {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, sans.first().map_or("server", AsRef::as_ref));
        params.subject_alt_names = sans.iter().map(|san| alternative_name(san.as_ref())).collect::<Result<_, _>>()?;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::KeyEncipherment];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        let key = KeyPair::generate()?;
        let certificate = params.signed_by(&key, &self.issuer)?;
        let der = PrivatePkcs8KeyDer::from(key.serialize_der());
        Ok(ServingCert { chain: vec![certificate.der().clone()], key: der.into() })
    }
}

impl ServingCert {
    /// A certificate chain with its key, leaf first.
    pub fn from_der(chain: Vec<CertificateDer<'static>>, key: PrivateKeyDer<'static>) -> Self {
        Self { chain, key }
    }

    /// The chain as PEM, leaf first.
    pub fn chain_pem(&self) -> String {
        self.chain.iter().map(|certificate| pem("CERTIFICATE", certificate)).collect()
    }

    /// The private key as PEM. For files of whoever serves it; never for logs.
    pub fn key_pem(&self) -> String {
        pem("PRIVATE KEY", self.key.secret_der())
    }

    /// TLS settings that serve this certificate and offer HTTP/2 and HTTP/1.1.
    ///
    /// # Errors
    /// See [`TlsError`].
    pub fn server_config(self) -> Result<rustls::ServerConfig, TlsError> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(self.chain, self.key)?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(config)
    }
}

fn pem(label: &str, der: &[u8]) -> String {
    use base64::Engine as _;
    let text = base64::engine::general_purpose::STANDARD.encode(der);
    let lines: Vec<&str> = (0..text.len()).step_by(64).map(|at| &text[at..text.len().min(at + 64)]).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

fn alternative_name(san: &str) -> Result<SanType, rcgen::Error> {
    match san.parse::<IpAddr>() {
        Ok(address) => Ok(SanType::IpAddress(address)),
        Err(_) => Ok(SanType::DnsName(san.try_into()?)),
    }
}

/// A kubeconfig as YAML: one cluster, one user with a bearer token, one context. With an empty CA the system's roots count, or
/// none are needed (`http://`).
pub fn kubeconfig(server_url: &str, ca_pem: &str, token: &str, context_name: &str) -> String {
    use base64::Engine as _;
    let text = |s: &str| serde_json::Value::from(s).to_string();
    let ca = if ca_pem.is_empty() {
        String::new()
    } else {
        format!("    certificate-authority-data: {}\n", base64::engine::general_purpose::STANDARD.encode(ca_pem))
    };
    let (name, server, token) = (text(context_name), text(server_url), text(token));
    format!(
        "apiVersion: v1\nkind: Config\ncurrent-context: {name}\npreferences: {{}}\n\
         clusters:\n- name: {name}\n  cluster:\n    server: {server}\n{ca}\
         users:\n- name: {name}\n  user:\n    token: {token}\n\
         contexts:\n- name: {name}\n  context:\n    cluster: {name}\n    user: {name}\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_authority_issues_for_names_and_addresses() {
        let authority = Authority::new("test-ca").unwrap();
        let certificate = authority.issue(&["localhost", "127.0.0.1"]).unwrap();
        assert!(certificate.key_pem().starts_with("-----BEGIN PRIVATE KEY-----\n"));
        let lines = certificate.chain_pem();
        assert!(lines.lines().all(|line| line.len() <= 64) && lines.ends_with("\n-----END CERTIFICATE-----\n"));
        assert_eq!(certificate.server_config().unwrap().alpn_protocols.len(), 2);
        assert!(authority.ca_pem().starts_with("-----BEGIN CERTIFICATE-----"));
        assert!(authority.ca_key_pem().contains("PRIVATE KEY"));
        assert_eq!(authority.pin().len(), "sha256:".len() + 64);
        assert!(authority.issue(&["not a näme"]).is_err());
    }

    #[test]
    fn a_kubeconfig_is_yaml_that_names_the_server_and_the_token() {
        let text = kubeconfig("https://127.0.0.1:6443", "PEM", "secret\"x", "demo");
        let value: serde_json::Value = serde_saphyr::from_str(&text).unwrap();
        assert_eq!(value["clusters"][0]["cluster"]["server"], "https://127.0.0.1:6443");
        assert_eq!(value["clusters"][0]["cluster"]["certificate-authority-data"], "UEVN");
        assert_eq!(value["users"][0]["user"]["token"], "secret\"x");
        assert_eq!(value["current-context"], "demo");
    }
}
