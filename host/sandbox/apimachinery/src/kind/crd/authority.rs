//! The certificates that a conversion webhook is trusted by.
//!
//! Source: `ValidateCABundle` of `k8s.io/apiserver/pkg/util/webhook`, which loads them as a client would.

use serde_json::Value;

use super::text;
use crate::decode::base64;

/// Why no certificate can be loaded from a bundle.
pub(super) fn fault(bundle: &str) -> Option<String> {
    let bytes = base64(bundle).unwrap_or_default();
    if bytes.is_empty() {
        return None;
    }
    let why = certificates(&String::from_utf8_lossy(&bytes)).err()?;
    Some(format!("unable to load root certificates: {why}"))
}

/// Whether a definition names certificates of which none can be loaded.
pub fn is_mistrusted(crd: &Value) -> bool {
    fault(text(crd, "/spec/conversion/webhook/clientConfig/caBundle")).is_some()
}

/// One good certificate is enough.
fn certificates(pem: &str) -> Result<(), &'static str> {
    let mut rest = pem;
    let mut why = "no valid certificate authority data seen";
    while !rest.trim().is_empty() {
        let Some((label, content, after)) = block(rest) else { return Err("unable to parse bytes as PEM block") };
        rest = after;
        match label {
            "CERTIFICATE" if is_certificate(content) => return Ok(()),
            "CERTIFICATE" => why = "failed to parse certificate: x509: malformed certificate",
            _ => {}
        }
    }
    Err(why)
}

/// The first block: its label, what it holds, and what follows.
fn block(text: &str) -> Option<(&str, &str, &str)> {
    let (_, rest) = text.split_once("-----BEGIN ")?;
    let (label, rest) = rest.split_once("-----")?;
    let (content, rest) = rest.split_once(&format!("-----END {label}-----"))?;
    Some((label, content, rest))
}

/// A sequence in DER, as far as that can be told without reading it.
fn is_certificate(content: &str) -> bool {
    let text: String = content.split_whitespace().collect();
    base64(&text).is_ok_and(|der| der.len() > 64 && der[0] == 0x30)
}

#[cfg(test)]
mod tests {
    use ::base64::Engine;
    use ::base64::engine::general_purpose::STANDARD;

    use super::*;

    #[test]
    fn a_bundle_holds_at_least_one_certificate() {
        let der = STANDARD.encode([&[0x30][..], &[0; 80]].concat());
        let cases = [
            (String::new(), None),
            ("x".to_owned(), Some("unable to parse bytes as PEM block")),
            (
                "-----BEGIN KEY-----\neA==\n-----END KEY-----\n".to_owned(),
                Some("no valid certificate authority data seen"),
            ),
            (format!("-----BEGIN CERTIFICATE-----\n{der}\n-----END CERTIFICATE-----\n"), None),
        ];
        for (pem, expected) in cases {
            let found = fault(&STANDARD.encode(&pem));
            assert_eq!(found, expected.map(|why| format!("unable to load root certificates: {why}")), "{pem}");
        }
    }
}
