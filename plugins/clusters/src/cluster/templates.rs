//! Templates: what Cluster API clones machines and their bootstrap from.
//!
//! A template is never changed, since Cluster API sees a change only in the name it refers to. Content that is not
//! there yet gets a new name: the plain one while it is free, else one with a fingerprint. Content that was there
//! before finds its old name again, so taking a change back does not make a third template.

use backplane_sdk::{Kind, Obj};
use serde_json::{Value, json};

use crate::api::Any;
use crate::intent::{Owner, Steer, annotate, label};
use crate::names;

/// A template that is wanted.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Template {
    pub(super) kind: Kind,
    /// The plain name.
    pub(super) base: String,
    /// The pool it is for.
    pub(super) pool: String,
    /// Content of `spec.template.spec`.
    pub(super) content: Value,
}

impl Template {
    /// The name under which this content is, or is to be, found.
    pub(super) fn name(&self, existing: &[(Kind, Obj<Any>)]) -> String {
        let fingerprint = fingerprint(&self.content);
        let alike = || existing.iter().filter(|(kind, _)| *kind == self.kind).map(|(_, template)| template);
        let same = alike().find(|template| {
            let of_pool = template.metadata.label(names::POOL) == Some(&self.pool);
            of_pool
                && !template.is_deleting()
                && template.metadata.annotation(names::TEMPLATE_HASH) == Some(&fingerprint)
        });
        match same {
            Some(template) => template.name().into(),
            None if alike().any(|template| template.name() == self.base) => {
                format!("{}-{}", self.base, &fingerprint[..8])
            }
            None => self.base.clone(),
        }
    }

    /// The intent under that name.
    pub(super) fn intent(&self, owner: &Owner, name: &str) -> Value {
        let mut template = owner.intent(&self.kind, name, Steer::Yes);
        label(
            &mut template,
            &[(names::CLUSTER_NAME, &owner.name), (names::CLUSTER, &owner.name), (names::POOL, &self.pool)],
        );
        annotate(&mut template, &[(names::TEMPLATE_HASH, &fingerprint(&self.content))]);
        template["spec"] = json!({"template": {"spec": self.content}});
        template
    }
}

/// 64-bit FNV-1a of the canonical text (members in order of their names): nobody attacks these names, and a chance
/// meeting of two contents of one pool is out of the question.
fn fingerprint(content: &Value) -> String {
    let hash = content
        .to_string()
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    format!("{hash:016x}")
}
