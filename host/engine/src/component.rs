//! A loaded component: compiled, linked, not running.

use std::sync::Arc;

use backplane_core::machines::MachineKinds;
use backplane_core::{CallError, Declaration};
use wasmtime::component::{self, InstancePre, Linker};

use crate::bindings::{lifecycle, machines, reconciler};
use crate::call::{Call, Configure, Describe, DescribeKinds};
use crate::context::Context;
use crate::contract;
use crate::declaration;
use crate::error::{DescribeError, LoadError};
use crate::inspection::Inspection;
use crate::instance::Instance;
use crate::metrics::Metrics;
use crate::state::State;

/// A component that can be asked what it is and put into a slot. Cheap to clone.
#[derive(Clone)]
pub struct Component {
    inner: Arc<Inner>,
}

struct Inner {
    file: File,
    pre: InstancePre<State>,
    exports: Indices,
    memory_limit: u64,
}

/// What is known of a component's file.
pub(crate) struct File {
    pub(crate) name: String,
    pub(crate) digest: String,
    pub(crate) size: u64,
    pub(crate) inspection: Inspection,
}

/// Where the exports are; found once per component.
pub(crate) struct Indices {
    pub(crate) lifecycle: lifecycle::GuestIndices,
    pub(crate) reconciler: Option<reconciler::GuestIndices>,
    pub(crate) machines: Option<machines::GuestIndices>,
}

/// An export that makes the host call a plugin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Export {
    /// `backplane:reconciler/reconciler`.
    Reconciler,
    /// `backplane:provider/machines`.
    Machines,
}

impl Export {
    /// The interface's name.
    pub fn interface(self) -> &'static str {
        match self {
            Self::Reconciler => contract::RECONCILER,
            Self::Machines => contract::MACHINES,
        }
    }
}

impl Component {
    /// Joins compiled code with the imports. `memory_limit` is the engine's, in bytes.
    pub(crate) fn link(
        file: File,
        linker: &Linker<State>,
        compiled: &component::Component,
        memory_limit: u64,
    ) -> Result<Self, LoadError> {
        let shape = |source: wasmtime::Error| LoadError::Shape { file: file.name.clone(), source: source.into() };
        let pre = linker.instantiate_pre(compiled).map_err(shape)?;
        let exports = Indices::of(&pre, &file.inspection).map_err(shape)?;
        Ok(Self { inner: Arc::new(Inner { file, pre, exports, memory_limit }) })
    }

    /// The name it was loaded by.
    pub fn name(&self) -> &str {
        &self.inner.file.name
    }

    /// BLAKE3 of the file, in hexadecimal.
    pub fn digest(&self) -> &str {
        &self.inner.file.digest
    }

    /// Size of the file, in bytes.
    pub fn size(&self) -> u64 {
        self.inner.file.size
    }

    /// What can be said of it without running it.
    pub fn inspection(&self) -> &Inspection {
        &self.inner.file.inspection
    }

    /// Whether it has this export.
    pub fn has(&self, export: Export) -> bool {
        match export {
            Export::Reconciler => self.inner.exports.reconciler.is_some(),
            Export::Machines => self.inner.exports.machines.is_some(),
        }
    }

    /// Asks the plugin what it is, on an instance of its own that has been granted nothing.
    ///
    /// # Errors
    /// It gave no answer, or one that cannot be used; then every problem is listed.
    pub async fn describe(&self) -> Result<Declaration, DescribeError> {
        let file = self.inner.file.name.clone();
        let answer =
            self.alone(&Describe).await.map_err(|source| DescribeError::Call { file: file.clone(), source })?;
        declaration::checked(self, answer).map_err(|problems| DescribeError::Invalid { file, problems })
    }

    /// Asks a provider for its kinds, as [`Self::describe`] does; `None` if it provides no machines.
    ///
    /// # Errors
    /// See [`Self::describe`].
    pub async fn describe_kinds(&self) -> Result<Option<MachineKinds>, DescribeError> {
        if !self.has(Export::Machines) {
            return Ok(None);
        }
        let file = self.inner.file.name.clone();
        let kinds = self.alone(&DescribeKinds).await;
        let kinds = kinds.map_err(|source| DescribeError::Call { file: file.clone(), source })?;
        declaration::checked_kinds(kinds).map(Some).map_err(|problems| DescribeError::Invalid { file, problems })
    }

    /// Lets the plugin judge settings (a JSON object), on an instance of its own that has been granted nothing. The inner
    /// error is its refusal, for people.
    ///
    /// # Errors
    /// The call ended without an answer.
    pub async fn configure(&self, settings_json: &[u8]) -> Result<Result<(), String>, CallError> {
        self.alone(&Configure(settings_json)).await
    }

    async fn alone<C: Call>(&self, call: &C) -> Result<C::Answer, CallError> {
        let context = Arc::new(Context::nothing(&self.inner.file.name));
        let instance = Instance::start(self, context, Arc::new(Metrics::default())).await?;
        instance.call(call).await.0
    }

    /// Bytes of memory that the engine allows an instance.
    pub(crate) fn memory_limit(&self) -> u64 {
        self.inner.memory_limit
    }

    pub(crate) fn pre(&self) -> &InstancePre<State> {
        &self.inner.pre
    }

    pub(crate) fn exports(&self) -> &Indices {
        &self.inner.exports
    }
}

impl std::fmt::Debug for Component {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let File { name, digest, size, .. } = &self.inner.file;
        f.debug_struct("Component").field("name", name).field("digest", digest).field("size", size).finish()
    }
}

impl Indices {
    fn of(pre: &InstancePre<State>, inspection: &Inspection) -> wasmtime::Result<Self> {
        let exports = |path: &str| inspection.exports.iter().any(|export| export.path() == path);
        let reconciler = exports(contract::RECONCILER).then(|| reconciler::GuestIndices::new(pre));
        let machines = exports(contract::MACHINES).then(|| machines::GuestIndices::new(pre));
        Ok(Self {
            lifecycle: lifecycle::GuestIndices::new(pre)?,
            reconciler: reconciler.transpose()?,
            machines: machines.transpose()?,
        })
    }
}
