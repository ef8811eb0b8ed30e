//! What the operator lets a plugin do. A plugin may do what it declared *and* was granted, nothing else.

use std::fmt;

use crate::declaration::{Declaration, Verb};
use crate::object::Kind;

/// The operator's side of a plugin's permissions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Grant {
    /// Kinds it may read and write, or everything it declares.
    pub kinds: KindGrant,
    /// Namespaces it may touch; `None`: all. Cluster-scoped kinds are not affected.
    pub namespaces: Option<Vec<String>>,
    /// Endpoint names it may call.
    pub endpoints: Vec<String>,
}

/// Which declared kinds are granted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum KindGrant {
    /// Everything declared.
    #[default]
    Declared,
    /// Only these `Kind.group` (or `Kind` in the core group), with all declared verbs.
    Only(Vec<String>),
}

/// Why something is not permitted: which side said no.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// The plugin's own declaration does not list it.
    #[error("{what} is not declared by the plugin")]
    Undeclared {
        /// What was asked, such as `read of Secret`.
        what: String,
    },
    /// The operator did not grant it.
    #[error("{what} is not granted to the plugin")]
    Ungranted {
        /// What was asked.
        what: String,
    },
}

/// A declaration under its grant: answers every question about permission.
#[derive(Debug, Clone)]
pub struct Permissions {
    declaration: Declaration,
    grant: Grant,
}

impl Permissions {
    /// Joins what a plugin declares with what it is granted.
    pub fn new(declaration: Declaration, grant: Grant) -> Self {
        Self { declaration, grant }
    }

    /// What the plugin declared.
    pub fn declaration(&self) -> &Declaration {
        &self.declaration
    }

    /// May it read objects of this kind in this namespace?
    ///
    /// # Errors
    /// Says which side does not allow it.
    pub fn read(&self, kind: &Kind, namespace: Option<&str>) -> Result<(), Denied> {
        let d = &self.declaration;
        let declared = d.reconciles.contains(kind) || d.reads.iter().any(|read| read.kind == *kind);
        self.decide(declared, kind, namespace, || format!("read of {kind}"))
    }

    /// May it do `verb` to objects of this kind in this namespace?
    ///
    /// # Errors
    /// Says which side does not allow it.
    pub fn write(&self, kind: &Kind, namespace: Option<&str>, verb: Verb) -> Result<(), Denied> {
        let declared = self.declaration.writes.iter().any(|w| w.kind == *kind && w.verbs.contains(&verb));
        self.decide(declared, kind, namespace, || format!("{} of {kind}", verb.as_str()))
    }

    /// May it call this endpoint?
    ///
    /// # Errors
    /// Says which side does not allow it.
    pub fn endpoint(&self, name: &str) -> Result<(), Denied> {
        let what = || format!("endpoint {name:?}");
        if !self.declaration.endpoints.iter().any(|e| e == name) {
            return Err(Denied::Undeclared { what: what() });
        }
        if !self.grant.endpoints.iter().any(|e| e == name) {
            return Err(Denied::Ungranted { what: what() });
        }
        Ok(())
    }

    fn decide(
        &self,
        declared: bool,
        kind: &Kind,
        namespace: Option<&str>,
        what: impl Fn() -> String,
    ) -> Result<(), Denied> {
        if !declared {
            return Err(Denied::Undeclared { what: what() });
        }
        if !self.grant.kinds.allows(kind) {
            return Err(Denied::Ungranted { what: what() });
        }
        match (&self.grant.namespaces, namespace) {
            (Some(allowed), Some(ns)) if !allowed.iter().any(|a| a == ns) => {
                Err(Denied::Ungranted { what: format!("{} in namespace {ns}", what()) })
            }
            _ => Ok(()),
        }
    }
}

impl KindGrant {
    fn allows(&self, kind: &Kind) -> bool {
        match self {
            Self::Declared => true,
            Self::Only(names) => names.contains(&kind.to_string()),
        }
    }
}

impl fmt::Display for KindGrant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Declared => f.write_str("everything declared"),
            Self::Only(names) => f.write_str(&names.join(", ")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::declaration::{Read, Write};
    use crate::selector::Selector;

    fn permissions(grant: Grant) -> Permissions {
        let secret = Kind::new("", "v1", "Secret");
        let machine = Kind::new("cluster.x-k8s.io", "v1beta1", "Machine");
        Permissions::new(
            Declaration {
                reads: vec![Read { kind: secret, selector: Selector::default(), wakes: vec![] }],
                writes: vec![Write { kind: machine, verbs: vec![Verb::Apply] }],
                endpoints: vec!["cloud".into()],
                ..Declaration::default()
            },
            grant,
        )
    }

    #[test]
    fn what_was_not_declared_is_denied_whatever_the_grant() {
        let p = permissions(Grant { endpoints: vec!["other".into()], ..Grant::default() });
        let node = Kind::new("", "v1", "Node");
        assert!(matches!(p.read(&node, None), Err(Denied::Undeclared { .. })));
        assert!(matches!(p.endpoint("other"), Err(Denied::Undeclared { .. })));
        let machine = Kind::new("cluster.x-k8s.io", "v1beta1", "Machine");
        assert!(matches!(p.write(&machine, Some("a"), Verb::Delete), Err(Denied::Undeclared { .. })));
    }

    #[test]
    fn what_was_not_granted_is_denied_whatever_the_declaration() {
        let p = permissions(Grant {
            kinds: KindGrant::Only(vec!["Machine.cluster.x-k8s.io".into()]),
            namespaces: Some(vec!["a".into()]),
            endpoints: vec![],
        });
        let machine = Kind::new("cluster.x-k8s.io", "v1beta1", "Machine");
        assert!(p.write(&machine, Some("a"), Verb::Apply).is_ok());
        assert!(matches!(p.write(&machine, Some("b"), Verb::Apply), Err(Denied::Ungranted { .. })));
        assert!(matches!(p.read(&Kind::new("", "v1", "Secret"), Some("a")), Err(Denied::Ungranted { .. })));
        assert!(matches!(p.endpoint("cloud"), Err(Denied::Ungranted { .. })));
    }
}
