//! Randomness from the host, good enough for passwords.

/// So many random bytes.
#[cfg(target_family = "wasm")]
pub fn bytes(length: usize) -> Vec<u8> {
    wasip2::random::random::get_random_bytes(length as u64)
}

/// So many random bytes. Natively only as good as the standard library's hash seeds: for tests.
#[cfg(not(target_family = "wasm"))]
pub fn bytes(length: usize) -> Vec<u8> {
    use std::hash::{BuildHasher, RandomState};
    (0..length).map(|index| RandomState::new().hash_one(index).to_le_bytes()[0]).collect()
}

/// A text of so many letters and digits.
pub fn alphanumeric(length: usize) -> String {
    const LETTERS: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let mut text = String::with_capacity(length);
    while text.len() < length {
        // Bytes beyond the last multiple of 62 are left out, else the first letters would be likelier.
        let fair = bytes(length).into_iter().filter(|byte| *byte < 248);
        text.extend(fair.map(|byte| char::from(LETTERS[usize::from(byte % 62)])).take(length - text.len()));
    }
    text
}

#[cfg(test)]
mod tests {
    #[test]
    fn random_texts_have_their_length_and_differ() {
        let (one, other) = (super::alphanumeric(24), super::alphanumeric(24));
        assert_eq!(one.len(), 24);
        assert_ne!(one, other);
    }
}
