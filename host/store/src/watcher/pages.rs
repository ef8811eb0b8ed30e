//! A list in pages, for servers that cannot stream it.

use backplane_core::ErrorChain;
use serde::Deserialize;
use serde_json::value::RawValue;
use tracing::debug;

use super::{Stopped, Watcher, refused};
use crate::transport::{Resource, TransportError, encode};

#[derive(Deserialize)]
struct Page<'a> {
    #[serde(borrow)]
    metadata: Metadata<'a>,
    #[serde(borrow, default)]
    items: Option<Vec<&'a RawValue>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metadata<'a> {
    #[serde(borrow)]
    resource_version: std::borrow::Cow<'a, str>,
    #[serde(borrow, default)]
    r#continue: Option<std::borrow::Cow<'a, str>>,
}

impl Watcher {
    pub(super) async fn page_list(&self, resource: &Resource) -> Result<(), Stopped> {
        self.cell.write().replica.begin_list();
        let mut next = None;
        loop {
            let (version, more) = self.page(resource, next.as_deref()).await?;
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
        let page: Page<'_> = serde_json::from_slice(&answer.body).map_err(|error| {
            debug!(object.kind = %resource.kind, error = %ErrorChain(&error), "a page is no list");
            Stopped::Failed(TransportError::Json(error))
        })?;
        for item in page.items.iter().flatten() {
            self.object(item.get().as_bytes(), |replica, entry| replica.listed(entry));
        }
        let version = page.metadata.resource_version.parse().unwrap_or_default();
        let more = page.metadata.r#continue.filter(|token| !token.is_empty()).map(std::borrow::Cow::into_owned);
        Ok((version, more))
    }
}
