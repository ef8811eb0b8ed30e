//! Events as lines: what a change means to one watch, and how it is written.

use std::sync::Arc;

use backplane_apimachinery::table::IncludeObject;
use backplane_apimachinery::{ResourceKind, Status};
use bytes::Bytes;
use serde_json::{Value, json};

use crate::conversion;
use crate::pipeline::accept::{Accept, Shape};
use crate::pipeline::selection::Selection;
use crate::pipeline::{Call, Resource, read};
use crate::server::Inner;
use crate::storage::{Change, ChangeKind, Stored};

const INITIAL_EVENTS_END: &str = "k8s.io/initial-events-end";

/// Writes events for one watch.
pub(super) struct Encoder {
    kind: Arc<ResourceKind>,
    namespace: Option<String>,
    selection: Selection,
    accept: Accept,
    include: IncludeObject,
    /// Whether the columns of the table have been sent.
    headed: bool,
    server: Arc<Inner>,
}

impl Encoder {
    pub(super) fn new(
        call: &Call<'_>,
        resource: &Resource<'_>,
        accept: Accept,
        selection: Selection,
    ) -> Result<Self, Status> {
        Ok(Self {
            kind: Arc::clone(&resource.kind),
            namespace: resource.namespace.clone(),
            selection,
            accept,
            include: read::included(&call.request.query)?,
            headed: false,
            server: Arc::clone(call.server),
        })
    }

    /// Whether the kind is still served as it was when the watch began.
    pub(super) fn is_current(&self) -> bool {
        self.server.registry.kinds().is_current(&self.kind)
    }

    /// Whether objects may have to be converted by a webhook, which takes a thread that may block.
    pub(super) fn converts(&self) -> bool {
        self.kind.conversion.webhook.is_some() && !self.is_metadata()
    }

    /// Converts together what would otherwise be converted one by one.
    ///
    /// # Errors
    /// When the conversion fails.
    pub(super) fn prepare<'a>(&self, objects: impl Iterator<Item = &'a Arc<Stored>>) -> Result<(), Status> {
        if !self.converts() {
            return Ok(());
        }
        let selected = objects.filter(|stored| self.sees(stored) && self.selection.matches(stored));
        conversion::render(&self.server, &self.kind, selected.map(Arc::as_ref)).map(drop)
    }

    fn is_metadata(&self) -> bool {
        matches!(self.accept.shape, Shape::Metadata | Shape::MetadataList)
    }

    fn sees(&self, stored: &Stored) -> bool {
        self.namespace.is_none() || stored.key.namespace == self.namespace
    }

    /// An object that is there when the watch begins.
    ///
    /// # Errors
    /// When the conversion fails, as everywhere here.
    pub(super) fn present(&mut self, stored: &Stored) -> Result<Option<Bytes>, Status> {
        self.selection.matches(stored).then(|| self.object("ADDED", stored)).transpose()
    }

    /// What a change looks like to those who see only what they select: an object that leaves the selection is deleted, one
    /// that enters it is added.
    pub(super) fn change(&mut self, change: &Change) -> Result<Option<Bytes>, Status> {
        if !self.sees(&change.object) {
            return Ok(None);
        }
        let before = change.before.as_ref().filter(|before| self.selection.matches(before));
        let now = change.kind != ChangeKind::Deleted && self.selection.matches(&change.object);
        match (before, now) {
            (None, false) => Ok(None),
            (None, true) => self.object("ADDED", &change.object).map(Some),
            (Some(_), true) => self.object("MODIFIED", &change.object).map(Some),
            (Some(before), false) => self.gone(before, change.revision()).map(Some),
        }
    }

    /// How far the watch has come.
    pub(super) fn bookmark(&mut self, revision: u64, initial_events_end: bool) -> Bytes {
        let mut metadata = json!({"resourceVersion": revision.to_string()});
        if initial_events_end {
            metadata["annotations"] = json!({INITIAL_EVENTS_END: "true"});
        }
        let object = json!({"kind": self.kind.kind, "apiVersion": self.kind.api_version(), "metadata": metadata});
        self.value("BOOKMARK", object)
    }

    /// The last state that the watch saw, at the revision at which it vanished.
    fn gone(&mut self, before: &Stored, revision: u64) -> Result<Bytes, Status> {
        let mut object = read::parse(&self.rendered(before)?)?;
        object["metadata"]["resourceVersion"] = revision.to_string().into();
        Ok(self.value("DELETED", object))
    }

    fn object(&mut self, event: &str, stored: &Stored) -> Result<Bytes, Status> {
        let bytes = self.rendered(stored)?;
        match self.accept.shape {
            Shape::Object => Ok(line(event, &bytes)),
            _ => Ok(self.value(event, read::parse(&bytes)?)),
        }
    }

    /// The object in the version of the watch; as it is stored if only its metadata is wanted.
    fn rendered(&self, stored: &Stored) -> Result<Bytes, Status> {
        if self.is_metadata() {
            return Ok(stored.bytes.clone());
        }
        let rendered = conversion::render(&self.server, &self.kind, [stored])?;
        rendered.into_iter().next().ok_or_else(|| Status::internal("an object was lost on its way"))
    }

    fn value(&mut self, event: &str, object: Value) -> Bytes {
        let shown = match self.accept.shape {
            Shape::Object => object,
            Shape::Metadata | Shape::MetadataList => read::metadata_only(&object, self.accept.meta),
            Shape::Table => self.table(&object),
        };
        line(event, shown.to_string().as_bytes())
    }

    fn table(&mut self, object: &Value) -> Value {
        let (now, metadata) = (self.server.env.clock.now(), read::version_of(object));
        let mut table = read::table_of(&self.kind, &[object], self.include, self.accept.meta, now, metadata);
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
