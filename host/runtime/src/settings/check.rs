//! What types cannot say about settings.

use std::path::Path;
use std::time::Duration;

use super::{CredentialSettings, EndpointSettings, PluginSettings, Problems, Settings};

/// Notes everything that cannot work.
pub(super) fn settings(settings: &Settings, problems: &mut Problems) {
    if let Some(kubeconfig) = &settings.cluster.kubeconfig {
        readable("cluster.kubeconfig", kubeconfig, problems);
    }
    if !is_dns_label(&settings.cluster.namespace) {
        problems.add("cluster.namespace", format!("{:?} is not a namespace name", settings.cluster.namespace));
    }
    if settings.engine.instances == 0 {
        problems.add("engine.instances", "must be at least 1");
    }
    for (i, kind) in settings.store.compress.iter().enumerate() {
        if !kind.starts_with(|c: char| c.is_ascii_uppercase()) || kind.contains('/') {
            let reason =
                format!("{kind:?} is no kind; write Kind or Kind.group, such as Pod or Machine.cluster.x-k8s.io");
            problems.add(format!("store.compress[{i}]"), reason);
        }
    }
    settings.replicas.check(problems);
    for (i, plugin) in settings.plugins.iter().enumerate() {
        check_plugin(&format!("plugin[{i}]"), plugin, problems);
    }
}

fn check_plugin(field: &str, plugin: &PluginSettings, problems: &mut Problems) {
    readable(&format!("{field}.path"), &plugin.path, problems);
    if plugin.shards.get() > 64 {
        problems.add(format!("{field}.shards"), "must be at most 64: each is a Lease that somebody renews");
    }
    let limits = &plugin.limits;
    if limits.deadline < Duration::from_millis(10) {
        problems.add(format!("{field}.limits.deadline"), "must be at least 10ms");
    }
    if limits.memory_bytes < 1 << 20 {
        problems.add(format!("{field}.limits.memory-bytes"), "must be at least 1048576: no guest starts with less");
    }
    for (name, value) in [("host-calls", limits.host_calls), ("output-bytes", limits.output_bytes)] {
        if value == 0 {
            problems.add(format!("{field}.limits.{name}"), "must be at least 1");
        }
    }
    for (name, endpoint) in &plugin.endpoints {
        check_endpoint(&format!("{field}.endpoints.{name}"), name, endpoint, problems);
    }
}

fn check_endpoint(field: &str, name: &str, endpoint: &EndpointSettings, problems: &mut Problems) {
    if !is_dns_label(name) {
        problems.add(field, format!("endpoint name {name:?} is not a DNS label"));
    }
    check_url(field, endpoint, problems);
    if endpoint.timeout.is_zero() {
        problems.add(format!("{field}.timeout"), "must be longer than nothing");
    }
    if let Some(
        CredentialSettings::Basic { password_file: file, .. } | CredentialSettings::Bearer { token_file: file },
    ) = &endpoint.credential
    {
        readable(&format!("{field}.credential"), file, problems);
    }
    if let Some(ca) = &endpoint.ca_file {
        readable(&format!("{field}.ca-file"), ca, problems);
    }
}

fn check_url(field: &str, endpoint: &EndpointSettings, problems: &mut Problems) {
    let field = format!("{field}.url");
    let url = endpoint.url.replace("{variant}", "x");
    let uri = match url.parse::<http::Uri>() {
        Ok(uri) => uri,
        Err(error) => return problems.add(field, format!("{:?} is not a URL: {error}", endpoint.url)),
    };
    match uri.scheme_str() {
        Some("https") => {}
        Some("http") if endpoint.allow_plain_http => {}
        Some("http") => {
            problems.add(&field, "is plain http; use https, or set allow-plain-http for a test endpoint");
        }
        _ => problems.add(&field, "must begin with https://"),
    }
    if uri.authority().is_some_and(|authority| authority.as_str().contains('@')) {
        problems.add(field, "must not hold a credential; use the credential key");
    }
}

fn readable(field: &str, path: &Path, problems: &mut Problems) {
    if let Err(error) = std::fs::File::open(path) {
        problems.add(field, format!("{} cannot be read: {error}", path.display()));
    }
}

/// RFC 1123 label: lower-case letters, digits and inner dashes, at most 63.
pub(crate) fn is_dns_label(text: &str) -> bool {
    let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    !text.is_empty() && text.len() <= 63 && text.chars().all(inner) && !text.starts_with('-') && !text.ends_with('-')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(text: &str) -> Vec<String> {
        match Settings::parse(Path::new("backplane.toml"), text, Path::new(".")) {
            Ok(_) => Vec::new(),
            Err(problems) => problems.to_string().lines().map(Into::into).collect(),
        }
    }

    #[test]
    fn everything_wrong_is_reported_at_once_with_its_field() {
        let found = problems(
            r#"
            observe = { listen = "nowhere" }
            engine = { instances = 0 }
            store = { compress = ["Pod", "apps/v1"], unpacked-bytes = 0 }
            replicas = { renew-deadline = "10s" }
            colour = "red"
            [[plugin]]
            path = "absent.wasm"
            endpoints.cloud.url = "http://example.org"
            limits = { deadline = "1ms", host-calls = 0 }
            [[plugin]]
            path = "absent.wasm"
            worker = 3
            "#,
        );
        for field in [
            "observe.listen",
            "engine.instances",
            "store.compress[1]",
            "replicas.renew-deadline",
            "colour",
            "plugin[0].path",
            "plugin[0].endpoints.cloud.url",
            "plugin[0].limits.deadline",
            "plugin[0].limits.host-calls",
            "plugin[1]",
        ] {
            assert!(
                found.iter().any(|line| line.starts_with(&format!("backplane.toml: {field}"))),
                "{field}: {found:#?}"
            );
        }
    }

    #[test]
    fn an_empty_file_is_every_default() {
        assert_eq!(problems(""), Vec::<String>::new());
    }

    #[test]
    fn text_that_is_not_toml_says_where() {
        let found = problems("a = [1,");
        assert!(found[0].contains("not TOML"), "{found:?}");
    }
}
