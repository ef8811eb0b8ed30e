//! HTTP endpoints by name: where they are, how they are entered, what a call of them may cost.
//!
//! A guest knows a name. Address, credential and trust are the host's; they are checked when the set is built, so that
//! whoever starts the daemon hears of a mistake before a plugin does.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use backplane_core::BoxError;
use secrecy::SecretString;

mod address;
mod client;
mod secret;

pub(crate) use self::client::{Failure, Gate};

/// An HTTP endpoint that plugins call by name.
#[derive(Debug, Clone)]
pub struct Endpoint {
    /// The name; guests call `http://<name>/…`. A DNS label.
    pub name: String,
    /// Base URL; the path that a guest asks for is appended. May hold `{variant}` (a region, say) in host or path.
    pub url: String,
    /// What `{variant}` may be; `None`: any DNS label. Only with `{variant}` in `url`.
    pub variants: Option<Vec<String>>,
    /// What the host adds to each request.
    pub credential: Option<Credential>,
    /// Time of one request, from waiting for its turn to the last byte of the answer.
    pub timeout: Duration,
    /// Requests at one time, over all plugins that use this set.
    pub max_concurrent: usize,
    /// Largest answer, in bytes.
    pub max_response_bytes: u64,
    /// Whether `url` may be `http://`.
    pub allow_plain_http: bool,
    /// Certificates (PEM) to trust instead of the system's.
    pub ca_pem: Option<String>,
}

impl Endpoint {
    /// An endpoint with the usual limits and no credential.
    pub fn new(name: impl Into<String>, url: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            url: url.into(),
            variants: None,
            credential: None,
            // Below the deadline of a call, so that a guest can still say what it waited for.
            timeout: Duration::from_secs(8),
            max_concurrent: 8,
            max_response_bytes: 8 << 20,
            allow_plain_http: false,
            ca_pem: None,
        }
    }
}

/// What the host adds to each request of an endpoint. Guests never see it.
#[derive(Debug, Clone)]
pub enum Credential {
    /// HTTP Basic.
    Basic {
        /// User name.
        username: String,
        /// Password.
        password: SecretString,
    },
    /// `Authorization: Bearer`.
    Bearer {
        /// Token.
        token: SecretString,
    },
}

/// Why an endpoint cannot be used as it is set.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "each variant's line covers its fields")]
pub enum EndpointError {
    /// Two endpoints of one name.
    #[error("endpoint {name:?} is set twice")]
    Duplicate { name: String },
    /// A setting that cannot be meant.
    #[error("endpoint {name:?}: {reason}")]
    Invalid { name: String, reason: String },
    /// No HTTP client could be made for it.
    #[error("endpoint {name:?}: no client could be set up")]
    Client {
        name: String,
        #[source]
        source: BoxError,
    },
}

/// A checked set of endpoints with their connections. Cheap to clone; clones share connections and limits.
#[derive(Clone, Default)]
pub struct Endpoints {
    gates: Arc<BTreeMap<String, Arc<Gate>>>,
}

impl Endpoints {
    /// Checks endpoints and prepares their clients; connects to nothing.
    ///
    /// # Errors
    /// The first endpoint that cannot be used.
    pub fn new(endpoints: impl IntoIterator<Item = Endpoint>) -> Result<Self, EndpointError> {
        let mut gates = BTreeMap::new();
        for endpoint in endpoints {
            let name = endpoint.name.clone();
            if gates.insert(name.clone(), Arc::new(Gate::new(endpoint)?)).is_some() {
                return Err(EndpointError::Duplicate { name });
            }
        }
        Ok(Self { gates: Arc::new(gates) })
    }

    /// The names, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.gates.keys().map(String::as_str)
    }

    pub(crate) fn gate(&self, name: &str) -> Option<Arc<Gate>> {
        self.gates.get(name).cloned()
    }
}

impl fmt::Debug for Endpoints {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.names()).finish()
    }
}

/// Whether a text is a DNS label (RFC 1123): 1 to 63 of a-z, 0-9 and `-`, not beginning or ending with `-`.
pub(crate) fn is_label(text: &str) -> bool {
    let allowed = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-';
    (1..=63).contains(&text.len()) && text.bytes().all(allowed) && !text.starts_with('-') && !text.ends_with('-')
}
