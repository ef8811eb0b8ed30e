//! The one way in which the API server writes an amount: no zeros at the end, a suffix for every three digits (every ten
//! bits), the family of suffixes that was used before.

use super::Parts;

/// Nothing finer is kept.
const NANO: i128 = 1_000_000_000;
const DECIMAL: [&str; 10] = ["n", "u", "m", "", "k", "M", "G", "T", "P", "E"];
const BINARY: [&str; 7] = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];

/// The text of a quantity as it is stored; `None` if it is none, or too large to be read here.
pub(crate) fn canonical(text: &str) -> Option<String> {
    let parts = Parts::of(text.trim());
    let nanos = parts.in_parts(NANO)?;
    if nanos == 0 {
        return Some("0".to_owned());
    }
    let whole = nanos / NANO;
    let suffix = parts.suffix;
    if suffix.ends_with('i') && nanos % NANO == 0 && whole.abs() >= 1024 {
        return Some(binary(whole));
    }
    let exponential = suffix.len() > 1 && suffix.starts_with(['e', 'E']);
    Some(decimal(nanos, exponential))
}

fn binary(mut amount: i128) -> String {
    let mut power = 0;
    while amount % 1024 == 0 && power + 1 < BINARY.len() {
        amount /= 1024;
        power += 1;
    }
    format!("{amount}{}", BINARY[power])
}

/// `power` counts thousands above billionths.
fn decimal(mut amount: i128, exponential: bool) -> String {
    let mut power = 0;
    while amount % 1000 == 0 && power + 1 < DECIMAL.len() {
        amount /= 1000;
        power += 1;
    }
    match power {
        3 => amount.to_string(),
        _ if exponential => format!("{amount}e{}", i64::try_from(power).unwrap_or_default() * 3 - 9),
        _ => format!("{amount}{}", DECIMAL[power]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_is_written_in_one_way() {
        let cases = [
            ("0.25", "250m"),
            ("0.5", "500m"),
            ("1000m", "1"),
            ("1024Mi", "1Gi"),
            ("1500Mi", "1500Mi"),
            ("1.5Gi", "1536Mi"),
            ("0.5Ki", "512"),
            ("1e3", "1e3"),
            ("1000", "1k"),
            ("100", "100"),
            ("1500k", "1500k"),
            ("2000000", "2M"),
            ("0", "0"),
            ("0Gi", "0"),
            ("-1000m", "-1"),
            ("1e-3", "1e-3"),
            ("100n", "100n"),
            ("1E", "1E"),
        ];
        for (text, expected) in cases {
            assert_eq!(canonical(text).as_deref(), Some(expected), "{text}");
        }
        assert_eq!(canonical("x"), None);
    }
}
