//! The pin of a certificate authority, as kubeadm computes it: SHA-256 over the public key part of its certificate.

use base64::Engine as _;
use sha2::{Digest as _, Sha256};

/// `sha256:<hex>` of the first certificate of a PEM text; `None` if there is none.
pub(crate) fn of_pem(pem: &str) -> Option<String> {
    let body = pem.split_once("-----BEGIN CERTIFICATE-----")?.1.split_once("-----END CERTIFICATE-----")?.0;
    let compact: String = body.split_whitespace().collect();
    let der = base64::engine::general_purpose::STANDARD.decode(compact).ok()?;
    let digest = Sha256::digest(public_key(&der)?);
    let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    Some(format!("sha256:{hex}"))
}

const SEQUENCE: u8 = 0x30;
const VERSION: u8 = 0xa0;

/// `subjectPublicKeyInfo` of a certificate, tag and length included (RFC 5280, 4.1).
fn public_key(certificate: &[u8]) -> Option<&[u8]> {
    let (_, certificate, _) = element(certificate)?;
    let (_, mut rest, _) = element(certificate)?;
    if rest.first() == Some(&VERSION) {
        rest = element(rest)?.2;
    }
    // serialNumber, signature, issuer, validity, subject
    for _ in 0..5 {
        rest = element(rest)?.2;
    }
    let (whole, _, _) = element(rest)?;
    (whole.first() == Some(&SEQUENCE)).then_some(whole)
}

/// The first DER element: the whole of it, its content, and what follows.
fn element(der: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let first = usize::from(*der.get(1)?);
    let (header, length) = if first < 0x80 {
        (2, first)
    } else {
        let bytes = der.get(2..2 + (first & 0x7f))?;
        (
            2 + bytes.len(),
            bytes.iter().try_fold(0_usize, |n, byte| n.checked_mul(256)?.checked_add(usize::from(*byte)))?,
        )
    };
    let end = header.checked_add(length)?;
    Some((der.get(..end)?, der.get(header..end)?, der.get(end..)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pin_of_a_certificate_is_the_authoritys_own() {
        let authority = backplane_apiserver::Authority::new("kubernetes").expect("makes a certificate");
        assert_eq!(of_pem(&authority.ca_pem()), Some(authority.pin()));
    }

    #[test]
    fn what_is_no_certificate_has_no_pin() {
        for pem in
            ["", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----", "-----BEGIN CERTIFICATE-----\n!"]
        {
            assert_eq!(of_pem(pem), None, "{pem}");
        }
    }
}
