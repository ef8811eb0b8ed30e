//! Why there is no answer, in the words of Go's and Kubernetes' clients.

use std::error::Error;

/// Of an exchange that did not happen: the innermost cause, which says most.
pub(super) fn of_error(error: &(dyn Error + 'static)) -> String {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    let text = cause.to_string();
    match text.as_str() {
        _ if text.contains("UnknownIssuer") => {
            "tls: failed to verify certificate: x509: certificate signed by unknown authority".into()
        }
        _ if text.starts_with("invalid peer certificate") => format!("tls: failed to verify certificate: x509: {text}"),
        _ if text.contains("connection closed") => "EOF".into(),
        _ => text,
    }
}

/// Of an answer that is not 200.
pub(super) fn of_code(code: u16, body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    let text = text.trim().chars().take(2048).collect::<String>();
    match code {
        400 => "the server rejected our request for an unknown reason".into(),
        401 => "the server has asked for the client to provide credentials".into(),
        404 => "the server could not find the requested resource".into(),
        500.. => format!("an error on the server ({text:?}) has prevented the request from succeeding"),
        _ => format!("the server responded with the status code {code} but did not return more information"),
    }
}

/// Of an answer that is no JSON.
pub(super) fn undecodable(error: &serde_json::Error) -> String {
    format!("couldn't get version/kind; json parse error: {error}")
}
