//! The way out: one endpoint's client, with its trust, its turn-taking, its clock and its size limit.
//!
//! Redirects are not followed (they would leave the endpoint with its credential), proxies from the environment are not
//! used, and the answer reaches the guest only when it is complete.

use std::sync::Arc;
use std::time::Duration;

use backplane_core::BoxError;
use bytes::{Bytes, BytesMut};
use http::header::{self, HeaderMap, HeaderName};
use http::{Request, Response};
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use tokio::sync::Semaphore;

use super::address::Address;
use super::secret::Secret;
use super::{Endpoint, EndpointError};

/// Headers that are the host's business, in either direction: entrance, connection, length.
const HOST_HEADERS: [HeaderName; 13] = [
    header::AUTHORIZATION,
    header::COOKIE,
    header::SET_COOKIE,
    header::HOST,
    header::CONNECTION,
    header::CONTENT_LENGTH,
    header::PROXY_AUTHORIZATION,
    header::PROXY_AUTHENTICATE,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    header::EXPECT,
];

/// One endpoint, ready to be called.
pub(crate) struct Gate {
    address: Address,
    secret: Option<Secret>,
    client: reqwest::Client,
    turns: Semaphore,
    timeout: Duration,
    max_response_bytes: u64,
}

/// Why a request has no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Failure {
    /// The endpoint has no such variant, or the path leads out of it.
    Nowhere,
    /// No connection.
    Connect,
    /// The timeout passed.
    Timeout,
    /// The answer broke off or made no sense.
    Broken,
    /// The answer is larger than allowed; holds the limit.
    TooLarge(u64),
    /// The answer holds the credential.
    Leak,
}

impl Gate {
    pub(super) fn new(endpoint: Endpoint) -> Result<Self, EndpointError> {
        let name = endpoint.name.clone();
        let invalid = |reason: &str| EndpointError::Invalid { name: name.clone(), reason: reason.to_owned() };
        let secret = match &endpoint.credential {
            Some(credential) => {
                Some(Secret::new(credential).ok_or_else(|| invalid("the credential cannot be sent in a header"))?)
            }
            None => None,
        };
        Ok(Self {
            address: Address::new(&endpoint)?,
            secret,
            client: client(&endpoint).map_err(|source| EndpointError::Client { name: name.clone(), source })?,
            turns: Semaphore::new(endpoint.max_concurrent.clamp(1, Semaphore::MAX_PERMITS)),
            timeout: endpoint.timeout,
            max_response_bytes: endpoint.max_response_bytes,
        })
    }

    /// Sends the path and query of a request. `patience` shortens the endpoint's timeout, it never lengthens it.
    pub(crate) async fn send(
        &self,
        variant: Option<&str>,
        request: Request<Bytes>,
        patience: Option<Duration>,
    ) -> Result<Response<Bytes>, Failure> {
        let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
        let url = self.address.resolve(variant, path).ok_or(Failure::Nowhere)?;
        let timeout = patience.map_or(self.timeout, |patience| patience.min(self.timeout));
        let exchange = async {
            // Closed never: the gate owns the semaphore.
            let _turn = self.turns.acquire().await.map_err(|_| Failure::Broken)?;
            self.exchange(url, request).await
        };
        tokio::time::timeout(timeout, exchange).await.unwrap_or(Err(Failure::Timeout))
    }

    async fn exchange(&self, url: reqwest::Url, request: Request<Bytes>) -> Result<Response<Bytes>, Failure> {
        let (parts, body) = request.into_parts();
        let mut headers = without_host_headers(parts.headers);
        if let Some(secret) = &self.secret {
            headers.insert(header::AUTHORIZATION, secret.header());
        }
        let answer = self.client.request(parts.method, url).headers(headers).body(body).send().await;
        self.receive(answer.map_err(|error| failure(&error))?).await
    }

    async fn receive(&self, mut answer: reqwest::Response) -> Result<Response<Bytes>, Failure> {
        let mut body = BytesMut::new();
        while let Some(chunk) = answer.chunk().await.map_err(|error| failure(&error))? {
            if (body.len() + chunk.len()) as u64 > self.max_response_bytes {
                return Err(Failure::TooLarge(self.max_response_bytes));
            }
            body.extend_from_slice(&chunk);
        }
        let mut response = Response::new(body.freeze());
        *response.status_mut() = answer.status();
        *response.headers_mut() = without_host_headers(std::mem::take(answer.headers_mut()));
        self.without_secret(response)
    }

    /// A server that echoes what it was sent (many debugging tools do) must not hand our credential to a guest.
    fn without_secret(&self, mut response: Response<Bytes>) -> Result<Response<Bytes>, Failure> {
        let Some(secret) = &self.secret else { return Ok(response) };
        if secret.is_in(response.body()) {
            return Err(Failure::Leak);
        }
        let leaks = |value: &http::HeaderValue| secret.is_in(value.as_bytes());
        let names: Vec<HeaderName> =
            response.headers().iter().filter(|(_, value)| leaks(value)).map(|(name, _)| name.clone()).collect();
        for name in names {
            response.headers_mut().remove(name);
        }
        Ok(response)
    }
}

fn without_host_headers(mut headers: HeaderMap) -> HeaderMap {
    for name in &HOST_HEADERS {
        headers.remove(name);
    }
    headers
}

fn failure(error: &reqwest::Error) -> Failure {
    if error.is_timeout() {
        Failure::Timeout
    } else if error.is_connect() {
        Failure::Connect
    } else {
        Failure::Broken
    }
}

fn client(endpoint: &Endpoint) -> Result<reqwest::Client, BoxError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots(endpoint.ca_pem.as_deref())?)
        .with_no_client_auth();
    let client = reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .no_proxy()
        .user_agent(concat!("backplane/", env!("CARGO_PKG_VERSION")))
        .build()?;
    Ok(client)
}

/// The given certificates, or those of the system. A system without any is no error here: it may be used for plain HTTP
/// only, and a connection that needs trust fails with that reason.
fn roots(ca_pem: Option<&str>) -> Result<RootCertStore, BoxError> {
    let mut roots = RootCertStore::empty();
    match ca_pem {
        Some(pem) => {
            for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
                roots.add(certificate?)?;
            }
            if roots.is_empty() {
                return Err("the CA holds no certificate".into());
            }
        }
        None => {
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
    }
    Ok(roots)
}
