//! The steps, one by one.

use std::time::Duration;

use futures::future::join_all;
use tracing::{debug, info, warn};

use super::Elector;
use crate::lease::follow::{News, follow};
use crate::lease::object::{Sight, Written, member_lease};
use crate::lease::requests::Reply;
use crate::lease::rules::Step;
use crate::lease::seat::Standing;

/// How long what was sent may take to be answered before a lease is given back. What takes longer keeps the lease until it
/// runs out.
const LAST_ANSWERS: Duration = Duration::from_millis(500);

/// What a request is to write, owned, so that many can be under way.
struct Order {
    step: Step,
    name: String,
    version: Option<u64>,
    transitions: Option<u32>,
    within: Duration,
}

impl Elector {
    pub(super) async fn carry_out(&mut self, steps: Vec<Step>) {
        for step in &steps {
            match step {
                Step::Lose(name) => self.lose(name),
                Step::Leave(name) => self.leave(name),
                _ => {}
            }
        }
        // Before anything is asked: what was lost holds the kernel's timer no longer.
        self.extend().await;
        let orders: Vec<Order> = steps.into_iter().filter_map(|step| self.order(step)).collect();
        let replies = join_all(orders.iter().map(|order| self.ask(order))).await;
        for (order, (sent, reply)) in orders.into_iter().zip(replies) {
            self.answered(order, sent, reply).await;
        }
        self.extend().await;
    }

    /// Ends at once: nothing can be written any more.
    fn lose(&mut self, name: &str) {
        let Some(side) = self.sides.get_mut(name) else { return };
        side.fence.close();
        side.lost += 1;
        side.standing.send_replace(Standing::Standby);
        warn!(lease = name, "lease lost");
    }

    fn leave(&self, name: &str) {
        let Some(side) = self.sides.get(name) else { return };
        side.standing.send_modify(|standing| {
            if let Standing::Holding(term) = *standing {
                *standing = Standing::Leaving(term);
            }
        });
    }

    fn order(&self, step: Step) -> Option<Order> {
        let (now, retry) = (self.now(), self.options.timing.retry);
        let name = match &step {
            Step::Announce => member_lease(&self.options.identity),
            Step::Renew(name) | Step::Take(name) | Step::Bury(name) => name.clone(),
            Step::Leave(_) | Step::Lose(_) => return None,
        };
        let known = self.rules.known(&name);
        let transitions = match step {
            Step::Take(_) => Some(known.map_or(0, |known| known.sight.transitions.saturating_add(1))),
            Step::Announce if known.is_none() => Some(0),
            _ => None,
        };
        // A renewal that comes back after the right has ended renews nothing, and whatever is waited for then keeps the elector
        // from taking back the kernel's timer.
        let first = self.rules.held().keys().filter_map(|held| self.rules.right_ends(held)).min();
        let left = first.map_or(retry, |end| end.saturating_sub(now));
        let version = known.map(|known| known.sight.version);
        Some(Order { step, version, transitions, within: retry.min(left), name })
    }

    /// Makes the request; says when it was sent.
    async fn ask(&self, order: &Order) -> (Duration, Reply) {
        let sent = self.now();
        if let (Step::Bury(_), Some(version)) = (&order.step, order.version) {
            let removed = self.requests.remove(&order.name, version, order.within).await;
            return (sent, removed.map_or_else(Reply::Unanswered, |()| Reply::Gone));
        }
        let written = Written {
            name: &order.name,
            version: order.version,
            holder: &self.options.identity,
            lasts: self.options.timing.lease,
            now: (self.wall)(),
            transitions: order.transitions,
            offers: (order.step == Step::Announce).then(|| self.rules.offers()),
        };
        (sent, self.requests.write(&written, order.within).await)
    }

    async fn answered(&mut self, order: Order, sent: Duration, reply: Reply) {
        let now = self.now();
        let in_time = now.saturating_sub(sent) <= self.options.timing.retry / 2;
        self.rules.answered(in_time && !matches!(reply, Reply::Unanswered(_)), now);
        match (order.step, reply) {
            (Step::Bury(name), _) => self.rules.gone(&name, order.version.unwrap_or_default()),
            (Step::Announce, Reply::Done(sight)) => self.announced(sent, sight, now),
            (Step::Announce, Reply::Gone) => self.announce_anew(now),
            (Step::Renew(name), Reply::Done(sight)) => self.rules.renewed(&name, sent, sight, now),
            (Step::Take(name), Reply::Done(sight)) => self.take(&name, sent, sight, now).await,
            (_, reply) => self.failed(&order.name, reply, now),
        }
    }

    fn failed(&mut self, name: &str, reply: Reply, now: Duration) {
        match reply {
            Reply::Conflict(Some(sight)) => {
                debug!(lease = name, holder = sight.holder, "somebody else wrote the lease");
                self.rules.see(sight, now);
            }
            Reply::Gone => self.rules.gone(name, u64::MAX),
            Reply::Refused(why) | Reply::Unanswered(why) => {
                let problem = Some(format!("{name}: {why}"));
                if self.problem != problem {
                    warn!(lease = name, error = why, "lease not written; tried again until it is");
                }
                self.problem = problem;
            }
            Reply::Conflict(None) | Reply::Done(_) => {}
        }
        self.rules.postponed(name, now);
    }

    fn announced(&mut self, sent: Duration, sight: Sight, now: Duration) {
        self.problem = None;
        self.rules.announced(sent, sight, now);
        if self.following.is_none() {
            let (told, news) = tokio::sync::mpsc::unbounded_channel();
            self.news = Some(news);
            self.following = Some(tokio::spawn(follow(self.requests.clone(), told)).abort_handle());
        }
    }

    /// Somebody removed our member Lease: all begins anew.
    fn announce_anew(&mut self, now: Duration) {
        warn!("the member lease is gone; it is made again");
        self.following.take().iter().for_each(tokio::task::AbortHandle::abort);
        self.news = None;
        self.rules.not_announced(now);
    }

    async fn take(&mut self, name: &str, sent: Duration, sight: Sight, now: Duration) {
        let transitions = sight.transitions;
        self.rules.holds(name, sent, sight, now);
        let Some(until) = self.rules.right_ends(name) else { return };
        // The kernel first: from here on nothing may be written without it.
        self.set_deadman(self.set.map_or(self.kill_at(until), |set| set.min(self.kill_at(until)))).await;
        let Some(side) = self.sides.get_mut(name) else { return };
        side.taken += 1;
        let term = side.fence.open(until);
        side.standing.send_replace(Standing::Holding(term));
        info!(lease = name, transitions, "lease taken");
    }

    /// Moves the ends of all fences to where the last renewals put them, and the kernel's timer behind the first of them.
    async fn extend(&mut self) {
        let names = self.rules.held().keys();
        let ends: Vec<_> =
            names.filter_map(|name| Some((self.sides.get(name)?, self.rules.right_ends(name)?))).collect();
        ends.iter().for_each(|(side, end)| side.fence.extend(*end));
        match ends.iter().map(|(_, end)| *end).min() {
            Some(first) => self.set_deadman(self.kill_at(first)).await,
            None if self.set.is_some() => {
                self.set = None;
                self.deadman.set(None).await;
            }
            None => {}
        }
    }

    fn kill_at(&self, right_ends: Duration) -> Duration {
        right_ends + self.options.timing.linger()
    }

    async fn set_deadman(&mut self, at: Duration) {
        if self.set != Some(at) {
            self.set = Some(at);
            self.deadman.set(Some(at)).await;
        }
    }

    pub(super) fn learn(&mut self, first: News) {
        let now = self.now();
        let mut next = Some(first);
        while let Some(news) = next {
            match news {
                News::Listed(sights, version) => self.rules.listed(sights, version, now),
                News::Seen(sight) => self.rules.see(sight, now),
                News::Gone(name, version) => self.rules.gone(&name, version),
                News::Failed(why) => self.problem = Some(why),
            }
            next = self.news.as_mut().and_then(|news| news.try_recv().ok());
        }
    }

    pub(super) async fn begin_to_stop(&mut self) {
        self.stopping = true;
        self.rules.stop();
        self.following.take().iter().for_each(tokio::task::AbortHandle::abort);
        self.news = None;
        // First of all, so that the others do not wait for us to take what we give back.
        let name = member_lease(&self.options.identity);
        let Some(known) = self.rules.known(&name) else { return };
        if let Err(error) = self.requests.remove(&name, known.sight.version, LAST_ANSWERS).await {
            debug!(error, "the member lease was not removed; it will run out");
        }
    }

    /// Nothing works under these leases any more: gives them back.
    pub(super) async fn release(&mut self, first: (String, u64)) {
        let mut vacated = vec![first];
        while let Ok(next) = self.vacated.try_recv() {
            vacated.push(next);
        }
        vacated.retain(|(name, term)| {
            let standing = self.sides.get(name).map(|side| *side.standing.borrow());
            standing == Some(Standing::Leaving(*term)) || standing == Some(Standing::Holding(*term))
        });
        let names = vacated.into_iter().map(|(name, _)| name);
        let (held, lost): (Vec<String>, Vec<String>) = names.partition(|name| self.is_open(name));
        lost.iter().for_each(|name| self.lose(name));
        self.gave_up(&lost).await;
        let quiet = join_all(held.iter().map(|name| self.close(name))).await;
        self.gave_up(&held).await;
        let free = held.iter().zip(quiet).filter(|(_, quiet)| *quiet).map(|(name, _)| name);
        let released = join_all(free.map(|name| self.give_back(name))).await;
        let now = self.now();
        released.into_iter().flatten().for_each(|sight| self.rules.see(sight, now));
    }

    fn is_open(&self, name: &str) -> bool {
        self.sides.get(name).is_some_and(|side| side.fence.is_open())
    }

    /// Nothing can be written under these leases any more, so the kernel's timer is not for them either.
    async fn gave_up(&mut self, names: &[String]) {
        let now = self.now();
        for name in names {
            self.rules.gave_up(name, now);
            if let Some(side) = self.sides.get(name) {
                side.standing.send_replace(Standing::Standby);
            }
        }
        self.extend().await;
    }

    /// Closes the fence; says whether everything that was sent is answered. A request without an answer may still be carried
    /// out, so its lease is left to run out.
    async fn close(&self, name: &str) -> bool {
        let Some(side) = self.sides.get(name) else { return false };
        let answered = tokio::time::timeout(LAST_ANSWERS, side.fence.idle()).await;
        side.fence.close();
        let quiet = answered.is_ok() && tokio::time::timeout(LAST_ANSWERS / 5, side.fence.idle()).await.is_ok();
        match quiet {
            true => info!(lease = name, "lease given up"),
            false => warn!(lease = name, "requests without an answer; the lease is left to run out"),
        }
        quiet
    }

    /// Says to the API server that the lease is free.
    async fn give_back(&self, name: &str) -> Option<Sight> {
        let written = Written {
            name,
            version: Some(self.rules.known(name)?.sight.version),
            holder: "",
            lasts: Duration::from_secs(1),
            now: (self.wall)(),
            transitions: None,
            offers: None,
        };
        match self.requests.write(&written, LAST_ANSWERS).await {
            Reply::Done(sight) => Some(sight),
            Reply::Conflict(sight) => sight,
            reply => {
                warn!(lease = name, ?reply, "the lease was not given back; it will run out");
                None
            }
        }
    }
}
