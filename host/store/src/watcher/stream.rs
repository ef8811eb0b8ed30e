//! Opens a watch and follows it, with or without the present state at its beginning.

use std::convert::Infallible;
use std::time::Duration;

use backplane_core::ErrorChain;
use tracing::debug;

use super::event::{Phase, Said};
use super::{Stopped, Watcher, refused};
use crate::counters::count;
use crate::transport::{Lines, Resource, TransportError};

/// Longest silence within a streaming list. A server that does not know them starts an ordinary watch, which never
/// says that the initial part has ended.
const LIST_SILENCE: Duration = Duration::from_secs(10);

impl Watcher {
    /// Reads the present state from the beginning of a watch; the rest of the stream follows on.
    pub(super) async fn stream_list(&self, resource: &Resource) -> Result<Lines, Stopped> {
        let mut lines = self.open(resource, "&sendInitialEvents=true&resourceVersionMatch=NotOlderThan").await?;
        self.cell.write().replica.begin_list();
        loop {
            let line = tokio::time::timeout(LIST_SILENCE, lines.next()).await;
            let line = line.map_err(|_| silent())?.map_err(Stopped::Failed)?.ok_or(Stopped::Closed)?;
            if let Said::Bookmark { version, end: true } = self.line(&line, Phase::Listing)? {
                self.listed(version);
                return Ok(lines);
            }
            self.cell.tend().await;
        }
    }

    /// Continues from the last version that the watch has seen.
    pub(super) async fn follow(&self, resource: &Resource) -> Result<Infallible, Stopped> {
        let version = self.cell.read().replica.version();
        let lines = self.open(resource, &format!("&resourceVersion={version}")).await?;
        self.follow_lines(lines).await
    }

    pub(super) async fn follow_lines(&self, mut lines: Lines) -> Result<Infallible, Stopped> {
        loop {
            let line = match lines.next().await {
                Ok(line) => line.ok_or(Stopped::Closed)?,
                Err(TransportError::Timeout(silence)) => {
                    debug!(object.kind = %self.cell.watch.kind, ?silence, "watch was silent");
                    return Err(Stopped::Closed);
                }
                Err(error) => {
                    debug!(object.kind = %self.cell.watch.kind, error = %ErrorChain(&error), "watch broke off");
                    return Err(Stopped::Closed);
                }
            };
            if let Said::Bookmark { version, .. } = self.line(&line, Phase::Following)? {
                self.cell.write().replica.advance(version);
            }
            self.cell.tend().await;
        }
    }

    async fn open(&self, resource: &Resource, from: &str) -> Result<Lines, Stopped> {
        count(&self.transport.counters.watches_opened);
        let lifetime = self.options.watch_lifetime.as_secs();
        let path = format!(
            "{}?watch=1&allowWatchBookmarks=true&timeoutSeconds={lifetime}{}{from}",
            resource.collection(None),
            self.query()
        );
        match self.transport.open(&path, self.options.idle).await {
            Ok(Ok(lines)) => Ok(lines),
            Ok(Err(answer)) => Err(refused(&answer)),
            Err(error) => Err(Stopped::Failed(error)),
        }
    }
}

fn silent() -> Stopped {
    Stopped::Refused { code: 0, reason: "no end of the initial events".into() }
}
