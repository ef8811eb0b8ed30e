//! Bootstrap tokens as kubeadm keeps them: Secrets in `kube-system` of the cluster to be joined.

use base64::Engine as _;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::{condition, object};

/// How long a token lives; it is renewed until the machine has its Node.
pub(crate) const LIFETIME: SignedDuration = SignedDuration::from_mins(15);
/// Group that a joining machine is in.
pub(crate) const GROUP: &str = "system:bootstrappers:kubeadm:default-node-token";
/// Type of the Secrets.
pub(crate) const SECRET_TYPE: &str = "bootstrap.kubernetes.io/token";

/// Id and secret of a token, `[a-z0-9]{6}.[a-z0-9]{16}`.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) id: String,
    pub(crate) secret: String,
}

impl Token {
    /// Splits the text form; `None` if it is not one.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (id, secret) = text.split_once('.')?;
        let fits = |part: &str, length| {
            part.len() == length && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
        };
        (fits(id, 6) && fits(secret, 16)).then(|| Self { id: id.into(), secret: secret.into() })
    }

    /// The text that a joining machine shows.
    pub(crate) fn text(&self) -> String {
        format!("{}.{}", self.id, self.secret)
    }

    /// Name of the Secret that holds the token.
    pub(crate) fn secret_name(&self) -> String {
        format!("bootstrap-token-{}", self.id)
    }

    /// The Secret as kubeadm writes it.
    pub(crate) fn secret(&self, description: &str, now: Timestamp) -> Value {
        json!({
            "apiVersion": "v1", "kind": "Secret", "type": SECRET_TYPE,
            "metadata": {"name": self.secret_name(), "namespace": "kube-system"},
            "data": {
                "token-id": encode(&self.id),
                "token-secret": encode(&self.secret),
                "expiration": encode(&condition::instant(now + LIFETIME)),
                "usage-bootstrap-signing": encode("true"),
                "usage-bootstrap-authentication": encode("true"),
                "auth-extra-groups": encode(GROUP),
                "description": encode(description),
            },
        })
    }

    /// Reads a Secret back; `None` if it is not a token Secret.
    pub(crate) fn of_secret(secret: &Value) -> Option<Self> {
        if object::text(secret, "/type") != SECRET_TYPE {
            return None;
        }
        let text = |key: &str| decode(object::text(secret, &format!("/data/{key}")));
        Self::parse(&format!("{}.{}", text("token-id")?, text("token-secret")?))
    }
}

/// Whether a token Secret has at least `left` of its life before it.
pub(crate) fn lives(secret: &Value, left: SignedDuration, now: Timestamp) -> bool {
    let expiration = decode(object::text(secret, "/data/expiration"));
    expiration.is_some_and(|t| t.is_empty() || t.parse::<Timestamp>().is_ok_and(|t| t > now + left))
}

/// Whether a token Secret may sign `cluster-info`.
pub(crate) fn signs(secret: &Value) -> bool {
    decode(object::text(secret, "/data/usage-bootstrap-signing")).is_some_and(|t| t == "true")
}

/// Base64 as Secrets carry their data.
pub(crate) fn encode(text: &str) -> String {
    base64::engine::general_purpose::STANDARD.encode(text)
}

/// Text of a Secret's data member.
pub(crate) fn decode(data: &str) -> Option<String> {
    String::from_utf8(base64::engine::general_purpose::STANDARD.decode(data).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_kubeadms_format_is_a_token() {
        let cases = [
            ("abcdef.0123456789abcdef", true),
            ("ABCDEF.0123456789abcdef", false),
            ("abcde.0123456789abcdef", false),
            ("abcdef.0123456789abcde", false),
            ("abcdef0123456789abcdef", false),
        ];
        for (text, expected) in cases {
            assert_eq!(Token::parse(text).is_some(), expected, "{text}");
        }
    }

    #[test]
    fn a_token_survives_its_secret_and_ends_in_time() {
        let now = Timestamp::from_second(1_000_000).expect("in range");
        let token = Token::parse("abcdef.0123456789abcdef").expect("a token");
        let secret = token.secret("for a machine", now);
        assert_eq!(object::name(&secret), "bootstrap-token-abcdef");
        assert!(Token::of_secret(&secret).is_some_and(|read| read == token));
        assert!(signs(&secret));
        assert!(lives(&secret, SignedDuration::ZERO, now));
        assert!(!lives(&secret, LIFETIME, now));
        assert!(!lives(&secret, SignedDuration::ZERO, now + LIFETIME));
    }
}
