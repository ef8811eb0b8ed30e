//! The rules among themselves: a simulated API server, replicas that are stopped, frozen and delayed, and one question.

mod world;

use std::time::Duration;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::*;
use world::{World, seconds};

fn sight(name: &str, version: u64, holder: Option<&str>) -> Sight {
    Sight {
        name: name.into(),
        version,
        holder: holder.map(str::to_owned),
        lasts: seconds(10),
        transitions: 0,
        offers: None,
    }
}

fn member(identity: &str, version: u64, shards: u32) -> Sight {
    let offers = Some(Offers::from([("web".to_owned(), shards)]));
    Sight { offers, ..sight(&member_lease(identity), version, Some(identity)) }
}

pub(super) fn timing() -> Timing {
    Timing { lease: seconds(10), renew: seconds(6), retry: seconds(2) }
}

/// A replica that is announced, has listed, and finds the API server steady.
fn ready(shards: u32, others: Vec<Sight>) -> Rules {
    let mut rules = Rules::new("a", timing(), Claim::all("web", shards));
    assert_eq!(rules.plan(seconds(100)), [Step::Announce]);
    rules.announced(seconds(100), member("a", 1, shards), seconds(100));
    rules.answered(true, seconds(100));
    rules.listed([others, vec![member("a", 1, shards)]].concat(), 50, seconds(100));
    rules
}

const WEB: &str = "backplane-web";

fn take() -> Step {
    Step::Take(WEB.into())
}

#[test]
fn nothing_is_taken_before_the_replica_is_announced_and_has_listed() {
    let mut rules = Rules::new("a", timing(), Claim::all("web", 1));
    rules.listed(Vec::new(), 5, seconds(100));
    assert_eq!(rules.plan(seconds(100)), [Step::Announce]);
    rules.announced(seconds(100), member("a", 6, 1), seconds(100));
    assert_eq!(rules.plan(seconds(100)), [], "the list is older than the announcement");
    rules.listed(vec![member("a", 6, 1)], 6, seconds(101));
    assert_eq!(rules.plan(seconds(101)), [take()]);
}

#[test]
fn a_lease_is_taken_when_it_was_released_or_was_seen_unchanged_for_its_whole_duration() {
    let cases = [
        ("released", sight(WEB, 9, None), 0, true),
        ("fresh", sight(WEB, 9, Some("b")), 9, false),
        ("run out", sight(WEB, 9, Some("b")), 11, true),
        ("of a holder that wants longer", Sight { lasts: seconds(30), ..sight(WEB, 9, Some("b")) }, 29, false),
        ("our own, from before it was lost", sight(WEB, 9, Some("a")), 1, true),
    ];
    for (name, lease, after, taken) in cases {
        let mut rules = ready(1, vec![lease]);
        for second in 0..=after {
            rules.announced(seconds(100 + second), member("a", 60 + second, 1), seconds(100 + second));
            rules.answered(true, seconds(100 + second));
            let steps = rules.plan(seconds(100 + second));
            assert!(taken && second == after || !steps.contains(&take()) || steps.contains(&take()) && taken, "{name}");
        }
        assert_eq!(rules.plan(seconds(100 + after)).contains(&take()), taken, "{name}");
    }
}

#[test]
fn after_an_outage_of_the_api_server_nothing_is_taken_until_it_has_been_steady() {
    let mut rules = ready(1, vec![sight(WEB, 9, Some("b"))]);
    rules.answered(false, seconds(105));
    let mut taken = None;
    for tenth in 1200..1300 {
        let now = Duration::from_millis(tenth * 100);
        rules.announced(now, member("a", tenth, 1), now);
        rules.answered(true, now);
        if rules.plan(now).contains(&take()) {
            taken = taken.or(Some(now));
        }
    }
    assert_eq!(taken, Some(Duration::from_millis(122_100)), "two seconds after it was first noticed to be back");
}

#[test]
fn a_lease_is_lost_when_it_is_not_renewed_or_another_holds_it_or_the_member_lease_is_not_renewed() {
    let held = || {
        let mut rules = ready(1, Vec::new());
        assert_eq!(rules.plan(seconds(100)), [take()]);
        rules.holds(WEB, seconds(100), sight(WEB, 70, Some("a")), seconds(100));
        rules
    };
    let lost = [Step::Lose(WEB.into())];
    let mut rules = held();
    rules.announced(seconds(105), member("a", 71, 1), seconds(105));
    assert!(!rules.plan(Duration::from_millis(105_999)).contains(&lost[0]));
    assert!(rules.plan(seconds(106)).contains(&lost[0]), "not renewed");

    let mut rules = held();
    rules.see(sight(WEB, 72, Some("b")), seconds(101));
    assert!(rules.plan(seconds(101)).contains(&lost[0]), "taken");

    let mut rules = held();
    rules.holds(WEB, seconds(105), sight(WEB, 72, Some("a")), seconds(105));
    assert!(rules.plan(seconds(106)).contains(&lost[0]), "the member lease is from 100");

    let mut rules = held();
    rules.see(sight(WEB, 60, Some("b")), seconds(101));
    assert!(!rules.plan(seconds(101)).contains(&lost[0]), "old news");
}

#[test]
fn whoever_divides_a_plugin_otherwise_and_was_there_first_is_waited_for() {
    let mut rules = ready(4, vec![member("b", 9, 2)]);
    assert_eq!(rules.plan(seconds(100)), []);
    assert_eq!(rules.waits_for(&Claim::all("web", 4)[0], seconds(100)).as_deref(), Some("b"));
    rules.gone(&member_lease("b"), 80);
    assert_eq!(rules.plan(seconds(101)).len(), 4);

    let mut rules = ready(4, Vec::new());
    rules.see(member("b", 90, 2), seconds(100));
    assert_eq!(rules.plan(seconds(100)).len(), 4, "who comes later waits for us");
}

#[test]
fn three_replicas_share_nine_leases_and_give_them_back_when_they_leave() {
    let mut world = World::new(1, 9);
    world.join("a");
    world.run(seconds(5));
    assert_eq!(world.shares(), [("a".to_owned(), 9)]);
    world.join("b");
    world.join("c");
    world.run(seconds(40));
    assert_eq!(world.shares().iter().map(|(_, n)| *n).collect::<Vec<_>>(), [3, 3, 3]);
    let moved = world.moves;
    world.run(seconds(60));
    assert_eq!(world.moves, moved, "no flapping");
    world.leave("b");
    world.run(seconds(3));
    assert_eq!(world.shares().iter().map(|(_, n)| *n).sum::<usize>(), 9);
    world.kill("c");
    world.run(seconds(14));
    assert_eq!(world.shares(), [("a".to_owned(), 9)]);
}

/// The one question: did the API server ever carry out a write of somebody who was not the holder?
#[test]
fn whatever_is_frozen_killed_delayed_or_cut_off_there_are_never_two_writers() {
    let mut writes = 0;
    for seed in 0..60 {
        let mut random = StdRng::seed_from_u64(seed);
        let mut world = World::new(seed, 5);
        let mut next = 0;
        while world.now() < seconds(220) {
            if world.living() < 3 {
                world.join(&format!("r{next}"));
                next += 1;
            }
            world.run(Duration::from_millis(random.random_range(100..6000)));
            world.mischief(&mut random);
        }
        assert_eq!(world.wrong, Vec::<String>::new(), "seed {seed}");
        writes += world.writes;
    }
    assert!(writes > 30_000, "only {writes} writes were judged");
}

/// Shows that the simulation can fail: without the margin it does.
#[test]
fn with_a_right_that_outlasts_the_lease_there_are_two_writers() {
    let wrong = (0..30).any(|seed| {
        let mut random = StdRng::seed_from_u64(seed);
        let careless = Timing { renew: seconds(20), ..timing() };
        let mut world = World::with(seed, 5, careless);
        for next in 0..25 {
            if world.living() < 3 {
                world.join(&format!("r{next}"));
            }
            world.run(Duration::from_millis(random.random_range(100..6000)));
            world.mischief(&mut random);
        }
        !world.wrong.is_empty()
    });
    assert!(wrong);
}

#[test]
fn a_free_lease_is_not_left_to_a_member_that_does_not_renew() {
    use crate::lease::balance::rank;
    let first = ('b'..='z').map(String::from).find(|name| rank(WEB, name) < rank(WEB, "a")).expect("one before us");
    for (renewed, expected) in [(None, true), (Some(seconds(104)), false)] {
        let held = sight(WEB, 3, Some("c"));
        let mut rules = ready(1, vec![member(&first, 2, 1), held]);
        let takes = rules.plan(seconds(101)).contains(&take());
        assert!(!takes, "it is held");
        renewed.into_iter().for_each(|at| rules.see(member(&first, 60, 1), at));
        rules.see(sight(WEB, 70, None), Duration::from_millis(105_100));
        let takes = rules.plan(Duration::from_millis(105_100)).contains(&take());
        assert_eq!(takes, expected, "renewed {renewed:?}");
    }
}
