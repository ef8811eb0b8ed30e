//! A stand-in for an API server: `cluster-info` for everybody, Nodes for the holder of the token. Just enough to be joined.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, PublicKeyData as _};
use ring::{digest, hmac};
use rustls::pki_types::PrivatePkcs8KeyDer;
use serde_json::{Value, json};

pub(crate) const TOKEN: &str = "abcdef.0123456789abcdef";

pub(crate) struct Kubernetes {
    pub(crate) endpoint: String,
    pub(crate) ca_hash: String,
    nodes: Arc<Mutex<BTreeMap<String, Value>>>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Kubernetes {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Kubernetes {
    pub(crate) async fn start() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let ca = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let key = KeyPair::generate().unwrap();
        let leaf = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap().signed_by(&key, &ca).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = rustls::ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let secret = PrivatePkcs8KeyDer::from(key.serialize_der());
        let tls = tls.with_no_client_auth().with_single_cert(vec![leaf.der().clone()], secret.into()).unwrap();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = listener.local_addr().unwrap().to_string();
        let nodes = Arc::<Mutex<BTreeMap<String, Value>>>::default();
        let info = Arc::new(cluster_info(&ca.pem()));
        let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(tls));
        let task = tokio::spawn(accept(listener, acceptor, nodes.clone(), info));
        let hash = digest::digest(&digest::SHA256, &ca.key().subject_public_key_info());
        let hash: String = hash.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        Self { endpoint, ca_hash: format!("sha256:{hash}"), nodes, task }
    }

    pub(crate) fn node(&self, name: &str) -> Option<Value> {
        self.nodes.lock().unwrap().get(name).cloned()
    }

    pub(crate) fn put(&self, name: &str, node: Value) {
        self.nodes.lock().unwrap().insert(name.to_owned(), node);
    }

    pub(crate) fn names(&self) -> Vec<String> {
        self.nodes.lock().unwrap().keys().cloned().collect()
    }
}

/// The public kubeconfig with its detached signature.
pub(crate) fn cluster_info(ca: &str) -> Value {
    let kubeconfig = json!({ "apiVersion": "v1", "kind": "Config", "clusters": [{ "name": "", "cluster": {
        "certificate-authority-data": STANDARD.encode(ca), "server": "https://elsewhere.invalid:6443",
    }}]});
    let kubeconfig = kubeconfig.to_string();
    let (id, secret) = TOKEN.split_once('.').unwrap();
    let header = URL_SAFE_NO_PAD.encode(json!({ "alg": "HS256", "kid": id }).to_string());
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let tag = hmac::sign(&key, format!("{header}.{}", URL_SAFE_NO_PAD.encode(&kubeconfig)).as_bytes());
    let signature = format!("{header}..{}", URL_SAFE_NO_PAD.encode(tag));
    json!({ "data": { "kubeconfig": kubeconfig, format!("jws-kubeconfig-{id}"): signature } })
}

type Nodes = Arc<Mutex<BTreeMap<String, Value>>>;

async fn accept(listener: tokio::net::TcpListener, tls: tokio_rustls::TlsAcceptor, nodes: Nodes, info: Arc<Value>) {
    while let Ok((stream, _)) = listener.accept().await {
        let (tls, nodes, info) = (tls.clone(), nodes.clone(), info.clone());
        tokio::spawn(async move {
            let Ok(stream) = tls.accept(stream).await else { return };
            let service = service_fn(move |request| answer(request, nodes.clone(), info.clone()));
            let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

async fn answer(
    request: Request<Incoming>,
    nodes: Nodes,
    info: Arc<Value>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.map(|body| body.to_bytes()).unwrap_or_default();
    let body: Value = serde_json::from_slice(&body).unwrap_or(Value::Null);
    let allowed = parts.headers.get("authorization").is_some_and(|value| *value == format!("Bearer {TOKEN}"));
    let mut nodes = nodes.lock().unwrap();
    let name = parts.uri.path().strip_prefix("/api/v1/nodes/").unwrap_or_default().trim_end_matches("/status");
    let (status, answer) = match (&parts.method, parts.uri.path()) {
        (&Method::GET, "/api/v1/namespaces/kube-public/configmaps/cluster-info") => (StatusCode::OK, (*info).clone()),
        _ if !allowed => (StatusCode::UNAUTHORIZED, json!({ "message": "Unauthorized" })),
        (&Method::POST, "/api/v1/nodes") => {
            let name = body["metadata"]["name"].as_str().unwrap_or_default().to_owned();
            match nodes.entry(name) {
                Entry::Occupied(_) => (StatusCode::CONFLICT, json!({ "message": "already exists" })),
                Entry::Vacant(place) => (StatusCode::CREATED, place.insert(body).clone()),
            }
        }
        (&Method::PATCH, _) => match nodes.get_mut(name) {
            Some(node) => {
                node["status"] = body["status"].clone();
                (StatusCode::OK, node.clone())
            }
            None => (StatusCode::NOT_FOUND, json!({ "message": "not found" })),
        },
        (&Method::GET, _) => match nodes.get(name) {
            Some(node) => (StatusCode::OK, node.clone()),
            None => (StatusCode::NOT_FOUND, json!({ "message": "not found" })),
        },
        _ => (StatusCode::METHOD_NOT_ALLOWED, Value::Null),
    };
    let mut response = Response::new(Full::from(answer.to_string()));
    *response.status_mut() = status;
    Ok(response)
}
