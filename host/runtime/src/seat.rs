//! Works under a lease: the controllers of one plugin, or of one of its shards, while this replica holds it.
//!
//! ```text
//!   standing by, caches warm ──lease taken──> controllers run ──leaving──> drain, then give it back ──> standing by
//!                                                  └────────────lost─────> cut off at once ───────────────^
//! ```

use std::sync::Arc;
use std::time::Duration;

use backplane_core::grant::Permissions;
use backplane_core::ports::Writes;
use backplane_core::reconcile::Reconciler;
use backplane_reconcile::{Controller, Options};
use backplane_store::Store;
use backplane_store::lease::{Ending, Seat, Tenure};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// Pause between taking a lease and the first look, so that what the last holder wrote has come in by the watches.
const SETTLE: Duration = Duration::from_millis(200);

/// What one controller is made of, so that it can be made again for each tenure.
pub(crate) struct Duty {
    pub(crate) component: String,
    pub(crate) permissions: Arc<Permissions>,
    pub(crate) reconciler: Arc<dyn Reconciler>,
    pub(crate) writes: Arc<dyn Writes>,
    pub(crate) options: Options,
}

impl Duty {
    pub(crate) fn controller(&self, store: &Store) -> Controller {
        Controller::new(
            &self.component,
            store.clone(),
            Arc::clone(&self.permissions),
            Arc::clone(&self.reconciler),
            Arc::clone(&self.writes),
            self.options.clone(),
        )
    }
}

/// Works whenever the lease is held, until the election ends.
pub(crate) async fn work(mut seat: Seat, duties: Vec<Duty>, store: Store) {
    while let Some(tenure) = seat.next().await {
        let ended = tokio::time::timeout(SETTLE, tenure.ending()).await;
        if ended.is_err() {
            serve(&tenure, &duties, &store).await;
        }
        // Only here does the election hear that nothing works any more.
        drop(tenure);
    }
}

async fn serve(tenure: &Tenure, duties: &[Duty], store: &Store) {
    let cancel = CancellationToken::new();
    let mut running = JoinSet::new();
    for duty in duties {
        running.spawn(duty.controller(store).run(cancel.clone()));
    }
    if let Ending::Leaving(within) = tenure.ending().await {
        cancel.cancel();
        let all = async { while running.join_next().await.is_some() {} };
        if tokio::time::timeout(within, all).await.is_err() {
            tracing::info!("calls cut off so that the lease can be given back");
        }
    }
    running.shutdown().await;
}
