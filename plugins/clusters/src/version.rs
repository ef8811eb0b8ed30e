//! Kubernetes versions and the steps between them.

use std::fmt;

/// A released version, written `vX.Y.Z`. Nothing else is accepted: pre-releases are not for tenants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Version {
    major: u32,
    minor: u32,
    patch: u32,
}

impl Version {
    /// Reads `vX.Y.Z`; `None` for everything else.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut parts = text.strip_prefix('v')?.split('.').map(number);
        let version = Self { major: parts.next()??, minor: parts.next()??, patch: parts.next()?? };
        parts.next().is_none().then_some(version)
    }

    /// How many minors `self` is ahead of `other`; `None` across majors.
    pub(crate) fn minors_ahead_of(self, other: Self) -> Option<i64> {
        (self.major == other.major).then(|| i64::from(self.minor) - i64::from(other.minor))
    }
}

/// Digits only, so that neither `+1` nor an empty part passes.
fn number(text: &str) -> Option<u32> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "v{}.{}.{}", self.major, self.minor, self.patch)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_three_plain_numbers_after_a_v_are_a_version() {
        assert_eq!(Version::parse("v1.34.0").map(|version| version.to_string()).as_deref(), Some("v1.34.0"));
        for bad in ["1.34.0", "v1.34", "v1.34.0.1", "v1.34.0-rc.1", "v1.+4.0", "v1..0", "latest", ""] {
            assert_eq!(Version::parse(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn versions_compare_as_numbers() {
        let (nine, ten) = (Version::parse("v1.9.3").expect("version"), Version::parse("v1.10.0").expect("version"));
        assert!(nine < ten);
        assert_eq!(ten.minors_ahead_of(nine), Some(1));
        assert_eq!(Version::parse("v2.0.0").and_then(|two| two.minors_ahead_of(ten)), None);
    }
}
