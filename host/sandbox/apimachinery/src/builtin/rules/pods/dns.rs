//! How a Pod finds names.

use crate::builtin::rules::at::{At, Errors};
use crate::builtin::rules::texts;

const SERVERS: usize = 3;
const SEARCHES: usize = 32;
const SEARCH_CHARACTERS: usize = 2048;

pub(super) fn check(spec: &At<'_>, errors: &mut Errors) {
    let (policy, config) = (spec.child("dnsPolicy"), spec.child("dnsConfig"));
    let servers = config.child("nameservers");
    if policy.text() == "None" && !config.is_set() {
        errors.push(config.required("must provide `dnsConfig` when `dnsPolicy` is None"));
        return;
    } else if policy.text() == "None" && servers.len() == 0 {
        errors.push(servers.required("must provide at least one DNS nameserver when `dnsPolicy` is None"));
        return;
    }
    if servers.len() > SERVERS {
        errors.push(servers.invalid(&format!("must not have more than {SERVERS} nameservers")));
    }
    for server in servers.items() {
        server.judged(texts::address(server.text()), errors);
    }
    searches(&config.child("searches"), errors);
    for option in config.child("options").items() {
        if option.child("name").text().is_empty() {
            errors.push(option.required("must not be empty"));
        }
    }
}

fn searches(list: &At<'_>, errors: &mut Errors) {
    if list.len() > SEARCHES {
        errors.push(list.invalid(&format!("must not have more than {SEARCHES} search paths")));
    }
    let paths: Vec<&str> = list.items().iter().map(At::text).collect();
    if paths.join(" ").len() > SEARCH_CHARACTERS {
        let why =
            format!("must not have more than {SEARCH_CHARACTERS} characters (including spaces) in the search list");
        errors.push(list.invalid(&why));
    }
    for search in list.items().iter().filter(|search| search.text() != ".") {
        let name = search.text().strip_suffix('.').unwrap_or(search.text());
        errors.extend(domain(name).map(|why| search.invalid_value(name, &why)));
    }
}

/// What is wrong with a domain whose labels may begin with an underscore and have some inside.
fn domain(name: &str) -> Option<String> {
    let plain = |b: &u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let label = |label: &str| {
        let bytes = label.strip_prefix('_').unwrap_or(label).as_bytes();
        let ends = [bytes.first(), bytes.last()].into_iter().all(|end| end.is_some_and(plain));
        ends && bytes.iter().all(|b| plain(b) || b"-_".contains(b))
    };
    if name.len() > 253 {
        return Some(crate::meta::names::too_long(253));
    }
    (!name.split('.').all(label)).then(|| {
        "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '_', '-' or '.', and must \
         start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is \
         '_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?(\\._?[a-z0-9]([-_a-z0-9]*[a-z0-9])?)*')"
            .to_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_of_a_search_path_may_have_underscores() {
        assert!(["a", "_tcp.a-b", "a_b.c"].into_iter().all(|name| domain(name).is_none()));
        assert!(["", "a.", "-a", "a_", "__a", "A", "Not valid!"].into_iter().all(|name| domain(name).is_some()));
    }
}
