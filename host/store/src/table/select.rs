//! Answers a query with the narrowest index there is.

use std::sync::Arc;

use backplane_core::ports::Query;
use backplane_core::selector::Requirement;

use super::{Table, Term};
use crate::entry::{Entry, Shared};

/// Below this many objects looking at each is cheaper than one more index.
const WORTH_AN_INDEX: usize = 64;

impl Table {
    /// The objects that match, in no particular order.
    pub(crate) fn select(&self, query: &Query) -> Vec<Shared> {
        let narrowest =
            terms(query).into_iter().filter_map(|term| Some((self.count(&term)?, term))).min_by_key(|t| t.0);
        match narrowest.and_then(|(_, term)| self.candidates(&term)) {
            Some(candidates) => candidates.filter(|e| matches(e, query)).map(Arc::clone).collect(),
            None => self.iter().filter(|(_, e)| matches(e, query)).map(|(_, e)| Arc::clone(e)).collect(),
        }
    }

    /// A label key of the query that should be indexed before it is answered.
    pub(crate) fn missing_label(&self, query: &Query) -> Option<String> {
        if self.len() < WORTH_AN_INDEX {
            return None;
        }
        terms(query).into_iter().find_map(|term| match term {
            Term::Label(key, _) if self.wants_label(key) => Some(key.to_owned()),
            _ => None,
        })
    }
}

fn terms(query: &Query) -> Vec<Term<'_>> {
    let mut terms: Vec<Term<'_>> = Vec::new();
    terms.extend(query.owner_uid.as_deref().map(Term::Owner));
    terms.extend(query.namespace.as_deref().map(Term::Namespace));
    for requirement in query.selector.requirements() {
        if let Requirement::In { key, values } = requirement
            && let [value] = values.as_slice()
        {
            terms.push(Term::Label(key, value));
        }
    }
    terms
}

fn matches(entry: &Entry, query: &Query) -> bool {
    query.namespace.as_deref().is_none_or(|namespace| entry.namespace() == Some(namespace))
        && entry.matches(&query.selector)
        && query.owner_uid.as_deref().is_none_or(|uid| Term::Owner(uid).is_of(entry))
}
