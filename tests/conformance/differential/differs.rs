//! Which differences are allowed: those on purpose, with reasons, and those that are known and still open.

use std::collections::BTreeSet;

use super::compare::Difference;

/// A difference on purpose: in these requests, at these places. Each of them has to occur at each place.
struct Differs {
    /// Requests as the open list writes them; `*` stands for anything.
    requests: &'static [&'static str],
    /// Places in the answer; `*` stands for anything.
    at: &'static [&'static str],
    reason: &'static str,
}

const DIFFERS: &[Differs] = &[
    Differs {
        requests: &["builtin/pod/missing priority #0"],
        at: &["*"],
        reason: "the embedded server has no PriorityClasses, so that a Pod may name any; nothing is scheduled there",
    },
    Differs {
        requests: &["builtin/pod/runtime #0"],
        at: &["*"],
        reason: "the embedded server has no RuntimeClasses, so that a Pod may name any; nothing is run there",
    },
    Differs {
        requests: &["*"],
        at: &["*/columnDefinitions/*/description"],
        reason: "columns are described in our own words; nobody's program reads them",
    },
    Differs {
        requests: &["access/paths #1", "bad/paths #6", "discovery/documents #0", "discovery/aggregated #2"],
        at: &["/body/serverAddressByClientCIDRs/0/serverAddress"],
        reason: "each server has its own address",
    },
    Differs {
        requests: &["access/paths #5", "discovery/documents #12", "discovery/documents #13"],
        at: &["/body/gitCommit", "/body/gitTreeState", "/body/goVersion", "/body/compiler"],
        reason: "the embedded server was built from another commit, by another compiler",
    },
    Differs {
        requests: &["discovery/documents #18", "discovery/documents #19"],
        at: &["/body", "/code", "/media/0"],
        reason: "there is no autoscaler in the sandbox, so nothing of its group is served",
    },
    Differs {
        requests: &["custom/wrong definition/pattern #0"],
        at: &["/body/message", "/body/details/causes/0/message"],
        reason: "what is wrong with a regular expression is told by Go's parser there, and by Rust's here",
    },
];

/// Requests whose answers differ and should not: `case #step`, a line for each. A debt, not a licence.
const OPEN: &str = include_str!("open.txt");

/// Differences held against the lists.
pub(crate) struct Judged {
    /// On no list.
    pub(crate) unlisted: Vec<Difference>,
    /// Entries that nothing matched.
    pub(crate) stale: Vec<String>,
    /// Lines of the open list that no longer differ, and have to be taken off it.
    pub(crate) mended: Vec<String>,
    /// Requests that differ by more than what is on purpose.
    open: BTreeSet<(String, usize)>,
}

/// One request at one place.
struct Place {
    request: &'static str,
    at: &'static str,
}

impl Differs {
    fn places(&self) -> impl Iterator<Item = Place> {
        self.requests.iter().flat_map(|request| self.at.iter().map(|at| Place { request, at }))
    }
}

impl Place {
    fn matches(&self, difference: &Difference) -> bool {
        like(self.request, &line(&difference.case, difference.step)) && like(self.at, &difference.at)
    }
}

/// A request as the lists write it.
fn line(case: &str, step: usize) -> String {
    format!("{case} #{step}")
}

/// Holds differences against the lists.
pub(crate) fn judge(differences: &[Difference]) -> Judged {
    let meant = |d: &Difference| DIFFERS.iter().flat_map(Differs::places).any(|place| place.matches(d));
    let rest: Vec<&Difference> = differences.iter().filter(|d| !meant(d)).collect();
    let open: BTreeSet<(String, usize)> = rest.iter().map(|d| (d.case.clone(), d.step)).collect();
    let known: BTreeSet<&str> = OPEN.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let unlisted = rest.into_iter().filter(|d| !known.contains(line(&d.case, d.step).as_str())).cloned().collect();
    let places = DIFFERS.iter().flat_map(|listed| listed.places().map(move |place| (place, listed.reason)));
    let unused = places.filter(|(place, _)| !differences.iter().any(|d| place.matches(d)));
    let stale = unused.map(|(place, reason)| format!("{} {}: {reason}", place.request, place.at)).collect();
    let present: BTreeSet<String> = open.iter().map(|(case, step)| line(case, *step)).collect();
    let mended = known.iter().filter(|line| !present.contains(**line)).map(|line| (*line).to_owned()).collect();
    Judged { unlisted, stale, mended, open }
}

impl Judged {
    /// One line for people.
    pub(crate) fn summary(&self, requests: usize, cases: usize) -> String {
        let open = self.open.len();
        let alike = requests - open;
        let meant = DIFFERS.iter().flat_map(Differs::places).count();
        format!(
            "{requests} requests in {cases} cases compared: {alike} answered alike (apart from {meant} differences on \
             purpose), {open} known to differ"
        )
    }

    /// What `open.txt` would be.
    pub(crate) fn open_list(&self) -> String {
        self.open.iter().map(|(case, step)| line(case, *step) + "\n").collect()
    }
}

/// Whether a text is like a pattern with stars.
fn like(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((head, tail)) => {
            let Some(rest) = text.strip_prefix(head) else { return false };
            (0..=rest.len()).any(|at| rest.is_char_boundary(at) && like(tail, &rest[at..]))
        }
    }
}
