//! `backplane:store`: reads of the cache, written by hand because they are hot. A cached object's bytes go straight into
//! guest memory, without a copy in between.

use backplane_core::ports::{ObjectBytes, Query, ReadError, Reads};
use backplane_core::{Kind, ObjectRef};
use wasmtime::StoreContextMut;
use wasmtime::component::Linker;

use crate::bindings::store as wit;
use crate::bindings::types;
use crate::state::State;

type Found<T> = Result<T, wit::ReadError>;

pub(super) fn add(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    let mut store = linker.instance("backplane:store/store@0.1.0")?;
    store.func_wrap("get", |mut cx: StoreContextMut<'_, State>, (object,): (types::ObjectRef,)| {
        Ok((get(cx.data_mut(), object)?,))
    })?;
    store.func_wrap(
        "list-objects",
        |mut cx: StoreContextMut<'_, State>, (kind, query): (types::Kind, wit::Query)| {
            Ok((list(cx.data_mut(), kind, query)?,))
        },
    )?;
    store.func_wrap("is-reconciled", |mut cx: StoreContextMut<'_, State>, (kind,): (types::Kind,)| {
        let state = cx.data_mut();
        state.meter.host_call(0)?;
        Ok((state.context.reads.is_reconciled(&Kind::from(kind)),))
    })
}

fn get(state: &mut State, object: types::ObjectRef) -> wasmtime::Result<Found<Option<ObjectBytes>>> {
    state.meter.host_call(0)?;
    Ok(state.context.reads.get(&ObjectRef::from(object)).map_err(Into::into))
}

fn list(state: &mut State, kind: types::Kind, query: wit::Query) -> wasmtime::Result<Found<Vec<ObjectBytes>>> {
    state.meter.host_call(0)?;
    Ok(matching(&*state.context.reads, &kind.into(), query))
}

fn matching(reads: &dyn Reads, kind: &Kind, query: wit::Query) -> Found<Vec<ObjectBytes>> {
    let selector = query.selector.parse().map_err(|error| wit::ReadError::Other(format!("{error}")))?;
    let query = Query { namespace: query.namespace, selector, owner_uid: query.owner_uid };
    reads.list(kind, &query).map_err(Into::into)
}

impl From<ReadError> for wit::ReadError {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Denied(denied) => Self::Denied(denied.to_string()),
            ReadError::NotReady(_) => Self::NotReady(error.to_string()),
        }
    }
}
