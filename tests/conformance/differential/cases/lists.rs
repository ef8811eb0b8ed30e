//! Lists: selectors, pages, versions, tables, metadata only.

use http::Method;
use serde_json::json;

use super::super::case::*;
use super::{MAPS, map, path, table};

const TABLE: &str = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";
const PARTIAL: &str = "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io,application/json";
const PARTIALS: &str = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io,application/json";

pub(super) fn cases() -> Vec<Case> {
    let mut cases = vec![
        case("lists/pages", pages()),
        case("lists/selectors", [filled(), selectors()].into_iter().flatten().collect()),
        case("lists/forms", [filled(), forms()].into_iter().flatten().collect()),
        case("lists/versions", [filled(), versions()].into_iter().flatten().collect()),
        case("lists/empty", vec![get(MAPS), get(&format!("{MAPS}?limit=1")), get(MAPS).accept(TABLE)]),
    ];
    cases.extend(tables());
    cases
}

fn filled() -> Vec<Step> {
    let labelled = |name: &str, labels| json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "labels": labels}, "data": {"x": name}});
    vec![
        post(MAPS, labelled("a", json!({"app": "one", "tier": "front"}))).capture("first", "/metadata/resourceVersion"),
        post(MAPS, labelled("b", json!({"app": "one"}))),
        post(MAPS, labelled("c", json!({"app": "two", "tier": "back"}))),
        post(MAPS, labelled("d", json!({}))).capture("last", "/metadata/resourceVersion"),
    ]
}

fn pages() -> Vec<Step> {
    let mut steps = filled();
    steps.extend([
        get(&format!("{MAPS}?limit=3"))
            .capture("next", "/metadata/continue")
            .capture("seen", "/metadata/resourceVersion"),
        post(MAPS, map("e", json!({}))),
        delete(&path(MAPS, "d")),
        get(&format!("{MAPS}?limit=3&continue={{next}}")),
        get(&format!("{MAPS}?limit=0")),
        get(&format!("{MAPS}?limit=-1")),
        get(&format!("{MAPS}?limit=x")),
        get(&format!("{MAPS}?continue=nonsense")),
        get(&format!("{MAPS}?limit=1&labelSelector=app")).capture("selected", "/metadata/continue"),
        get(&format!("{MAPS}?limit=1&labelSelector=app&continue={{selected}}")),
        get(&format!("{MAPS}?limit=2&continue={{next}}&resourceVersion=1")),
        get(&format!("{MAPS}?limit=2&continue={{next}}&resourceVersion=0")),
        get(&format!("{MAPS}?limit=1&fieldSelector=metadata.name=b")),
    ]);
    steps
}

fn selectors() -> Vec<Step> {
    let labels = [
        "app=one",
        "app==one",
        "app!=one",
        "app",
        "!app",
        "app in (one,two)",
        "app notin (one)",
        "app=one,tier=front",
        "app=one,tier!=front",
        "app=",
        "tier",
        "app in (one",
        "app in ()",
        "=x",
        "app=one,",
        ",",
        "a b",
        "app>1",
        "app>one",
        "app<5",
        "UPPER=1",
        "app=-x",
        "x/y/z=1",
        "app in one",
    ];
    let fields = [
        "metadata.name=a",
        "metadata.name!=a",
        "metadata.name==b",
        "metadata.namespace=default",
        "metadata.name=a,metadata.name=b",
        "metadata.name",
        "spec.x=1",
        "data.x=1",
        "metadata.labels=1",
        "metadata.name=a,",
        "=a",
        "status.phase=x",
        "metadata.name>a",
    ];
    let encode = |text: &str| {
        text.replace(' ', "%20").replace('=', "%3D").replace(',', "%2C").replace('>', "%3E").replace('<', "%3C")
    };
    let mut steps: Vec<Step> =
        labels.iter().map(|text| get(&format!("{MAPS}?labelSelector={}", encode(text)))).collect();
    steps.extend(fields.iter().map(|text| get(&format!("{MAPS}?fieldSelector={}", encode(text)))));
    steps.push(get(&format!("{MAPS}?labelSelector=app%3Done&fieldSelector=metadata.name%3Db")));
    steps.push(get("/api/v1/configmaps?fieldSelector=metadata.namespace%3D{ns}"));
    steps.push(get("/api/v1/configmaps?fieldSelector=metadata.namespace%3D{ns},metadata.name%3Da"));
    steps.push(get("/api/v1/configmaps?labelSelector=tier%3Dnothing"));
    steps.push(get("/api/v1/namespaces?fieldSelector=metadata.name%3D{ns}"));
    steps.push(get("/api/v1/namespaces?fieldSelector=metadata.name%3D{ns},status.phase%3DActive"));
    steps
}

fn forms() -> Vec<Step> {
    let mut steps = Vec::new();
    for accept in [
        TABLE,
        PARTIALS,
        PARTIAL,
        "application/json",
        "application/yaml",
        "*/*",
        "",
        "text/html",
        "application/json;as=Table;v=v1;g=meta.k8s.io",
        "application/json;as=Table;v=v1beta1;g=meta.k8s.io",
        "application/json;as=Nonsense;v=v1;g=meta.k8s.io",
        "application/xml, application/json;q=0.5",
        "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io",
    ] {
        steps.push(get(&path(MAPS, "a")).accept(accept));
        steps.push(get(MAPS).accept(accept));
    }
    for include in ["None", "Metadata", "Object", "Nonsense", ""] {
        steps.push(get(&format!("{MAPS}?includeObject={include}")).accept(TABLE));
    }
    steps.extend([
        get(&format!("{MAPS}?limit=1")).accept(TABLE),
        get(&format!("{MAPS}?limit=1")).accept(PARTIALS),
        merge(&path(MAPS, "a"), json!({"data": {"y": "1"}})).accept(TABLE),
        merge(&path(MAPS, "a"), json!({"data": {"y": "2"}})).accept(PARTIAL),
        post(MAPS, map("n", json!({}))).accept(TABLE),
        post(MAPS, map("o", json!({}))).accept(PARTIAL),
        delete(&path(MAPS, "n")).accept(PARTIAL),
        delete(&path(MAPS, "o")).accept(TABLE),
        get(&path(MAPS, "none")).accept(TABLE),
        get(&path(MAPS, "none")).accept("application/yaml"),
        get(&format!("{MAPS}?pretty=true")),
    ]);
    steps.push(raw(Method::HEAD, &path(MAPS, "a"), "application/json", ""));
    steps
}

fn versions() -> Vec<Step> {
    let list = |query: &str| get(&format!("{MAPS}?{query}"));
    vec![
        // First, so that the caches of the real server have come so far before anything may be answered from them.
        list("resourceVersion={last}"),
        list("resourceVersion=0"),
        list("resourceVersion={first}"),
        list("resourceVersion={first}&resourceVersionMatch=Exact"),
        list("resourceVersion={first}&resourceVersionMatch=NotOlderThan"),
        list("resourceVersion=0&resourceVersionMatch=Exact"),
        list("resourceVersion=0&resourceVersionMatch=NotOlderThan"),
        list("resourceVersionMatch=Exact"),
        list("resourceVersionMatch=NotOlderThan"),
        list("resourceVersion={last}&resourceVersionMatch=Nonsense"),
        list("resourceVersion=nonsense"),
        list("resourceVersion=-1"),
        list("resourceVersion=99999999"),
        list("resourceVersion=99999999&resourceVersionMatch=Exact"),
        list("resourceVersion={first}&limit=2"),
        list("resourceVersion={first}&limit=2&resourceVersionMatch=Exact"),
        list("resourceVersion={last}&limit=2&resourceVersionMatch=NotOlderThan"),
        list("sendInitialEvents=true"),
        list("sendInitialEvents=true&resourceVersionMatch=NotOlderThan"),
        list("allowWatchBookmarks=true"),
        list("timeoutSeconds=5"),
        list("timeoutSeconds=x"),
        list("unknown=parameter"),
        get(&format!("{MAPS}/a?resourceVersion={{last}}")),
        get(&format!("{MAPS}/a?resourceVersion=0")),
        get(&format!("{MAPS}/a?resourceVersion=99999999")),
        get(&format!("{MAPS}/a?resourceVersion=nonsense")),
    ]
}

/// What `kubectl get` prints for the built-in kinds.
fn tables() -> Vec<Case> {
    let core = "/api/v1/namespaces/{ns}";
    let apps = "/apis/apps/v1/namespaces/{ns}";
    let template =
        || json!({"metadata": {"labels": {"app": "x"}}, "spec": {"containers": [{"name": "c", "image": "i"}]}});
    let workload = || json!({"selector": {"matchLabels": {"app": "x"}}, "template": template()});
    let rows = vec![
        ("secret", (format!("{core}/secrets"), "v1", "Secret", json!({"data": {"a": "eA=="}}))),
        (
            "service",
            (
                format!("{core}/services"),
                "v1",
                "Service",
                json!({"spec": {"ports": [{"port": 80}], "selector": {"a": "b"}}}),
            ),
        ),
        (
            "headless service",
            (
                format!("{core}/services"),
                "v1",
                "Service",
                json!({"spec": {"clusterIP": "None", "ports": [{"port": 80}, {"port": 81, "name": "b"}]}}),
            ),
        ),
        ("service account", (format!("{core}/serviceaccounts"), "v1", "ServiceAccount", json!({}))),
        ("pod", (format!("{core}/pods"), "v1", "Pod", json!({"spec": {"containers": [{"name": "c", "image": "i"}]}}))),
        (
            "event",
            (
                format!("{core}/events"),
                "v1",
                "Event",
                json!({"involvedObject": {"kind": "Pod", "name": "p", "namespace": "{ns}"}, "reason": "r", "message": "m", "type": "Normal"}),
            ),
        ),
        (
            "endpoints",
            (
                format!("{core}/endpoints"),
                "v1",
                "Endpoints",
                json!({"subsets": [{"addresses": [{"ip": "1.2.3.4"}], "ports": [{"port": 80}]}]}),
            ),
        ),
        (
            "claim",
            (
                format!("{core}/persistentvolumeclaims"),
                "v1",
                "PersistentVolumeClaim",
                json!({"spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}}),
            ),
        ),
        ("deployment", (format!("{apps}/deployments"), "apps/v1", "Deployment", json!({"spec": workload()}))),
        ("replica set", (format!("{apps}/replicasets"), "apps/v1", "ReplicaSet", json!({"spec": workload()}))),
        ("stateful set", (format!("{apps}/statefulsets"), "apps/v1", "StatefulSet", json!({"spec": workload()}))),
        ("daemon set", (format!("{apps}/daemonsets"), "apps/v1", "DaemonSet", json!({"spec": workload()}))),
        (
            "job",
            (
                "/apis/batch/v1/namespaces/{ns}/jobs".into(),
                "batch/v1",
                "Job",
                json!({"spec": {"template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "c", "image": "i"}]}}}}),
            ),
        ),
        (
            "cron job",
            (
                "/apis/batch/v1/namespaces/{ns}/cronjobs".into(),
                "batch/v1",
                "CronJob",
                json!({"spec": {"schedule": "0 0 * * *", "jobTemplate": {"spec": {"template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "c", "image": "i"}]}}}}}}),
            ),
        ),
        (
            "lease",
            (
                "/apis/coordination.k8s.io/v1/namespaces/{ns}/leases".into(),
                "coordination.k8s.io/v1",
                "Lease",
                json!({"spec": {"holderIdentity": "me", "leaseDurationSeconds": 15}}),
            ),
        ),
        (
            "role",
            (
                "/apis/rbac.authorization.k8s.io/v1/namespaces/{ns}/roles".into(),
                "rbac.authorization.k8s.io/v1",
                "Role",
                json!({"rules": [{"verbs": ["get"], "apiGroups": [""], "resources": ["pods"]}]}),
            ),
        ),
        (
            "role binding",
            (
                "/apis/rbac.authorization.k8s.io/v1/namespaces/{ns}/rolebindings".into(),
                "rbac.authorization.k8s.io/v1",
                "RoleBinding",
                json!({"roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "r"}, "subjects": [{"kind": "User", "name": "u"}]}),
            ),
        ),
        (
            "ingress",
            (
                "/apis/networking.k8s.io/v1/namespaces/{ns}/ingresses".into(),
                "networking.k8s.io/v1",
                "Ingress",
                json!({"spec": {"rules": [{"host": "a.b", "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": {"service": {"name": "s", "port": {"number": 80}}}}]}}]}}),
            ),
        ),
        (
            "network policy",
            (
                "/apis/networking.k8s.io/v1/namespaces/{ns}/networkpolicies".into(),
                "networking.k8s.io/v1",
                "NetworkPolicy",
                json!({"spec": {"podSelector": {}}}),
            ),
        ),
        (
            "disruption budget",
            (
                "/apis/policy/v1/namespaces/{ns}/poddisruptionbudgets".into(),
                "policy/v1",
                "PodDisruptionBudget",
                json!({"spec": {"minAvailable": 1, "selector": {"matchLabels": {"a": "b"}}}}),
            ),
        ),
        ("node", ("/api/v1/nodes".into(), "v1", "Node", json!({"spec": {"podCIDR": "10.1.0.0/24"}}))),
        (
            "volume",
            (
                "/api/v1/persistentvolumes".into(),
                "v1",
                "PersistentVolume",
                json!({"spec": {"capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"], "hostPath": {"path": "/x"}}}),
            ),
        ),
        (
            "storage class",
            (
                "/apis/storage.k8s.io/v1/storageclasses".into(),
                "storage.k8s.io/v1",
                "StorageClass",
                json!({"provisioner": "example.org/x"}),
            ),
        ),
        (
            "cluster role",
            (
                "/apis/rbac.authorization.k8s.io/v1/clusterroles".into(),
                "rbac.authorization.k8s.io/v1",
                "ClusterRole",
                json!({"rules": []}),
            ),
        ),
        (
            "cluster role binding",
            (
                "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings".into(),
                "rbac.authorization.k8s.io/v1",
                "ClusterRoleBinding",
                json!({"roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "r"}}),
            ),
        ),
    ];
    table("lists/table of a", rows, |(base, version, kind, content)| {
        let name = format!("table-{}", kind.to_lowercase());
        let mut object = json!({"apiVersion": version, "kind": kind, "metadata": {"name": name}});
        if let (Some(object), Some(content)) = (object.as_object_mut(), content.as_object()) {
            object.extend(content.clone());
        }
        let mut by_name = get(&path(&base, &name)).accept(TABLE);
        by_name.path.push_str("?includeObject=None");
        vec![
            post(&base, object),
            by_name,
            get(&format!("{base}?fieldSelector=metadata.name%3D{name}&includeObject=None")).accept(TABLE),
            merge(&path(&base, &name), json!({"metadata": {"labels": {"touched": "yes"}}})),
            put(&path(&base, &name), json!({"apiVersion": version, "kind": kind, "metadata": {"name": name}})),
            delete(&format!("{}?gracePeriodSeconds=0", path(&base, &name))),
        ]
    })
}
