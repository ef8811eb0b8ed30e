//! Reads what a plugin says of itself, and names everything in it that cannot be used.

use std::collections::BTreeSet;
use std::fmt::Display;

use backplane_core::declaration::{FieldPath, Read, Verb, Wake, Write};
use backplane_core::machines::MachineKinds;
use backplane_core::{Declaration, Kind};

use crate::bindings::{lifecycle as wit, machines, types};
use crate::component::{Component, Export};
use crate::endpoint::is_label;

/// The declaration, or every problem with it.
pub(crate) fn checked(component: &Component, declaration: wit::Declaration) -> Result<Declaration, Vec<String>> {
    let duties = Duties { reconciler: component.has(Export::Reconciler), machines: component.has(Export::Machines) };
    let mut problems = Problems::default();
    let declaration = read(declaration, &mut problems);
    check(&declaration, duties, &mut problems);
    problems.or(declaration)
}

/// The kinds of a provider, or every problem with them.
pub(crate) fn checked_kinds(kinds: machines::MachineKinds) -> Result<MachineKinds, Vec<String>> {
    let kinds = MachineKinds::from(kinds);
    let mut problems = Problems::default();
    for (what, kind) in [("machine", &kinds.machine), ("cluster", &kinds.cluster), ("template", &kinds.template)] {
        problems.kind(what, kind);
    }
    let words = [
        ("ready-condition", &kinds.ready_condition),
        ("cluster-condition", &kinds.cluster_condition),
        ("provider-id-prefix", &kinds.provider_id_prefix),
    ];
    for (what, word) in words {
        problems.when(word.is_empty(), || format!("{what} is empty"));
    }
    problems.or(kinds)
}

#[derive(Clone, Copy)]
struct Duties {
    reconciler: bool,
    machines: bool,
}

fn read(declaration: wit::Declaration, problems: &mut Problems) -> Declaration {
    Declaration {
        name: declaration.name,
        version: declaration.version,
        reconciles: declaration.reconciles.into_iter().map(Kind::from).collect(),
        reads: declaration.reads.into_iter().map(|read| self::read_kind(read, problems)).collect(),
        writes: declaration.writes.into_iter().map(write_kind).collect(),
        endpoints: declaration.endpoints,
        settings_schema: declaration.settings_schema,
    }
}

fn read_kind(read: wit::Read, problems: &mut Problems) -> Read {
    let kind = Kind::from(read.kind);
    let selector = read.selector.parse().unwrap_or_else(|error| {
        problems.push(format!("read of {kind}: {error}"));
        Default::default()
    });
    let wakes = read.wakes.into_iter().filter_map(|wake| self::wake(&kind, wake, problems)).collect();
    Read { kind, selector, wakes }
}

fn wake(of: &Kind, wake: wit::Wake, problems: &mut Problems) -> Option<Wake> {
    Some(match wake {
        wit::Wake::Owners(kind) => Wake::Owners(kind.into()),
        wit::Wake::Dependents(kind) => Wake::Dependents(kind.into()),
        wit::Wake::Label(label) => Wake::Label(label.kind.into(), label.key),
        wit::Wake::Labelled(label) => Wake::Labelled(label.kind.into(), label.key),
        wit::Wake::Reference(reference) => match reference.path.parse::<FieldPath>() {
            Ok(path) => Wake::Reference(reference.kind.into(), path),
            Err(error) => {
                problems.push(format!("read of {of}: {error}"));
                return None;
            }
        },
    })
}

fn write_kind(write: wit::Write) -> Write {
    let verb = |verb| match verb {
        wit::Verb::Apply => Verb::Apply,
        wit::Verb::ApplyStatus => Verb::ApplyStatus,
        wit::Verb::Create => Verb::Create,
        wit::Verb::Patch => Verb::Patch,
        wit::Verb::Delete => Verb::Delete,
    };
    Write { kind: types::Kind::into(write.kind), verbs: write.verbs.into_iter().map(verb).collect() }
}

fn check(declaration: &Declaration, duties: Duties, problems: &mut Problems) {
    let Declaration { name, version, reconciles, reads, writes, endpoints, settings_schema } = declaration;
    problems.when(!is_label(name), || format!("name {name:?} is not a DNS label"));
    problems.when(version.is_empty(), || "version is empty".into());
    problems.unique("reconciles", reconciles);
    problems.unique("reads", reads.iter().map(|read| &read.kind));
    problems.unique("writes", writes.iter().map(|write| &write.kind));
    problems.unique("endpoints", endpoints);
    for write in writes {
        problems.unique(&format!("verbs of {}", write.kind), write.verbs.iter().map(|verb| verb.as_str()));
    }
    for kind in reconciles.iter().chain(reads.iter().map(|r| &r.kind)).chain(writes.iter().map(|w| &w.kind)) {
        problems.kind("kind", kind);
    }
    for endpoint in endpoints {
        problems.when(!is_label(endpoint), || format!("endpoint {endpoint:?} is not a DNS label"));
    }
    check_schema(settings_schema.as_deref(), problems);
    check_duties(declaration, duties, problems);
}

fn check_schema(schema: Option<&str>, problems: &mut Problems) {
    let Some(schema) = schema else { return };
    match serde_json::from_str::<serde_json::Value>(schema) {
        Ok(value) => problems.when(!value.is_object(), || "settings schema is not a JSON object".into()),
        Err(error) => problems.push(format!("settings schema is not JSON: {error}")),
    }
}

fn check_duties(declaration: &Declaration, duties: Duties, problems: &mut Problems) {
    let reconciles = &declaration.reconciles;
    problems.when(duties.reconciler && reconciles.is_empty(), || "exports a reconciler and reconciles nothing".into());
    problems.when(!duties.reconciler && !reconciles.is_empty(), || "reconciles kinds and exports no reconciler".into());
    for read in &declaration.reads {
        for wake in &read.wakes {
            let (Wake::Owners(kind)
            | Wake::Dependents(kind)
            | Wake::Reference(kind, _)
            | Wake::Label(kind, _)
            | Wake::Labelled(kind, _)) = wake;
            // A provider's machines are reconciled by the host, so it may wake those.
            let idle = !duties.machines && !reconciles.contains(kind);
            problems.when(idle, || format!("read of {}: wakes {kind}, which it does not reconcile", read.kind));
            check_label_key(&read.kind, wake, problems);
        }
    }
}

fn check_label_key(kind: &Kind, wake: &Wake, problems: &mut Problems) {
    if let Wake::Label(_, key) | Wake::Labelled(_, key) = wake {
        problems.when(key.is_empty(), || format!("read of {kind}: a wake names no label"));
    }
}

#[derive(Default)]
struct Problems(Vec<String>);

impl Problems {
    fn push(&mut self, problem: String) {
        self.0.push(problem);
    }

    fn when(&mut self, wrong: bool, problem: impl FnOnce() -> String) {
        if wrong {
            self.0.push(problem());
        }
    }

    fn kind(&mut self, what: &str, kind: &Kind) {
        self.when(kind.kind.is_empty() || kind.version.is_empty(), || format!("{what} {kind} lacks name or version"));
    }

    fn unique<T: Display + Ord>(&mut self, list: &str, items: impl IntoIterator<Item = T>) {
        let mut seen = BTreeSet::new();
        for item in items {
            let text = format!("{list}: {item} is there twice");
            let twice = !seen.insert(item);
            self.when(twice, || text);
        }
    }

    fn or<T>(self, value: T) -> Result<T, Vec<String>> {
        if self.0.is_empty() { Ok(value) } else { Err(self.0) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(name: &str) -> types::Kind {
        types::Kind { group: "demo.example.org".into(), version: "v1".into(), kind: name.into() }
    }

    fn good() -> wit::Declaration {
        wit::Declaration {
            name: "demo".into(),
            version: "1".into(),
            reconciles: vec![kind("Site")],
            reads: vec![wit::Read {
                kind: kind("Page"),
                selector: "a=b".into(),
                wakes: vec![wit::Wake::Owners(kind("Site"))],
            }],
            writes: vec![wit::Write { kind: kind("Page"), verbs: vec![wit::Verb::Apply] }],
            endpoints: vec!["cloud".into()],
            settings_schema: Some("{}".into()),
        }
    }

    fn judge(declaration: wit::Declaration) -> Result<Declaration, Vec<String>> {
        let mut problems = Problems::default();
        let declaration = read(declaration, &mut problems);
        check(&declaration, Duties { reconciler: true, machines: false }, &mut problems);
        problems.or(declaration)
    }

    #[test]
    fn a_good_declaration_is_read_whole() {
        let read = judge(good()).expect("good");
        assert_eq!((read.name.as_str(), read.reads.len(), read.reads[0].wakes.len()), ("demo", 1, 1));
        assert_eq!(read.reads[0].selector.to_string(), "a=b");
    }

    #[test]
    fn every_problem_of_a_declaration_is_named() {
        type Spoil = fn(&mut wit::Declaration);
        let cases: [(&str, Spoil, &str); 11] = [
            ("name", |d| d.name = "Not A Label".into(), "not a DNS label"),
            ("version", |d| d.version.clear(), "version is empty"),
            ("selector", |d| d.reads[0].selector = "a b".into(), "label selector"),
            ("path", |d| d.reads[0].wakes = vec![reference("spec.x")], "field path"),
            ("two reads", |d| d.reads.extend(good().reads), "reads: Page.demo.example.org is there twice"),
            ("two verbs", |d| d.writes[0].verbs.push(wit::Verb::Apply), "apply is there twice"),
            ("endpoint", |d| d.endpoints = vec!["a.b".into()], "endpoint \"a.b\""),
            ("schema", |d| d.settings_schema = Some("[]".into()), "not a JSON object"),
            ("idle wake", |d| d.reads[0].wakes = vec![wit::Wake::Owners(kind("X"))], "does not reconcile"),
            ("no kinds", |d| d.reconciles.clear(), "reconciles nothing"),
            ("empty kind", |d| d.writes[0].kind.kind.clear(), "lacks name or version"),
        ];
        for (name, spoil, expected) in cases {
            let mut declaration = good();
            spoil(&mut declaration);
            let problems = judge(declaration).expect_err(name).join("; ");
            assert!(problems.contains(expected), "{name}: {problems}");
        }
    }

    fn reference(path: &str) -> wit::Wake {
        wit::Wake::Reference(wit::Reference { kind: kind("Site"), path: path.into() })
    }
}
