//! From a kind to where the API server serves it.
//!
//! One document per group and version, fetched when first asked for, again when a kind is missing from it, and never
//! more often than twice a second however many ask.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use backplane_core::Kind;
use http::StatusCode;
use serde::Deserialize;
use tokio::time::Instant;

use crate::transport::{Resource, Transport, TransportError, root};

/// How long an answer stands for a kind that it does not contain.
const FRESH: Duration = Duration::from_millis(500);

/// Why a kind cannot be addressed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DiscoveryError {
    #[error("the API server does not serve {0}")]
    NotServed(Kind),
    #[error("discovery was refused with status {0}")]
    Refused(StatusCode),
    #[error("discovery failed")]
    Transport(#[from] TransportError),
}

pub(crate) struct Discovery {
    transport: Transport,
    documents: Mutex<HashMap<(String, String), Arc<Document>>>,
}

type Document = tokio::sync::Mutex<Option<(Instant, Vec<Resource>)>>;

#[derive(Deserialize)]
struct ResourceList {
    resources: Vec<ApiResource>,
}

#[derive(Deserialize)]
struct ApiResource {
    name: String,
    kind: String,
    namespaced: bool,
}

impl Discovery {
    pub(crate) fn new(transport: Transport) -> Self {
        Self { transport, documents: Mutex::default() }
    }

    pub(crate) async fn resolve(&self, kind: &Kind) -> Result<Resource, DiscoveryError> {
        let document = self.document(kind);
        let mut document = document.lock().await;
        let known = document.as_ref().map(|(at, resources)| (at, find(resources, kind)));
        match known {
            Some((_, Some(resource))) => return Ok(resource),
            Some((at, None)) if at.elapsed() < FRESH => return Err(DiscoveryError::NotServed(kind.clone())),
            _ => {}
        }
        let resources = self.fetch(kind).await?;
        let found = find(&resources, kind);
        *document = Some((Instant::now(), resources));
        found.ok_or_else(|| DiscoveryError::NotServed(kind.clone()))
    }

    /// Forgets what is known of a kind's group and version, because a request to it met no such resource.
    pub(crate) async fn forget(&self, kind: &Kind) {
        *self.document(kind).lock().await = None;
    }

    fn document(&self, kind: &Kind) -> Arc<Document> {
        let mut documents = self.documents.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(documents.entry((kind.group.clone(), kind.version.clone())).or_default())
    }

    async fn fetch(&self, kind: &Kind) -> Result<Vec<Resource>, DiscoveryError> {
        let answer = self.transport.get(&root(&kind.group, &kind.version)).await?;
        match answer.status {
            StatusCode::NOT_FOUND => Ok(Vec::new()),
            status if !status.is_success() => Err(DiscoveryError::Refused(status)),
            _ => Ok(resources(kind, &answer.body).map_err(TransportError::Json)?),
        }
    }
}

fn resources(kind: &Kind, body: &[u8]) -> Result<Vec<Resource>, serde_json::Error> {
    let list: ResourceList = serde_json::from_slice(body)?;
    let main = list.resources.into_iter().filter(|r| !r.name.contains('/'));
    Ok(main
        .map(|r| Resource {
            kind: Kind::new(kind.group.clone(), kind.version.clone(), r.kind),
            plural: r.name,
            namespaced: r.namespaced,
        })
        .collect())
}

fn find(resources: &[Resource], kind: &Kind) -> Option<Resource> {
    resources.iter().find(|r| r.kind == *kind).cloned()
}
