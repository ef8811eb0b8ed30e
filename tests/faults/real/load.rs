//! Two hundred changes a second, made by somebody who never asks twice.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use http::Method;
use serde_json::json;
use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;

use crate::kinds::collection;
use crate::user::User;

/// Accounts; each changes once a second.
pub(crate) const ACCOUNTS: usize = 200;
/// Those who make the changes, each with accounts of his own.
const HANDS: usize = 10;
/// The time between two changes of one hand: together 200 a second.
const PACE: Duration = Duration::from_millis(50);

/// Changes that are being made. Dropping it ends them.
pub(crate) struct Load {
    hands: JoinSet<()>,
    made: Arc<AtomicU64>,
}

/// The name of an account.
pub(crate) fn name(index: usize) -> String {
    format!("a{index:03}")
}

impl Load {
    pub(crate) fn start(user: &User, next: &Arc<AtomicU64>) -> Self {
        let (mut hands, made) = (JoinSet::new(), Arc::<AtomicU64>::default());
        for hand in 0..HANDS {
            hands.spawn(work(hand, user.clone(), Arc::clone(next), Arc::clone(&made)));
        }
        Self { hands, made }
    }

    /// Changes that the API server has taken.
    pub(crate) fn made(&self) -> u64 {
        self.made.load(Ordering::Relaxed)
    }

    pub(crate) async fn stop(mut self) {
        self.hands.shutdown().await;
    }
}

/// No number is ever shown twice, by whatever account.
async fn work(hand: usize, user: User, next: Arc<AtomicU64>, made: Arc<AtomicU64>) {
    let mut ticks = tokio::time::interval(PACE);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    for account in (hand..ACCOUNTS).step_by(HANDS).cycle() {
        ticks.tick().await;
        let change = json!({"spec": {"number": next.fetch_add(1, Ordering::Relaxed)}});
        let path = format!("{}/{}", collection("accounts"), name(account));
        // What fails now fails for good: whoever asks twice does not know how often it was done.
        if user.ask(Method::PATCH, &path, Some(&change)).await.is_ok_and(|(status, _)| status.is_success()) {
            made.fetch_add(1, Ordering::Relaxed);
        }
    }
}
