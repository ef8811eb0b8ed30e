//! What Kamaji's admission webhooks refuse. Values in, a sentence out.
//!
//! The stand-in has no webhook: it says the same sentence in an Event and in the condition of the KamajiControlPlane,
//! and does not act on the object until it is mended.

use std::fmt;

/// A Kubernetes version `vX.Y.Z`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Version {
    major: u32,
    minor: u32,
    patch: u32,
}

/// Newest minor that the stood-in release supports.
const NEWEST_MINOR: u32 = 35;

impl Version {
    /// Reads `vX.Y.Z`; the `v` must be there.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut parts = text.strip_prefix('v')?.split('.').map(|part| part.parse().ok());
        let version = Self { major: parts.next()??, minor: parts.next()??, patch: parts.next()?? };
        parts.next().is_none().then_some(version)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "v{}.{}.{}", self.major, self.minor, self.patch)
    }
}

/// Whether the version asked for may run, given the one that runs. The error is the sentence for people.
pub(crate) fn version(wanted: &str, running: Option<&str>) -> Result<Version, String> {
    let wanted = Version::parse(wanted)
        .ok_or_else(|| format!("unable to parse the desired Kubernetes version: {wanted:?} is not vX.Y.Z"))?;
    if (wanted.major, wanted.minor) > (1, NEWEST_MINOR) {
        return Err(format!("unable to use {wanted}, newest supported is v1.{NEWEST_MINOR}"));
    }
    let Some(running) = running.and_then(Version::parse) else { return Ok(wanted) };
    if wanted < running {
        return Err(format!("unable to downgrade a TenantControlPlane from {running} to {wanted}"));
    }
    if wanted.major != running.major || wanted.minor > running.minor + 1 {
        return Err(format!(
            "unable to upgrade to a minor version in a non-sequential mode, from {running} to {wanted}"
        ));
    }
    Ok(wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_go_up_one_minor_at_a_time() {
        let cases = [
            ("first", "v1.34.0", None, true),
            ("same", "v1.34.0", Some("v1.34.0"), true),
            ("patch", "v1.34.1", Some("v1.34.0"), true),
            ("minor", "v1.35.0", Some("v1.34.2"), true),
            ("two minors", "v1.34.0", Some("v1.32.0"), false),
            ("down", "v1.33.9", Some("v1.34.0"), false),
            ("too new", "v1.99.0", None, false),
            ("no v", "1.34.0", None, false),
            ("words", "vlatest", None, false),
            ("four parts", "v1.34.0.1", None, false),
        ];
        for (case, wanted, running, allowed) in cases {
            assert_eq!(version(wanted, running).is_ok(), allowed, "{case}");
        }
    }
}
