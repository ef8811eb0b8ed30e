//! Where the holder of a lease sits: told when it may work, and when it must end.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};

use super::claim::Claim;
use super::fence::Fence;

/// How a lease stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// Somebody else's, or nobody's.
    Standby,
    /// Held in this term.
    Holding(u64),
    /// Held in this term, and to be given back.
    Leaving(u64),
}

/// One claim, as whoever works under it sees it.
pub struct Seat {
    pub(super) claim: Claim,
    pub(super) fence: Fence,
    pub(super) standing: watch::Receiver<Standing>,
    pub(super) vacated: mpsc::UnboundedSender<(String, u64)>,
    pub(super) handover: Duration,
}

/// A time during which the lease is held. Dropping it says that nothing works under it any more.
pub struct Tenure {
    lease: Arc<str>,
    term: u64,
    fence: Fence,
    standing: watch::Receiver<Standing>,
    vacated: mpsc::UnboundedSender<(String, u64)>,
    handover: Duration,
}

/// Why a tenure ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// The lease is to be given back: what runs may end within this time.
    Leaving(Duration),
    /// The lease is lost: nothing that is still running can write, so it is cut off.
    Lost,
}

impl Seat {
    /// What the lease is for.
    pub fn claim(&self) -> &Claim {
        &self.claim
    }

    /// What guards the writes.
    pub fn fence(&self) -> &Fence {
        &self.fence
    }

    /// Waits until the lease is held; `None` when the election has ended.
    pub async fn next(&mut self) -> Option<Tenure> {
        loop {
            let standing = *self.standing.borrow_and_update();
            if let Standing::Holding(term) = standing {
                return Some(Tenure {
                    lease: self.claim.lease().into(),
                    term,
                    fence: self.fence.clone(),
                    standing: self.standing.clone(),
                    vacated: self.vacated.clone(),
                    handover: self.handover,
                });
            }
            self.standing.changed().await.ok()?;
        }
    }
}

impl Tenure {
    /// Waits until it must end.
    pub async fn ending(&self) -> Ending {
        let mut standing = self.standing.clone();
        let changed = async {
            let term = self.term;
            // An election that is gone renews nothing, so its leases are as good as lost.
            let left = standing.wait_for(|now| *now != Standing::Holding(term)).await;
            left.is_ok_and(|now| *now == Standing::Leaving(term))
        };
        tokio::select! {
            leaving = changed => if leaving { Ending::Leaving(self.handover) } else { Ending::Lost },
            () = self.fence.ended_term(self.term) => Ending::Lost,
        }
    }
}

impl Drop for Tenure {
    fn drop(&mut self) {
        // Nobody to tell: the election has ended.
        let _ = self.vacated.send((self.lease.to_string(), self.term));
    }
}
