//! The kinds that are part of Kubernetes: their schemas (files beside this one, in our own words), what is derived in
//! their objects, and the rules that no schema can say.

mod derive;
mod load;
mod rules;

pub(crate) use derive::{derive, newborn};
pub(crate) use load::kinds;
pub(crate) use rules::rules;

#[cfg(test)]
mod tests;
