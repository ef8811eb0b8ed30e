//! Connections: TCP to where a webhook listens, TLS that trusts its bundle.

use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::Uri;
use http_body_util::Full;
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;

/// How long an unused connection is kept; shorter than servers usually wait.
const IDLE: Duration = Duration::from_secs(30);

/// An HTTP client with connections of its own.
pub(super) type Caller = Client<HttpsConnector<Dialer>, Full<Bytes>>;

/// What connections are shared by.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Place {
    /// PEM of the trusted authorities; empty: those of the machine.
    pub(crate) ca: Vec<u8>,
    /// Where to connect, if not where the URL says.
    pub(crate) address: Option<SocketAddr>,
}

/// Opens TCP connections.
#[derive(Debug, Clone)]
pub(crate) struct Dialer {
    address: Option<SocketAddr>,
}

impl tower::Service<Uri> for Dialer {
    type Response = TokioIo<TcpStream>;
    type Error = std::io::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let fixed = self.address;
        Box::pin(async move {
            let host = uri.host().unwrap_or_default().trim_matches(['[', ']']).to_owned();
            let port = uri.port_u16().unwrap_or(443);
            let stream = match fixed {
                Some(address) => TcpStream::connect(address).await,
                None => TcpStream::connect((host.as_str(), port)).await,
            };
            let shown = fixed.map_or_else(|| format!("{host}:{port}"), |address| address.to_string());
            let stream = stream.map_err(|error| std::io::Error::new(error.kind(), dialled(&shown, &error)))?;
            stream.set_nodelay(true)?;
            Ok(TokioIo::new(stream))
        })
    }
}

fn dialled(address: &str, error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::ConnectionRefused => format!("dial tcp {address}: connect: connection refused"),
        _ => format!("dial tcp {address}: {error}"),
    }
}

/// A client for one place.
pub(super) fn caller(place: &Place) -> Result<Caller, String> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .with_root_certificates(roots(&place.ca)?)
        .with_no_client_auth();
    let connector = HttpsConnector::from((Dialer { address: place.address }, Arc::new(config)));
    let mut builder = Client::builder(TokioExecutor::new());
    Ok(builder.pool_idle_timeout(IDLE).pool_timer(TokioTimer::new()).build(connector))
}

fn roots(ca: &[u8]) -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    if ca.is_empty() {
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        return Ok(roots);
    }
    for certificate in CertificateDer::pem_slice_iter(ca) {
        let certificate =
            certificate.map_err(|_| "unable to load root certificates: unable to parse bytes as PEM block")?;
        roots.add(certificate).map_err(|error| format!("unable to load root certificates: {error}"))?;
    }
    match roots.is_empty() {
        true => Err("unable to load root certificates: unable to parse bytes as PEM block".into()),
        false => Ok(roots),
    }
}
