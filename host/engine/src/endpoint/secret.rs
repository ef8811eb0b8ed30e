//! A credential as it goes into a request, and the watch that it does not come back in the answer.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::HeaderValue;
use secrecy::{ExposeSecret, SecretString};

use super::Credential;

/// Secrets shorter than this are not looked for in answers: they would be found everywhere.
const SHORTEST: usize = 8;

pub(super) struct Secret {
    header: HeaderValue,
    /// What must not reach a guest: the encoded form and the bare secret.
    forms: Vec<SecretString>,
}

impl Secret {
    /// `None` if the credential has characters that no header can carry.
    pub(super) fn new(credential: &Credential) -> Option<Self> {
        let (scheme, encoded, bare) = match credential {
            Credential::Basic { username, password } => {
                let pair = format!("{username}:{}", password.expose_secret());
                ("Basic", SecretString::from(STANDARD.encode(pair)), password.clone())
            }
            Credential::Bearer { token } => ("Bearer", token.clone(), token.clone()),
        };
        let mut header = HeaderValue::from_str(&format!("{scheme} {}", encoded.expose_secret())).ok()?;
        header.set_sensitive(true);
        Some(Self { header, forms: vec![encoded, bare] })
    }

    pub(super) fn header(&self) -> HeaderValue {
        self.header.clone()
    }

    /// Whether bytes hold the secret.
    pub(super) fn is_in(&self, bytes: &[u8]) -> bool {
        let mut forms = self.forms.iter().map(|form| form.expose_secret().as_bytes());
        forms.any(|form| form.len() >= SHORTEST && memchr::memmem::find(bytes, form).is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_credential_is_recognised_bare_and_encoded() {
        let basic = Credential::Basic { username: "user".into(), password: "correct horse".to_owned().into() };
        let secret = Secret::new(&basic).expect("header");
        assert_eq!(secret.header(), "Basic dXNlcjpjb3JyZWN0IGhvcnNl");
        assert!(secret.is_in(b"you sent Basic dXNlcjpjb3JyZWN0IGhvcnNl"));
        assert!(secret.is_in(b"password: correct horse"));
        assert!(!secret.is_in(b"user: correct"));
    }

    #[test]
    fn a_credential_that_no_header_can_carry_is_none() {
        assert!(Secret::new(&Credential::Bearer { token: "a\nb".to_owned().into() }).is_none());
    }
}
