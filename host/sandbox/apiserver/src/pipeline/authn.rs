//! Who is asking: bearer tokens and bootstrap tokens, and whom they want to act as.

use std::collections::BTreeMap;

use backplane_apimachinery::Status;
use backplane_core::ObjectKey;
use base64::Engine as _;
use http::HeaderMap;
use http::header::AUTHORIZATION;
use percent_encoding::percent_decode_str;
use serde_json::Value;

use super::rbac::Attributes;
use crate::server::Inner;
use crate::storage::GroupResource;
use crate::user::{AUTHENTICATED, UNAUTHENTICATED, User, service_account_groups};

const BOOTSTRAPPERS: &str = "system:bootstrappers";

/// Finds out who sent a request.
///
/// # Errors
/// 401 for credentials that are wrong, or missing where they are needed.
pub(super) fn authenticate(server: &Inner, headers: &HeaderMap) -> Result<User, Status> {
    let Some(header) = headers.get(AUTHORIZATION) else {
        return if server.options.anonymous { Ok(User::anonymous()) } else { Err(Status::unauthorized()) };
    };
    let token = header.to_str().ok().and_then(bearer).ok_or_else(Status::unauthorized)?;
    let fixed = server.options.tokens.iter().find(|known| same(&known.token, token));
    if let Some(known) = fixed {
        return Ok(User::known(&known.user, &known.groups));
    }
    bootstrap(server, token).ok_or_else(Status::unauthorized)
}

fn bearer(header: &str) -> Option<&str> {
    let (scheme, token) = header.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// Compares in a time that does not tell where the difference is.
fn same(a: &str, b: &str) -> bool {
    a.len() == b.len() && a.bytes().zip(b.bytes()).fold(0, |sum, (x, y)| sum | (x ^ y)) == 0
}

/// Source: <https://kubernetes.io/docs/reference/access-authn-authz/bootstrap-tokens/>.
fn bootstrap(server: &Inner, token: &str) -> Option<User> {
    if !server.options.bootstrap_tokens {
        return None;
    }
    let (id, secret) = token.split_once('.')?;
    let key = ObjectKey { namespace: Some("kube-system".into()), name: format!("bootstrap-token-{id}") };
    let object = server.storage.get(&GroupResource::new("", "secrets"), &key)?.value();
    let data = |field: &str| secret_text(&object, field);
    let valid = object["type"] == "bootstrap.kubernetes.io/token"
        && !object["metadata"]["deletionTimestamp"].is_string()
        && data("token-id")? == id
        && same(&data("token-secret")?, secret)
        && data("usage-bootstrap-authentication").as_deref() == Some("true")
        && data("expiration").is_none_or(|at| at.parse::<jiff::Timestamp>().is_ok_and(|t| t > server.env.clock.now()));
    if !valid {
        return None;
    }
    let extra = data("auth-extra-groups").unwrap_or_default();
    let mut groups = vec![BOOTSTRAPPERS.to_owned()];
    groups.extend(extra.split(',').filter(|group| !group.is_empty()).map(str::to_owned));
    Some(User::known(&format!("system:bootstrap:{id}"), &groups))
}

fn secret_text(secret: &Value, field: &str) -> Option<String> {
    let bytes = base64::engine::general_purpose::STANDARD.decode(secret["data"][field].as_str()?).ok()?;
    String::from_utf8(bytes).ok()
}

/// The user that a request wants to act as, once each part is permitted; `None` if it acts as itself.
///
/// # Errors
/// 403 if the sender may not act so, 400 if a header makes no sense.
pub(super) fn impersonate(server: &Inner, user: &User, headers: &HeaderMap) -> Result<Option<User>, Status> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let groups: Vec<String> = values(headers, "impersonate-group");
    let extra = extra(headers);
    let Some(name) = text("impersonate-user") else {
        return nobody(&groups, &extra, text("impersonate-uid"));
    };
    let uid = text("impersonate-uid").unwrap_or_default().to_owned();
    for attributes in asked(user, name, &groups, &uid, &extra) {
        super::authz::require(server, &attributes)?;
    }
    let groups = complete(name, groups);
    Ok(Some(User { name: name.to_owned(), uid, groups, extra }))
}

/// Groups and the like are asked for only together with a user.
fn nobody(groups: &[String], extra: &BTreeMap<String, Vec<String>>, uid: Option<&str>) -> Result<Option<User>, Status> {
    let version = "authentication.k8s.io/v1";
    let mut stray: Vec<String> = groups.iter().map(|group| format!("{{Group  {group}    }}")).collect();
    let extras = extra.iter().flat_map(|(key, values)| values.iter().map(move |value| (key, value)));
    stray.extend(extras.map(|(key, value)| format!("{{UserExtra  {value}  {version}  {key}}}")));
    stray.extend(uid.map(|uid| format!("{{UID  {uid}  {version}  }}")));
    match stray.as_slice() {
        [] => Ok(None),
        stray => Err(Status::bad_request(format!("requested [{}] without impersonating a user", stray.join(" ")))),
    }
}

fn values(headers: &HeaderMap, name: &str) -> Vec<String> {
    headers.get_all(name).iter().filter_map(|value| value.to_str().ok()).map(str::to_owned).collect()
}

fn extra(headers: &HeaderMap) -> BTreeMap<String, Vec<String>> {
    let names = headers.keys().filter_map(|name| name.as_str().strip_prefix("impersonate-extra-"));
    names
        .map(|name| {
            let key = percent_decode_str(name).decode_utf8_lossy().into_owned();
            (key, values(headers, &format!("impersonate-extra-{name}")))
        })
        .collect()
}

fn asked<'a>(
    user: &'a User,
    name: &'a str,
    groups: &'a [String],
    uid: &'a str,
    extra: &'a BTreeMap<String, Vec<String>>,
) -> Vec<Attributes<'a>> {
    let base = Attributes { user, verb: "impersonate", ..Attributes::of(user) };
    let mut asked = vec![match crate::user::service_account(name) {
        Some((namespace, account)) => {
            Attributes { resource: "serviceaccounts", namespace: Some(namespace), name: Some(account), ..base }
        }
        None => Attributes { resource: "users", name: Some(name), ..base },
    }];
    asked.extend(groups.iter().map(|g| Attributes { resource: "groups", name: Some(g), ..base }));
    let authentication = Attributes { group: "authentication.k8s.io", ..base };
    if !uid.is_empty() {
        asked.push(Attributes { resource: "uids", name: Some(uid), ..authentication });
    }
    let extras = extra.iter().flat_map(|(key, values)| values.iter().map(move |value| (key, value)));
    asked.extend(extras.map(|(key, value)| Attributes {
        resource: "userextras",
        subresource: Some(key),
        name: Some(value),
        ..authentication
    }));
    asked
}

fn complete(name: &str, mut groups: Vec<String>) -> Vec<String> {
    if groups.is_empty() {
        groups = service_account_groups(name);
    }
    let marker = if name == crate::user::ANONYMOUS { UNAUTHENTICATED } else { AUTHENTICATED };
    if !groups.iter().any(|group| group == AUTHENTICATED || group == UNAUTHENTICATED) {
        groups.push(marker.to_owned());
    }
    groups
}
