//! Where things are on the API server.

use std::fmt::Write;

use backplane_core::Kind;

/// A kind as the API server serves it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Resource {
    pub(crate) kind: Kind,
    /// Lower-case plural, such as `kdcclusters`.
    pub(crate) plural: String,
    pub(crate) namespaced: bool,
}

impl Resource {
    /// The path of the collection; over all namespaces if none is given.
    pub(crate) fn collection(&self, namespace: Option<&str>) -> String {
        let root = root(&self.kind.group, &self.kind.version);
        match namespace.filter(|_| self.namespaced) {
            Some(namespace) => format!("{root}/namespaces/{}/{}", encode(namespace), self.plural),
            None => format!("{root}/{}", self.plural),
        }
    }

    /// The path of one object, or of a subresource of it.
    pub(crate) fn object(&self, namespace: Option<&str>, name: &str, subresource: Option<&str>) -> String {
        let object = format!("{}/{}", self.collection(namespace), encode(name));
        subresource.map_or(object.clone(), |sub| format!("{object}/{sub}"))
    }
}

/// The path under which a group and version are served.
pub(crate) fn root(group: &str, version: &str) -> String {
    if group.is_empty() { format!("/api/{version}") } else { format!("/apis/{group}/{version}") }
}

/// Percent-encodes everything that could end a path segment or a query value.
///
/// Names come from guests: none may reach another path by way of a slash, a dot or a question mark.
pub(crate) fn encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let only_dots = text.chars().all(|c| c == '.');
    for byte in text.bytes() {
        let plain = byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'~') || (byte == b'.' && !only_dots);
        if plain {
            out.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_leaves_its_path_segment() {
        let resource =
            Resource { kind: Kind::new("apps", "v1", "Deployment"), plural: "deployments".into(), namespaced: true };
        let cases = [
            (Some("n"), "a.b-c", "/apis/apps/v1/namespaces/n/deployments/a.b-c"),
            (Some("n"), "../x", "/apis/apps/v1/namespaces/n/deployments/..%2Fx"),
            (Some("n"), "..", "/apis/apps/v1/namespaces/n/deployments/%2E%2E"),
            (Some("n/../m"), "a?b#c", "/apis/apps/v1/namespaces/n%2F..%2Fm/deployments/a%3Fb%23c"),
            (None, "a:b", "/apis/apps/v1/deployments/a%3Ab"),
        ];
        for (namespace, name, expected) in cases {
            assert_eq!(resource.object(namespace, name, None), expected, "{name}");
        }
        assert_eq!(resource.object(None, "a", Some("status")), "/apis/apps/v1/deployments/a/status");
        let node = Resource { kind: Kind::new("", "v1", "Node"), plural: "nodes".into(), namespaced: false };
        assert_eq!(node.collection(Some("ignored")), "/api/v1/nodes");
    }
}
