use super::*;
use backplane_core::Kind;
use proptest::prelude::*;
use std::collections::{HashMap, HashSet};

const MIN: Duration = Duration::from_millis(250);
const MAX: Duration = Duration::from_secs(300);

fn object(namespace: &str, name: &str) -> ObjectRef {
    ObjectRef::new(Kind::new("g", "v1", "Thing"), Some(namespace), name)
}

fn queue() -> Queue {
    Queue::new(MIN, MAX, 1)
}

fn names(rules: &mut Rules) -> Vec<String> {
    std::iter::from_fn(|| rules.take(Instant::now())).map(|work| work.object.name).collect()
}

#[tokio::test(start_paused = true)]
async fn what_is_added_twice_runs_once_and_what_is_added_meanwhile_runs_once_more() {
    let queue = queue();
    for _ in 0..3 {
        queue.add(object("n", "a"), Reason::Changed);
    }
    let work = queue.next().await;
    assert_eq!((work.object.name.as_str(), work.attempt, queue.depth()), ("a", 0, 0));
    queue.add(object("n", "a"), Reason::Related(object("n", "b")));
    queue.add(object("n", "a"), Reason::Changed);
    assert_eq!(queue.depth(), 0, "never twice at the same time");
    queue.done(&work.object, Next::Rest);
    assert_eq!(queue.next().await.reason, Reason::Related(object("n", "b")));
    queue.done(&work.object, Next::Rest);
    assert_eq!(queue.depth(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_timer_brings_an_object_back_and_a_change_comes_before_it() {
    let queue = queue();
    let start = Instant::now();
    queue.add(object("n", "a"), Reason::Loaded);
    let a = queue.next().await.object;
    queue.done(&a, Next::After(Duration::from_secs(30)));
    assert_eq!(queue.next().await.reason, Reason::Timer);
    assert_eq!(start.elapsed().as_secs(), 30);

    queue.done(&a, Next::After(Duration::from_secs(30)));
    queue.add(a.clone(), Reason::Changed);
    assert_eq!(queue.next().await.reason, Reason::Changed);
    assert_eq!(start.elapsed().as_secs(), 30, "at once");
    queue.done(&a, Next::Rest);
    assert!(tokio::time::timeout(Duration::from_secs(60), queue.next()).await.is_err(), "the timer was superseded");
}

#[tokio::test(start_paused = true)]
async fn failures_wait_longer_and_longer_and_success_forgets_them() {
    let queue = queue();
    queue.add(object("n", "a"), Reason::Changed);
    let mut pauses = Vec::new();
    for attempt in 0..14 {
        let began = Instant::now();
        let work = queue.next().await;
        assert_eq!(work.attempt, attempt);
        pauses.push(began.elapsed());
        queue.done(&work.object, Next::Retry { at_least: Duration::ZERO });
    }
    for (failures, pause) in pauses.iter().skip(1).enumerate() {
        let full = (MIN * (1 << failures)).min(MAX);
        assert!(*pause <= full + Duration::from_millis(1) && *pause >= full.mul_f64(0.74), "{failures}: {pause:?}");
    }
    let work = queue.next().await;
    queue.done(&work.object, Next::After(Duration::ZERO));
    assert_eq!(queue.next().await.attempt, 0);
}

#[tokio::test(start_paused = true)]
async fn a_pause_that_was_asked_for_is_kept_and_the_slowest_pace_is_slow_at_once() {
    let cases = [
        ("asked", Next::Retry { at_least: Duration::from_secs(40) }, 40..=41),
        ("slowly", Next::RetrySlowly, 225..=300),
    ];
    for (name, next, expected) in cases {
        let queue = queue();
        queue.add(object("n", "a"), Reason::Changed);
        let work = queue.next().await;
        let began = Instant::now();
        queue.done(&work.object, next);
        assert_eq!(queue.next().await.reason, Reason::Retry, "{name}");
        assert!(expected.contains(&began.elapsed().as_secs()), "{name}: {:?}", began.elapsed());
    }
}

#[tokio::test(start_paused = true)]
async fn an_object_that_is_gone_is_looked_at_at_once_without_its_past() {
    let queue = queue();
    queue.add(object("n", "a"), Reason::Changed);
    let work = queue.next().await;
    queue.done(&work.object, Next::RetrySlowly);
    queue.gone(work.object.clone());
    let work = queue.next().await;
    assert_eq!((work.reason, work.attempt), (Reason::Changed, 0));
}

#[test]
fn namespaces_take_turns() {
    let mut rules = Rules::new(MIN, MAX, 1);
    for name in ["a1", "a2", "a3"] {
        rules.add(object("a", name), Reason::Changed);
    }
    rules.add(object("b", "b1"), Reason::Changed);
    rules.add(object("b", "b2"), Reason::Changed);
    assert_eq!(names(&mut rules), ["a1", "b1", "a2", "b2", "a3"]);
}

#[tokio::test(start_paused = true)]
async fn a_waiting_consumer_is_woken_by_an_earlier_arrival() {
    let queue = queue();
    queue.add(object("n", "a"), Reason::Changed);
    let a = queue.next().await.object;
    queue.done(&a, Next::After(Duration::from_secs(3600)));
    let (work, ()) = tokio::join!(queue.next(), async {
        tokio::task::yield_now().await;
        queue.add(object("n", "b"), Reason::Changed);
    });
    assert_eq!(work.object.name, "b");
}

/// What can happen to the queue, in terms of one of five objects.
#[derive(Debug, Clone)]
enum Step {
    Add(u8),
    Gone(u8),
    Take,
    Done(u8, u8),
    Wait(u16),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (0_u8..5).prop_map(Step::Add),
        (0_u8..5).prop_map(Step::Gone),
        Just(Step::Take),
        (0_u8..5, 0_u8..4).prop_map(|(o, n)| Step::Done(o, n)),
        (1_u16..600).prop_map(Step::Wait),
    ]
}

/// The model: who must be handed out now (`due`), who is out and whether again (`out`), and who will be due when.
#[derive(Default)]
struct Model {
    due: HashSet<u8>,
    out: HashMap<u8, bool>,
    later: HashMap<u8, (Duration, Duration)>,
}

impl Model {
    fn add(&mut self, o: u8) {
        match self.out.get_mut(&o) {
            Some(again) => *again = true,
            None => {
                self.later.remove(&o);
                self.due.insert(o);
            }
        }
    }
}

#[test]
fn after_an_outage_what_failed_is_due_soon_and_what_rests_is_not() {
    let (mut rules, now) = (Rules::new(MIN, MAX, 3), Instant::now());
    for name in ["failed", "timed"] {
        rules.add(object("n", name), Reason::Changed);
        rules.take(now).expect("ready");
    }
    rules.done(&object("n", "failed"), Next::RetrySlowly, now);
    rules.done(&object("n", "timed"), Next::After(MAX), now);
    assert!(rules.take(now + Duration::from_secs(1)).is_none());
    rules.hasten(now);
    let work = rules.take(now + Duration::from_secs(1)).expect("due");
    assert_eq!((work.object.name.as_str(), work.attempt), ("failed", 1), "and its failures are not forgotten");
    assert!(rules.take(now + Duration::from_secs(1)).is_none(), "nothing else is");
}

proptest! {
    #[test]
    fn the_queue_does_what_the_model_does(steps in proptest::collection::vec(step(), 1..200)) {
        let (mut rules, mut model) = (Rules::new(MIN, MAX, 3), Model::default());
        let (start, mut now) = (Instant::now(), Duration::ZERO);
        let named = |o: u8| object(if o.is_multiple_of(2) { "even" } else { "odd" }, &o.to_string());
        for step in steps {
            match step {
                Step::Add(o) => { rules.add(named(o), Reason::Changed); model.add(o); }
                Step::Gone(o) => { rules.gone(named(o)); model.add(o); }
                Step::Wait(seconds) => now += Duration::from_secs(seconds.into()),
                Step::Take => {
                    let taken = rules.take(start + now).map(|w| w.object.name.parse::<u8>().expect("number"));
                    // Between the earliest and the latest time of its jitter an object may or may not be due.
                    let may: Vec<u8> = model.later.iter().filter(|(_, t)| t.0 <= now).map(|(o, _)| *o).collect();
                    let must = !model.due.is_empty() || model.later.values().any(|t| t.1 <= now);
                    prop_assert!(taken.is_some() || !must, "something was due");
                    if let Some(o) = taken {
                        prop_assert!(model.due.contains(&o) || may.contains(&o), "{o} was not due");
                        prop_assert!(!model.out.contains_key(&o), "{o} was out already");
                        model.due.remove(&o);
                        model.later.remove(&o);
                        model.out.insert(o, false);
                    }
                }
                Step::Done(o, next) => {
                    let ten = Duration::from_secs(10);
                    let (next, earliest, latest) = match next {
                        0 => (Next::Rest, None, None),
                        1 => (Next::After(ten), Some(ten), Some(ten)),
                        2 => (Next::Retry { at_least: Duration::ZERO }, Some(MIN.mul_f64(0.7)), Some(MAX)),
                        _ => (Next::RetrySlowly, Some(MAX.mul_f64(0.7)), Some(MAX)),
                    };
                    rules.done(&named(o), next, start + now);
                    if let Some(again) = model.out.remove(&o) {
                        if again {
                            model.due.insert(o);
                        } else if let (Some(earliest), Some(latest)) = (earliest, latest) {
                            model.later.insert(o, (now + earliest, now + latest));
                        }
                    }
                }
            }
        }
    }
}
