//! One page of a list, items unread.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

/// What a list answers with.
#[derive(Deserialize)]
pub(crate) struct Page<'a> {
    #[serde(borrow)]
    metadata: Metadata<'a>,
    #[serde(borrow, default)]
    items: Option<Vec<&'a RawValue>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metadata<'a> {
    #[serde(borrow)]
    resource_version: Cow<'a, str>,
    #[serde(borrow, default)]
    r#continue: Option<Cow<'a, str>>,
    #[serde(default)]
    remaining_item_count: Option<u64>,
}

impl<'a> Page<'a> {
    pub(crate) fn read(body: &'a [u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(body)
    }

    /// Each object as the server sent it.
    pub(crate) fn items(&self) -> impl Iterator<Item = &'a [u8]> {
        self.items.iter().flatten().map(|item| item.get().as_bytes())
    }

    /// The version whose state the list shows.
    pub(crate) fn version(&self) -> u64 {
        self.metadata.resource_version.parse().unwrap_or_default()
    }

    /// Where the next page begins; `None` after the last one.
    pub(crate) fn next(&self) -> Option<&str> {
        self.metadata.r#continue.as_deref().filter(|token| !token.is_empty())
    }

    /// How many objects follow this page, where the server says so.
    pub(crate) fn remaining(&self) -> Option<u64> {
        self.metadata.remaining_item_count
    }
}
