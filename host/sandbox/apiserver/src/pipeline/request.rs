//! What a request asks for: read from its method, path and query alone.
//!
//! Source: `k8s.io/apiserver/pkg/endpoints/request`.

use std::collections::HashMap;

use backplane_apimachinery::Status;
use http::Method;
use percent_encoding::percent_decode_str;

/// A request's parts that every later step looks at.
#[derive(Debug, Clone)]
pub(crate) struct RequestInfo {
    pub(crate) verb: &'static str,
    pub(crate) path: String,
    /// `None` for paths that are no resource, such as `/version`.
    pub(crate) resource: Option<ResourceRequest>,
    pub(crate) query: Query,
}

/// A request for a resource.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ResourceRequest {
    pub(crate) group: String,
    pub(crate) version: String,
    /// Plural.
    pub(crate) resource: String,
    pub(crate) subresource: Option<String>,
    pub(crate) namespace: Option<String>,
    pub(crate) name: Option<String>,
}

/// The parameters after the question mark; of repeated ones the first counts.
#[derive(Debug, Clone, Default)]
pub(crate) struct Query(HashMap<String, String>);

impl Query {
    fn parse(text: &str) -> Self {
        let mut parameters = HashMap::new();
        for (key, value) in form_urlencoded::parse(text.as_bytes()) {
            parameters.entry(key.into_owned()).or_insert_with(|| value.into_owned());
        }
        Self(parameters)
    }

    /// A parameter that is present and not empty.
    pub(crate) fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// A yes or no; a parameter without value means yes.
    pub(crate) fn flag(&self, key: &str) -> Option<bool> {
        self.0.get(key).map(|value| matches!(value.as_str(), "" | "1" | "t" | "T" | "true" | "True" | "TRUE"))
    }

    /// A parameter that is a number of either sign.
    ///
    /// # Errors
    /// 400 for anything else.
    pub(crate) fn signed(&self, key: &str) -> Result<Option<i64>, Status> {
        let Some(text) = self.get(key) else { return Ok(None) };
        let why = |_| Status::bad_request(format!("strconv.ParseInt: parsing {text:?}: invalid syntax"));
        text.parse().map(Some).map_err(why)
    }

    /// A parameter that is a number.
    pub(crate) fn number(&self, key: &str) -> Option<u64> {
        self.get(key)?.parse().ok()
    }
}

impl RequestInfo {
    /// Reads a request line.
    pub(crate) fn parse(method: &Method, uri: &http::Uri) -> Self {
        let query = Query::parse(uri.query().unwrap_or_default());
        let path = percent_decode_str(uri.path()).decode_utf8_lossy();
        let segments: Vec<&str> = path.trim_matches('/').split('/').collect();
        let (old_watch, segments) = without_watch(&segments);
        let resource = resource(&segments);
        let verb = match &resource {
            Some(_) if old_watch => "watch",
            Some(resource) => verb(method, resource.name.is_some(), query.flag("watch").unwrap_or(false)),
            None => method_verb(method),
        };
        Self { verb, path: uri.path().to_owned(), resource, query }
    }
}

/// The old paths of watches, `/api/v1/watch/...`, name a resource as if the word were not there.
fn without_watch<'a>(segments: &[&'a str]) -> (bool, Vec<&'a str>) {
    let at = if segments.first() == Some(&"api") { 2 } else { 3 };
    let old = segments.len() > at + 1 && segments[at] == "watch" && matches!(segments[0], "api" | "apis");
    let kept = segments.iter().enumerate().filter(|(i, _)| !(old && *i == at));
    (old, kept.map(|(_, segment)| *segment).collect())
}

fn resource(segments: &[&str]) -> Option<ResourceRequest> {
    let (group, version, rest) = match segments {
        ["api", version, rest @ ..] => ("", *version, rest),
        ["apis", group, version, rest @ ..] => (*group, *version, rest),
        _ => return None,
    };
    let (namespace, rest) = match rest {
        ["namespaces", namespace, of, ..] if !matches!(*of, "status" | "finalize") => (Some(*namespace), &rest[2..]),
        _ => (None, rest),
    };
    let (resource, rest) = rest.split_first()?;
    Some(ResourceRequest {
        group: group.to_owned(),
        version: version.to_owned(),
        resource: (*resource).to_owned(),
        subresource: (rest.len() > 1).then(|| rest[1..].join("/")),
        // No name at all means every namespace.
        namespace: namespace.filter(|name| !name.is_empty()).map(str::to_owned),
        name: rest.first().map(|name| (*name).to_owned()),
    })
}

fn verb(method: &Method, named: bool, watch: bool) -> &'static str {
    match (method.as_str(), named) {
        ("GET", true) => "get",
        ("GET", false) if watch => "watch",
        ("GET", false) => "list",
        ("POST", _) => "create",
        ("PUT", _) => "update",
        ("PATCH", _) => "patch",
        ("DELETE", true) => "delete",
        ("DELETE", false) => "deletecollection",
        ("HEAD", _) => "head",
        _ => "",
    }
}

fn method_verb(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "get",
        "HEAD" => "head",
        "POST" => "post",
        "PUT" => "put",
        "PATCH" => "patch",
        "DELETE" => "delete",
        "OPTIONS" => "options",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(method: Method, uri: &str) -> RequestInfo {
        RequestInfo::parse(&method, &uri.parse().unwrap())
    }

    #[test]
    fn a_path_names_a_resource_or_nothing() {
        let request = |group: &str, resource: &str, namespace: Option<&str>, name: Option<&str>, sub: Option<&str>| {
            Some(ResourceRequest {
                group: group.into(),
                version: "v1".into(),
                resource: resource.into(),
                namespace: namespace.map(Into::into),
                name: name.map(Into::into),
                subresource: sub.map(Into::into),
            })
        };
        let cases = [
            ("/api/v1/pods", request("", "pods", None, None, None)),
            ("/api/v1/namespaces", request("", "namespaces", None, None, None)),
            ("/api/v1/namespaces/a", request("", "namespaces", None, Some("a"), None)),
            ("/api/v1/namespaces/a/status", request("", "namespaces", None, Some("a"), Some("status"))),
            ("/api/v1/namespaces/a/pods", request("", "pods", Some("a"), None, None)),
            (
                "/apis/apps/v1/namespaces/a/deployments/b/scale",
                request("apps", "deployments", Some("a"), Some("b"), Some("scale")),
            ),
            ("/apis/rbac/v1/clusterroles/system%3Ax", request("rbac", "clusterroles", None, Some("system:x"), None)),
            ("/api/v1/watch/namespaces/a/pods/b", request("", "pods", Some("a"), Some("b"), None)),
            ("/api/v1/namespaces//pods/", request("", "pods", None, None, None)),
            ("/api/v1/namespaces/a/pods/b%2Flog", request("", "pods", Some("a"), Some("b"), Some("log"))),
            ("/api/v1", None),
            ("/apis/apps/v1", None),
            ("/version", None),
        ];
        for (path, expected) in cases {
            assert_eq!(parse(Method::GET, path).resource, expected, "{path}");
        }
    }

    #[test]
    fn the_verb_follows_from_method_name_and_watch() {
        let cases = [
            (Method::GET, "/api/v1/pods", "list"),
            (Method::GET, "/api/v1/pods?watch=true", "watch"),
            (Method::GET, "/api/v1/pods?watch=0", "list"),
            (Method::GET, "/api/v1/namespaces/a", "get"),
            (Method::GET, "/api/v1/watch/pods", "watch"),
            (Method::OPTIONS, "/api/v1/pods", ""),
            (Method::DELETE, "/api/v1/pods", "deletecollection"),
            (Method::DELETE, "/api/v1/nodes/a", "delete"),
            (Method::POST, "/api/v1/nodes", "create"),
            (Method::POST, "/version", "post"),
        ];
        for (method, uri, verb) in cases {
            assert_eq!(parse(method, uri).verb, verb, "{uri}");
        }
    }
}
