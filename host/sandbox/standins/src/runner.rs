//! Runs controllers: watches, the queue, workers, back-off. One for all stand-ins.
//!
//! ```text
//!   watch(kind) ──> concerns(object) ──> queue ──> worker ──> reconcile(key) ──> Next
//!                                          ^                      │ after a pause, or sooner if something changes
//!                                          └──────────────────────┘
//! ```
//!
//! Level-based: a watch only says *which* key to look at; the controller reads the present state itself.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use async_trait::async_trait;
use backplane_apiserver::Env;
use futures::StreamExt as _;
use serde_json::Value;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::debug;

use crate::client::Client;
use crate::error::Error;
use crate::kinds::Kind;
use crate::object;
use crate::queue::{Key, Queue};

/// Keys that one controller works on at a time.
const WORKERS: usize = 4;
/// Pause before a broken watch is begun anew.
const REWATCH: Duration = Duration::from_millis(200);

/// When a key is to be looked at again, short of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next {
    /// Only when something changes.
    OnChange,
    /// After this time, or sooner if something changes.
    After(Duration),
}

/// One control loop.
#[async_trait]
pub(crate) trait Controller: Send + Sync + 'static {
    /// Name for logs.
    fn name(&self) -> &'static str;

    /// Kinds watched from the start.
    fn watches(&self) -> Vec<Kind>;

    /// Keys that a change of an object concerns.
    async fn concerns(&self, kind: &Kind, object: &Value) -> Vec<Key>;

    /// Brings what belongs to the key closer to what it should be.
    async fn reconcile(&self, key: &Key, handle: &Handle) -> Result<Next, Error>;
}

/// Where running controllers are kept and stopped.
#[derive(Clone)]
pub(crate) struct Tasks {
    pub(crate) env: Env,
    pub(crate) tracker: TaskTracker,
    pub(crate) stop: CancellationToken,
}

impl Tasks {
    /// Runs a task until it ends or everything is stopped.
    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let stop = self.stop.clone();
        self.tracker.spawn(async move { stop.run_until_cancelled_owned(task).await });
    }
}

pub(crate) struct Shared {
    controller: Box<dyn Controller>,
    client: Client,
    tasks: Tasks,
    queue: Mutex<Queue>,
    wake: Notify,
    watched: Mutex<BTreeSet<Kind>>,
}

/// A running controller.
#[derive(Clone)]
pub(crate) struct Handle(Arc<Shared>);

/// A running controller, for those that it holds on to itself: two strong ends would never let go of each other.
pub(crate) struct WeakHandle(Weak<Shared>);

impl WeakHandle {
    /// The controller, if it still runs.
    pub(crate) fn upgrade(&self) -> Option<Handle> {
        self.0.upgrade().map(Handle)
    }
}

/// Starts a controller.
pub(crate) fn start(controller: impl Controller, client: Client, tasks: &Tasks) -> Handle {
    let kinds = controller.watches();
    let handle = Handle(Arc::new(Shared {
        controller: Box::new(controller),
        client,
        tasks: tasks.clone(),
        queue: Mutex::default(),
        wake: Notify::new(),
        watched: Mutex::default(),
    }));
    for kind in kinds {
        handle.watch(&kind);
    }
    for _ in 0..WORKERS {
        tasks.spawn(handle.clone().work());
    }
    handle
}

impl Handle {
    /// The handle without its hold.
    pub(crate) fn downgrade(&self) -> WeakHandle {
        WeakHandle(Arc::downgrade(&self.0))
    }

    /// Watches one more kind; asking again does nothing.
    pub(crate) fn watch(&self, kind: &Kind) {
        let new = self.0.watched.lock().unwrap_or_else(PoisonError::into_inner).insert(kind.clone());
        if new {
            self.0.tasks.spawn(self.clone().follow(kind.clone()));
        }
    }

    /// Asks for a look at a key.
    pub(crate) fn add(&self, key: Key) {
        self.queue(|queue| queue.add(key));
        self.0.wake.notify_one();
    }

    /// Asks for a look at a key after a pause.
    pub(crate) fn add_after(&self, key: Key, pause: Duration) {
        let handle = self.clone();
        let timer = self.queue(|queue| queue.pause(key.clone()));
        let sleep = self.0.tasks.env.clock.sleep(pause);
        self.0.tasks.spawn(async move {
            sleep.await;
            handle.queue(|queue| queue.pause_over(key, timer));
            handle.0.wake.notify_one();
        });
    }

    fn queue<R>(&self, act: impl FnOnce(&mut Queue) -> R) -> R {
        act(&mut self.0.queue.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Begins the watch anew whenever it ends, which it does only while the kind is not served.
    async fn follow(self, kind: Kind) {
        loop {
            match self.0.client.watch(&kind).await {
                Ok(mut changes) => {
                    while let Some(object) = changes.next().await {
                        let keys = self.0.controller.concerns(&kind, &object).await;
                        keys.into_iter().for_each(|key| self.add(key));
                    }
                }
                Err(error) => {
                    debug!(controller = self.0.controller.name(), kind = %kind.kind, %error, "watch cannot begin");
                }
            }
            self.0.tasks.env.clock.sleep(REWATCH).await;
        }
    }

    async fn work(self) {
        loop {
            match self.queue(Queue::take) {
                Some(key) => {
                    // Another worker may take the next one meanwhile.
                    self.0.wake.notify_one();
                    self.work_on(key).await;
                }
                None => self.0.wake.notified().await,
            }
        }
    }

    async fn work_on(&self, key: Key) {
        let outcome = self.0.controller.reconcile(&key, self).await;
        self.queue(|queue| queue.finish(&key));
        match outcome {
            Ok(next) => {
                self.queue(|queue| queue.succeeded(&key));
                if let Next::After(pause) = next {
                    self.add_after(key, pause);
                }
            }
            Err(error) => {
                let name = self.0.controller.name();
                debug!(controller = name, object.key = %key, error = %error.chain(), "reconcile failed");
                let pause = self.queue(|queue| queue.failed(&key));
                self.add_after(key, pause);
            }
        }
        self.0.wake.notify_one();
    }
}

/// The key of an object itself.
pub(crate) fn key_of(object: &Value) -> Key {
    Key::new(object::namespace(object), object::name(object))
}

/// The key of the controlling owner, if it is of this kind.
pub(crate) fn key_of_controller(object: &Value, kind: &Kind) -> Option<Key> {
    let owner = object::controller(object)?;
    let same =
        object::text(owner, "/kind") == kind.kind && object::group_of(object::text(owner, "/apiVersion")) == kind.group;
    same.then(|| Key::new(object::namespace(object), object::text(owner, "/name")))
}
