//! Who should hold what: values in, values out, and the same answer on every replica that sees the same.
//!
//! A free lease goes to the member that holds least, and among equals to the one that ranks first for this lease
//! (rendezvous hashing), so that replicas that decide at the same moment decide alike. Leases are moved only when somebody
//! holds at least two more than somebody else, by the one who holds most: each move makes the shares more equal, so moving
//! ends.

use super::claim::hash;

/// A member and how many leases it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Load<'a> {
    pub(super) member: &'a str,
    pub(super) leases: usize,
}

/// The member that should take a free lease.
pub(super) fn chosen<'a>(lease: &str, candidates: impl Iterator<Item = Load<'a>>) -> Option<&'a str> {
    candidates.min_by_key(|load| (load.leases, rank(lease, load.member))).map(|load| load.member)
}

/// The member that should have one of my leases, if I am the one who should give.
pub(super) fn receiver<'a>(me: &str, mine: usize, others: impl Iterator<Item = Load<'a>>) -> Option<&'a str> {
    let others: Vec<Load<'a>> = others.filter(|load| load.member != me).collect();
    let first = others.iter().all(|other| (mine, me) > (other.leases, other.member));
    let least = others.into_iter().min_by_key(|load| (load.leases, load.member))?;
    (first && mine >= least.leases + 2).then_some(least.member)
}

/// The place of a member among those that may hold a lease; the lowest is first.
pub(super) fn rank(lease: &str, member: &str) -> u64 {
    hash(&[lease, member])
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    const MEMBERS: [&str; 3] = ["a", "b", "c"];

    fn loads(held: &BTreeMap<String, &'static str>) -> Vec<Load<'static>> {
        let leases = |member: &str| held.values().filter(|holder| **holder == member).count();
        MEMBERS.iter().map(|member| Load { member, leases: leases(member) }).collect()
    }

    #[test]
    fn leases_that_are_free_together_are_spread_evenly() {
        let mut held = BTreeMap::new();
        for lease in (0..10).map(|i| format!("backplane-p{i}")) {
            let holder = chosen(&lease, loads(&held).into_iter()).expect("a member");
            held.insert(lease, holder);
        }
        let mut shares: Vec<_> = loads(&held).iter().map(|load| load.leases).collect();
        shares.sort_unstable();
        assert_eq!(shares, [3, 3, 4]);
    }

    #[test]
    fn from_any_distribution_moving_ends_with_equal_shares() {
        for leases in 0..12 {
            for start in 0..3_usize.pow(leases) {
                let name = |i: u32| format!("backplane-p{i}");
                let mut held: BTreeMap<String, &'static str> =
                    (0..leases).map(|i| (name(i), MEMBERS[start / 3_usize.pow(i) % 3])).collect();
                let mut moves = 0;
                while let Some((from, to)) = next_move(&held) {
                    let lease = held.iter().find(|(_, holder)| **holder == from).expect("it holds some").0.clone();
                    held.insert(lease, to);
                    moves += 1;
                    assert!(moves <= leases, "no end");
                }
                let shares: Vec<_> = loads(&held).iter().map(|load| load.leases).collect();
                let (most, least) = (shares.iter().max().expect("three"), shares.iter().min().expect("three"));
                assert!(most - least <= 1, "{shares:?}");
            }
            if leases >= 8 {
                // Beyond this the number of distributions says nothing new.
                break;
            }
        }
    }

    fn next_move(held: &BTreeMap<String, &'static str>) -> Option<(&'static str, &'static str)> {
        let loads = loads(held);
        let givers = loads.iter().filter_map(|load| {
            let to = receiver(load.member, load.leases, loads.iter().copied())?;
            Some((load.member, to))
        });
        let givers: Vec<_> = givers.collect();
        assert!(givers.len() <= 1, "one gives at a time: {givers:?}");
        givers.first().copied()
    }
}
