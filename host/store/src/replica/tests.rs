//! A server in a few lines, everything that can happen between it and the replica, and what must hold throughout.

use super::*;
use backplane_core::Kind;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use std::collections::BTreeMap;

const NAMES: u8 = 4;

fn entry(name: u8, uid: u64, version: u64, matching: bool) -> Entry {
    let app = if matching { "web" } else { "other" };
    let json = format!(
        r#"{{"metadata":{{"name":"o{name}","namespace":"n","uid":"u{uid}","resourceVersion":"{version}","labels":{{"app":"{app}"}}}}}}"#
    );
    Entry::parse(&Kind::new("", "v1", "Thing"), json.as_bytes()).expect("entry")
}

#[derive(Clone, Copy)]
struct Object {
    uid: u64,
    version: u64,
    matching: bool,
}

/// What a watch with the selector would deliver; `gone` for DELETED.
#[derive(Clone, Copy)]
struct Event {
    name: u8,
    object: Object,
    gone: bool,
}

/// What the API server answered to one of our writes and we have not yet looked at.
#[derive(Clone, Copy)]
enum Answer {
    Object(u8, Object),
    Deleted(u8, u64),
}

#[derive(Default)]
struct Server {
    version: u64,
    objects: BTreeMap<u8, Object>,
    log: Vec<Event>,
}

impl Server {
    fn put(&mut self, name: u8, matching: bool) -> Answer {
        self.version += 1;
        let before = self.objects.get(&name).copied();
        let uid = before.map_or(self.version, |o| o.uid);
        let object = Object { uid, version: self.version, matching };
        self.objects.insert(name, object);
        if matching || before.is_some_and(|o| o.matching) {
            self.log.push(Event { name, object, gone: !matching });
        }
        Answer::Object(name, object)
    }

    fn delete(&mut self, name: u8) -> Option<Answer> {
        let object = self.objects.remove(&name)?;
        self.version += 1;
        if object.matching {
            self.log.push(Event { name, object: Object { version: self.version, ..object }, gone: true });
        }
        Some(Answer::Deleted(name, object.uid))
    }

    fn matching(&self) -> BTreeMap<String, u64> {
        self.objects.iter().filter(|(_, o)| o.matching).map(|(n, o)| (format!("o{n}"), o.version)).collect()
    }
}

/// A step, of the world or of the news from it.
#[derive(Debug, Clone)]
enum Step {
    Put { name: u8, matching: bool, own: bool },
    Delete { name: u8, own: bool },
    Event,
    Bookmark,
    Answer(usize),
    BeginList,
    Item,
    FinishList,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..NAMES, prop::bool::weighted(0.8), any::<bool>())
            .prop_map(|(name, matching, own)| Step::Put { name, matching, own }),
        2 => (0..NAMES, any::<bool>()).prop_map(|(name, own)| Step::Delete { name, own }),
        6 => Just(Step::Event),
        1 => Just(Step::Bookmark),
        4 => any::<usize>().prop_map(Step::Answer),
        1 => Just(Step::BeginList),
        3 => Just(Step::Item),
        1 => Just(Step::FinishList),
    ]
}

struct World {
    server: Server,
    replica: Replica,
    write_through: bool,
    delivered: usize,
    answers: Vec<Answer>,
    list: Option<(u64, Vec<(u8, Object)>)>,
    /// By name, the version of the last answer to our own writes that we have looked at.
    own: BTreeMap<u8, u64>,
    /// Uids that our own writes deleted.
    deleted: Vec<u64>,
    /// By name, the newest version that a reader saw.
    seen: BTreeMap<u8, u64>,
}

impl World {
    fn new(write_through: bool) -> Self {
        let mut world = Self {
            server: Server::default(),
            replica: Replica::new("app=web".parse().expect("selector")),
            write_through,
            delivered: 0,
            answers: Vec::new(),
            list: None,
            own: BTreeMap::new(),
            deleted: Vec::new(),
            seen: BTreeMap::new(),
        };
        world.begin_list();
        world
    }

    fn step(&mut self, step: &Step) {
        match *step {
            Step::Put { name, matching, own } => {
                let answer = self.server.put(name, matching);
                self.answers.extend(own.then_some(answer));
            }
            Step::Delete { name, own } => {
                let answer = self.server.delete(name);
                self.answers.extend(answer.filter(|_| own));
            }
            Step::Event => self.event(),
            Step::Bookmark if self.list.is_none() && self.delivered == self.server.log.len() => {
                self.replica.advance(self.server.version);
            }
            Step::Bookmark => {}
            Step::Answer(i) if !self.answers.is_empty() => {
                let answer = self.answers.remove(i % self.answers.len());
                self.answer(answer);
            }
            Step::Answer(_) => {}
            Step::BeginList => self.begin_list(),
            Step::Item => self.item(),
            Step::FinishList => self.finish_list(),
        }
    }

    fn event(&mut self) {
        let Some(event) = self.server.log.get(self.delivered).copied().filter(|_| self.list.is_none()) else { return };
        self.delivered += 1;
        let Event { name, object, gone } = event;
        // A watch delivers the last state that matched, under the version at which it stopped to.
        let entry = entry(name, object.uid, object.version, true);
        if gone {
            self.replica.observed_gone(&entry);
        } else {
            self.replica.observed(entry);
        }
    }

    fn answer(&mut self, answer: Answer) {
        match answer {
            Answer::Object(name, o) => {
                if self.write_through {
                    self.replica.wrote(Arc::new(entry(name, o.uid, o.version, o.matching)));
                }
                let known = self.own.entry(name).or_default();
                *known = (*known).max(o.version);
            }
            Answer::Deleted(name, uid) => {
                if self.write_through {
                    self.replica.deleted(Some("n"), &format!("o{name}"), &format!("u{uid}"));
                }
                self.deleted.push(uid);
            }
        }
    }

    fn begin_list(&mut self) {
        self.replica.abandon_list();
        self.replica.begin_list();
        let items = self.server.objects.iter().filter(|(_, o)| o.matching).map(|(n, o)| (*n, *o)).collect();
        self.list = Some((self.server.version, items));
    }

    fn item(&mut self) {
        if let Some((name, o)) = self.list.as_mut().and_then(|(_, items)| items.pop()) {
            self.replica.listed(entry(name, o.uid, o.version, true));
        }
    }

    fn finish_list(&mut self) {
        while self.list.as_ref().is_some_and(|(_, items)| !items.is_empty()) {
            self.item();
        }
        if let Some((version, _)) = self.list.take() {
            self.replica.finish_list(version);
            self.delivered = self.server.log.iter().take_while(|event| event.object.version <= version).count();
        }
    }

    fn settle(&mut self) {
        while let Some(answer) = self.answers.pop() {
            self.answer(answer);
        }
        self.finish_list();
        while self.delivered < self.server.log.len() {
            self.event();
        }
    }

    fn read(&self, name: u8) -> Option<&Shared> {
        self.replica.table.get(Some("n"), &format!("o{name}"))
    }

    /// What must hold for readers after every step.
    fn check(&mut self) -> Result<(), TestCaseError> {
        for name in 0..NAMES {
            let own = self.own.get(&name).copied().unwrap_or_default();
            let Some(version) = self.read(name).map(|e| e.version()) else {
                let left = self.server.log.iter().any(|e| e.name == name && e.gone && e.object.version >= own);
                prop_assert!(
                    left || own == 0 || !self.written_matching(name),
                    "o{name} is missing after our own write"
                );
                continue;
            };
            prop_assert!(version >= own, "o{name} read at {version}, written by us at {own}");
            let seen = self.seen.entry(name).or_default();
            prop_assert!(version >= *seen, "o{name} went back from {seen} to {version}");
            *seen = version;
            let uid = self.read(name).map(|e| e.uid()[1..].parse().expect("uid"));
            prop_assert!(!uid.is_some_and(|uid| self.deleted.contains(&uid)), "o{name} was deleted by us and is back");
        }
        Ok(())
    }

    /// Whether the last own write left the object matching; if not, nothing need be seen of it.
    fn written_matching(&self, name: u8) -> bool {
        let own = self.own.get(&name).copied().unwrap_or_default();
        self.server.log.iter().any(|e| e.name == name && !e.gone && e.object.version == own)
    }
}

fn play(steps: &[Step], write_through: bool) -> Result<(), TestCaseError> {
    let mut world = World::new(write_through);
    for step in steps {
        world.step(step);
        world.check()?;
    }
    world.settle();
    world.check()?;
    let held: BTreeMap<String, u64> = world.replica.table.iter().map(|(_, e)| (e.name().into(), e.version())).collect();
    prop_assert_eq!(held, world.server.matching(), "settled");
    world.replica.advance(world.server.version);
    prop_assert!(world.replica.removed.is_empty(), "everything removed is forgotten in the end");
    Ok(())
}

fn run(write_through: bool) -> Result<(), proptest::test_runner::TestError<Vec<Step>>> {
    let config = Config { cases: 1000, failure_persistence: None, ..Config::default() };
    TestRunner::new(config).run(&prop::collection::vec(step(), 1..120), |steps| play(&steps, write_through))
}

#[test]
fn whatever_the_order_of_news_the_replica_ends_equal_to_the_server_and_never_goes_back() {
    run(true).expect("holds");
}

#[test]
fn without_write_through_a_reader_meets_states_older_than_its_own_writes() {
    run(false).expect_err("the property tells the difference");
}

#[test]
fn a_list_emits_only_true_differences() {
    let mut replica = Replica::default();
    replica.begin_list();
    for name in 0..3 {
        assert!(replica.listed(entry(name, u64::from(name), 5, true)).is_some());
    }
    assert!(replica.finish_list(5).is_empty());
    replica.begin_list();
    assert!(replica.listed(entry(0, 0, 5, true)).is_none(), "unchanged");
    let changed = replica.listed(entry(1, 1, 7, true)).expect("changed");
    assert_eq!(changed.old.map(|e| e.version()), Some(5));
    let gone = replica.finish_list(8);
    assert_eq!(
        gone.iter().map(|d| d.old.as_ref().map(|e| e.name().to_owned())).collect::<Vec<_>>(),
        [Some("o2".into())]
    );
    assert_eq!(replica.version(), 8);
}

#[test]
fn a_server_whose_history_went_back_is_right() {
    let mut replica = Replica::default();
    replica.begin_list();
    replica.listed(entry(0, 1, 90, true));
    replica.listed(entry(1, 2, 91, true));
    replica.finish_list(100);
    replica.begin_list();
    replica.listed(entry(0, 9, 3, true));
    assert_eq!(replica.finish_list(5).len(), 2);
    assert_eq!(replica.table.iter().map(|(_, e)| (e.uid(), e.version())).collect::<Vec<_>>(), [("u9", 3)]);
    assert!(replica.observed(entry(0, 9, 6, true)).is_some());
}
