//! The real Cluster API core manager and kubeadm bootstrap provider, against whatever API server a kubeconfig names.
//!
//! ```text
//!   definitions (contract labels, conversion) ─> both managers ─ready─> webhook configurations
//! ```
//!
//! The manifests are those of the Go module; only what an installation fills in is changed: the contract that each
//! definition keeps, and where the webhooks listen. They are applied in an order in which nobody calls a webhook that is not
//! there yet. Definitions of the same names, such as those of the sandbox, are replaced.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use backplane_apiserver::{Authority, ServingCert};
use base64::Engine as _;
use kube::api::{Api, ApiResource, DynamicObject, Patch, PatchParams};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::Parts;
use super::program::{Program, Watchdog, free_port};
use crate::driver::client_from_kubeconfig;
use crate::wait::{eventually, failure};

/// How long a manager may take until it is ready; it takes about two seconds.
const READY: Duration = Duration::from_secs(60);
/// Who applies the manifests.
const MANAGER: &str = "cluster-api-installer";

/// Both managers. Dropping it kills them; so does the end of the process, however it ends.
pub struct ClusterApi {
    // Killed in this order; the watchdog and the folder go last.
    managers: Vec<Program>,
    _watchdog: Watchdog,
    folder: TempDir,
}

/// What is known of a program before it runs.
struct Kind {
    /// Folder of its manifests.
    manifests: &'static str,
    binary: &'static str,
    /// What an installation puts before the names of its webhook configurations.
    prefix: &'static str,
}

const KINDS: [Kind; 2] = [
    Kind { manifests: "cluster-api/core", binary: "cluster-api", prefix: "capi" },
    Kind { manifests: "cluster-api/kubeadm", binary: "kubeadm-bootstrap", prefix: "capi-kubeadm-bootstrap" },
];

/// Where a manager listens.
struct Ports {
    webhook: u16,
    health: u16,
    diagnostics: u16,
}

impl ClusterApi {
    /// Starts both managers and returns when their webhooks are registered.
    ///
    /// # Errors
    /// Manifests that the API server refuses, or a manager that does not become ready, with the end of its log.
    pub async fn start(kubeconfig: &str, parts: &Parts) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("backplane-capi-").tempdir()?;
        let mut running = Self { managers: Vec::new(), _watchdog: Watchdog::of(folder.path())?, folder };
        let installer = Installer { client: client_from_kubeconfig(kubeconfig).await?, parts };
        let authority = Authority::new("cluster-api-webhooks")?;
        let bundle = base64::engine::general_purpose::STANDARD.encode(authority.ca_pem());
        std::fs::write(running.kubeconfig(), kubeconfig)?;
        let mut started = Vec::new();
        for kind in &KINDS {
            let ports = Ports { webhook: free_port()?, health: free_port()?, diagnostics: free_port()? };
            installer.definitions(kind, &ports, &bundle).await?;
            running.begin(kind, &ports, parts, &authority.issue(&["127.0.0.1"])?)?;
            started.push((kind, ports));
        }
        for (i, (kind, ports)) in started.iter().enumerate() {
            ready(&mut running.managers[i], kind, ports.health).await?;
            installer.webhooks(kind, ports.webhook, &bundle).await?;
        }
        Ok(running)
    }

    /// Where the managers log, as `cluster-api.log` and `kubeadm-bootstrap.log`.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    fn kubeconfig(&self) -> PathBuf {
        self.folder.path().join("kubeconfig")
    }

    fn begin(&mut self, kind: &Kind, ports: &Ports, parts: &Parts, certificate: &ServingCert) -> Result<()> {
        let certificates = self.folder.path().join(format!("{}-certificates", kind.binary));
        std::fs::create_dir(&certificates)?;
        std::fs::write(certificates.join("tls.crt"), certificate.chain_pem())?;
        std::fs::write(certificates.join("tls.key"), certificate.key_pem())?;
        let mut command = Command::new(parts.program(kind.binary));
        command
            .arg(format!("--kubeconfig={}", self.kubeconfig().display()))
            .arg(format!("--webhook-port={}", ports.webhook))
            .arg(format!("--webhook-cert-dir={}", certificates.display()))
            .arg(format!("--health-addr=127.0.0.1:{}", ports.health))
            .arg(format!("--diagnostics-address=127.0.0.1:{}", ports.diagnostics))
            .args(["--insecure-diagnostics", "--leader-elect=false"]);
        self.managers.push(Program::start(kind.binary, self.folder.path(), &mut command)?);
        Ok(())
    }
}

async fn ready(manager: &mut Program, kind: &Kind, port: u16) -> Result<()> {
    let since = Instant::now();
    while !is_ready(port).await {
        manager.check()?;
        if since.elapsed() > READY {
            return Err(failure(format!("{} ready within {READY:?}", kind.binary), manager.last_lines(20)));
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    Ok(())
}

/// Applies manifests.
struct Installer<'a> {
    client: kube::Client,
    parts: &'a Parts,
}

impl Installer<'_> {
    async fn definitions(&self, kind: &Kind, ports: &Ports, bundle: &str) -> Result<()> {
        let url = format!("https://127.0.0.1:{}/convert", ports.webhook);
        let folder = self.parts.manifests(kind.manifests).join("crds");
        let files = std::fs::read_dir(&folder).with_context(|| format!("{} cannot be read", folder.display()))?;
        let mut names = Vec::new();
        for file in files {
            for mut definition in documents(&file?.path())? {
                definition["metadata"]["labels"] = contracts(&definition);
                definition["spec"]["conversion"] = json!({"strategy": "Webhook", "webhook": {
                    "conversionReviewVersions": ["v1"], "clientConfig": {"url": url, "caBundle": bundle}}});
                names.push(self.apply(&definition).await?);
            }
        }
        for name in names {
            self.established(&name).await?;
        }
        Ok(())
    }

    async fn established(&self, name: &str) -> Result<()> {
        let api = self.api(&json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition"}))?;
        eventually(&format!("{name} established"), READY, async || {
            let found = serde_json::to_value(api.get(name).await?)?;
            let conditions = found["status"]["conditions"].as_array().cloned().unwrap_or_default();
            let holds = conditions.iter().any(|c| c["type"] == "Established" && c["status"] == "True");
            Ok(if holds { Ok(()) } else { Err(found["status"].to_string()) })
        })
        .await
    }

    async fn webhooks(&self, kind: &Kind, port: u16, bundle: &str) -> Result<()> {
        for mut configuration in documents(&self.parts.manifests(kind.manifests).join("webhooks.yaml"))? {
            let name = configuration["metadata"]["name"].as_str().unwrap_or_default();
            configuration["metadata"]["name"] = format!("{}-{name}", kind.prefix).into();
            for webhook in configuration["webhooks"].as_array_mut().into_iter().flatten() {
                let path = webhook["clientConfig"]["service"]["path"].as_str().unwrap_or_default();
                let url = format!("https://127.0.0.1:{port}{path}");
                webhook["clientConfig"] = json!({"url": url, "caBundle": bundle});
            }
            self.apply(&configuration).await?;
        }
        Ok(())
    }

    async fn apply(&self, object: &Value) -> Result<String> {
        let name = object["metadata"]["name"].as_str().unwrap_or_default();
        let parameters = PatchParams::apply(MANAGER).force();
        let applied = self.api(object)?.patch(name, &parameters, &Patch::Apply(object)).await;
        applied.with_context(|| format!("{} {name} was refused", object["kind"]))?;
        Ok(name.to_owned())
    }

    /// All kinds here belong to the cluster.
    fn api(&self, object: &Value) -> Result<Api<DynamicObject>> {
        let text = |field: &str| object[field].as_str().unwrap_or_default();
        let (group, version) = text("apiVersion").split_once('/').context("a manifest of no group")?;
        let kind = kube::api::GroupVersionKind::gvk(group, version, text("kind"));
        Ok(Api::all_with(self.client.clone(), &ApiResource::from_gvk(&kind)))
    }
}

/// The label of each contract that a definition keeps; its version of the same name keeps it.
fn contracts(definition: &Value) -> Value {
    let versions = definition["spec"]["versions"].as_array().into_iter().flatten();
    let names = versions.filter_map(|version| version["name"].as_str());
    let labels = names.map(|name| (format!("cluster.x-k8s.io/{name}"), Value::from(name)));
    labels.collect::<serde_json::Map<_, _>>().into()
}

fn documents(file: &Path) -> Result<Vec<Value>> {
    let text = std::fs::read_to_string(file).with_context(|| format!("{} cannot be read", file.display()))?;
    let documents: Vec<Value> =
        serde_saphyr::from_multiple(&text).with_context(|| format!("{} is not YAML", file.display()))?;
    Ok(documents.into_iter().filter(|document| !document.is_null()).collect())
}

async fn is_ready(port: u16) -> bool {
    let ask = async {
        let mut stream = tokio::net::TcpStream::connect(("127.0.0.1", port)).await?;
        stream.write_all(b"GET /readyz HTTP/1.0\r\nHost: localhost\r\n\r\n").await?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await?;
        std::io::Result::Ok(answer.starts_with("HTTP/1.0 200") || answer.starts_with("HTTP/1.1 200"))
    };
    tokio::time::timeout(Duration::from_secs(2), ask).await.is_ok_and(|asked| asked.unwrap_or(false))
}
