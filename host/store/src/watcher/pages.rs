//! A list in pages, for servers that cannot stream it.

use backplane_core::ErrorChain;
use tracing::debug;

use super::event::Phase;
use super::{Stopped, Watcher, refused};
use crate::transport::{Page, Resource, TransportError, encode};

impl Watcher {
    pub(super) async fn page_list(&self, resource: &Resource) -> Result<(), Stopped> {
        self.cell.write().replica.begin_list();
        let mut next = None;
        loop {
            let (version, more) = self.page(resource, next.as_deref()).await?;
            self.cell.tend().await;
            if more.is_none() {
                self.listed(version);
                return Ok(());
            }
            next = more;
        }
    }

    /// Applies one page; gives its version and where the next one begins.
    async fn page(&self, resource: &Resource, at: Option<&str>) -> Result<(u64, Option<String>), Stopped> {
        let at = at.map(|token| format!("&continue={}", encode(token))).unwrap_or_default();
        let path = format!("{}?limit={}{}{at}", resource.collection(None), self.options.page, self.query());
        let answer = self.transport.get(&path).await.map_err(Stopped::Failed)?;
        if !answer.status.is_success() {
            return Err(refused(&answer));
        }
        let page = Page::read(&answer.body).map_err(|error| {
            debug!(object.kind = %resource.kind, error = %ErrorChain(&error), "a page is no list");
            Stopped::Failed(TransportError::Json(error))
        })?;
        for item in page.items() {
            self.object(item, Phase::Listing, |replica, entry| replica.listed(entry));
        }
        Ok((page.version(), page.next().map(str::to_owned)))
    }
}
