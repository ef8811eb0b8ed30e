//! Discovery, version, health, OpenAPI.

use http::Method;

use super::super::case::*;

const AGGREGATED: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json";

/// Groups and versions of built-in kinds.
const GROUPS: [&str; 14] = [
    "apps",
    "batch",
    "autoscaling",
    "coordination.k8s.io",
    "rbac.authorization.k8s.io",
    "apiextensions.k8s.io",
    "authentication.k8s.io",
    "authorization.k8s.io",
    "events.k8s.io",
    "networking.k8s.io",
    "policy",
    "storage.k8s.io",
    "discovery.k8s.io",
    "admissionregistration.k8s.io",
];

pub(super) fn cases() -> Vec<Case> {
    let mut steps = vec![
        get("/api"),
        get("/api/v1").subset("/resources", "/name"),
        get("/api/v2"),
        get("/apis").subset("/groups", "/name"),
        get("/apis/nonsense"),
        get("/apis/nonsense/v1"),
        get("/apis/apps/v2"),
        get("/apis/apps/v1/nonsense"),
        get("/api/v1/nonsense"),
        get("/api/v1/namespaces/x/nonsense"),
        get("/api/v1/namespaces/x/nonsense/y"),
        get("/nonsense"),
        get("/version"),
        get("/version/"),
    ];
    for group in GROUPS {
        steps.push(get(&format!("/apis/{group}")).subset("/versions", "/version"));
        steps.push(get(&format!("/apis/{group}/v1")).subset("/resources", "/name"));
    }
    let cases = vec![
        case("discovery/documents", steps),
        case(
            "discovery/aggregated",
            vec![
                get("/api").accept(AGGREGATED).subset("/items/0/versions/0/resources", "/resource"),
                get("/apis")
                    .accept("application/json;g=apidiscovery.k8s.io;v=v1;as=APIGroupDiscoveryList,application/json")
                    .subset("/groups", "/name"),
                get("/api")
                    .accept(
                        "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json",
                    )
                    .subset("/items/0/versions/0/resources", "/resource"),
                get("/api")
                    .accept("application/json,application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList")
                    .subset("/items/0/versions/0/resources", "/resource"),
                get("/api").accept("text/html"),
                get("/api/v1").accept("application/yaml").subset("/resources", "/name"),
                get("/api/v1").accept("text/html"),
                get("/version").accept("text/html"),
            ],
        ),
        case(
            "discovery/health",
            vec![
                get("/healthz"),
                get("/livez"),
                get("/readyz"),
                get("/healthz/ping"),
                get("/healthz/nonsense"),
                get("/readyz/ping"),
                get("/livez?exclude=etcd"),
            ],
        ),
        case(
            "discovery/methods",
            vec![
                raw(Method::POST, "/version", "application/json", "{}"),
                raw(Method::POST, "/api", "application/json", "{}"),
                raw(Method::PUT, "/apis", "application/json", "{}").subset("/groups", "/name"),
                raw(Method::DELETE, "/apis/apps/v1", "application/json", ""),
                raw(Method::POST, "/nonsense", "application/json", "{}"),
                raw(Method::POST, "/healthz", "application/json", "{}"),
            ],
        ),
        case(
            "discovery/openapi",
            vec![
                get("/openapi/v3/nonsense"),
                get("/openapi/v3/api/v2"),
                get("/openapi/v3/apis/nonsense/v1"),
                get("/openapi"),
            ],
        ),
    ];
    cases
}
