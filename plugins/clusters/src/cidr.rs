//! Address ranges, as far as a cluster's own networks need them.

use std::net::IpAddr;

/// A range of addresses such as `10.96.0.0/12`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cidr {
    address: IpAddr,
    prefix: u32,
}

impl Cidr {
    /// Reads `address/prefix`. Host bits may be set, as in Kubernetes.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (address, prefix) = text.split_once('/')?;
        let (address, prefix): (IpAddr, u32) = (address.parse().ok()?, prefix.parse().ok()?);
        (prefix <= width(address)).then_some(Self { address, prefix })
    }

    /// Whether some address lies in both.
    pub(crate) fn overlaps(self, other: Self) -> bool {
        let shift = width(self.address) - self.prefix.min(other.prefix);
        let head = |address: IpAddr| bits(address).checked_shr(shift).unwrap_or(0);
        width(self.address) == width(other.address) && head(self.address) == head(other.address)
    }
}

fn width(address: IpAddr) -> u32 {
    if address.is_ipv4() { 32 } else { 128 }
}

fn bits(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(v4) => u128::from(v4.to_bits()),
        IpAddr::V6(v6) => v6.to_bits(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_an_address_and_a_prefix_that_fits_it() {
        for good in ["10.96.0.0/12", "10.96.0.1/12", "0.0.0.0/0", "fd00::/64"] {
            assert!(Cidr::parse(good).is_some(), "{good:?}");
        }
        for bad in ["10.96.0.0", "10.96.0.0/33", "10.96.0/12", "fd00::/129", "/8", "10.0.0.0/8,fd00::/64"] {
            assert!(Cidr::parse(bad).is_none(), "{bad:?}");
        }
    }

    #[test]
    fn ranges_overlap_when_one_holds_the_other() {
        let overlaps = |a, b| Cidr::parse(a).expect(a).overlaps(Cidr::parse(b).expect(b));
        assert!(overlaps("10.96.0.0/12", "10.100.0.0/16"));
        assert!(overlaps("0.0.0.0/0", "10.244.0.0/16"));
        assert!(!overlaps("10.96.0.0/12", "10.244.0.0/16"));
        assert!(!overlaps("::/0", "10.244.0.0/16"));
    }
}
