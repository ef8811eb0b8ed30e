//! Security contexts of Pods and of their containers.
//!
//! Privileged containers are taken: whether a cluster has them is a flag of its API server, which nearly all set.

use serde_json::json;

use crate::builtin::rules::at::{At, Errors};
use crate::field::FieldError;
use crate::meta::names;

const SECCOMP: [&str; 3] = ["Localhost", "RuntimeDefault", "Unconfined"];
const APP_ARMOR: [&str; 3] = ["Localhost", "RuntimeDefault", "Unconfined"];

/// Of a whole Pod.
pub(super) fn of_pod(at: &At<'_>, errors: &mut Errors) {
    for field in ["fsGroup", "runAsUser", "runAsGroup"] {
        identity(&at.child(field), errors);
    }
    at.child("supplementalGroups").items().iter().for_each(|group| identity(group, errors));
    sysctls(&at.child("sysctls").items(), errors);
    listed(&at.child("fsGroupChangePolicy"), &["Always", "OnRootMismatch"], errors);
    profiles(at, errors);
    listed(&at.child("supplementalGroupsPolicy"), &["Merge", "Strict"], errors);
    listed(&at.child("seLinuxChangePolicy"), &["Recursive"], errors);
}

/// Of one container. `host_users` says whether users in the Pod are users of the node.
pub(super) fn of_container(at: &At<'_>, host_users: bool, errors: &mut Errors) {
    for field in ["runAsUser", "runAsGroup"] {
        identity(&at.child(field), errors);
    }
    let mount = at.child("procMount");
    listed(&mount, &["Default", "Unmasked"], errors);
    if host_users && mount.text() == "Unmasked" {
        errors.push(mount.invalid("`hostUsers` must be false to use `Unmasked`"));
    }
    seccomp(&at.child("seccompProfile"), errors);
    escalation(at, errors);
    windows(&at.child("windowsOptions"), errors);
    app_armor(&at.child("appArmorProfile"), errors);
}

fn profiles(at: &At<'_>, errors: &mut Errors) {
    seccomp(&at.child("seccompProfile"), errors);
    windows(&at.child("windowsOptions"), errors);
    app_armor(&at.child("appArmorProfile"), errors);
}

/// The number of a user or group.
fn identity(at: &At<'_>, errors: &mut Errors) {
    if at.is_set() && !(0..=i64::from(i32::MAX)).contains(&at.number()) {
        errors.push(at.invalid(&format!("must be between 0 and {}, inclusive", i32::MAX)));
    }
}

fn listed(at: &At<'_>, supported: &[&str], errors: &mut Errors) {
    if at.is_set() && !supported.contains(&at.text()) {
        errors.push(at.not_supported(supported));
    }
}

fn escalation(at: &At<'_>, errors: &mut Errors) {
    if at.child("allowPrivilegeEscalation").value != false {
        return;
    }
    if at.child("privileged").value == true {
        errors.push(at.invalid("cannot set `allowPrivilegeEscalation` to false and `privileged` to true"));
    }
    let added = at.below(&["capabilities", "add"]).items();
    for _ in added.iter().filter(|capability| capability.text() == "CAP_SYS_ADMIN") {
        errors.push(at.invalid("cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN"));
    }
}

fn sysctls(list: &[At<'_>], errors: &mut Errors) {
    for (i, name) in list.iter().map(|sysctl| sysctl.child("name")).enumerate() {
        if name.text().is_empty() {
            errors.push(name.required(""));
        } else if !is_sysctl(name.text()) {
            let why = "must have at most 253 characters and match regex \
                       ^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$";
            errors.push(name.invalid(why));
        } else if list[..i].iter().any(|other| other.child("name").text() == name.text()) {
            errors.push(name.duplicate());
        }
    }
}

/// Words of small letters, digits, hyphens and underscores, between points or slashes.
fn is_sysctl(name: &str) -> bool {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let word = |word: &str| {
        let bytes = word.as_bytes();
        let ends = [bytes.first(), bytes.last()].into_iter().all(|end| end.is_some_and(|b| plain(*b)));
        ends && bytes.iter().all(|b| plain(*b) || b"-_".contains(b))
    };
    name.len() <= 253 && name.split(['.', '/']).all(word)
}

fn seccomp(at: &At<'_>, errors: &mut Errors) {
    if !at.is_set() {
        return;
    }
    let (kind, profile) = (at.child("type"), at.child("localhostProfile"));
    if kind.text().is_empty() {
        errors.push(kind.required("type is required when seccompProfile is set"));
    } else if !SECCOMP.contains(&kind.text()) {
        errors.push(kind.not_supported(&SECCOMP));
    }
    if kind.text() == "Localhost" && !profile.is_set() {
        errors.push(profile.required("must be set when seccomp type is Localhost"));
    } else if kind.text() == "Localhost" {
        super::paths::below(&profile, profile.text(), errors);
    } else if profile.is_set() {
        let shown = format!(r#"{{"Type":{},"LocalhostProfile":{}}}"#, json!(kind.text()), profile.value);
        errors.push(FieldError::invalid_shown(&profile.path, &shown, "can only be set when seccomp type is Localhost"));
    }
}

fn app_armor(at: &At<'_>, errors: &mut Errors) {
    const NEEDED: &str = "must be set when AppArmor type is Localhost";
    if !at.is_set() {
        return;
    }
    let (kind, profile) = (at.child("type"), at.child("localhostProfile"));
    match kind.text() {
        "Localhost" if profile.text().is_empty() => errors.push(profile.required(NEEDED)),
        "Localhost" if profile.text().trim() != profile.text() => {
            errors.push(profile.invalid("must not be padded with whitespace"));
        }
        "Localhost" => {}
        "RuntimeDefault" | "Unconfined" if profile.is_set() => {
            errors.push(profile.invalid("can only be set when AppArmor type is Localhost"));
        }
        "RuntimeDefault" | "Unconfined" => {}
        "" => errors.push(kind.required("type is required when appArmorProfile is set")),
        _ => errors.push(kind.not_supported(&APP_ARMOR)),
    }
}

/// What can be said without knowing how Windows names its users.
fn windows(at: &At<'_>, errors: &mut Errors) {
    let name = at.child("gmsaCredentialSpecName");
    if name.is_set() {
        name.judged(names::subdomain(name.text()), errors);
    }
    for field in ["gmsaCredentialSpec", "runAsUserName"] {
        let text = at.child(field);
        if text.is_set() && text.text().is_empty() {
            errors.push(text.invalid(&format!("{field} cannot be an empty string")));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_is_told_where_it_is_and_only_then() {
        let cases = [
            (json!({"type": "Localhost"}), "seccompProfile.localhostProfile: Required value: must be set"),
            (
                json!({"type": "Unconfined", "localhostProfile": "p"}),
                r#"seccompProfile.localhostProfile: Invalid value: {"Type":"Unconfined","LocalhostProfile":"p"}: can only"#,
            ),
            (json!({}), "seccompProfile.type: Required value: type is required"),
        ];
        for (profile, expected) in cases {
            let context = json!({"seccompProfile": profile});
            let mut errors = Vec::new();
            of_container(&At::root(&context), true, &mut errors);
            assert!(errors[0].to_string().starts_with(expected), "{}", errors[0]);
        }
    }

    #[test]
    fn a_sysctl_is_words_between_points_or_slashes() {
        assert!(["kernel.shm_rmid_forced", "net/ipv4/conf.eth0", "a"].into_iter().all(is_sysctl));
        assert!(!["", ".a", "a..b", "A", "-a", "a b"].into_iter().any(is_sysctl));
    }
}
