//! Questions that are asked by creating an object that is never stored: who am I, what may I do?
//!
//! Source: <https://kubernetes.io/docs/reference/access-authn-authz/authorization/#checking-api-access>.

mod check;

use backplane_apimachinery::{Status, apply};
use http::Response;
use http::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use serde_json::{Value, json};

use super::accept::{Accept, Offer};
use super::rbac::{Attributes, Rule};
use super::write::{self, Part, WriteOptions};
use super::{Call, Resource, authn, body, reply};
use crate::server::Body;
use crate::user::User;

/// Answers a review.
pub(super) fn answer(call: &Call<'_>, resource: &Resource<'_>) -> Result<Response<Body>, Status> {
    let accept = Accept::negotiate(call.header("accept"), Offer::One)?;
    if call.request.resource.as_ref().is_some_and(|request| request.name.is_some()) {
        return Err(Status::no_such_resource());
    }
    if call.request.verb != "create" {
        return Err(resource.not_allowed());
    }
    let mut review = body::object(call, &resource.kind)?;
    body::agree(resource, &mut review, None)?;
    let rules_of = review["spec"]["namespace"].as_str().unwrap_or_default();
    if resource.kind.kind == "SelfSubjectRulesReview" && rules_of.is_empty() {
        return Err(Status::bad_request("no namespace on request"));
    }
    let kind = resource.kind.kind.as_str();
    if !["SelfSubjectRulesReview", "SelfSubjectReview"].contains(&kind) {
        let options = WriteOptions::read(call)?;
        apply::track(None, &mut review, &resource.kind, &write::applier(resource, Part::Main, &options));
    }
    match kind {
        "TokenReview" => check::token(&review)?,
        "SelfSubjectAccessReview" | "SubjectAccessReview" | "LocalSubjectAccessReview" => check::access(&review, kind)?,
        _ => {}
    }
    let mut spec = review["spec"].take();
    let status = match kind {
        "SelfSubjectAccessReview" => access(call, &call.user, &spec),
        "SubjectAccessReview" | "LocalSubjectAccessReview" => access(call, &subject(&spec), &spec),
        "SelfSubjectRulesReview" => rules(call, spec["namespace"].as_str().unwrap_or_default()),
        "SelfSubjectReview" => json!({"userInfo": info(&call.user)}),
        "TokenReview" => token(call, spec["token"].as_str().unwrap_or_default()),
        _ => return Err(Status::no_such_resource()),
    };
    if kind == "SelfSubjectRulesReview" {
        spec = json!({});
    }
    if !spec.is_null() {
        review["spec"] = spec;
    } else if let Some(map) = review.as_object_mut() {
        map.remove("spec");
    }
    if kind == "SelfSubjectReview" {
        review["metadata"]["creationTimestamp"] = call.server.env.timestamp().into();
    }
    review["status"] = status;
    Ok(reply::json(201, &review, accept.format))
}

fn access(call: &Call<'_>, user: &User, spec: &Value) -> Value {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let path = &spec["nonResourceAttributes"];
    let wanted = &spec["resourceAttributes"];
    let verb = text(if path.is_object() { &path["verb"] } else { &wanted["verb"] });
    let (url, group, resource) = (text(&path["path"]), text(&wanted["group"]), text(&wanted["resource"]));
    let fields = ["subresource", "namespace", "name"].map(|field| text(&wanted[field]));
    let [subresource, namespace, name] = fields.each_ref().map(|field| (!field.is_empty()).then_some(field.as_str()));
    let asked = Attributes {
        user,
        verb: &verb,
        group: &group,
        resource: &resource,
        subresource,
        namespace,
        name,
        path: path.is_object().then_some(url.as_str()),
    };
    if user.is_master() {
        return json!({"allowed": true});
    }
    match call.server.rbac.rules(&call.server.storage).allow(&asked) {
        Some(why) => json!({"allowed": true, "reason": why}),
        None => json!({"allowed": false}),
    }
}

fn subject(spec: &Value) -> User {
    let groups: Vec<&str> = spec["groups"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let name = spec["user"].as_str().unwrap_or_default();
    User { groups: groups.into_iter().map(str::to_owned).collect(), name: name.to_owned(), ..User::default() }
}

fn rules(call: &Call<'_>, namespace: &str) -> Value {
    let rules = call.server.rbac.rules(&call.server.storage).rules_of(&call.user, Some(namespace));
    let (paths, resources): (Vec<Rule>, Vec<Rule>) = rules.into_iter().partition(|r| !r.non_resource_urls.is_empty());
    let resources: Vec<Value> = resources
        .iter()
        .map(|r| {
            let mut rule = json!({"verbs": r.verbs, "apiGroups": r.api_groups, "resources": r.resources});
            if !r.resource_names.is_empty() {
                rule["resourceNames"] = r.resource_names.clone().into();
            }
            rule
        })
        .collect();
    let paths: Vec<Value> =
        paths.iter().map(|r| json!({"verbs": r.verbs, "nonResourceURLs": r.non_resource_urls})).collect();
    json!({"resourceRules": resources, "nonResourceRules": paths, "incomplete": false})
}

/// A user as reviews show it.
pub(super) fn info(user: &User) -> Value {
    let mut info = json!({"username": user.name, "groups": user.groups});
    if !user.uid.is_empty() {
        info["uid"] = user.uid.as_str().into();
    }
    if !user.extra.is_empty() {
        info["extra"] = json!(user.extra);
    }
    info
}

fn token(call: &Call<'_>, token: &str) -> Value {
    let mut headers = HeaderMap::new();
    if let Ok(value) = HeaderValue::from_str(&format!("Bearer {token}")) {
        headers.insert(AUTHORIZATION, value);
    }
    match authn::authenticate(call.server, &headers) {
        Ok(user) if !token.is_empty() => json!({"authenticated": true, "user": info(&user)}),
        _ => json!({"user": {}, "error": "invalid bearer token"}),
    }
}
