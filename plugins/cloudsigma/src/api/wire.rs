//! Shapes that several kinds of the cloud share.

use serde::{Deserialize, Deserializer};

/// A list or the answer of a creation.
#[derive(Debug, Deserialize)]
pub(super) struct Objects<T> {
    pub(super) objects: Vec<T>,
}

/// A reference: a bare uuid, or an object with one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Link {
    pub(crate) uuid: String,
}

impl<'de> Deserialize<'de> for Link {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Either {
            Bare(String),
            Whole { uuid: String },
        }
        Either::deserialize(deserializer).map(|either| match either {
            Either::Bare(uuid) | Either::Whole { uuid } => Self { uuid },
        })
    }
}

/// The default for `null`; the cloud writes it where nothing is.
pub(super) fn nullable<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(
    deserializer: D,
) -> Result<T, D::Error> {
    Option::<T>::deserialize(deserializer).map(Option::unwrap_or_default)
}
