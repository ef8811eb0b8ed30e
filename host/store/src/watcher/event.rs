//! Applies one line of a watch.

use backplane_core::ErrorChain;
use serde::Deserialize;
use serde_json::value::RawValue;
use tracing::warn;

use super::{Stopped, Watcher};
use crate::changes::Source;
use crate::counters::count;
use crate::entry::{Entry, members, string};
use crate::transport::{Status, TransportError};

/// Annotation of the bookmark that ends the initial part of a streaming list.
const INITIAL_EVENTS_END: &str = "k8s.io/initial-events-end";

#[derive(Deserialize)]
struct Event<'a> {
    r#type: &'a str,
    #[serde(borrow)]
    object: &'a RawValue,
}

/// What a line said beyond the object it carried.
pub(super) enum Said {
    Object,
    /// The watch has come this far; `end` of the initial part of a streaming list.
    Bookmark {
        version: u64,
        end: bool,
    },
}

/// Whether objects are the present state or news.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    Listing,
    Following,
}

impl Watcher {
    pub(super) fn line(&self, line: &[u8], phase: Phase) -> Result<Said, Stopped> {
        if line.iter().all(u8::is_ascii_whitespace) {
            return Ok(Said::Object);
        }
        let event: Event<'_> = serde_json::from_slice(line).map_err(json)?;
        let object = event.object.get().as_bytes();
        match event.r#type {
            "BOOKMARK" => return bookmark(object).map_err(json),
            "ERROR" => return Err(reported(&Status::read(object))),
            "ADDED" | "MODIFIED" => self.object(object, phase, |replica, entry| match phase {
                Phase::Listing => replica.listed(entry),
                Phase::Following => replica.observed(entry),
            }),
            "DELETED" => self.object(object, Phase::Following, |replica, entry| replica.observed_gone(&entry)),
            other => warn!(event = other, "watch event of an unknown type ignored"),
        }
        Ok(Said::Object)
    }

    /// Hands an object to the replica. One that cannot be read is skipped: asking again would bring it again.
    pub(super) fn object(
        &self,
        object: &[u8],
        phase: Phase,
        news: impl FnOnce(&mut crate::replica::Replica, Entry) -> Option<crate::replica::Diff>,
    ) {
        match Entry::parse(&self.cell.watch.kind, object) {
            Ok(entry) => {
                if phase == Phase::Listing {
                    self.teacher.show(&self.cell.watch.kind, object, &entry);
                }
                let entry = self.cell.packed(entry);
                self.cell.apply(Source::Watch, |replica| news(replica, entry));
            }
            Err(error) => {
                count(&self.transport.counters.malformed);
                warn!(object.kind = %self.cell.watch.kind, error = %ErrorChain(&error), "object skipped");
            }
        }
    }
}

fn json(error: serde_json::Error) -> Stopped {
    Stopped::Failed(TransportError::Json(error))
}

fn bookmark(object: &[u8]) -> Result<Said, serde_json::Error> {
    let metadata = members(object)?.get("metadata").map_or("{}", RawValue::get);
    let metadata = members(metadata.as_bytes())?;
    let version = metadata.get("resourceVersion").and_then(string).and_then(|v| v.parse().ok()).unwrap_or_default();
    let end = metadata.get("annotations").is_some_and(|a| a.get().contains(INITIAL_EVENTS_END));
    Ok(Said::Bookmark { version, end })
}

/// An ERROR event carries a Status instead of an object.
fn reported(status: &Status) -> Stopped {
    // A version from the server's future means that its history is not the one we followed.
    let unknown_version = status.details.iter().flat_map(|d| &d.causes).any(|c| c.reason == "ResourceVersionTooLarge");
    match status.code {
        410 => Stopped::Expired,
        _ if unknown_version => Stopped::Expired,
        404 => Stopped::NotServed,
        code => Stopped::Refused { code, reason: status.reason.clone() },
    }
}
