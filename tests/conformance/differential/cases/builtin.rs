//! Built-in kinds: defaults, rules, immutable fields, status and scale.

mod workloads;

use serde_json::{Value, json};

use super::super::case::*;
use super::{MAPS, path, table};
use workloads::{deployment, deployments, pods, scale};

const SECRETS: &str = "/api/v1/namespaces/{ns}/secrets";
const SERVICES: &str = "/api/v1/namespaces/{ns}/services";
const DEPLOYMENTS: &str = "/apis/apps/v1/namespaces/{ns}/deployments";
const PODS: &str = "/api/v1/namespaces/{ns}/pods";
const LEASES: &str = "/apis/coordination.k8s.io/v1/namespaces/{ns}/leases";
const RBAC: &str = "/apis/rbac.authorization.k8s.io/v1/namespaces/{ns}";

pub(super) fn cases() -> Vec<Case> {
    let mut cases = vec![
        case("builtin/config maps", config_maps()),
        case("builtin/secrets", secrets()),
        case("builtin/service updates", service_updates()),
        case("builtin/scale", scale()),
        case("builtin/leases", leases()),
        case("builtin/roles", roles()),
        case("builtin/namespaces", namespaces()),
        case("builtin/nodes", nodes()),
        case("builtin/events", events()),
    ];
    cases.extend(table("builtin/service", services(), |spec| {
        vec![
            post(SERVICES, json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s"}, "spec": spec})),
            get(&path(SERVICES, "s")),
        ]
    }));
    cases.extend(table("builtin/deployment", deployments(), |change| vec![post(DEPLOYMENTS, deployment(change))]));
    cases.extend(table("builtin/pod", pods(), |spec| {
        vec![post(PODS, json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": spec}))]
    }));
    cases
}

fn map(fields: Value) -> Value {
    let mut object = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}});
    merge_into(&mut object, fields);
    object
}

fn merge_into(object: &mut Value, fields: Value) {
    if let (Some(object), Some(fields)) = (object.as_object_mut(), fields.as_object()) {
        object.extend(fields.clone());
    }
}

fn config_maps() -> Vec<Step> {
    let a = path(MAPS, "a");
    vec![
        post(MAPS, map(json!({"data": {"bad key": "1"}}))),
        post(MAPS, map(json!({"data": {"..": "1"}}))),
        post(MAPS, map(json!({"data": {"..x": "1"}}))),
        post(MAPS, map(json!({"data": {"": "1"}}))),
        post(MAPS, map(json!({"data": {"k".repeat(254): "1"}}))),
        post(MAPS, map(json!({"data": {"x": "1"}, "binaryData": {"x": "eA=="}}))),
        post(MAPS, map(json!({"binaryData": {"y": "not base 64"}}))),
        post(MAPS, map(json!({"data": {"x": "y".repeat(1_100_000)}}))),
        post(MAPS, map(json!({"data": {}, "binaryData": {"y": "eA=="}, "immutable": true}))),
        merge(&a, json!({"data": {"x": "1"}})),
        merge(&a, json!({"binaryData": {"y": "eQ=="}})),
        merge(&a, json!({"immutable": false})),
        merge(&a, json!({"immutable": null})),
        merge(&a, json!({"metadata": {"labels": {"x": "y"}}})),
        put(&a, map(json!({}))),
        put(&a, map(json!({"data": null, "immutable": true}))),
    ]
}

fn secret(fields: Value) -> Value {
    let mut object = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a"}});
    merge_into(&mut object, fields);
    object
}

fn secrets() -> Vec<Step> {
    let a = path(SECRETS, "a");
    vec![
        post(SECRETS, secret(json!({"data": {"x": "not base 64"}}))),
        post(SECRETS, secret(json!({"data": {"bad key": "eA=="}}))),
        post(SECRETS, secret(json!({"stringData": {"bad key": "x"}}))),
        post(SECRETS, secret(json!({"type": "kubernetes.io/tls", "data": {"tls.crt": "eA=="}}))),
        post(SECRETS, secret(json!({"type": "kubernetes.io/tls"}))),
        post(SECRETS, secret(json!({"type": "kubernetes.io/dockerconfigjson", "data": {}}))),
        post(SECRETS, secret(json!({"type": "kubernetes.io/dockerconfigjson", "data": {".dockerconfigjson": "eA=="}}))),
        post(SECRETS, secret(json!({"type": "kubernetes.io/dockercfg"}))),
        post(SECRETS, secret(json!({"type": "kubernetes.io/basic-auth", "data": {}}))),
        post(SECRETS, secret(json!({"type": "kubernetes.io/ssh-auth", "data": {}}))),
        post(SECRETS, secret(json!({"type": "kubernetes.io/service-account-token"}))),
        post(SECRETS, secret(json!({"stringData": {"x": "one", "y": "two"}, "data": {"x": "eA=="}}))),
        merge(&a, json!({"stringData": {"z": "three"}})),
        merge(&a, json!({"type": "other"})),
        merge(&a, json!({"data": {"x": null}})),
        put(&a, secret(json!({}))),
        merge(&a, json!({"immutable": true})),
        merge(&a, json!({"data": {"q": "eA=="}})),
        merge(&a, json!({"immutable": false})),
        put(&a, secret(json!({"type": "Other", "immutable": true}))),
        apply(
            &path(SECRETS, "b"),
            "m",
            json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "b"}, "stringData": {"x": "y"}}),
        ),
        apply(
            &path(SECRETS, "b"),
            "n",
            json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "b"}, "data": {"x": "eA=="}}),
        ),
        post(
            SECRETS,
            json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "e"}, "data": {"x": "", "y": null}}),
        ),
    ]
}

fn services() -> Vec<(&'static str, Value)> {
    vec![
        ("plain", json!({"ports": [{"port": 80}]})),
        (
            "named",
            json!({"ports": [{"port": 80, "name": "http", "targetPort": "web", "protocol": "UDP", "appProtocol": "h2c"}]}),
        ),
        ("two ports", json!({"ports": [{"port": 80, "name": "a"}, {"port": 81, "name": "b"}], "selector": {"x": "y"}})),
        ("two ports without names", json!({"ports": [{"port": 80}, {"port": 81}]})),
        ("same name", json!({"ports": [{"port": 80, "name": "a"}, {"port": 81, "name": "a"}]})),
        ("same port", json!({"ports": [{"port": 80, "name": "a"}, {"port": 80, "name": "b"}]})),
        ("no ports", json!({})),
        ("empty ports", json!({"ports": []})),
        ("headless", json!({"clusterIP": "None", "ports": [{"port": 80}]})),
        ("headless without ports", json!({"clusterIP": "None"})),
        ("external", json!({"type": "ExternalName", "externalName": "example.org"})),
        ("external without name", json!({"type": "ExternalName"})),
        ("external with a bad name", json!({"type": "ExternalName", "externalName": "a_b"})),
        ("node port", json!({"type": "NodePort", "ports": [{"port": 80}]})),
        ("given node port", json!({"type": "NodePort", "ports": [{"port": 80, "nodePort": 100}]})),
        ("node port of a cluster address", json!({"ports": [{"port": 80, "nodePort": 30999}]})),
        ("load balancer", json!({"type": "LoadBalancer", "ports": [{"port": 80}]})),
        (
            "load balancer without node ports",
            json!({"type": "LoadBalancer", "allocateLoadBalancerNodePorts": false, "loadBalancerClass": "e.org/x", "ports": [{"port": 80}]}),
        ),
        ("local traffic", json!({"type": "LoadBalancer", "externalTrafficPolicy": "Local", "ports": [{"port": 80}]})),
        ("sticky", json!({"sessionAffinity": "ClientIP", "ports": [{"port": 80}]})),
        ("bad affinity", json!({"sessionAffinity": "Nonsense", "ports": [{"port": 80}]})),
        ("bad type", json!({"type": "Nonsense", "ports": [{"port": 80}]})),
        ("bad protocol", json!({"ports": [{"port": 80, "protocol": "Nonsense"}]})),
        ("port zero", json!({"ports": [{"port": 0}]})),
        ("port too large", json!({"ports": [{"port": 65536}]})),
        ("bad target port", json!({"ports": [{"port": 80, "targetPort": 0}]})),
        ("bad target name", json!({"ports": [{"port": 80, "targetPort": "a_b"}]})),
        ("bad port name", json!({"ports": [{"port": 80, "name": "A"}]})),
        ("bad address", json!({"clusterIP": "1.2.3", "ports": [{"port": 80}]})),
        ("address out of range", json!({"clusterIP": "192.168.1.1", "ports": [{"port": 80}]})),
        ("bad external address", json!({"externalIPs": ["x"], "ports": [{"port": 80}]})),
        ("bad selector", json!({"selector": {"a b": "c"}, "ports": [{"port": 80}]})),
        ("two families", json!({"ipFamilyPolicy": "PreferDualStack", "ports": [{"port": 80}]})),
        ("needs two families", json!({"ipFamilyPolicy": "RequireDualStack", "ports": [{"port": 80}]})),
        (
            "source ranges",
            json!({"type": "LoadBalancer", "loadBalancerSourceRanges": ["10.0.0.0/8"], "ports": [{"port": 80}]}),
        ),
        (
            "bad source ranges",
            json!({"type": "LoadBalancer", "loadBalancerSourceRanges": ["x"], "ports": [{"port": 80}]}),
        ),
        (
            "unready addresses",
            json!({"publishNotReadyAddresses": true, "internalTrafficPolicy": "Local", "ports": [{"port": 80}]}),
        ),
    ]
}

fn service_updates() -> Vec<Step> {
    let s = path(SERVICES, "s");
    let service = |spec: Value| json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s"}, "spec": spec});
    vec![
        post(SERVICES, service(json!({"ports": [{"port": 80}]}))).capture("ip", "/spec/clusterIP"),
        put(&s, service(json!({"ports": [{"port": 81}]}))),
        merge(&s, json!({"spec": {"clusterIP": "10.96.0.77"}})),
        merge(&s, json!({"spec": {"type": "NodePort"}})),
        merge(&s, json!({"spec": {"type": "LoadBalancer"}})),
        merge(&s, json!({"status": {"loadBalancer": {"ingress": [{"ip": "1.2.3.4"}]}}})),
        merge(&format!("{s}/status"), json!({"status": {"loadBalancer": {"ingress": [{"ip": "1.2.3.4"}]}}})),
        merge(&format!("{s}/status"), json!({"status": {"loadBalancer": {"ingress": [{"ip": "nonsense"}]}}})),
        merge(&s, json!({"spec": {"type": "ClusterIP"}})),
        merge(&s, json!({"spec": {"type": "ExternalName", "externalName": "example.org"}})),
        merge(&s, json!({"spec": {"type": "ClusterIP", "externalName": null}})),
        post(
            SERVICES,
            json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "1s"}, "spec": {"ports": [{"port": 80}]}}),
        ),
        post(
            SERVICES,
            json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s".repeat(64)}, "spec": {"ports": [{"port": 80}]}}),
        ),
        get(&format!("{s}/proxy/x")).by("nobody"),
        get(&format!("{s}/nonsense")),
    ]
}

fn leases() -> Vec<Step> {
    let l = path(LEASES, "l");
    let lease = |spec: Value| json!({"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": "l"}, "spec": spec});
    vec![
        post(LEASES, lease(json!({"holderIdentity": "me", "leaseDurationSeconds": 0}))),
        post(LEASES, lease(json!({"renewTime": "nonsense"}))),
        post(
            LEASES,
            lease(
                json!({"holderIdentity": "me", "leaseDurationSeconds": 15, "acquireTime": "2001-01-01T00:00:00.000001Z", "renewTime": "2001-01-01T00:00:00Z", "leaseTransitions": 1}),
            ),
        ),
        merge(&l, json!({"spec": {"renewTime": "2001-01-01T00:00:01.5Z"}})),
        merge(&l, json!({"spec": {"leaseTransitions": -1}})),
        merge(&l, json!({"spec": {"renewTime": null, "holderIdentity": ""}})),
        merge(&l, json!({"spec": {"renewTime": "2001-01-01T01:00:00+01:00"}})),
        put(&l, lease(json!({}))),
        get(&format!("{l}/status")),
    ]
}

fn roles() -> Vec<Step> {
    let role = |rules: Value| json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": {"name": "r"}, "rules": rules});
    let binding = |fields: Value| {
        let mut object =
            json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding", "metadata": {"name": "b"}});
        merge_into(&mut object, fields);
        object
    };
    let (roles, bindings) = (format!("{RBAC}/roles"), format!("{RBAC}/rolebindings"));
    let reference = json!({"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "r"});
    vec![
        post(&roles, role(json!([{"verbs": []}]))),
        post(&roles, role(json!([{"verbs": ["get"]}]))),
        post(&roles, role(json!([{"verbs": ["get"], "resources": ["pods"]}]))),
        post(&roles, role(json!([{"verbs": ["get"], "nonResourceURLs": ["/x"]}]))),
        post(
            &roles,
            role(json!([{"verbs": ["get"], "apiGroups": [""], "resources": ["pods"], "resourceNames": ["x"]}])),
        ),
        merge(&path(&roles, "r"), json!({"rules": null})),
        put(
            &path(&roles, "r"),
            json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": {"name": "r"}}),
        ),
        post(&bindings, binding(json!({}))),
        post(&bindings, binding(json!({"roleRef": {"kind": "Role", "name": "r"}}))),
        post(
            &bindings,
            binding(json!({"roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Nonsense", "name": "r"}})),
        ),
        post(&bindings, binding(json!({"roleRef": reference, "subjects": [{"kind": "Nonsense", "name": "u"}]}))),
        post(&bindings, binding(json!({"roleRef": reference, "subjects": [{"kind": "ServiceAccount", "name": "u"}]}))),
        post(&bindings, binding(json!({"roleRef": reference, "subjects": [{"kind": "User", "name": ""}]}))),
        post(
            &bindings,
            binding(
                json!({"roleRef": reference, "subjects": [{"kind": "User", "name": "u"}, {"kind": "Group", "name": "g"}, {"kind": "ServiceAccount", "name": "s", "namespace": "{ns}"}]}),
            ),
        ),
        merge(&path(&bindings, "b"), json!({"roleRef": {"name": "other"}})),
        merge(&path(&bindings, "b"), json!({"subjects": null})),
        post(
            "/apis/rbac.authorization.k8s.io/v1/clusterroles",
            json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": "System:a/b"}, "rules": []}),
        ),
        post(
            "/apis/rbac.authorization.k8s.io/v1/clusterroles",
            json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": "System:A"}, "rules": [{"verbs": ["get"], "nonResourceURLs": ["/x/*"]}]}),
        ),
    ]
}

fn namespaces() -> Vec<Step> {
    let namespace = |metadata: Value| json!({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata});
    vec![
        post("/api/v1/namespaces", namespace(json!({"name": "builtin-one", "labels": {"a": "b"}}))),
        post("/api/v1/namespaces", namespace(json!({"name": "a.b"}))),
        post("/api/v1/namespaces", namespace(json!({"name": "n".repeat(64)}))),
        post("/api/v1/namespaces", namespace(json!({"generateName": "builtin-"})))
            .capture("generated", "/metadata/name"),
        put("/api/v1/namespaces/builtin-one", namespace(json!({"name": "builtin-one"}))),
        merge("/api/v1/namespaces/builtin-one", json!({"metadata": {"labels": {"kubernetes.io/metadata.name": "x"}}})),
        merge("/api/v1/namespaces/builtin-one", json!({"status": {"phase": "Terminating"}})),
        merge("/api/v1/namespaces/builtin-one/status", json!({"status": {"phase": "Terminating"}})),
        apply("/api/v1/namespaces/builtin-two", "m", namespace(json!({"name": "builtin-two", "labels": {"x": "y"}}))),
        get("/api/v1/namespaces/builtin-one/configmaps/x/y"),
    ]
}

fn nodes() -> Vec<Step> {
    let node = |fields: Value| {
        let mut node = json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "builtin-node"}});
        merge_into(&mut node, fields);
        node
    };
    vec![
        post(
            "/api/v1/nodes",
            node(
                json!({"status": {"capacity": {"cpu": "2"}, "addresses": [{"type": "InternalIP", "address": "1.2.3.4"}]}}),
            ),
        ),
        merge("/api/v1/nodes/builtin-node", json!({"spec": {"providerID": "x://y"}})),
        merge("/api/v1/nodes/builtin-node", json!({"spec": {"providerID": "x://z"}})),
        merge("/api/v1/nodes/builtin-node", json!({"spec": {"taints": [{"key": "a", "effect": "NoSchedule"}]}})),
        merge("/api/v1/nodes/builtin-node", json!({"spec": {"taints": [{"key": "a", "effect": "Nonsense"}]}})),
        strategic("/api/v1/nodes/builtin-node", json!({"spec": {"taints": [{"key": "b", "effect": "NoExecute"}]}})),
        strategic(
            "/api/v1/nodes/builtin-node/status",
            json!({"status": {"conditions": [{"type": "Ready", "status": "True"}]}}),
        ),
        strategic(
            "/api/v1/nodes/builtin-node/status",
            json!({"status": {"conditions": [{"type": "Other", "status": "True"}], "nodeInfo": {"kubeletVersion": "v1"}}}),
        ),
        merge("/api/v1/nodes/builtin-node", json!({"status": {"phase": "x"}})),
        apply(
            "/api/v1/nodes/builtin-node",
            "m",
            json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "builtin-node"}, "spec": {"unschedulable": true}}),
        ),
        get("/api/v1/nodes/builtin-node").accept("application/json;as=Table;v=v1;g=meta.k8s.io,application/json"),
        delete("/api/v1/nodes/builtin-node"),
    ]
}

fn events() -> Vec<Step> {
    let (core, new) = ("/api/v1/namespaces/{ns}/events", "/apis/events.k8s.io/v1/namespaces/{ns}/events");
    let event = |fields: Value| {
        let mut event = json!({"apiVersion": "v1", "kind": "Event", "metadata": {"name": "e"}});
        merge_into(&mut event, fields);
        event
    };
    let modern = |fields: Value| {
        let mut event = json!({"apiVersion": "events.k8s.io/v1", "kind": "Event", "metadata": {"name": "f"}});
        merge_into(&mut event, fields);
        event
    };
    vec![
        post(core, event(json!({}))),
        post(core, event(json!({"involvedObject": {"namespace": "other"}}))),
        post(
            core,
            event(
                json!({"involvedObject": {"kind": "Pod", "name": "p", "namespace": "{ns}"}, "message": "m", "reason": "r", "type": "Warning", "count": 2, "firstTimestamp": "2001-01-01T00:00:00Z", "source": {"component": "c"}}),
            ),
        ),
        get(&path(new, "e")),
        get(&format!("{core}?fieldSelector=involvedObject.name%3Dp")),
        get(&format!("{core}?fieldSelector=reason%3Dr,type%3DWarning")),
        get(&format!("{core}?fieldSelector=nonsense%3Dr")),
        merge(&path(core, "e"), json!({"count": 3})),
        post(new, modern(json!({"regarding": {"kind": "Pod", "name": "p", "namespace": "{ns}"}}))),
        post(
            new,
            modern(
                json!({"eventTime": "2001-01-01T00:00:00.000000Z", "reportingController": "e.org/c", "reportingInstance": "i", "action": "a", "reason": "r", "type": "Normal", "note": "n", "regarding": {"kind": "Pod", "name": "p", "namespace": "{ns}"}}),
            ),
        ),
        get(&path(core, "f")),
        merge(&path(new, "f"), json!({"note": "other"})),
        merge(&path(new, "f"), json!({"series": {"count": 2, "lastObservedTime": "2001-01-01T00:00:00.000000Z"}})),
    ]
}
