//! Writes conditions, and the status that a reconciler returned, into objects, in one request; and knows its own writes
//! when they come back as changes.

mod echo;
mod returned;

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use backplane_core::condition::Condition;
use backplane_core::ports::{ObjectBytes, Patch, WriteError, Writes};
use backplane_core::reconcile::Reason;
use backplane_core::{Kind, ObjectRef};
use backplane_store::Entry;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use tracing::warn;

use crate::condition::{Context, merge};
use crate::options::{Conditions, Options, StatusStyle};
use crate::queue::Queue;
use crate::wakes::Wakes;
pub(crate) use echo::Echoes;
pub(crate) use returned::Returned;

/// How often a conflicting patch is made anew from the fresh object.
const TRIES: u32 = 5;

/// Pause before the second try; doubled with each.
const PAUSE: Duration = Duration::from_millis(20);

pub(crate) struct StatusWriter {
    pub(crate) writes: Arc<dyn Writes>,
    pub(crate) wakes: Arc<Wakes>,
    pub(crate) queue: Arc<Queue>,
    pub(crate) echoes: Arc<Echoes>,
    /// Kinds whose schema turned out to drop conditions.
    pub(crate) barren: Mutex<HashSet<Kind>>,
}

/// What is to be said about an object after a look.
pub(crate) struct Statement<'a> {
    /// The generation that the reconciler saw.
    pub(crate) generation: i64,
    /// Empty: leave them alone.
    pub(crate) conditions: &'a [Condition],
    pub(crate) returned: Returned,
}

/// The part of an object that conditions live in.
#[derive(Default, Deserialize)]
struct Live {
    #[serde(default)]
    status: Option<Map<String, Value>>,
}

impl Live {
    fn read(bytes: &[u8]) -> Self {
        serde_json::from_slice(bytes).unwrap_or_default()
    }

    fn conditions(&self) -> &[Value] {
        let conditions = self.status.as_ref().and_then(|status| status.get("conditions"));
        conditions.and_then(Value::as_array).map_or(&[], Vec::as_slice)
    }
}

impl StatusWriter {
    /// Makes the object say so.
    pub(crate) async fn state(
        &self,
        object: &ObjectRef,
        statement: Statement<'_>,
        options: &Options,
    ) -> Result<(), WriteError> {
        let style = options.style_of(&object.kind);
        let silent = style.conditions == Conditions::None || self.is_barren(&object.kind);
        let conditions = if silent { &[] } else { statement.conditions };
        if conditions.is_empty() && statement.returned.is_empty() {
            return Ok(());
        }
        let statement = Statement { conditions, ..statement };
        for attempt in 0..TRIES {
            let Some(entry) = self.wakes.find(object) else { return Ok(()) };
            let context = Context { style: style.conditions, generation: statement.generation, now: (options.clock)() };
            let Some(patch) = patch(&entry, &statement, style, &context) else { return Ok(()) };
            match self.write(object, entry.version(), &patch).await {
                Err(WriteError::Conflict(_)) if attempt + 1 < TRIES => {
                    tokio::time::sleep(PAUSE * 2_u32.pow(attempt)).await;
                }
                Err(WriteError::NotFound(_)) => return Ok(()),
                Err(error) => return Err(error),
                Ok(answer) => {
                    if !conditions.is_empty() {
                        self.notice_barren(object, &answer);
                    }
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// Patches with the version in hand as precondition, so that a list replaced whole loses nobody's entry.
    async fn write(&self, object: &ObjectRef, version: u64, patch: &Value) -> Result<ObjectBytes, WriteError> {
        let body = serde_json::to_vec(patch).map_err(|error| WriteError::Other(error.into()))?;
        self.echoes.expect(object, version);
        let result = self.writes.patch(object, &Patch::MergeStatus(&body)).await;
        let answered = result.as_ref().ok().and_then(|answer| Entry::parse(&object.kind, answer).ok());
        let wrongly_ignored = match answered {
            Some(entry) => self.echoes.answered(object, entry.version()),
            None => self.echoes.withdraw(object),
        };
        if wrongly_ignored {
            self.queue.add(object.clone(), Reason::Changed);
        }
        result
    }

    fn is_barren(&self, kind: &Kind) -> bool {
        self.barren.lock().unwrap_or_else(PoisonError::into_inner).contains(kind)
    }

    fn notice_barren(&self, object: &ObjectRef, answer: &[u8]) {
        if Live::read(answer).conditions().is_empty() {
            warn!(object.kind = %object.kind, "the schema drops conditions, none will be written");
            self.barren.lock().unwrap_or_else(PoisonError::into_inner).insert(object.kind.clone());
        }
    }
}

/// One merge patch for all that is news; `None` if nothing is.
fn patch(entry: &Entry, statement: &Statement<'_>, style: &StatusStyle, context: &Context) -> Option<Value> {
    let bytes = entry.bytes();
    let live = Live::read(&bytes);
    let merged = merge(live.conditions(), statement.conditions, context);
    let news = statement.returned.news(live.status.as_ref());
    if merged.is_none() && news.is_empty() {
        return None;
    }
    let has_status = live.status.as_ref().is_some_and(|status| !status.is_empty());
    let seed = style.seed.as_ref().and_then(Value::as_object).filter(|_| !has_status);
    let mut status = seed.cloned().unwrap_or_default();
    status.extend(news);
    status.extend(merged.map(|merged| ("conditions".to_owned(), Value::Array(merged))));
    Some(json!({"metadata": {"resourceVersion": entry.version().to_string()}, "status": status}))
}
