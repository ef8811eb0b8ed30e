use serde_json::json;

use crate::kind::{ResourceKind, Scope, builtin};

fn kind(group: &str, name: &str) -> ResourceKind {
    builtin().into_iter().find(|k| k.group == group && k.kind == name).expect(name)
}

#[test]
fn every_kind_that_the_sandbox_promises_is_served() {
    let kinds = builtin();
    let wanted = [
        ("", "Namespace", "ns", Scope::Cluster),
        ("", "Node", "no", Scope::Cluster),
        ("", "Pod", "po", Scope::Namespaced),
        ("", "PersistentVolumeClaim", "pvc", Scope::Namespaced),
        ("apps", "Deployment", "deploy", Scope::Namespaced),
        ("batch", "CronJob", "cj", Scope::Namespaced),
        ("rbac.authorization.k8s.io", "ClusterRole", "", Scope::Cluster),
        ("apiextensions.k8s.io", "CustomResourceDefinition", "crd", Scope::Cluster),
        ("authorization.k8s.io", "SelfSubjectRulesReview", "", Scope::Cluster),
    ];
    for (group, name, short, scope) in wanted {
        let found = kinds.iter().find(|k| k.group == group && k.kind == name).expect(name);
        assert_eq!(found.scope, scope, "{name}");
        assert_eq!(found.short_names.first().map_or("", String::as_str), short, "{name}");
    }
    assert_eq!(kinds.len(), 39);
}

#[test]
fn a_small_deployment_becomes_what_the_api_server_stores() {
    let kind = kind("apps", "Deployment");
    let mut object = json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "namespace": "default"},
        "spec": {
            "selector": {"matchLabels": {"app": "web"}},
            "template": {
                "metadata": {"labels": {"app": "web"}, "creationTimestamp": null},
                "spec": {"containers": [{
                    "name": "c", "image": "nginx", "ports": [{"containerPort": 80}],
                    "resources": {"limits": {"cpu": 1}},
                }]},
            },
        },
    });
    assert_eq!(kind.prune(&mut object), Vec::<String>::new());
    kind.default(&mut object);
    assert_eq!(kind.validate(&object, None), []);
    let spec = &object["spec"];
    assert_eq!(spec["replicas"], 1);
    assert_eq!(
        spec["strategy"],
        json!({"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"}})
    );
    let container = &spec["template"]["spec"]["containers"][0];
    assert_eq!(container["imagePullPolicy"], "Always");
    assert_eq!(container["ports"], json!([{"containerPort": 80, "protocol": "TCP"}]));
    assert_eq!(container["resources"], json!({"limits": {"cpu": "1"}}));
    assert_eq!(spec["template"]["metadata"], json!({"labels": {"app": "web"}}));
}

#[test]
fn a_wrong_deployment_is_refused_in_the_words_of_its_kind() {
    let kind = kind("apps", "Deployment");
    let template =
        json!({"metadata": {"labels": {"app": "db"}}, "spec": {"containers": [{"name": "c", "image": "i"}]}});
    let spec = json!({"replicas": -1, "selector": {"matchLabels": {"app": "web"}}, "template": template});
    let mut object = json!({"metadata": {"name": "web", "namespace": "default"}, "spec": spec});
    kind.default(&mut object);
    let errors: Vec<String> = kind.validate(&object, None).iter().map(ToString::to_string).collect();
    let expected = [
        "spec.replicas: Invalid value: -1: must be greater than or equal to 0",
        "spec.template.metadata.labels: Invalid value: {\"app\":\"db\"}: `selector` does not match template `labels`",
    ];
    assert_eq!(errors, expected);
}

#[test]
fn a_kind_can_be_shared_between_threads() {
    fn shared<T: Send + Sync + 'static>() {}
    shared::<ResourceKind>();
}

#[test]
fn text_in_a_secret_is_stored_as_bytes() {
    let kind = kind("", "Secret");
    let mut object = json!({"metadata": {"name": "s", "namespace": "a"}, "stringData": {"k": "hello"}});
    kind.default(&mut object);
    assert_eq!(object["data"], json!({"k": "aGVsbG8="}));
    assert_eq!(object["type"], "Opaque");
    assert!(object.get("stringData").is_none());
}

#[test]
fn what_may_not_change_is_refused() {
    let kind = kind("", "ConfigMap");
    let old = json!({"metadata": {"name": "c", "namespace": "a"}, "immutable": true, "data": {"k": "1"}});
    let mut new = old.clone();
    new["data"]["k"] = "2".into();
    let errors = kind.validate(&new, Some(&old));
    assert_eq!(errors[0].to_string(), "data: Forbidden: field is immutable when `immutable` is set");
    new = old.clone();
    new["metadata"]["name"] = "d".into();
    let errors = kind.validate(&new, Some(&old));
    assert_eq!(errors[0].to_string(), r#"metadata.name: Invalid value: "d": field is immutable"#);
}
