//! The signatures in `cluster-info`, as the bootstrap signer of kube-controller-manager makes them.
//!
//! A joining machine knows only its token: from `jws-kubeconfig-<token id>` it learns that whoever wrote the kubeconfig
//! knew the token's secret too. The signature is a JWS with the payload left out (RFC 7515, appendix F).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::hmac;

use crate::kubeadm::token::Token;

/// Key of a token's signature in the ConfigMap's data.
pub(crate) fn key(token: &Token) -> String {
    format!("{PREFIX}{}", token.id)
}

/// What the keys of signatures begin with.
pub(crate) const PREFIX: &str = "jws-kubeconfig-";

/// The detached signature of `kubeconfig` by the token.
pub(crate) fn signature(kubeconfig: &str, token: &Token) -> String {
    let header = URL_SAFE_NO_PAD.encode(format!(r#"{{"alg":"HS256","kid":"{}"}}"#, token.id));
    let signed = format!("{header}.{}", URL_SAFE_NO_PAD.encode(kubeconfig));
    let key = hmac::Key::new(hmac::HMAC_SHA256, token.secret.as_bytes());
    let tag = URL_SAFE_NO_PAD.encode(hmac::sign(&key, signed.as_bytes()));
    format!("{header}..{tag}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_the_one_that_kubernetes_computes() {
        // The example of kubernetes/cluster-bootstrap, token/jws.
        let token = Token { id: "joshua".into(), secret: "my voice is my passcode".into() };
        let expected = "eyJhbGciOiJIUzI1NiIsImtpZCI6Impvc2h1YSJ9..VShe2taLd-YTrmWuRkcL_8QTNDHYxQIEBsAYYiIj1_8";
        assert_eq!(signature("Hello from the other side. I must have called a thousand times.", &token), expected);
    }
}
