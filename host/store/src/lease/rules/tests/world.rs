//! A small world for the rules: one API server, replicas, and time that passes when it is told to.
//!
//! What is sent takes a while, and longer if the server is frozen: then it waits there, and is carried out in any order
//! when the server wakes. A replica that is frozen does nothing; what it sent is carried out all the same. Writes of
//! plugins leave as long as the right lasts, and are delivered within the kernel's time or never.

use std::collections::BTreeMap;
use std::time::Duration;

use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};

use super::timing;
use crate::lease::claim::Claim;
use crate::lease::object::{Sight, member_lease};
use crate::lease::rules::{Moment, Rules, Step, Timing};

pub(super) fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

const TICK: Duration = Duration::from_millis(50);
/// How long the kernel goes on delivering.
const LINGER: Duration = Duration::from_secs(2);
const START: Duration = Duration::from_secs(1000);

struct Replica {
    rules: Rules,
    frozen_until: Moment,
    /// Until when nothing reaches the server, nor comes back.
    cut_until: Moment,
    seen: u64,
    stopping: bool,
    pending: usize,
    /// Leases to be given back as soon as what was written under them is answered, and since when.
    leaving: BTreeMap<String, Moment>,
    /// Writes without an answer, by lease.
    outstanding: BTreeMap<String, usize>,
}

enum Sent {
    Write {
        step: Step,
        name: String,
        version: Option<u64>,
        holder: Option<String>,
        at: Moment,
    },
    List,
    /// A write of a plugin, under this lease.
    Deed {
        lease: String,
    },
}

struct Message {
    from: String,
    sent: Sent,
    arrives: Moment,
    /// The kernel gives up after this.
    until: Moment,
}

enum Answer {
    Done(Sight),
    Conflict(Option<Sight>),
    Listed(Vec<Sight>, u64),
}

/// When an answer arrives, with whom, and to which step, sent when.
type Coming = (Moment, String, Option<(Step, Moment)>, Answer);

pub(super) struct World {
    now: Moment,
    timing: Timing,
    random: StdRng,
    claims: Vec<Claim>,
    replicas: BTreeMap<String, Replica>,
    objects: BTreeMap<String, Sight>,
    log: Vec<(u64, Moment, Result<Sight, String>)>,
    version: u64,
    frozen_until: Moment,
    messages: Vec<Message>,
    answers: Vec<Coming>,
    pub(super) writes: u64,
    pub(super) moves: u64,
    pub(super) wrong: Vec<String>,
}

impl World {
    pub(super) fn new(seed: u64, plugins: usize) -> Self {
        Self::with(seed, plugins, timing())
    }

    pub(super) fn with(seed: u64, plugins: usize, timing: Timing) -> Self {
        Self {
            now: START,
            timing,
            random: StdRng::seed_from_u64(seed),
            claims: (0..plugins).flat_map(|i| Claim::all(&format!("p{i}"), 1)).collect(),
            replicas: BTreeMap::new(),
            objects: BTreeMap::new(),
            log: Vec::new(),
            version: 0,
            frozen_until: Moment::ZERO,
            messages: Vec::new(),
            answers: Vec::new(),
            writes: 0,
            moves: 0,
            wrong: Vec::new(),
        }
    }

    pub(super) fn now(&self) -> Moment {
        self.now - START
    }

    pub(super) fn living(&self) -> usize {
        self.replicas.len()
    }

    pub(super) fn join(&mut self, name: &str) {
        let rules = Rules::new(name, self.timing, self.claims.clone());
        let replica = Replica {
            rules,
            frozen_until: Moment::ZERO,
            cut_until: Moment::ZERO,
            seen: 0,
            stopping: false,
            pending: 0,
            leaving: BTreeMap::new(),
            outstanding: BTreeMap::new(),
        };
        self.replicas.insert(name.into(), replica);
    }

    pub(super) fn kill(&mut self, name: &str) {
        self.replicas.remove(name);
    }

    pub(super) fn leave(&mut self, name: &str) {
        let Some(replica) = self.replicas.get_mut(name) else { return };
        replica.stopping = true;
        replica.rules.stop();
        self.remove(&member_lease(name));
    }

    pub(super) fn mischief(&mut self, random: &mut StdRng) {
        let names: Vec<String> = self.replicas.keys().cloned().collect();
        let Some(victim) = names.choose(random).cloned() else { return };
        let until = self.now + Duration::from_millis(random.random_range(500..25_000));
        match random.random_range(0..6) {
            0 => self.kill(&victim),
            1 => self.leave(&victim),
            2 | 3 => self.replicas.get_mut(&victim).into_iter().for_each(|replica| replica.frozen_until = until),
            4 => self.replicas.get_mut(&victim).into_iter().for_each(|replica| replica.cut_until = until),
            _ => self.frozen_until = until,
        }
    }

    /// How many leases each living replica holds, as the server has it.
    pub(super) fn shares(&self) -> Vec<(String, usize)> {
        let holds = |name: &String| {
            let leases = self.claims.iter().filter_map(|claim| self.objects.get(&claim.lease()));
            leases.filter(|lease| lease.holder.as_ref() == Some(name)).count()
        };
        self.replicas.keys().map(|name| (name.clone(), holds(name))).collect()
    }

    pub(super) fn run(&mut self, span: Duration) {
        let end = self.now + span;
        while self.now < end {
            self.now += TICK;
            self.server();
            let names: Vec<String> = self.replicas.keys().cloned().collect();
            for name in names {
                if self.replicas[&name].frozen_until <= self.now {
                    self.replica(&name);
                }
            }
        }
    }

    fn server(&mut self) {
        if self.now < self.frozen_until {
            return;
        }
        let (mut due, rest): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.messages).into_iter().partition(|message| message.arrives <= self.now);
        self.messages = rest;
        // In any order.
        due.sort_by_cached_key(|_| self.random.random::<u32>());
        due.into_iter().for_each(|message| self.carry_out(message));
    }

    fn carry_out(&mut self, message: Message) {
        let Message { from, sent, .. } = message;
        let (step, answer) = match sent {
            Sent::Deed { lease } => {
                if let Some(replica) = self.replicas.get_mut(&from) {
                    *replica.outstanding.entry(lease.clone()).or_default() -= 1;
                }
                return self.judge(&from, &lease);
            }
            Sent::List => (None, Answer::Listed(self.objects.values().cloned().collect(), self.version)),
            Sent::Write { step, name, version, holder, at } => {
                let there = self.objects.get(&name);
                if there.map(|object| object.version) != version {
                    (Some((step, at)), Answer::Conflict(there.cloned()))
                } else {
                    (Some((step, at)), Answer::Done(self.put(&name, holder, &from)))
                }
            }
        };
        let back = self.now + self.delay();
        self.answers.push((back, from, step, answer));
    }

    fn put(&mut self, name: &str, holder: Option<String>, from: &str) -> Sight {
        self.version += 1;
        let offers =
            (name == member_lease(from)).then(|| self.claims.iter().map(|claim| (claim.plugin.clone(), 1)).collect());
        let object = Sight {
            name: name.into(),
            version: self.version,
            holder,
            lasts: self.timing.lease,
            transitions: 0,
            offers,
        };
        self.moves += u64::from(self.objects.get(name).is_some_and(|before| before.holder != object.holder));
        self.objects.insert(name.into(), object.clone());
        self.log.push((self.version, self.now, Ok(object.clone())));
        object
    }

    fn remove(&mut self, name: &str) {
        if self.objects.remove(name).is_some() {
            self.version += 1;
            self.log.push((self.version, self.now, Err(name.into())));
        }
    }

    fn judge(&mut self, from: &str, lease: &str) {
        self.writes += 1;
        let holder = self.objects.get(lease).and_then(|lease| lease.holder.as_deref());
        if holder != Some(from) {
            self.wrong.push(format!("{:?}: {from} wrote under {lease} of {holder:?}", self.now()));
        }
    }

    fn delay(&mut self) -> Duration {
        Duration::from_millis(self.random.random_range(1..200))
    }

    fn replica(&mut self, name: &str) {
        self.deliver(name);
        let now = self.now;
        let Some(replica) = self.replicas.get_mut(name) else { return };
        // One round of requests at a time, as the elector does; none waits for longer than a retry period.
        let steps = if replica.pending == 0 { replica.rules.plan(now) } else { Vec::new() };
        for step in steps {
            self.step(name, step);
        }
        self.give_back(name);
        self.deeds(name);
        let done = self.replicas.get(name).is_some_and(|r| r.stopping && r.rules.held().is_empty() && r.pending == 0);
        if done {
            self.kill(name);
        }
    }

    fn step(&mut self, name: &str, step: Step) {
        let now = self.now;
        let Some(replica) = self.replicas.get_mut(name) else { return };
        let (object, holder) = match &step {
            Step::Announce => (member_lease(name), Some(name.to_owned())),
            Step::Renew(lease) | Step::Take(lease) => (lease.clone(), Some(name.to_owned())),
            // Whoever works ends at once here.
            Step::Leave(lease) => {
                replica.leaving.insert(lease.clone(), now);
                return;
            }
            Step::Lose(_) | Step::Bury(_) => return,
        };
        let version = replica.rules.known(&object).map(|known| known.sight.version);
        let announces = step == Step::Announce;
        replica.pending += usize::from(holder.is_some());
        self.send(name, Sent::Write { step, name: object, version, holder, at: now });
        if announces {
            self.send(name, Sent::List);
        }
    }

    /// Half a second for the last answers; what has none by then keeps its lease until it runs out.
    fn give_back(&mut self, name: &str) {
        let now = self.now;
        let Some(replica) = self.replicas.get_mut(name) else { return };
        let mut back = Vec::new();
        for (lease, since) in std::mem::take(&mut replica.leaving) {
            let quiet = replica.outstanding.get(&lease).copied().unwrap_or_default() == 0;
            let held = replica.rules.right_ends(&lease).is_some_and(|end| now < end);
            if !quiet && now < since + Duration::from_millis(500) {
                replica.leaving.insert(lease, since);
                continue;
            }
            replica.rules.gave_up(&lease, now);
            let version = replica.rules.known(&lease).map(|known| known.sight.version);
            if quiet && held {
                back.push(Sent::Write {
                    step: Step::Leave(lease.clone()),
                    name: lease,
                    version,
                    holder: None,
                    at: now,
                });
            }
        }
        back.into_iter().for_each(|sent| self.send(name, sent));
    }

    /// A plugin writes whenever it may.
    fn deeds(&mut self, name: &str) {
        let Some(replica) = self.replicas.get(name) else { return };
        let held: Vec<String> = replica.rules.held().keys().cloned().collect();
        let may = |lease: &String| {
            let right = replica.rules.right_ends(lease).is_some_and(|end| self.now < end);
            right && !replica.leaving.contains_key(lease)
        };
        for lease in held.into_iter().filter(may).collect::<Vec<_>>() {
            if self.random.random_bool(0.3) {
                self.send(name, Sent::Deed { lease });
            }
        }
    }

    fn send(&mut self, from: &str, sent: Sent) {
        if let Sent::Deed { lease } = &sent {
            let outstanding = self.replicas.get_mut(from).map(|replica| &mut replica.outstanding);
            outstanding.into_iter().for_each(|of| *of.entry(lease.clone()).or_default() += 1);
        }
        let cut = self.replicas.get(from).map_or(Moment::ZERO, |replica| replica.cut_until);
        let arrives = self.now.max(cut) + self.delay();
        let until = self.now + LINGER;
        if arrives <= until {
            self.messages.push(Message { from: from.to_owned(), sent, arrives, until });
        } else if let Sent::Write { step, at, .. } = sent {
            // Not delivered; found out when the request times out.
            let back = self.now + self.timing.retry;
            self.answers.push((back, from.to_owned(), Some((step, at)), Answer::Conflict(None)));
        }
        debug_assert!(self.messages.iter().all(|message| message.until >= message.arrives));
    }

    fn deliver(&mut self, name: &str) {
        let now = self.now;
        let (due, rest): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.answers).into_iter().partition(|(at, to, ..)| to == name && *at <= now);
        self.answers = rest;
        let Some(replica) = self.replicas.get_mut(name) else { return };
        for (_, _, step, answer) in due {
            hear(replica, name, step, answer, (now, self.timing.retry));
        }
        if replica.cut_until <= now && self.frozen_until <= now {
            // The watch: everything since, in order.
            for (version, at, change) in &self.log {
                if *version > replica.seen && *at + TICK <= now {
                    replica.seen = *version;
                    match change {
                        Ok(object) => replica.rules.see(object.clone(), now),
                        Err(gone) => replica.rules.gone(gone, *version),
                    }
                }
            }
        }
    }
}

fn hear(
    replica: &mut Replica,
    name: &str,
    step: Option<(Step, Moment)>,
    answer: Answer,
    (now, retry): (Moment, Duration),
) {
    let Some((step, at)) = step else {
        if let Answer::Listed(objects, version) = answer {
            replica.rules.listed(objects, version, now);
        }
        return;
    };
    if !matches!(step, Step::Leave(_)) {
        replica.pending -= 1;
    }
    let in_time = now.saturating_sub(at) <= retry / 2 && !matches!(answer, Answer::Conflict(None));
    replica.rules.answered(in_time, now);
    // A late answer counts as none, as with the elector's limit.
    let late = now.saturating_sub(at) > retry;
    match (step, answer) {
        (Step::Announce, Answer::Done(object)) if !late => replica.rules.announced(at, object, now),
        (Step::Renew(lease), Answer::Done(object)) if !late => replica.rules.renewed(&lease, at, object, now),
        (Step::Take(lease), Answer::Done(object)) if !late => replica.rules.holds(&lease, at, object, now),
        (Step::Announce, Answer::Conflict(None)) => replica.rules.postponed(&member_lease(name), now),
        (Step::Renew(lease) | Step::Take(lease), answer) => {
            if let Answer::Conflict(Some(object)) | Answer::Done(object) = answer {
                replica.rules.see(object, now);
            }
            replica.rules.postponed(&lease, now);
        }
        (Step::Announce, answer) => {
            if let Answer::Conflict(Some(object)) | Answer::Done(object) = answer {
                replica.rules.see(object, now);
            }
            replica.rules.postponed(&member_lease(name), now);
        }
        _ => {}
    }
}
