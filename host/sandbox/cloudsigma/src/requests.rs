//! A record of the requests that a cloud has seen, for tests: no bodies, no headers, bounded.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Mutex;

use http::Method;

use crate::lock;

/// Requests kept one by one; older ones are only counted.
const KEPT: usize = 20_000;

/// One request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// Verb.
    pub method: Method,
    /// Path with query.
    pub path: String,
    /// Status of the answer; `None` if there was none.
    pub status: Option<u16>,
}

/// The requests that a cloud has seen.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Requests {
    /// How many, by verb and route, such as `POST /servers/{id}/action/?do=start`.
    pub counts: BTreeMap<String, usize>,
    /// One by one, oldest first.
    pub log: Vec<Seen>,
    /// Servers that were created, whatever became of the answer.
    pub servers_created: usize,
    /// Drives that were created or cloned, whatever became of the answer.
    pub drives_created: usize,
}

impl Requests {
    /// How often a verb and route was asked.
    pub fn count(&self, route: &str) -> usize {
        self.counts.get(route).copied().unwrap_or(0)
    }
}

#[derive(Debug, Default)]
pub(crate) struct Recorder {
    state: Mutex<(BTreeMap<String, usize>, VecDeque<Seen>)>,
}

impl Recorder {
    pub(crate) fn record(&self, method: Method, path: &str, status: Option<u16>) {
        let route = format!("{method} {}", route(path));
        let mut state = lock(&self.state);
        *state.0.entry(route).or_default() += 1;
        if state.1.len() == KEPT {
            state.1.pop_front();
        }
        state.1.push_back(Seen { method, path: path.to_owned(), status });
    }

    pub(crate) fn snapshot(&self) -> Requests {
        let state = lock(&self.state);
        Requests { counts: state.0.clone(), log: state.1.iter().cloned().collect(), ..Requests::default() }
    }
}

/// The path with identities replaced and only `do` left of the query.
fn route(path_and_query: &str) -> String {
    let (path, query) = path_and_query.split_once('?').unwrap_or((path_and_query, ""));
    let parts: Vec<&str> =
        path.split('/').enumerate().map(|(i, part)| if i == 2 { second(part) } else { part }).collect();
    let action = query.split('&').find(|pair| pair.starts_with("do="));
    parts.join("/") + &action.map(|pair| format!("?{pair}")).unwrap_or_default()
}

fn second(part: &str) -> &str {
    match part {
        "" | "detail" | "schema" | "action" | "availability_groups" => part,
        _ => "{id}",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn routes_name_the_kind_and_the_action_but_no_identity() {
        let cases = [
            ("list", "/servers/?limit=0", "/servers/"),
            ("detail", "/servers/detail/?limit=0", "/servers/detail/"),
            ("one", "/ips/203.0.113.9/", "/ips/{id}/"),
            ("action", "/servers/4e31777b/action/?do=start&avoid=1", "/servers/{id}/action/?do=start"),
        ];
        for (name, path, expected) in cases {
            assert_eq!(route(path), expected, "{name}");
        }
    }
}
