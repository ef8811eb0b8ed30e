//! The string formats that the API server checks. A format it does not know holds always.
//!
//! Source: `k8s.io/apiextensions-apiserver/pkg/apiserver/validation/formats.go`.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use base64::Engine;

pub(super) fn holds(format: &str, text: &str) -> bool {
    match format {
        "date-time" | "datetime" => is_date_time(text),
        "date" => text.len() == 10 && jiff::civil::Date::from_str(text).is_ok(),
        "byte" => base64::engine::general_purpose::STANDARD.decode(text.replace(['\n', '\r'], "")).is_ok(),
        "duration" => is_duration(text),
        "ipv4" => Ipv4Addr::from_str(text).is_ok(),
        "ipv6" => Ipv6Addr::from_str(text).is_ok(),
        "cidr" => is_cidr(text),
        "mac" => is_mac(text),
        "uuid" => is_uuid(text),
        "uuid3" => is_uuid(text) && text.as_bytes().get(14) == Some(&b'3'),
        "uuid4" => is_uuid(text) && text.as_bytes().get(14) == Some(&b'4'),
        "uuid5" => is_uuid(text) && text.as_bytes().get(14) == Some(&b'5'),
        "email" => text.split_once('@').is_some_and(|(user, host)| !user.is_empty() && is_hostname(host)),
        "hostname" => is_hostname(text),
        "uri" => is_uri(text),
        "hexcolor" => is_hex_color(text),
        _ => true,
    }
}

fn is_date_time(text: &str) -> bool {
    text.len() >= 20 && text.contains(['t', 'T']) && jiff::Timestamp::from_str(text).is_ok()
}

/// Go's notation: `1h30m`, `-1.5s`, `0`.
fn is_duration(text: &str) -> bool {
    let mut rest = text.strip_prefix(['+', '-']).unwrap_or(text);
    if rest == "0" {
        return true;
    }
    if rest.is_empty() {
        return false;
    }
    while !rest.is_empty() {
        let digits = rest.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
        let number = &rest[..rest.len() - digits.len()];
        let unit = digits.trim_start_matches(|c: char| c.is_alphabetic());
        let name = &digits[..digits.len() - unit.len()];
        if number.parse::<f64>().is_err() || !["ns", "us", "µs", "μs", "ms", "s", "m", "h"].contains(&name) {
            return false;
        }
        rest = unit;
    }
    true
}

fn is_cidr(text: &str) -> bool {
    let Some((address, bits)) = text.split_once('/') else { return false };
    let most = match std::net::IpAddr::from_str(address) {
        Ok(std::net::IpAddr::V4(_)) => 32,
        Ok(std::net::IpAddr::V6(_)) => 128,
        Err(_) => return false,
    };
    !bits.is_empty() && bits.bytes().all(|b| b.is_ascii_digit()) && bits.parse::<u16>().is_ok_and(|n| n <= most)
}

fn is_mac(text: &str) -> bool {
    let parts: Vec<&str> = text.split([':', '-']).collect();
    [6, 8, 20].contains(&parts.len()) && parts.iter().all(|p| p.len() == 2 && p.bytes().all(|b| b.is_ascii_hexdigit()))
}

fn is_uuid(text: &str) -> bool {
    let plain: String = text.chars().filter(|c| *c != '-').collect();
    let dashes = text.len() - plain.len();
    plain.len() == 32 && plain.bytes().all(|b| b.is_ascii_hexdigit()) && (dashes == 0 || is_dashed(text))
}

fn is_dashed(text: &str) -> bool {
    text.len() == 36 && [8, 13, 18, 23].iter().all(|i| text.as_bytes()[*i] == b'-')
}

fn is_hostname(text: &str) -> bool {
    let label = |l: &str| {
        (1..=63).contains(&l.len())
            && l.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
            && !l.starts_with('-')
            && !l.ends_with('-')
    };
    (1..=255).contains(&text.len()) && text.split('.').all(label)
}

fn is_uri(text: &str) -> bool {
    if text.starts_with('/') {
        return true;
    }
    let Some((scheme, rest)) = text.split_once(':') else { return false };
    let mut letters = scheme.chars();
    letters.next().is_some_and(|c| c.is_ascii_alphabetic())
        && letters.all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
        && !rest.is_empty()
        && !rest.contains([' ', '<', '>'])
}

fn is_hex_color(text: &str) -> bool {
    let digits = text.strip_prefix('#').unwrap_or(text);
    [3, 6].contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_format_holds_for_good_values_and_not_for_bad_ones() {
        let cases = [
            ("date-time", "2024-01-02T03:04:05Z", "2024-01-02 03:04"),
            ("date", "2024-01-02", "2024-13-02"),
            ("byte", "aGVsbG8=", "%%"),
            ("duration", "1h30m", "3 apples"),
            ("duration", "-1.5s", "5"),
            ("ipv4", "10.0.0.1", "10.0.0"),
            ("ipv6", "fe80::1", "10.0.0.1"),
            ("cidr", "10.0.0.0/8", "10.0.0.0/33"),
            ("mac", "00:11:22:33:44:55", "00:11"),
            ("uuid", "b85f4d86-1111-4c3c-9c3b-1234567890ab", "b85f4d86"),
            ("email", "a@b.c", "ab.c"),
            ("hostname", "a.b-c", "-a"),
            ("uri", "https://x/y", "x y"),
        ];
        for (format, good, bad) in cases {
            assert!(holds(format, good), "{format} {good}");
            assert!(!holds(format, bad), "{format} {bad}");
        }
        assert!(holds("int32", "anything"));
    }
}
