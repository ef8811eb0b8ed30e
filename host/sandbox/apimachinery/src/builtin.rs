//! The kinds that are part of Kubernetes: their schemas (files beside this one, in our own words), what is derived in
//! their objects, and the rules that no schema can say.

mod admitted;
mod derive;
mod load;
mod rules;
mod shape;
mod warnings;
mod zero;

pub(crate) use admitted::admit;
pub(crate) use derive::{derive, newborn};
pub(crate) use load::{kinds, scale};
pub(crate) use rules::{is_told_in_full, rules};
pub(crate) use shape::shape;
pub(crate) use warnings::warnings;
pub(crate) use zero::{fill, zero};

#[cfg(test)]
mod tests;
