//! Kubernetes quantities, as far as memory needs them.

/// One mebibyte, which clouds and drivers like to call a megabyte.
pub(crate) const MIB: u64 = 1 << 20;

/// Bytes of a memory quantity such as `4Gi`, `1.5Gi`, `4000M` or `2e9`; parts of a byte count as one. `None` if it is
/// not a quantity, is negative or does not fit.
pub(crate) fn bytes(text: &str) -> Option<u64> {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, suffix) = text.split_at(end);
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let digits: u128 = format!("{whole}{fraction}").parse().ok()?;
    let below_point = 10_u128.checked_pow(u32::try_from(fraction.len()).ok()?)?;
    let (times, divided) = scale(suffix)?;
    let bytes = digits.checked_mul(times)?.div_ceil(below_point.checked_mul(divided)?);
    u64::try_from(bytes).ok()
}

/// What a suffix multiplies by and divides by.
fn scale(suffix: &str) -> Option<(u128, u128)> {
    let binary = |power: u32| Some((1_u128 << (10 * power), 1));
    let decimal = |power: u32| Some((1_000_u128.pow(power), 1));
    match suffix {
        "" => Some((1, 1)),
        "m" => Some((1, 1_000)),
        "Ki" => binary(1),
        "Mi" => binary(2),
        "Gi" => binary(3),
        "Ti" => binary(4),
        "Pi" => binary(5),
        "k" => decimal(1),
        "M" => decimal(2),
        "G" => decimal(3),
        "T" => decimal(4),
        "P" => decimal(5),
        _ => exponent(suffix),
    }
}

fn exponent(suffix: &str) -> Option<(u128, u128)> {
    let power: i32 = suffix.strip_prefix(['e', 'E'])?.parse().ok()?;
    let ten = 10_u128.checked_pow(power.unsigned_abs())?;
    Some(if power < 0 { (1, ten) } else { (ten, 1) })
}

/// Mebibytes of a memory quantity; `None` also if they are not whole.
pub(crate) fn whole_mebibytes(text: &str) -> Option<u64> {
    let bytes = bytes(text)?;
    bytes.is_multiple_of(MIB).then_some(bytes / MIB)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_are_read_exactly() {
        let cases = [
            ("4Gi", Some(4_294_967_296)),
            ("1.5Gi", Some(1_610_612_736)),
            ("4096Mi", Some(4_294_967_296)),
            ("4G", Some(4_000_000_000)),
            ("2e9", Some(2_000_000_000)),
            ("1500m", Some(2)),
            ("0", Some(0)),
            ("", None),
            ("Gi", None),
            ("-1Gi", None),
            ("4 Gi", None),
            ("4GB", None),
            ("1.2.3", None),
            ("99999999Pi", None),
        ];
        for (text, expected) in cases {
            assert_eq!(bytes(text), expected, "{text:?}");
        }
    }

    #[test]
    fn mebibytes_are_whole_or_nothing() {
        assert_eq!(whole_mebibytes("4Gi"), Some(4096));
        assert_eq!(whole_mebibytes("4G"), None);
    }
}
