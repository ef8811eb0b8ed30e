//! What a refusal of the API server means to the writer.

use std::time::Duration;

use backplane_core::ObjectRef;
use backplane_core::ports::WriteError;

use crate::transport::{Answer, Status};

/// Longest text taken over from the server.
const MAX_TEXT: usize = 1024;

/// A pause for a server that asks for one without saying how long.
const SOME_PAUSE: Duration = Duration::from_secs(1);

pub(super) fn explain(target: &ObjectRef, answer: &Answer) -> WriteError {
    let status = Status::read(&answer.body);
    let text = text(target, &status);
    let pause = status.retry_after(&answer.headers);
    match (answer.status.as_u16(), pause) {
        (429, pause) => WriteError::Throttled(pause.unwrap_or(SOME_PAUSE)),
        (503 | 504, Some(pause)) => WriteError::Throttled(pause),
        (401 | 403, _) => WriteError::Forbidden(text),
        (404, _) => WriteError::NotFound(text),
        (409, _) if status.reason == "AlreadyExists" => WriteError::AlreadyExists(text),
        (409, _) => WriteError::Conflict(text),
        (400 | 405 | 413 | 415 | 422, _) => WriteError::Invalid(text),
        (code, _) => WriteError::Other(format!("status {code}: {text}").into()),
    }
}

/// The server's message, which may quote values; of a Secret only the names of fields.
fn text(target: &ObjectRef, status: &Status) -> String {
    if target.kind.group.is_empty() && target.kind.kind == "Secret" {
        let fields = status.details.iter().flat_map(|d| &d.causes).map(|cause| cause.field.as_str());
        return format!("{target}: {} {}", status.reason, fields.collect::<Vec<_>>().join(", ")).trim_end().to_owned();
    }
    let message =
        if status.message.is_empty() { format!("{target}: {}", status.reason) } else { status.message.clone() };
    cut(&message, MAX_TEXT).to_owned()
}

/// The beginning of a text, cut between characters.
pub(super) fn cut(text: &str, max: usize) -> &str {
    if text.len() <= max {
        return text;
    }
    let end = (0..=max).rev().find(|i| text.is_char_boundary(*i)).unwrap_or_default();
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::*;
    use backplane_core::Kind;
    use http::{HeaderMap, HeaderValue, StatusCode};

    fn answer(code: u16, reason: &str, retry_after: Option<&'static str>) -> Answer {
        let body = format!(
            r#"{{"kind":"Status","reason":"{reason}","message":"value hunter2 is bad",
            "details":{{"causes":[{{"field":"data.password"}}]}}}}"#
        );
        let mut headers = HeaderMap::new();
        retry_after.map(|v| headers.insert("retry-after", HeaderValue::from_static(v)));
        Answer { status: StatusCode::from_u16(code).expect("code"), headers, body: body.into() }
    }

    #[test]
    fn each_status_has_its_own_error() {
        let thing = ObjectRef::new(Kind::new("", "v1", "ConfigMap"), Some("n"), "a");
        let cases = [
            (403, "Forbidden", None, "forbidden by the API server: value hunter2 is bad"),
            (404, "NotFound", None, "not found: value hunter2 is bad"),
            (409, "AlreadyExists", None, "already exists: value hunter2 is bad"),
            (409, "Conflict", None, "conflict: value hunter2 is bad"),
            (422, "Invalid", None, "invalid: value hunter2 is bad"),
            (429, "TooManyRequests", Some("7"), "throttled for 7s"),
            (503, "ServiceUnavailable", Some("2"), "throttled for 2s"),
            (500, "InternalError", None, "the API server could not be asked"),
        ];
        for (code, reason, retry_after, expected) in cases {
            assert_eq!(explain(&thing, &answer(code, reason, retry_after)).to_string(), expected, "{code} {reason}");
        }
    }

    #[test]
    fn a_refused_secret_is_explained_without_its_values() {
        let secret = ObjectRef::new(Kind::new("", "v1", "Secret"), Some("n"), "a");
        let error = explain(&secret, &answer(422, "Invalid", None)).to_string();
        assert_eq!(error, "invalid: Secret n/a: Invalid data.password");
    }

    #[test]
    fn a_text_is_cut_between_characters() {
        assert_eq!(cut("aä", 2), "a");
        assert_eq!(cut("aä", 3), "aä");
    }
}
