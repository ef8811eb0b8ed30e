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
    /// The last term that was sat down for. A tenure that ended before the election knows is not begun again.
    pub(super) served: u64,
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
            match standing {
                Standing::Holding(term) if term > self.served => return Some(self.sit_down(term)),
                // Asked to leave before it sat down: there is nothing to end.
                Standing::Leaving(term) if term > self.served => drop(self.sit_down(term)),
                _ => {}
            }
            self.standing.changed().await.ok()?;
        }
    }

    fn sit_down(&mut self, term: u64) -> Tenure {
        self.served = term;
        Tenure {
            lease: self.claim.lease().into(),
            term,
            fence: self.fence.clone(),
            standing: self.standing.clone(),
            vacated: self.vacated.clone(),
            handover: self.handover,
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lease::clock::boot_clock;

    const SOON: Duration = Duration::from_secs(1);

    fn seat() -> (Seat, watch::Sender<Standing>, mpsc::UnboundedReceiver<(String, u64)>) {
        let (told, standing) = watch::channel(Standing::Standby);
        let (vacated, left) = mpsc::unbounded_channel();
        let claim = Claim { plugin: "web".into(), shard: None };
        let fence = Fence::new(boot_clock());
        (Seat { claim, fence, standing, vacated, handover: SOON, served: 0 }, told, left)
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_is_asked_to_leave_before_sitting_down_has_left() {
        let (mut seat, told, mut left) = seat();
        told.send_replace(Standing::Holding(1));
        told.send_replace(Standing::Leaving(1));
        assert!(tokio::time::timeout(SOON, seat.next()).await.is_err(), "nothing to work for");
        assert_eq!(left.try_recv(), Ok(("backplane-web".into(), 1)));
        told.send_replace(Standing::Standby);
        told.send_replace(Standing::Holding(2));
        assert!(seat.next().await.is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn a_term_that_ended_is_not_begun_again_and_is_told_of_once() {
        let (mut seat, told, mut left) = seat();
        told.send_replace(Standing::Holding(1));
        let tenure = seat.next().await.expect("held");
        assert_eq!(tenure.ending().await, Ending::Lost, "the fence was never opened");
        drop(tenure);
        assert!(tokio::time::timeout(SOON, seat.next()).await.is_err(), "the election has not heard yet");
        assert_eq!(left.try_recv(), Ok(("backplane-web".into(), 1)));
        assert!(left.try_recv().is_err());
    }
}
