//! Which differences are allowed: those on purpose, with reasons, and those that are known and still open.

use std::collections::BTreeSet;

use super::compare::Difference;

/// A difference on purpose.
struct Differs {
    /// Name of the case; `*` stands for anything.
    case: &'static str,
    /// Place in the answer; `*` stands for anything.
    at: &'static str,
    reason: &'static str,
}

const DIFFERS: &[Differs] = &[
    Differs {
        case: "builtin/pod/missing priority",
        at: "*",
        reason: "the embedded server has no PriorityClasses, so that a Pod may name any; nothing is scheduled there",
    },
    Differs {
        case: "builtin/pod/runtime",
        at: "*",
        reason: "the embedded server has no RuntimeClasses, so that a Pod may name any; nothing is run there",
    },
    Differs {
        case: "*",
        at: "*/columnDefinitions/*/description",
        reason: "columns are described in our own words; nobody's program reads them",
    },
    Differs {
        case: "discovery/documents",
        at: "/body/serverAddressByClientCIDRs/0/serverAddress",
        reason: "each server has its own address",
    },
    Differs {
        case: "discovery/documents",
        at: "/body/*itCommit",
        reason: "the embedded server was built from another commit, by another compiler",
    },
    Differs {
        case: "discovery/documents",
        at: "/body/*o*er*",
        reason: "the embedded server was built from another commit, by another compiler",
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
    /// Lines of the open list that no longer differ, and should be taken off it.
    pub(crate) mended: Vec<String>,
    /// Requests that differ by more than what is on purpose.
    open: BTreeSet<(String, usize)>,
}

/// Holds differences against the lists.
pub(crate) fn judge(differences: &[Difference]) -> Judged {
    let matches = |listed: &Differs, d: &Difference| like(listed.case, &d.case) && like(listed.at, &d.at);
    let meant = |d: &Difference| DIFFERS.iter().any(|listed| matches(listed, d));
    let rest: Vec<&Difference> = differences.iter().filter(|d| !meant(d)).collect();
    let open: BTreeSet<(String, usize)> = rest.iter().map(|d| (d.case.clone(), d.step)).collect();
    let known: BTreeSet<&str> = OPEN.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let line = |case: &str, step: usize| format!("{case} #{step}");
    let unlisted = rest.into_iter().filter(|d| !known.contains(line(&d.case, d.step).as_str())).cloned().collect();
    let unused = DIFFERS.iter().filter(|listed| !differences.iter().any(|d| matches(listed, d)));
    let stale: Vec<String> = unused.map(|listed| format!("{} {}: {}", listed.case, listed.at, listed.reason)).collect();
    let present: BTreeSet<String> = open.iter().map(|(case, step)| line(case, *step)).collect();
    let mended = known.iter().filter(|line| !present.contains(**line)).map(|line| (*line).to_owned()).collect();
    Judged { unlisted, stale, mended, open }
}

impl Judged {
    /// One line for people.
    pub(crate) fn summary(&self, requests: usize, cases: usize) -> String {
        let open = self.open.len();
        let alike = requests - open;
        let meant = DIFFERS.len();
        format!(
            "{requests} requests in {cases} cases compared: {alike} answered alike (apart from {meant} differences on \
             purpose), {open} known to differ"
        )
    }

    /// What `open.txt` would be.
    pub(crate) fn open_list(&self) -> String {
        self.open.iter().map(|(case, step)| format!("{case} #{step}\n")).collect()
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
