//! What a watch would cost, before there is one.
//!
//! One page of the objects is read, and the number of the others asked for. The first page is the first by name, so a
//! kind whose objects differ much from namespace to namespace is estimated badly; how many were looked at is told.

use std::time::Duration;

use backplane_core::{BoxError, Kind};

use crate::cell::Watch;
use crate::discovery::{Discovery, DiscoveryError};
use crate::entry::Entry;
use crate::options::Options;
use crate::press;
use crate::transport::{Answer, Page, Resource, Status, Transport, TransportError, encode};

/// Objects that are looked at.
const SAMPLE: u32 = 500;
/// Objects in a page when they are only counted: the server sends their metadata alone.
const COUNTED_AT_ONCE: u32 = 5000;
/// What the API server is asked for when objects are only counted.
const METADATA: &str = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io,application/json";
/// Memory for an object beside its bytes: positions, slot, name, namespace and owner indexes, what the allocator adds.
/// `store-memory` compares the estimate with what it comes to.
const BESIDE: u64 = 290;

/// What a watch would cost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Estimate {
    /// Kind and selector.
    pub watch: Watch,
    /// Objects there are.
    pub objects: u64,
    /// Objects that were looked at for their size.
    pub sampled: u64,
    /// Sum of the sizes of all objects, without what the cache leaves out.
    pub document_bytes: u64,
    /// Memory, indexes included.
    pub bytes: u64,
    /// The same if the kind is among those held compressed. So few objects that nothing would be compressed give the
    /// same; `None`: not enough could be looked at to say.
    pub compressed_bytes: Option<u64>,
}

/// Why nothing can be estimated.
#[derive(Debug, thiserror::Error)]
pub enum EstimateError {
    /// There is no such kind.
    #[error("the API server does not serve {} in {}", .0.kind, .0.api_version())]
    NotServed(Kind),
    /// The API server said no.
    #[error("the API server refused to list {kind} with status {code}: {message}")]
    Refused {
        /// Kind that was asked for.
        kind: Kind,
        /// HTTP status.
        code: u16,
        /// What the server said.
        message: String,
    },
    /// It could not be asked, or answered with something that is no list.
    #[error("{0} could not be listed")]
    Failed(Kind, #[source] BoxError),
}

/// Asks the API server what a watch would cost.
///
/// # Errors
/// A kind that is not served or may not be listed, a server that cannot be asked.
pub async fn estimate(client: kube::Client, watch: &Watch, timeout: Duration) -> Result<Estimate, EstimateError> {
    let options = Options { request_timeout: timeout, write_timeout: timeout, ..Options::default() };
    let transport = Transport::new(client, &options, std::sync::Arc::default());
    let asked = Asked { transport: &transport, watch, resource: resolve(&transport, &watch.kind).await? };
    let first = asked.page(SAMPLE, None, "application/json").await?;
    let page = asked.read(&first)?;
    let sample = page.items().filter_map(|item| Entry::parse(&watch.kind, item).ok()).collect::<Vec<_>>();
    let shown = page.items().count() as u64;
    let others = match (page.next(), page.remaining()) {
        (None, _) => 0,
        (Some(_), Some(remaining)) => remaining,
        (Some(next), None) => asked.count(next).await?,
    };
    Ok(of_sample(watch, &sample, shown + others))
}

async fn resolve(transport: &Transport, kind: &Kind) -> Result<Resource, EstimateError> {
    Discovery::new(transport.clone()).resolve(kind).await.map_err(|error| match error {
        DiscoveryError::NotServed(kind) => EstimateError::NotServed(kind),
        error => EstimateError::Failed(kind.clone(), error.into()),
    })
}

fn of_sample(watch: &Watch, sample: &[Entry], objects: u64) -> Estimate {
    let sum: u64 = sample.iter().map(|entry| entry.size() as u64).sum();
    let document_bytes = if sample.is_empty() { 0 } else { sum * objects / sample.len() as u64 };
    let beside = objects * BESIDE;
    let packed = if document_bytes < press::FIRST_BYTES { Some(1.0) } else { press::trial(sample) };
    Estimate {
        watch: watch.clone(),
        objects,
        sampled: sample.len() as u64,
        document_bytes,
        bytes: document_bytes + beside,
        compressed_bytes: packed.map(|ratio| (document_bytes as f64 * ratio) as u64 + beside),
    }
}

struct Asked<'a> {
    transport: &'a Transport,
    watch: &'a Watch,
    resource: Resource,
}

impl Asked<'_> {
    async fn page(&self, limit: u32, next: Option<&str>, accept: &str) -> Result<Answer, EstimateError> {
        let mut path = format!("{}?limit={limit}", self.resource.collection(None));
        if !self.watch.selector.is_empty() {
            path += &format!("&labelSelector={}", encode(&self.watch.selector.to_string()));
        }
        path += &next.map(|token| format!("&continue={}", encode(token))).unwrap_or_default();
        let answer = self.transport.get_as(&path, accept).await.map_err(|error| self.failed(error))?;
        if answer.status.is_success() { Ok(answer) } else { Err(self.refused(&answer)) }
    }

    fn read<'p>(&self, answer: &'p Answer) -> Result<Page<'p>, EstimateError> {
        Page::read(&answer.body).map_err(|error| self.failed(TransportError::Json(error)))
    }

    /// Counts what follows a page. A list by label does not say how much that is.
    async fn count(&self, next: &str) -> Result<u64, EstimateError> {
        let (mut counted, mut next) = (0, Some(next.to_owned()));
        while let Some(token) = next {
            let answer = self.page(COUNTED_AT_ONCE, Some(&token), METADATA).await?;
            let page = self.read(&answer)?;
            counted += page.items().count() as u64;
            if let Some(remaining) = page.remaining() {
                return Ok(counted + remaining);
            }
            next = page.next().map(str::to_owned);
        }
        Ok(counted)
    }

    fn failed(&self, error: TransportError) -> EstimateError {
        EstimateError::Failed(self.watch.kind.clone(), error.into())
    }

    fn refused(&self, answer: &Answer) -> EstimateError {
        let message = Status::read(&answer.body).message;
        EstimateError::Refused { kind: self.watch.kind.clone(), code: answer.status.as_u16(), message }
    }
}
