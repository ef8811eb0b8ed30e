//! The files that a kube-apiserver is started with.

use std::path::{Path, PathBuf};

use anyhow::Result;
use backplane_apiserver::Authority;

use super::plane::PlaneToken;

/// Everything but the bodies, which may hold Secrets; nothing twice.
const AUDIT: &str =
    "apiVersion: audit.k8s.io/v1\nkind: Policy\nomitStages: [RequestReceived]\nrules: [{level: Metadata}]\n";

/// Where the files of a control plane lie.
pub(super) struct Files {
    pub(super) certificate: PathBuf,
    pub(super) key: PathBuf,
    /// Signs and checks tokens of service accounts.
    pub(super) accounts: [PathBuf; 2],
    pub(super) tokens: PathBuf,
    pub(super) policy: PathBuf,
    pub(super) audit: PathBuf,
    /// The authority that issued the certificate.
    pub(super) ca_pem: String,
}

impl Files {
    pub(super) fn write(folder: &Path, tokens: &[PlaneToken], policy: Option<&str>) -> Result<Self> {
        let authority = Authority::new("backplane-tests")?;
        let names = ["127.0.0.1", "localhost", "kubernetes", "kubernetes.default.svc"];
        let certificate = authority.issue(&names)?;
        let accounts = Authority::new("accounts")?;
        let write = |name: &str, text: &str| -> Result<PathBuf> {
            let file = folder.join(name);
            std::fs::write(&file, text)?;
            Ok(file)
        };
        Ok(Self {
            certificate: write("serving.crt", &certificate.chain_pem())?,
            key: write("serving.key", &certificate.key_pem())?,
            // A private key of this form is not accepted as a public one; a certificate is.
            accounts: [write("accounts.key", &accounts.ca_key_pem())?, write("accounts.crt", &accounts.ca_pem())?],
            tokens: write("tokens.csv", &tokens.iter().map(line).collect::<String>())?,
            policy: write("audit.yaml", policy.unwrap_or(AUDIT))?,
            audit: folder.join("audit.log"),
            ca_pem: authority.ca_pem(),
        })
    }
}

fn line(token: &PlaneToken) -> String {
    let PlaneToken { token, user, groups } = token;
    format!("{token},{user},{user},\"{}\"\n", groups.join(","))
}
