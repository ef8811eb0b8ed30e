//! The syntax of names, label keys and label values. Each check answers what is wrong, if anything.
//!
//! Source: `k8s.io/apimachinery/pkg/util/validation`.

/// A DNS subdomain (RFC 1123): what most objects are named by.
pub(crate) fn subdomain(name: &str) -> Option<String> {
    if name.len() > 253 {
        return Some(too_long(253));
    }
    is_malformed_subdomain(name)
}

fn is_malformed_subdomain(name: &str) -> Option<String> {
    (!name.split('.').all(is_label)).then(|| {
        "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start \
         and end with an alphanumeric character (e.g. 'example.com', regex used for validation is \
         '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
            .to_owned()
    })
}

/// A DNS label (RFC 1123).
pub(crate) fn label(name: &str) -> Option<String> {
    if name.len() > 63 {
        return Some(too_long(63));
    }
    if name.contains('.') && is_malformed_subdomain(name).is_none() {
        return Some("must not contain dots".to_owned());
    }
    (!is_label(name)).then(|| {
        "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end \
         with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is \
         '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
            .to_owned()
    })
}

/// A DNS label that starts with a letter (RFC 1035).
pub(crate) fn label_1035(name: &str) -> Option<String> {
    if name.len() > 63 {
        return Some(too_long(63));
    }
    let starts = name.starts_with(|c: char| c.is_ascii_lowercase());
    (!(starts && is_label(name))).then(|| {
        "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic \
         character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is \
         '[a-z]([-a-z0-9]*[a-z0-9])?')"
            .to_owned()
    })
}

/// A name that can stand in a path: RBAC objects.
pub(crate) fn path_segment(name: &str) -> Option<String> {
    match name {
        "." | ".." => Some(format!("may not be '{name}'")),
        _ if name.contains('/') => Some("may not contain '/'".to_owned()),
        _ if name.contains('%') => Some("may not contain '%'".to_owned()),
        _ => None,
    }
}

/// A label or annotation key, or a finalizer: a name with an optional DNS subdomain before a slash.
pub(crate) fn qualified(key: &str) -> Vec<String> {
    named("a qualified name", key)
}

/// A key of a label selector: as [`qualified`], in other words.
pub(crate) fn label_key(key: &str) -> Vec<String> {
    named("a valid label key", key)
}

fn named(what: &str, key: &str) -> Vec<String> {
    const SYNTAX: &str = "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an \
                          alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation \
                          is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
    let (prefix, name) = match key.split_once('/') {
        None => (None, key),
        Some((_, name)) if name.contains('/') => {
            return vec![format!(
                "{what} {SYNTAX} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"
            )];
        }
        Some((prefix, name)) => (Some(prefix), name),
    };
    let mut wrong = Vec::new();
    match prefix {
        Some("") => wrong.push("prefix part must be non-empty".to_owned()),
        Some(prefix) => {
            let why = if prefix.len() > 253 { Some(too_long(253)) } else { is_malformed_subdomain(prefix) };
            wrong.extend(why.map(|why| format!("prefix part {why}")));
        }
        None => {}
    }
    if name.is_empty() {
        wrong.push("name part must be non-empty".to_owned());
    } else if name.len() > 63 {
        wrong.push(format!("name part {}", too_long_part(63)));
    }
    if !is_word(name) {
        wrong.push(format!("name part {SYNTAX}"));
    }
    wrong
}

/// A label value.
pub(crate) fn label_value(value: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    if value.len() > 63 {
        wrong.push(too_long_part(63));
    }
    if !value.is_empty() && !is_word(value) {
        wrong.push(
            "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must \
             start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for \
             validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
                .to_owned(),
        );
    }
    wrong
}

/// Whole names are counted in characters, parts of labels in bytes; so says the real server.
pub(crate) fn too_long(max: usize) -> String {
    format!("must be no more than {max} characters")
}

fn too_long_part(max: usize) -> String {
    format!("must be no more than {max} bytes")
}

fn is_label(text: &str) -> bool {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let bytes = text.as_bytes();
    bytes.iter().all(|b| plain(*b) || *b == b'-')
        && bytes.first().is_some_and(|b| plain(*b))
        && bytes.last().is_some_and(|b| plain(*b))
}

fn is_word(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.iter().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(b))
        && bytes.first().is_some_and(u8::is_ascii_alphanumeric)
        && bytes.last().is_some_and(u8::is_ascii_alphanumeric)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_taken_or_refused_as_kubernetes_does() {
        type Case = (&'static str, fn(&str) -> bool, &'static [&'static str], &'static [&'static str]);
        let cases: [Case; 6] = [
            ("subdomain", |n| subdomain(n).is_none(), &["a", "a.b-c.d", "1a"], &["", "A", "a..b", "-a", "a_b"]),
            ("label", |n| label(n).is_none(), &["a", "1-a"], &["", "a.b", "a-"]),
            ("label 1035", |n| label_1035(n).is_none(), &["a", "a1"], &["1a", ""]),
            ("path segment", |n| path_segment(n).is_none(), &["system:node", "A b"], &[".", "a/b", "a%b"]),
            ("key", |n| qualified(n).is_empty(), &["a", "x.y/A_b.c"], &["", "/a", "a/", "a/b/c", "-a"]),
            ("value", |n| label_value(n).is_empty(), &["", "A_b.c"], &["-a", "a b"]),
        ];
        for (what, holds, good, bad) in cases {
            assert!(good.iter().all(|n| holds(n)), "{what}");
            assert!(bad.iter().all(|n| !holds(n)), "{what}");
        }
    }
}
