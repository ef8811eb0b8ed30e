//! How a MachineDeployment moves from old MachineSets to the new one: values in, replica counts out.
//!
//! The counts follow Cluster API's RollingUpdate: the new set grows up to `replicas + maxSurge` machines in all, the
//! old ones shrink by what is available beyond `replicas - maxUnavailable`, unhealthy replicas first.

use serde_json::Value;

use crate::object;

/// What a deployment wants.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wanted {
    pub(crate) replicas: i64,
    pub(crate) max_surge: i64,
    pub(crate) max_unavailable: i64,
}

impl Wanted {
    /// Reads the deployment's replicas and strategy; percentages are of the replicas, surge rounded up, unavailable
    /// down.
    pub(crate) fn of(deployment: &Value) -> Self {
        let replicas = object::number(deployment, "/spec/replicas", 1);
        let at = |member: &str| deployment.pointer(&format!("/spec/strategy/rollingUpdate/{member}"));
        let max_surge = at("maxSurge").map_or(1, |v| count(v, replicas, Round::Up));
        let max_unavailable = at("maxUnavailable").map_or(0, |v| count(v, replicas, Round::Down));
        // Both zero would never move; Cluster API then allows one machine to be missing.
        let max_unavailable = if max_surge == 0 && max_unavailable == 0 { 1 } else { max_unavailable };
        Self { replicas, max_surge, max_unavailable: max_unavailable.min(replicas) }
    }
}

#[derive(Clone, Copy)]
enum Round {
    Up,
    Down,
}

fn count(value: &Value, replicas: i64, round: Round) -> i64 {
    let Some(percent) = value.as_str().and_then(|s| s.strip_suffix('%')) else {
        return value.as_i64().or_else(|| value.as_str()?.parse().ok()).unwrap_or_default();
    };
    let hundredths = percent.parse::<i64>().unwrap_or_default() * replicas;
    match round {
        Round::Up => (hundredths + 99) / 100,
        Round::Down => hundredths / 100,
    }
}

/// One MachineSet as the rollout sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SetSize {
    pub(crate) name: String,
    /// Replicas asked for.
    pub(crate) spec: i64,
    /// Replicas whose Node is Ready.
    pub(crate) available: i64,
}

impl SetSize {
    pub(crate) fn of(set: &Value) -> Self {
        Self {
            name: object::name(set).to_owned(),
            spec: object::number(set, "/spec/replicas", 0),
            available: object::number(set, "/status/availableReplicas", 0),
        }
    }
}

/// New replica counts, only of sets that change. `old` is oldest first.
pub(crate) fn rolling_update(wanted: Wanted, new: &SetSize, old: &[SetSize]) -> Vec<(String, i64)> {
    let mut changes = Vec::new();
    let grown = grow(wanted, new, old);
    if grown != new.spec {
        changes.push((new.name.clone(), grown));
    }
    let shrunk = shrink(wanted, &SetSize { spec: grown, ..new.clone() }, old);
    changes.extend(shrunk);
    changes
}

fn grow(wanted: Wanted, new: &SetSize, old: &[SetSize]) -> i64 {
    if new.spec >= wanted.replicas {
        return wanted.replicas;
    }
    let total = new.spec + old.iter().map(|set| set.spec).sum::<i64>();
    let room = (wanted.replicas + wanted.max_surge - total).max(0);
    new.spec + room.min(wanted.replicas - new.spec)
}

fn shrink(wanted: Wanted, new: &SetSize, old: &[SetSize]) -> Vec<(String, i64)> {
    let least = wanted.replicas - wanted.max_unavailable;
    let total = new.spec + old.iter().map(|set| set.spec).sum::<i64>();
    let missing = (new.spec - new.available).max(0);
    let mut room = total - least - missing;
    let mut target: Vec<i64> = old.iter().map(|set| set.spec).collect();
    for (set, replicas) in old.iter().zip(&mut target) {
        let unhealthy = (set.spec - set.available).clamp(0, room.max(0));
        *replicas -= unhealthy;
        room -= unhealthy;
    }
    let available = new.available + old.iter().map(|set| set.available).sum::<i64>();
    let mut spare = (available - least).max(0).min(room.max(0));
    for replicas in &mut target {
        let healthy = spare.min(*replicas);
        *replicas -= healthy;
        spare -= healthy;
    }
    let changed = old.iter().zip(target).filter(|(set, replicas)| set.spec != *replicas);
    changed.map(|(set, replicas)| (set.name.clone(), replicas)).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn set(name: &str, spec: i64, available: i64) -> SetSize {
        SetSize { name: name.into(), spec, available }
    }

    fn wanted(replicas: i64, max_surge: i64, max_unavailable: i64) -> Wanted {
        Wanted { replicas, max_surge, max_unavailable }
    }

    #[test]
    fn a_rolling_update_keeps_within_surge_and_unavailable() {
        let cases = [
            ("fresh", wanted(3, 1, 0), set("new", 0, 0), vec![], vec![("new", 3)]),
            ("start", wanted(3, 1, 0), set("new", 0, 0), vec![set("old", 3, 3)], vec![("new", 1)]),
            ("surge not yet ready", wanted(3, 1, 0), set("new", 1, 0), vec![set("old", 3, 3)], vec![]),
            ("surge ready", wanted(3, 1, 0), set("new", 1, 1), vec![set("old", 3, 3)], vec![("old", 2)]),
            ("room again", wanted(3, 1, 0), set("new", 1, 1), vec![set("old", 2, 2)], vec![("new", 2)]),
            ("last", wanted(3, 1, 0), set("new", 3, 3), vec![set("old", 1, 1)], vec![("old", 0)]),
            ("unavailable allowed", wanted(3, 0, 1), set("new", 0, 0), vec![set("old", 3, 3)], vec![("old", 2)]),
            (
                "unhealthy first",
                wanted(2, 1, 0),
                set("new", 1, 1),
                vec![set("a", 1, 1), set("b", 1, 0)],
                vec![("b", 0)],
            ),
            ("scale down", wanted(1, 1, 0), set("new", 4, 4), vec![], vec![("new", 1)]),
        ];
        for (case, wanted, new, old, expected) in cases {
            let expected: Vec<_> = expected.into_iter().map(|(n, r): (&str, i64)| (n.to_owned(), r)).collect();
            assert_eq!(rolling_update(wanted, &new, &old), expected, "{case}");
        }
    }

    #[test]
    fn every_rollout_ends_with_the_new_set_alone_and_never_breaks_its_bounds() {
        for (replicas, surge, unavailable) in [(1, 1, 0), (3, 1, 0), (5, 2, 1), (4, 0, 1), (10, 3, 3)] {
            let wanted = wanted(replicas, surge, unavailable);
            let (mut new, mut old) = (set("new", 0, 0), set("old", replicas, replicas));
            for _ in 0..100 {
                for (name, count) in rolling_update(wanted, &new, std::slice::from_ref(&old)) {
                    let changed = if name == "new" { &mut new } else { &mut old };
                    changed.spec = count;
                    changed.available = changed.available.min(count);
                }
                assert!(new.spec + old.spec <= replicas + surge, "too many machines");
                assert!(new.available + old.available >= replicas - unavailable, "too few machines");
                new.available = new.spec;
            }
            assert_eq!((new.spec, old.spec), (replicas, 0), "{replicas} {surge} {unavailable}");
        }
    }

    #[test]
    fn percentages_round_in_favour_of_progress() {
        let deployment = |surge: Value, unavailable: Value| {
            let update = json!({"maxSurge": surge, "maxUnavailable": unavailable});
            json!({"spec": {"replicas": 5, "strategy": {"rollingUpdate": update}}})
        };
        let read = |d: Value| {
            let wanted = Wanted::of(&d);
            (wanted.max_surge, wanted.max_unavailable)
        };
        assert_eq!(read(deployment(json!("25%"), json!("25%"))), (2, 1));
        assert_eq!(read(deployment(json!(0), json!(0))), (0, 1));
        assert_eq!(read(json!({"spec": {"replicas": 5}})), (1, 0));
    }
}
