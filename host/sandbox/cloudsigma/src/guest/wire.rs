//! HTTPS to an API server, one request per connection, with exactly the trust that a step of the join has.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsConnector;

use crate::Clock;

const PATIENCE: Duration = Duration::from_secs(10);
const LARGEST_ANSWER: usize = 4 << 20;

/// A connection that carries bytes.
pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// How guests reach the network: the seam for worlds without sockets.
#[async_trait]
pub trait Dial: Send + Sync {
    /// Opens a connection.
    ///
    /// # Errors
    /// If nobody answers there.
    async fn dial(&self, host: &str, port: u16) -> io::Result<Box<dyn Stream>>;
}

/// Plain TCP.
#[derive(Debug, Clone, Copy, Default)]
pub struct TcpDialer;

#[async_trait]
impl Dial for TcpDialer {
    async fn dial(&self, host: &str, port: u16) -> io::Result<Box<dyn Stream>> {
        Ok(Box::new(tokio::net::TcpStream::connect((host, port)).await?))
    }
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WireError {
    #[error("{0} is not host:port")]
    Endpoint(String),
    #[error("connection failed: {0}")]
    Connect(io::Error),
    #[error("exchange failed: {0}")]
    Exchange(hyper::Error),
    #[error("answer cannot be read")]
    Answer,
    #[error("no answer within {PATIENCE:?}")]
    Timeout,
    #[error("certificate cannot be used: {0}")]
    Trust(rustls::Error),
}

/// A way to one API server.
pub(crate) struct Wire {
    dialer: Arc<dyn Dial>,
    clock: Arc<dyn Clock>,
    tls: Arc<ClientConfig>,
    host: String,
    port: u16,
    bearer: Option<String>,
}

/// A request body and its type.
pub(crate) struct Content<'a>(pub(crate) &'static str, pub(crate) &'a Value);

impl Wire {
    /// Anonymous, to whoever answers.
    pub(crate) fn blind(dialer: Arc<dyn Dial>, clock: Arc<dyn Clock>, endpoint: &str) -> Result<Self, WireError> {
        let provider = Arc::new(ring::default_provider());
        let verifier = Arc::new(AnyCertificate(Arc::clone(&provider)));
        let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let builder = builder.map_err(WireError::Trust)?.dangerous().with_custom_certificate_verifier(verifier);
        Self::to(dialer, clock, endpoint, builder.with_no_client_auth(), None)
    }

    /// With a bearer token, to a server whose certificate one of these authorities has signed.
    pub(crate) fn trusting(
        dialer: Arc<dyn Dial>,
        clock: Arc<dyn Clock>,
        endpoint: &str,
        authorities: &[CertificateDer<'static>],
        bearer: String,
    ) -> Result<Self, WireError> {
        let mut roots = RootCertStore::empty();
        authorities.iter().try_for_each(|ca| roots.add(ca.clone())).map_err(WireError::Trust)?;
        let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
        let builder = builder.with_safe_default_protocol_versions().map_err(WireError::Trust)?;
        let tls = builder.with_root_certificates(roots).with_no_client_auth();
        Self::to(dialer, clock, endpoint, tls, Some(bearer))
    }

    fn to(
        dialer: Arc<dyn Dial>,
        clock: Arc<dyn Clock>,
        endpoint: &str,
        tls: ClientConfig,
        bearer: Option<String>,
    ) -> Result<Self, WireError> {
        let parts = endpoint.rsplit_once(':').and_then(|(host, port)| Some((host, port.parse().ok()?)));
        let (host, port) = parts.ok_or_else(|| WireError::Endpoint(endpoint.to_owned()))?;
        let host = host.trim_matches(['[', ']']).to_owned();
        Ok(Self { dialer, clock, tls: Arc::new(tls), host, port, bearer })
    }

    /// One exchange. The answer's body is null if it is not JSON.
    pub(crate) async fn ask(
        &self,
        method: Method,
        path: &str,
        content: Option<Content<'_>>,
    ) -> Result<(StatusCode, Value), WireError> {
        let request = self.request(method, path, content)?;
        tokio::select! {
            answer = self.exchange(request) => answer,
            () = self.clock.sleep(PATIENCE) => Err(WireError::Timeout),
        }
    }

    fn request(
        &self,
        method: Method,
        path: &str,
        content: Option<Content<'_>>,
    ) -> Result<Request<Full<Bytes>>, WireError> {
        let mut request =
            Request::builder().method(method).uri(path).header(HOST, format!("{}:{}", self.host, self.port));
        if let Some(bearer) = &self.bearer {
            request = request.header(AUTHORIZATION, format!("Bearer {bearer}"));
        }
        let body = match content {
            None => Full::default(),
            Some(Content(content_type, value)) => {
                request = request.header(CONTENT_TYPE, content_type);
                Full::from(value.to_string())
            }
        };
        request.body(body).map_err(|_| WireError::Endpoint(self.host.clone()))
    }

    async fn exchange(&self, request: Request<Full<Bytes>>) -> Result<(StatusCode, Value), WireError> {
        let name = ServerName::try_from(self.host.clone()).map_err(|_| WireError::Endpoint(self.host.clone()))?;
        let plain = self.dialer.dial(&self.host, self.port).await.map_err(WireError::Connect)?;
        let stream =
            TlsConnector::from(Arc::clone(&self.tls)).connect(name, plain).await.map_err(WireError::Connect)?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(WireError::Exchange)?;
        let answer = async {
            let response = sender.send_request(request).await.map_err(WireError::Exchange)?;
            let status = response.status();
            let body = Limited::new(response.into_body(), LARGEST_ANSWER).collect().await;
            let body = body.map_err(|_| WireError::Answer)?.to_bytes();
            Ok((status, serde_json::from_slice(&body).unwrap_or(Value::Null)))
        };
        // The connection has to be driven while the answer is awaited, and is of no interest afterwards.
        tokio::pin!(connection, answer);
        tokio::select! {
            answer = &mut answer => answer,
            Err(error) = &mut connection => Err(WireError::Exchange(error)),
            else => Err(WireError::Answer),
        }
    }
}

/// Accepts every certificate: what is fetched this way is checked by its hash and signature afterwards.
#[derive(Debug)]
struct AnyCertificate(Arc<CryptoProvider>);

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls12_signature(message, cert, signed, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls13_signature(message, cert, signed, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
