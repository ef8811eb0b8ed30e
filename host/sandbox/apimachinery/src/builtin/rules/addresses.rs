//! Addresses, and ranges of them, beyond whether they can be read.

use std::net::IpAddr;

use super::at::{At, Errors};
use super::texts;

/// An address that can be read, and that more than one machine can reach.
///
/// Loopback addresses, which the real server refuses, are taken on purpose: the addresses that a world simulates are such
/// (`docs/decisions/0004-tenants-on-loopback-addresses.md`), and Endpoints lead to them.
pub(super) fn reachable(at: &At<'_>, errors: &mut Errors) {
    let Ok(address) = at.text().parse::<IpAddr>() else {
        at.judged(["must be a valid IP address".to_owned()], errors);
        return;
    };
    let address = address.to_canonical();
    let (local, group) = match address {
        IpAddr::V4(v4) => (v4.is_link_local(), v4.octets()[..3] == [224, 0, 0]),
        IpAddr::V6(v6) => (v6.is_unicast_link_local(), v6.segments()[0] & 0xff0f == 0xff02),
    };
    let unspecified = format!("may not be unspecified ({})", at.text());
    let wrong = [
        (address.is_unspecified(), unspecified.as_str()),
        (local, "may not be in the link-local range (169.254.0.0/16, fe80::/10)"),
        (group, "may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)"),
    ];
    at.judged(wrong.into_iter().filter(|(wrong, _)| *wrong).map(|(_, why)| why.to_owned()), errors);
}

/// A range of addresses.
#[derive(Debug, Clone, Copy)]
pub(super) struct Range {
    start: IpAddr,
    bits: u32,
}

impl Range {
    /// `None`: the text is no range.
    pub(super) fn read(text: &str) -> Option<Self> {
        if texts::range(text).is_some() {
            return None;
        }
        let (start, bits) = text.split_once('/')?;
        Some(Self { start: start.parse().ok()?, bits: bits.parse().ok()? })
    }

    /// Whether the other range lies in this one and is smaller.
    pub(super) fn exceeds(self, other: Self) -> bool {
        let within = match (self.start, other.start) {
            (IpAddr::V4(a), IpAddr::V4(b)) => (a.to_bits() ^ b.to_bits()).leading_zeros() >= self.bits,
            (IpAddr::V6(a), IpAddr::V6(b)) => (a.to_bits() ^ b.to_bits()).leading_zeros() >= self.bits,
            _ => false,
        };
        within && self.bits < other.bits
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_address_that_only_a_neighbour_can_reach_is_refused_but_one_of_a_simulated_tenant_is_taken() {
        let cases = [
            ("192.0.2.1", 0),
            ("2001:db8::1", 0),
            ("x", 1),
            ("0.0.0.0", 1),
            ("127.1.2.3", 0),
            ("169.254.1.1", 1),
            ("::ffff:169.254.1.1", 1),
            ("fe80::1", 1),
            ("224.0.0.9", 1),
            ("ff02::1", 1),
        ];
        for (text, count) in cases {
            let (value, mut errors) = (json!(text), Vec::new());
            reachable(&At::root(&value), &mut errors);
            assert_eq!(errors.len(), count, "{text}");
        }
    }

    #[test]
    fn a_range_exceeds_the_smaller_ones_within_it() {
        let cases = [
            ("10.0.0.0/8", "10.1.0.0/16", true),
            ("10.0.0.0/8", "10.0.0.0/8", false),
            ("10.0.0.0/8", "11.0.0.0/16", false),
            ("0.0.0.0/0", "11.0.0.0/16", true),
            ("10.0.0.0/8", "fd00::/64", false),
            ("fd00::/8", "fd00:1::/32", true),
        ];
        for (outer, inner, expected) in cases {
            let (outer, inner) = (Range::read(outer).unwrap(), Range::read(inner).unwrap());
            assert_eq!(outer.exceeds(inner), expected, "{outer:?} {inner:?}");
        }
    }
}
