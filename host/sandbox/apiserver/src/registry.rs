//! Which kinds are served right now: those of Kubernetes, and those of the definitions that are stored.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use backplane_apimachinery::ResourceKind;
use backplane_apimachinery::kind::version_rank;
use backplane_core::Kind;

use crate::pipeline::events::storage_group;
use crate::pipeline::openapi::Documents;
use crate::storage::GroupResource;

/// The groups of Kubernetes in the order in which discovery lists them. Source: the priorities of their `APIService`s.
const ORDER: [&str; 15] = [
    "apps",
    "events.k8s.io",
    "authentication.k8s.io",
    "authorization.k8s.io",
    "autoscaling",
    "batch",
    "certificates.k8s.io",
    "networking.k8s.io",
    "policy",
    "rbac.authorization.k8s.io",
    "storage.k8s.io",
    "admissionregistration.k8s.io",
    "apiextensions.k8s.io",
    "coordination.k8s.io",
    "discovery.k8s.io",
];

/// The served kinds; replaced as a whole when a definition changes.
pub(crate) struct Registry {
    current: RwLock<Arc<Kinds>>,
}

/// The served kinds at one moment.
#[derive(Default)]
pub(crate) struct Kinds {
    builtin: Vec<Arc<ResourceKind>>,
    /// By name of the definition; without kinds for one that was removed.
    custom: BTreeMap<String, Defined>,
    by_path: HashMap<(String, String, String), Arc<ResourceKind>>,
    by_kind: HashMap<Kind, Arc<ResourceKind>>,
    documents: OnceLock<Documents>,
    /// Whether a kind is converted by a webhook.
    converts: bool,
}

/// What one definition adds.
#[derive(Clone)]
struct Defined {
    revision: u64,
    /// Names the definition's spec: the same text, the same kinds.
    spec: String,
    kinds: Vec<Arc<ResourceKind>>,
}

/// One API group with its versions, the preferred one first.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Group {
    pub(crate) name: String,
    pub(crate) versions: Vec<String>,
}

impl Registry {
    /// The kinds of Kubernetes only.
    pub(crate) fn new() -> Self {
        let builtin = backplane_apimachinery::kind::builtin().into_iter().map(Arc::new).collect();
        Self { current: RwLock::new(Arc::new(Kinds::new(builtin, BTreeMap::new()))) }
    }

    /// The present kinds.
    pub(crate) fn kinds(&self) -> Arc<Kinds> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whether the kinds of this very spec of a definition are served already.
    pub(crate) fn serves_definition(&self, definition: &str, spec: &str) -> bool {
        self.kinds().custom.get(definition).is_some_and(|known| known.spec == spec)
    }

    /// Replaces the kinds of one definition, unless a later revision has already done so.
    pub(crate) fn define(&self, definition: &str, revision: u64, spec: String, kinds: Vec<ResourceKind>) {
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        if current.custom.get(definition).is_some_and(|known| known.revision > revision) {
            return;
        }
        let mut custom = current.custom.clone();
        let kinds = kinds.into_iter().map(Arc::new).collect();
        custom.insert(definition.to_owned(), Defined { revision, spec, kinds });
        *current = Arc::new(Kinds::new(current.builtin.clone(), custom));
    }
}

impl Kinds {
    fn new(builtin: Vec<Arc<ResourceKind>>, custom: BTreeMap<String, Defined>) -> Self {
        let mut kinds = Self { builtin, custom, ..Self::default() };
        let (mut by_path, mut by_kind) = (HashMap::new(), HashMap::new());
        for kind in kinds.all() {
            let path = (kind.group.clone(), kind.version.clone(), kind.plural.clone());
            by_path.entry(path).or_insert_with(|| Arc::clone(kind));
            by_kind.entry(kind.kind()).or_insert_with(|| Arc::clone(kind));
        }
        (kinds.by_path, kinds.by_kind) = (by_path, by_kind);
        kinds.converts =
            kinds.custom.values().flat_map(|defined| &defined.kinds).any(|kind| kind.conversion.webhook.is_some());
        kinds
    }

    /// Whether any kind is converted by a webhook.
    pub(crate) fn converts(&self) -> bool {
        self.converts
    }

    /// Every served kind, those of Kubernetes first.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Arc<ResourceKind>> {
        self.builtin.iter().chain(self.custom.values().flat_map(|defined| &defined.kinds))
    }

    /// The kind behind a path.
    pub(crate) fn resource(&self, group: &str, version: &str, plural: &str) -> Option<&Arc<ResourceKind>> {
        self.by_path.get(&(group.to_owned(), version.to_owned(), plural.to_owned()))
    }

    /// The kind of that name.
    pub(crate) fn kind(&self, kind: &Kind) -> Option<&Arc<ResourceKind>> {
        self.by_kind.get(kind)
    }

    /// Whether this is still how a kind is served, and not how it was before its definition changed.
    pub(crate) fn is_current(&self, kind: &Arc<ResourceKind>) -> bool {
        self.kind(&kind.kind()).is_some_and(|present| Arc::ptr_eq(present, kind))
    }

    /// Whether anything of this group and version is served.
    pub(crate) fn serves(&self, group: &str, version: &str) -> bool {
        self.all().any(|kind| kind.group == group && kind.version == version)
    }

    /// Whether Kubernetes' own kinds of this group are served.
    pub(crate) fn builds_in(&self, group: &str) -> bool {
        self.builtin.iter().any(|kind| kind.group == group)
    }

    /// The named groups in order: those of Kubernetes in its own order, then the others by name.
    pub(crate) fn groups(&self) -> Vec<Group> {
        let mut groups = Vec::new();
        self.all().for_each(|kind| add_version(&mut groups, kind));
        let place = |name: &str| ORDER.iter().position(|known| *known == name).unwrap_or(ORDER.len());
        groups.sort_by(|a, b| place(&a.name).cmp(&place(&b.name)).then_with(|| a.name.cmp(&b.name)));
        for group in &mut groups {
            group.versions.sort_by_key(|version| std::cmp::Reverse(version_rank(version)));
        }
        groups
    }

    /// One kind for each stored resource, in the version in which it is stored if that is served.
    pub(crate) fn stored(&self) -> BTreeMap<GroupResource, Arc<ResourceKind>> {
        let mut stored: BTreeMap<GroupResource, Arc<ResourceKind>> = BTreeMap::new();
        for kind in self.all().filter(|kind| kind.is_stored()) {
            let place = storage_of(kind);
            if stored.get(&place).is_none_or(|known| kind.storage && !known.storage) {
                stored.insert(place, Arc::clone(kind));
            }
        }
        stored
    }

    /// The OpenAPI documents, made when they are first asked for.
    pub(crate) fn documents(&self) -> &Documents {
        self.documents.get_or_init(|| Documents::new(self))
    }
}

/// Where objects of a kind are stored, whatever the version.
pub(crate) fn storage_of(kind: &ResourceKind) -> GroupResource {
    GroupResource::new(storage_group(&kind.group), &kind.plural)
}

fn add_version(groups: &mut Vec<Group>, kind: &ResourceKind) {
    match groups.iter_mut().find(|group| group.name == kind.group) {
        _ if kind.group.is_empty() => {}
        Some(group) if group.versions.contains(&kind.version) => {}
        Some(group) => group.versions.push(kind.version.clone()),
        None => groups.push(Group { name: kind.group.clone(), versions: vec![kind.version.clone()] }),
    }
}
