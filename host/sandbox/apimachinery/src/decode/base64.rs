//! Base 64 as Go reads it: line ends do not count, and an error names the byte at which it is noticed.

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

/// Bits that no letter needs are not looked at.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::RequireCanonical),
);

/// The bytes of a text.
///
/// # Errors
/// Go's sentence about a text that is not base 64.
pub fn base64(text: &str) -> Result<Vec<u8>, String> {
    let plain: String = text.chars().filter(|c| !matches!(c, '\n' | '\r')).collect();
    LENIENT.decode(plain).map_err(|_| format!("illegal base64 data at input byte {}", wrong_byte(text.as_bytes())))
}

fn is_letter(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'+' || byte == b'/'
}

/// Where Go notices that a text is not base 64.
fn wrong_byte(text: &[u8]) -> usize {
    let counted: Vec<(usize, u8)> =
        text.iter().copied().enumerate().filter(|(_, byte)| !matches!(byte, b'\n' | b'\r')).collect();
    let letters = counted.iter().take_while(|(_, byte)| is_letter(*byte)).count();
    let begun = letters % 4;
    match &counted[letters..] {
        [] => text.len() - begun,
        [(_, b'='), (_, b'='), (at, _), ..] if begun == 2 => *at,
        [(_, b'='), (at, _), ..] if begun == 3 => *at,
        [(_, b'=')] if begun == 2 => text.len(),
        [(at, _), ..] => *at,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_names_the_byte_at_which_go_notices_it() {
        assert_eq!(base64("eA==").as_deref(), Ok(&b"x"[..]));
        assert_eq!(base64("eB\n==").as_deref(), Ok(&b"x"[..]));
        let cases = [("not base 64", 3), ("abc", 0), ("abcde", 4), ("=", 0), ("eA=", 3), ("eA==x", 4), ("%", 0)];
        for (text, at) in cases {
            assert_eq!(base64(text), Err(format!("illegal base64 data at input byte {at}")), "{text}");
        }
    }
}
