use base64::Engine as _;
use serde_json::json;

use super::*;
use crate::{Status, Token};

fn options() -> Options {
    let token = |token: &str, user: &str, groups: &[&str]| Token {
        token: token.into(),
        user: user.into(),
        groups: groups.iter().map(|g| (*g).to_owned()).collect(),
    };
    let tokens = vec![token("root", "root", &["system:masters"]), token("jane", "jane", &["dev"])];
    Options { tokens, bootstrap_tokens: true, anonymous: false, ..Options::default() }
}

async fn as_token(world: &World, token: &str, method: Method, uri: &str, more: &[(&str, &str)]) -> Answer {
    let bearer = format!("Bearer {token}");
    let mut headers = vec![("authorization", bearer.as_str())];
    headers.extend(more);
    world.send(method, uri, &headers, "").await
}

async fn bind(world: &World, name: &str, rule: Value, subject: Value) {
    let rbac = "/apis/rbac.authorization.k8s.io/v1/namespaces/default";
    world.post(&format!("{rbac}/roles"), json!({"metadata": {"name": name}, "rules": [rule]})).await.is(201);
    let binding = json!({"metadata": {"name": name}, "subjects": [subject],
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": name}});
    world.post(&format!("{rbac}/rolebindings"), binding).await.is(201);
}

#[tokio::test]
async fn a_token_says_who_is_asking_and_none_is_no_answer() {
    let world = World::with(options());
    assert_eq!(as_token(&world, "root", Method::GET, CONFIGMAPS, &[]).await.code, 200);
    assert_eq!(as_token(&world, "wrong", Method::GET, CONFIGMAPS, &[]).await.is(401).text("/reason"), "Unauthorized");
    world.send(Method::GET, "/version", &[("anonymous", "")], "").await.is(401);
    let open = World::new();
    open.send(Method::GET, "/version", &[("anonymous", "")], "").await.is(200);
    let refused = open.send(Method::GET, CONFIGMAPS, &[("anonymous", "")], "").await.is(403);
    assert!(refused.text("/message").contains("User \"system:anonymous\" cannot list resource \"configmaps\""));
}

#[tokio::test]
async fn a_role_permits_what_it_says_from_the_moment_it_is_bound() {
    let world = World::with(options());
    as_token(&world, "jane", Method::GET, CONFIGMAPS, &[]).await.is(403);
    let rule = json!({"apiGroups": [""], "resources": ["configmaps"], "verbs": ["list"]});
    bind(&world, "reader", rule, json!({"kind": "Group", "name": "dev"})).await;
    as_token(&world, "jane", Method::GET, CONFIGMAPS, &[]).await.is(200);
    as_token(&world, "jane", Method::GET, &format!("{CONFIGMAPS}/x"), &[]).await.is(403);
    as_token(&world, "jane", Method::GET, "/api/v1/namespaces/kube-system/configmaps", &[]).await.is(403);
    as_token(&world, "jane", Method::GET, "/apis", &[]).await.is(200);
}

#[tokio::test]
async fn the_aggregated_roles_hold_what_their_parts_permit() {
    let world = World::with(options());
    let rbac = "/apis/rbac.authorization.k8s.io/v1/namespaces/default/rolebindings";
    let bind = |role: &str, user: &str| {
        json!({"metadata": {"name": format!("{role}-{user}")}, "subjects": [{"kind": "User", "name": user}],
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role}})
    };
    world.post(rbac, bind("view", "viewer")).await.is(201);
    world.post(rbac, bind("admin", "boss")).await.is(201);
    let viewer = world.server.client_as("viewer", &[]);
    let boss = world.server.client_as("boss", &[]);
    let kind = |name: &str| backplane_core::Kind::new("", "v1", name);
    let code = |answer: Result<Vec<Value>, Status>| answer.map_or_else(|status| status.code(), |_| 200);
    for (kind, seen_by_viewer) in [(kind("ConfigMap"), 200), (kind("Secret"), 403)] {
        assert_eq!(code(viewer.list(&kind, Some("default"), "").await), seen_by_viewer, "{kind}");
        assert_eq!(code(boss.list(&kind, Some("default"), "").await), 200, "{kind}");
    }
}

#[tokio::test]
async fn only_those_who_may_impersonate_act_as_others() {
    let world = World::with(options());
    let account = "system:serviceaccount:default:robot";
    let as_robot = [("impersonate-user", account)];
    as_token(&world, "jane", Method::GET, CONFIGMAPS, &as_robot).await.is(403);
    let rule = json!({"apiGroups": [""], "resources": ["serviceaccounts"], "verbs": ["impersonate"], "resourceNames": ["robot"]});
    bind(&world, "impersonator", rule, json!({"kind": "User", "name": "jane"})).await;
    let refused = as_token(&world, "jane", Method::GET, CONFIGMAPS, &as_robot).await.is(403);
    assert!(refused.text("/message").contains(account), "{}", refused.body);
    let rule = json!({"apiGroups": [""], "resources": ["configmaps"], "verbs": ["list"]});
    bind(&world, "robots", rule, json!({"kind": "Group", "name": "system:serviceaccounts:default"})).await;
    let mut audit = world.server.audit();
    as_token(&world, "jane", Method::GET, CONFIGMAPS, &as_robot).await.is(200);
    let seen = audit.recv().await.unwrap();
    assert_eq!((seen.user.as_str(), seen.impersonator.as_deref(), seen.verb.as_str()), (account, Some("jane"), "list"));
    let with_group = [("impersonate-user", account), ("impersonate-group", "system:masters")];
    as_token(&world, "jane", Method::GET, CONFIGMAPS, &with_group).await.is(403);
    as_token(&world, "root", Method::GET, CONFIGMAPS, &with_group).await.is(200);
}

#[tokio::test]
async fn a_bootstrap_token_is_good_until_it_expires() {
    let world = World::with(options());
    let secrets = "/api/v1/namespaces/kube-system/secrets";
    let encode = |text: &str| base64::engine::general_purpose::STANDARD.encode(text);
    let secret = |id: &str, expiration: &str| {
        json!({"metadata": {"name": format!("bootstrap-token-{id}")}, "type": "bootstrap.kubernetes.io/token", "data": {
            "token-id": encode(id), "token-secret": encode("0123456789abcdef"), "expiration": encode(expiration),
            "usage-bootstrap-authentication": encode("true"), "auth-extra-groups": encode("system:bootstrappers:a")}})
    };
    world.post(secrets, secret("aaaaaa", "2999-01-01T00:00:00Z")).await.is(201);
    world.post(secrets, secret("bbbbbb", "2001-01-01T00:00:00Z")).await.is(201);
    let ask = |token: &'static str| as_token(&world, token, Method::GET, CONFIGMAPS, &[]);
    let refused = ask("aaaaaa.0123456789abcdef").await.is(403);
    assert!(refused.text("/message").contains("system:bootstrap:aaaaaa"), "{}", refused.body);
    ask("aaaaaa.fedcba9876543210").await.is(401);
    ask("bbbbbb.0123456789abcdef").await.is(401);
}

#[tokio::test]
async fn reviews_say_who_one_is_and_what_one_may_do() {
    let world = World::with(options());
    let rule = json!({"apiGroups": [""], "resources": ["configmaps"], "verbs": ["list"]});
    bind(&world, "reader", rule, json!({"kind": "User", "name": "jane"})).await;
    let review = |kind: &str, spec: Value| json!({"kind": kind, "spec": spec});
    let access = "/apis/authorization.k8s.io/v1/subjectaccessreviews";
    for (verb, allowed) in [("list", true), ("get", false)] {
        let asked = json!({"user": "jane", "resourceAttributes":
            {"namespace": "default", "verb": verb, "resource": "configmaps"}});
        let answer = world.post(access, review("SubjectAccessReview", asked)).await.is(201);
        assert_eq!(answer.body["status"]["allowed"], allowed, "{verb}");
    }
    let own = "/apis/authentication.k8s.io/v1/selfsubjectreviews";
    let me = world.post(own, json!({"kind": "SelfSubjectReview"})).await.is(201);
    assert_eq!(me.text("/status/userInfo/username"), "admin");
    world.get(own).await.is(405);
    let tokens = "/apis/authentication.k8s.io/v1/tokenreviews";
    let known = world.post(tokens, review("TokenReview", json!({"token": "jane"}))).await.is(201);
    assert_eq!((&known.body["status"]["authenticated"], known.text("/status/user/username")), (&json!(true), "jane"));
    let unknown = world.post(tokens, review("TokenReview", json!({"token": "x"}))).await.is(201);
    assert_eq!(unknown.body["status"], json!({"user": {}, "error": "invalid bearer token"}));
}
