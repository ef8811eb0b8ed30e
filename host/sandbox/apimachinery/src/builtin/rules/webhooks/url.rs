//! URLs of webhooks: `https://host[/path]` and nothing else.
//!
//! Read as Go's `net/url` does, as far as its errors can be met here.

use crate::builtin::rules::at::{At, Errors};
use crate::field::go_quote;

const FORM: &str = "; desired format: https://host[/path]";

pub(super) fn check(at: &At<'_>, errors: &mut Errors) {
    let url = match parse(at.text()) {
        Ok(url) => url,
        Err(why) => {
            let read = at.text().split('#').next().unwrap_or_default();
            let why = format!("url must be a valid URL: parse {}: {why}{FORM}", go_quote(read));
            errors.push(at.required(&why));
            return;
        }
    };
    let mut wrong = |holds: bool, part: &str, why: &str| {
        if !holds {
            errors.push(at.invalid_value(part, why));
        }
    };
    wrong(url.scheme == "https", &url.scheme, &format!("'https' is the only allowed URL scheme{FORM}"));
    wrong(!url.host.is_empty(), url.host, &format!("host must be specified{FORM}"));
    wrong(url.user.is_none(), url.user.unwrap_or_default(), "user information is not permitted in the URL");
    wrong(url.fragment.is_empty(), url.fragment, "fragments are not permitted in the URL");
    wrong(url.query.is_empty(), url.query, "query parameters are not permitted in the URL");
}

struct Url<'a> {
    scheme: String,
    user: Option<&'a str>,
    host: &'a str,
    query: &'a str,
    fragment: &'a str,
}

fn parse(text: &str) -> Result<Url<'_>, String> {
    if text.bytes().any(|byte| byte < b' ' || byte == 0x7f) {
        return Err("net/url: invalid control character in URL".to_owned());
    }
    let (rest, fragment) = text.split_once('#').unwrap_or((text, ""));
    let (scheme, rest) = scheme(rest)?;
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let authority = rest.strip_prefix("//").filter(|_| !scheme.is_empty() || !rest.starts_with("///"));
    let path = authority.map_or(rest, |found| found.find('/').map_or("", |at| &found[at..]));
    escapes(path)?;
    if authority.is_none() && scheme.is_empty() && rest.split('/').next().is_some_and(|first| first.contains(':')) {
        return Err("first path segment in URL cannot contain colon".to_owned());
    }
    let authority = authority.map(|found| found.split('/').next().unwrap_or_default()).unwrap_or_default();
    let (user, host) = match authority.rsplit_once('@') {
        Some((user, host)) => (Some(user), host),
        None => (None, authority),
    };
    port(host)?;
    Ok(Url { scheme, user, host, query, fragment })
}

/// What stands before the first colon, if it can be a scheme.
fn scheme(text: &str) -> Result<(String, &str), String> {
    let end = text.find(|c: char| !c.is_ascii_alphanumeric() && !"+-.".contains(c)).unwrap_or(text.len());
    let starts = text.starts_with(|c: char| c.is_ascii_alphabetic());
    match text[end..].strip_prefix(':') {
        Some(_) if end == 0 => Err("missing protocol scheme".to_owned()),
        Some(rest) if starts => Ok((text[..end].to_ascii_lowercase(), rest)),
        _ => Ok((String::new(), text)),
    }
}

fn escapes(path: &str) -> Result<(), String> {
    for (at, _) in path.match_indices('%') {
        let escape: String = path[at..].chars().take(3).collect();
        if escape.len() < 3 || !escape.bytes().skip(1).all(|byte| byte.is_ascii_hexdigit()) {
            return Err(format!("invalid URL escape {}", go_quote(&escape)));
        }
    }
    Ok(())
}

/// A host has at most one colon outside of brackets, and digits after it.
fn port(host: &str) -> Result<(), String> {
    let name = host.rfind(']').map_or(host, |end| &host[end + 1..]);
    let port = name.find(':').map(|at| &name[at..]).unwrap_or_default();
    let good = port.bytes().skip(1).all(|byte| byte.is_ascii_digit());
    if !good {
        return Err(format!("invalid port {} after host", go_quote(port)));
    }
    match host.chars().find(|c| " \"<>\\^`{|}".contains(*c)) {
        Some(c) => Err(format!("invalid character {} in host name", go_quote(&c.to_string()))),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn a_url_says_host_and_path_and_nothing_else() {
        let cases = [
            ("https://a.example.org:8443/x", vec![]),
            ("https://[::1]:1/", vec![]),
            ("http://a/", vec!["'https' is the only allowed URL scheme"]),
            ("Not valid!", vec!["'https' is the only allowed URL scheme", "host must be specified"]),
            ("https://u:p@a/", vec!["user information"]),
            ("https://a/?b#c", vec!["fragments", "query parameters"]),
            (":x", vec!["missing protocol scheme"]),
            ("https://a:b/", vec!["invalid port \":b\" after host"]),
            ("https://a/%zz", vec!["invalid URL escape \"%zz\""]),
        ];
        for (url, expected) in cases {
            let (value, mut errors) = (Value::from(url), Vec::new());
            check(&At { value: &value, path: "url".to_owned() }, &mut errors);
            assert_eq!(errors.len(), expected.len(), "{url} {errors:?}");
            assert!(errors.iter().zip(expected).all(|(error, part)| error.message.contains(part)), "{url} {errors:?}");
        }
    }
}
