//! Events as lines: what a change means to one watch, and how it is written.

use std::sync::Arc;

use backplane_apimachinery::table::{self, IncludeObject};
use backplane_apimachinery::{ResourceKind, Status};
use bytes::Bytes;
use serde_json::{Value, json};

use crate::env::Env;
use crate::pipeline::accept::Shape;
use crate::pipeline::resource::convert;
use crate::pipeline::selection::Selection;
use crate::pipeline::{Call, Resource, read};
use crate::storage::{Change, ChangeKind, Stored};

const INITIAL_EVENTS_END: &str = "k8s.io/initial-events-end";

/// Writes events for one watch.
pub(super) struct Encoder {
    kind: Arc<ResourceKind>,
    namespace: Option<String>,
    selection: Selection,
    shape: Shape,
    include: IncludeObject,
    /// Whether the columns of the table have been sent.
    headed: bool,
    env: Env,
}

impl Encoder {
    pub(super) fn new(
        call: &Call<'_>,
        resource: &Resource<'_>,
        shape: Shape,
        selection: Selection,
    ) -> Result<Self, Status> {
        Ok(Self {
            kind: Arc::clone(&resource.kind),
            namespace: resource.namespace.clone(),
            selection,
            shape,
            include: read::included(&call.request.query)?,
            headed: false,
            env: call.server.env.clone(),
        })
    }

    /// An object that is there when the watch begins.
    pub(super) fn present(&mut self, stored: &Stored) -> Option<Bytes> {
        self.selection.matches(stored).then(|| self.object("ADDED", stored))
    }

    /// What a change looks like to those who see only what they select: an object that leaves the selection is deleted, one
    /// that enters it is added.
    pub(super) fn change(&mut self, change: &Change) -> Option<Bytes> {
        if self.namespace.is_some() && change.object.key.namespace != self.namespace {
            return None;
        }
        let before = change.before.as_ref().filter(|before| self.selection.matches(before));
        let now = change.kind != ChangeKind::Deleted && self.selection.matches(&change.object);
        match (before, now) {
            (None, false) => None,
            (None, true) => Some(self.object("ADDED", &change.object)),
            (Some(_), true) => Some(self.object("MODIFIED", &change.object)),
            (Some(before), false) => Some(self.gone(before, change.revision())),
        }
    }

    /// How far the watch has come.
    pub(super) fn bookmark(&mut self, revision: u64, initial_events_end: bool) -> Bytes {
        let mut metadata = json!({"resourceVersion": revision.to_string(), "creationTimestamp": null});
        if initial_events_end {
            metadata["annotations"] = json!({INITIAL_EVENTS_END: "true"});
        }
        let object = match self.shape {
            Shape::Metadata => read::metadata_only(&json!({"metadata": metadata})),
            _ => json!({"kind": self.kind.kind, "apiVersion": self.kind.api_version(), "metadata": metadata}),
        };
        let object = if self.shape == Shape::Table { self.table(&[], &object) } else { object };
        line("BOOKMARK", object.to_string().as_bytes())
    }

    /// The last state that the watch saw, at the revision at which it vanished.
    fn gone(&mut self, before: &Stored, revision: u64) -> Bytes {
        let mut object = before.value();
        object["metadata"]["resourceVersion"] = revision.to_string().into();
        self.value("DELETED", object)
    }

    fn object(&mut self, event: &str, stored: &Stored) -> Bytes {
        if self.shape == Shape::Object && *stored.api_version == self.kind.api_version() {
            return line(event, &stored.bytes);
        }
        self.value(event, stored.value())
    }

    fn value(&mut self, event: &str, mut object: Value) -> Bytes {
        convert(&mut object, &self.kind);
        let shown = match self.shape {
            Shape::Object => object,
            Shape::Metadata => read::metadata_only(&object),
            Shape::Table => self.table(&[&object], &object),
        };
        line(event, shown.to_string().as_bytes())
    }

    fn table(&mut self, rows: &[&Value], of: &Value) -> Value {
        let mut table = table::table(&self.kind, rows, self.include, self.env.clock.now());
        table["metadata"] = json!({"resourceVersion": of["metadata"]["resourceVersion"]});
        if self.headed {
            table["columnDefinitions"] = Value::Null;
        }
        self.headed = true;
        table
    }
}

/// The event that ends a watch that cannot go on.
pub(super) fn error(status: &Status) -> Bytes {
    line("ERROR", status.to_value().to_string().as_bytes())
}

fn line(event: &str, object: &[u8]) -> Bytes {
    let mut line = Vec::with_capacity(object.len() + 40);
    line.extend_from_slice(b"{\"type\":\"");
    line.extend_from_slice(event.as_bytes());
    line.extend_from_slice(b"\",\"object\":");
    line.extend_from_slice(object);
    line.extend_from_slice(b"}\n");
    line.into()
}
