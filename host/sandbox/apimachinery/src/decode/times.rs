//! Times as Go's decoder takes them: to the second, or, in a few fields, to the microsecond with all six digits.

use jiff::Timestamp;

/// Fields that hold microseconds.
const EXACT: [&str; 4] = ["acquireTime", "eventTime", "lastObservedTime", "renewTime"];
const SECONDS: &str = "2006-01-02T15:04:05Z07:00";
const MICROSECONDS: &str = "2006-01-02T15:04:05.000000Z07:00";

/// What is wrong with the time in a field.
pub(super) fn wrong(text: &str, field: &str) -> Option<String> {
    let exact = EXACT.contains(&field);
    let layout = if exact { MICROSECONDS } else { SECONDS };
    let (rest, part) = match text.parse::<Timestamp>() {
        Err(_) => (text, "2006"),
        Ok(_) if exact => fraction(text)?,
        Ok(_) => return None,
    };
    let [text, rest] = [text, rest].map(crate::field::go_quote);
    Some(format!("parsing time {text} as {layout:?}: cannot parse {rest} as {part:?}"))
}

/// What stands where six digits and a zone should, and what it should be.
fn fraction(text: &str) -> Option<(&str, &'static str)> {
    let rest = text.get("2006-01-02T15:04:05".len()..)?;
    let digits = rest.strip_prefix('.').map_or(0, |rest| rest.bytes().take_while(u8::is_ascii_digit).count());
    match digits {
        6 => None,
        0..6 => Some((rest, ".000000")),
        _ => Some((&rest[7..], "Z07:00")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn some_fields_need_all_six_digits() {
        let cases = [
            ("2001-01-01T00:00:00.000001Z", "renewTime", None),
            ("2001-01-01T00:00:00Z", "creationTimestamp", None),
            ("2001-01-01T00:00:00Z", "renewTime", Some("cannot parse \"Z\" as \".000000\"")),
            ("nonsense", "renewTime", Some("cannot parse \"nonsense\" as \"2006\"")),
        ];
        for (text, field, expected) in cases {
            let why = wrong(text, field);
            assert_eq!(why.is_some(), expected.is_some(), "{text}");
            assert!(why.unwrap_or_default().ends_with(expected.unwrap_or_default()), "{text}");
        }
    }
}
