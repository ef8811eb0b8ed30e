//! Who is asking.

use std::collections::BTreeMap;

/// The group that may do everything.
pub(crate) const MASTERS: &str = "system:masters";
/// The group of everybody who is known.
pub(crate) const AUTHENTICATED: &str = "system:authenticated";
/// The group of everybody who is not.
pub(crate) const UNAUTHENTICATED: &str = "system:unauthenticated";
/// The name of everybody who is not known.
pub(crate) const ANONYMOUS: &str = "system:anonymous";

const SERVICE_ACCOUNT: &str = "system:serviceaccount:";

/// An authenticated (or anonymous) user.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct User {
    pub(crate) name: String,
    pub(crate) uid: String,
    pub(crate) groups: Vec<String>,
    pub(crate) extra: BTreeMap<String, Vec<String>>,
}

impl User {
    /// A known user: gets the groups that Kubernetes adds to those given.
    pub(crate) fn known(name: &str, groups: &[impl AsRef<str>]) -> Self {
        let mut all: Vec<String> = groups.iter().map(|group| group.as_ref().to_owned()).collect();
        if all.is_empty() {
            all.extend(service_account_groups(name));
        }
        if name != ANONYMOUS && !all.iter().any(|group| group == AUTHENTICATED || group == UNAUTHENTICATED) {
            all.push(AUTHENTICATED.to_owned());
        }
        Self { name: name.to_owned(), groups: all, ..Self::default() }
    }

    /// Nobody in particular.
    pub(crate) fn anonymous() -> Self {
        Self { name: ANONYMOUS.into(), groups: vec![UNAUTHENTICATED.into()], ..Self::default() }
    }

    /// Whether authorisation is skipped.
    pub(crate) fn is_master(&self) -> bool {
        self.in_group(MASTERS)
    }

    /// Whether the user is in a group.
    pub(crate) fn in_group(&self, group: &str) -> bool {
        self.groups.iter().any(|g| g == group)
    }
}

/// Splits `system:serviceaccount:<namespace>:<name>`.
pub(crate) fn service_account(user: &str) -> Option<(&str, &str)> {
    let (namespace, name) = user.strip_prefix(SERVICE_ACCOUNT)?.split_once(':')?;
    (!namespace.is_empty() && !name.is_empty() && !name.contains(':')).then_some((namespace, name))
}

/// The groups that every service account is in.
pub(crate) fn service_account_groups(user: &str) -> Vec<String> {
    match service_account(user) {
        Some((namespace, _)) => vec!["system:serviceaccounts".into(), format!("system:serviceaccounts:{namespace}")],
        None => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_account_is_in_the_groups_of_its_kind() {
        let groups = User::known("system:serviceaccount:ns:name", &[] as &[&str]).groups;
        assert_eq!(groups, ["system:serviceaccounts", "system:serviceaccounts:ns", "system:authenticated"]);
        assert_eq!(User::known("jane", &["dev"]).groups, ["dev", "system:authenticated"]);
        assert_eq!(service_account("system:serviceaccount:ns"), None);
    }
}
