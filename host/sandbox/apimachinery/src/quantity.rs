//! Kubernetes quantities: `500m`, `4Gi`, `1e3`.
//!
//! Held in thousandths, which is as fine as the API server's own arithmetic on resources needs to be; finer parts are rounded
//! up, as Kubernetes does. Source: `k8s.io/apimachinery/pkg/api/resource`.

mod canonical;

use std::str::FromStr;

pub(crate) use canonical::canonical;

/// An amount, comparable whatever its notation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Quantity {
    thousandths: i128,
}

/// A text that is no quantity.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'")]
pub struct QuantityError;

impl Quantity {
    /// The amount in thousandths: `500m` is 500, `2` is 2000.
    pub fn thousandths(self) -> i128 {
        self.thousandths
    }

    /// The amount in whole units, rounded up.
    pub fn units(self) -> i128 {
        self.thousandths.div_euclid(1000) + i128::from(self.thousandths.rem_euclid(1000) > 0)
    }
}

impl FromStr for Quantity {
    type Err = QuantityError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let thousandths = Parts::of(text).in_parts(1000).ok_or(QuantityError)?;
        Ok(Self { thousandths })
    }
}

/// A quantity as it is written.
struct Parts<'a> {
    negative: bool,
    number: &'a str,
    suffix: &'a str,
}

impl<'a> Parts<'a> {
    fn of(text: &'a str) -> Self {
        let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
        let end = digits.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(digits.len());
        let (number, suffix) = digits.split_at(end);
        Self { negative: text.starts_with('-'), number, suffix }
    }

    /// The amount in parts of one, rounded away from zero.
    fn in_parts(&self, parts: i128) -> Option<i128> {
        let (mantissa, decimals) = decimal(self.number)?;
        let (numerator, denominator) = factor(self.suffix)?;
        let scale = 10_i128.checked_pow(decimals).and_then(|s| s.checked_mul(denominator))?;
        let scaled = mantissa.checked_mul(numerator).and_then(|m| m.checked_mul(parts))?;
        let amount = scaled.div_euclid(scale) + i128::from(scaled.rem_euclid(scale) > 0);
        Some(if self.negative { -amount } else { amount })
    }
}

/// The digits without the point, and how many stood behind it.
fn decimal(number: &str) -> Option<(i128, u32)> {
    let (whole, part) = number.split_once('.').unwrap_or((number, ""));
    if (whole.is_empty() && part.is_empty()) || part.contains('.') {
        return None;
    }
    let digits = format!("{whole}{part}");
    Some((digits.parse().ok()?, u32::try_from(part.len()).ok()?))
}

/// What a suffix multiplies by, as a fraction.
fn factor(suffix: &str) -> Option<(i128, i128)> {
    let power = |base: i128, exponent: u32| base.checked_pow(exponent).map(|n| (n, 1));
    match suffix {
        "" => Some((1, 1)),
        "n" => Some((1, 1_000_000_000)),
        "u" => Some((1, 1_000_000)),
        "m" => Some((1, 1000)),
        "k" => power(1000, 1),
        "M" => power(1000, 2),
        "G" => power(1000, 3),
        "T" => power(1000, 4),
        "P" => power(1000, 5),
        "E" => power(1000, 6),
        "Ki" => power(1024, 1),
        "Mi" => power(1024, 2),
        "Gi" => power(1024, 3),
        "Ti" => power(1024, 4),
        "Pi" => power(1024, 5),
        "Ei" => power(1024, 6),
        _ => {
            let exponent: i32 = suffix.strip_prefix(['e', 'E'])?.parse().ok()?;
            let (size, _) = power(10, exponent.unsigned_abs())?;
            Some(if exponent < 0 { (1, size) } else { (size, 1) })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_notation_is_read() {
        let cases = [
            ("1", 1000),
            ("500m", 500),
            ("0.5", 500),
            (".5", 500),
            ("-2", -2000),
            ("1k", 1_000_000),
            ("1Ki", 1_024_000),
            ("4Gi", 4_294_967_296_000),
            ("1e3", 1_000_000),
            ("1E-3", 1),
            ("1E", 1_000_000_000_000_000_000_000),
            ("100n", 1),
        ];
        for (text, expected) in cases {
            assert_eq!(text.parse::<Quantity>().map(Quantity::thousandths), Ok(expected), "{text}");
        }
        for text in ["", "x", "1 Gi", "1.2.3", "1gi", "--1", "."] {
            assert_eq!(text.parse::<Quantity>(), Err(QuantityError), "{text:?}");
        }
    }

    #[test]
    fn amounts_compare_whatever_their_notation() {
        let read = |text: &str| text.parse::<Quantity>().expect("quantity");
        assert_eq!(read("1024Mi"), read("1Gi"));
        assert!(read("1G") < read("1Gi"));
        assert_eq!(read("1500m").units(), 2);
    }
}
