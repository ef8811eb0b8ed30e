//! Admission: every write is shown to the webhooks that want to see it, which may change or refuse it.
//!
//! ```text
//!   decoded, defaulted ─> mutating, by name, one after the other ─> prepared, valid? ─> validating, all at once ─> store
//!                             └ changed: pruned, defaulted; earlier ones that ask for it look once more
//! ```
//!
//! Mutating webhooks see a new object before it has a uid, as in kube-apiserver, and own no field of what they add. Left
//! out: reviews of kinds that are not stored, CONNECT (nothing can be connected to here), and patches of a Scale.
//!
//! Source: `k8s.io/apiserver/pkg/admission/plugin/webhook`.

mod answer;
mod call;
mod choose;
mod hook;
mod registered;
mod review;

use backplane_apimachinery::Status;
use serde_json::Value;

use super::Resource;
use crate::server::Inner;
use crate::user::User;
use choose::Chosen;
use registered::Phase;
pub(crate) use registered::{Known, any};

/// What is done to an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operation {
    Create,
    Update,
    Delete,
}

impl Operation {
    fn as_str(self) -> &'static str {
        match self {
            Self::Create => "CREATE",
            Self::Update => "UPDATE",
            Self::Delete => "DELETE",
        }
    }
}

/// A write as webhooks are told of it, apart from the object.
pub(crate) struct Admission<'a> {
    pub(crate) resource: &'a Resource<'a>,
    pub(crate) operation: Operation,
    pub(crate) subresource: Option<&'static str>,
    pub(crate) old: Option<&'a Value>,
    pub(crate) user: &'a User,
    /// `CreateOptions` and the like.
    pub(crate) options: Value,
    pub(crate) dry_run: bool,
}

impl Admission<'_> {
    /// Whether a mutating webhook wants to see this object.
    pub(crate) fn mutates(&self, object: Option<&Value>) -> bool {
        !choose::of(self, Phase::Mutating, object).is_empty()
    }

    /// Lets the mutating webhooks change an object.
    ///
    /// # Errors
    /// What a webhook refused, or 500 for one that does not answer and must.
    pub(crate) fn mutate(&self, object: &mut Value, warnings: &mut Vec<String>) -> Result<(), Status> {
        let mut again: Vec<String> = Vec::new();
        let mut seen: Vec<Chosen> = Vec::new();
        for chosen in choose::covering(self, Phase::Mutating) {
            // Asked here: earlier webhooks may have changed what the selectors look at.
            if !choose::takes(self, &chosen, Some(object)) {
                continue;
            }
            if self.change(&chosen, object, warnings)? {
                again.extend(
                    seen.iter().filter(|earlier| earlier.hook.reinvoked).map(|earlier| earlier.hook.id.clone()),
                );
            }
            seen.push(chosen);
        }
        for chosen in seen.iter().filter(|chosen| again.contains(&chosen.hook.id)) {
            if choose::takes(self, chosen, Some(object)) {
                self.change(chosen, object, warnings)?;
            }
        }
        Ok(())
    }

    /// Tells mutating webhooks of a deletion; there is nothing that they could change.
    ///
    /// # Errors
    /// As [`Admission::mutate`].
    pub(crate) fn announce(&self, warnings: &mut Vec<String>) -> Result<(), Status> {
        for chosen in choose::of(self, Phase::Mutating, None) {
            call::ask(self, std::slice::from_ref(&chosen), None, warnings)?;
        }
        Ok(())
    }

    /// Asks the validating webhooks about an object as it will be stored.
    ///
    /// # Errors
    /// As [`Admission::mutate`].
    pub(crate) fn validate(&self, object: Option<&Value>, warnings: &mut Vec<String>) -> Result<(), Status> {
        let chosen = choose::of(self, Phase::Validating, object);
        if chosen.is_empty() {
            return Ok(());
        }
        call::ask(self, &chosen, object, warnings).map(drop)
    }

    /// Whether the webhook changed the object.
    fn change(&self, chosen: &Chosen, object: &mut Value, warnings: &mut Vec<String>) -> Result<bool, Status> {
        let answers = call::ask(self, std::slice::from_ref(chosen), Some(object), warnings)?;
        let Some(patched) = answers.into_iter().flatten().next() else { return Ok(false) };
        let mut patched = self.resource.in_version(patched)?;
        self.resource.kind.prune(&mut patched);
        self.resource.kind.default(&mut patched);
        let changed = patched != *object;
        *object = patched;
        Ok(changed)
    }

    fn server(&self) -> &Inner {
        self.resource.server
    }

    fn name(&self, object: Option<&Value>) -> String {
        let name = |object: &Value| object["metadata"]["name"].as_str().map(str::to_owned);
        object.and_then(name).or_else(|| self.old.and_then(name)).unwrap_or_default()
    }
}
