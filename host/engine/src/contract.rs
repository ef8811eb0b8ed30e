//! Which interfaces this host offers and calls, and in which version.
//!
//! A component is held against this list before it is compiled, so that a plugin that wants what nobody is granted is
//! refused by name, not by a linker's riddle.

use crate::error::LoadError;
use crate::inspection::{Inspection, Interface};

/// What every plugin exports.
pub(crate) const LIFECYCLE: &str = "backplane:lifecycle/lifecycle";
/// Reconciles kinds.
pub(crate) const RECONCILER: &str = "backplane:reconciler/reconciler";
/// Provides machines.
pub(crate) const MACHINES: &str = "backplane:provider/machines";
/// The exports of which a plugin has at least one, for messages.
pub(crate) const DUTIES: &str = "backplane:reconciler/reconciler or backplane:provider/machines";

const EXPORTS: [(&str, &str); 3] = [(LIFECYCLE, "0.1.0"), (RECONCILER, "0.1.0"), (MACHINES, "0.1.0")];

const IMPORTS: [(&str, &str); 26] = [
    ("backplane:types/types", "0.1.0"),
    ("backplane:store/store", "0.1.0"),
    ("backplane:cluster/cluster", "0.1.0"),
    ("backplane:settings/settings", "0.1.0"),
    ("backplane:logging/logging", "0.1.0"),
    ("backplane:reconciler/status", "0.1.0"),
    ("wasi:http/types", "0.2.0"),
    ("wasi:http/outgoing-handler", "0.2.0"),
    ("wasi:clocks/wall-clock", "0.2.0"),
    ("wasi:clocks/monotonic-clock", "0.2.0"),
    ("wasi:random/random", "0.2.0"),
    ("wasi:random/insecure", "0.2.0"),
    ("wasi:random/insecure-seed", "0.2.0"),
    ("wasi:io/error", "0.2.0"),
    ("wasi:io/poll", "0.2.0"),
    ("wasi:io/streams", "0.2.0"),
    ("wasi:cli/environment", "0.2.0"),
    ("wasi:cli/exit", "0.2.0"),
    ("wasi:cli/stdin", "0.2.0"),
    ("wasi:cli/stdout", "0.2.0"),
    ("wasi:cli/stderr", "0.2.0"),
    ("wasi:cli/terminal-input", "0.2.0"),
    ("wasi:cli/terminal-output", "0.2.0"),
    ("wasi:cli/terminal-stdin", "0.2.0"),
    ("wasi:cli/terminal-stdout", "0.2.0"),
    ("wasi:cli/terminal-stderr", "0.2.0"),
];

/// Holds a component's imports and exports against what this host offers and calls.
pub(crate) fn check(file: &str, inspection: &Inspection) -> Result<(), LoadError> {
    check_exports(file, &inspection.exports)?;
    check_imports(file, &inspection.imports)
}

fn check_imports(file: &str, imports: &[Interface]) -> Result<(), LoadError> {
    for import in imports {
        match offered(&IMPORTS, import) {
            Some(offers) => same_track(file, import, offers)?,
            None => return Err(LoadError::UnknownImport { file: file.into(), import: import.to_string() }),
        }
    }
    Ok(())
}

fn check_exports(file: &str, exports: &[Interface]) -> Result<(), LoadError> {
    let ours = || exports.iter().filter(|export| export.package.starts_with("backplane:"));
    for export in ours() {
        match offered(&EXPORTS, export) {
            Some(offers) => same_track(file, export, offers)?,
            None => return Err(LoadError::UnknownExport { file: file.into(), export: export.to_string() }),
        }
    }
    if !ours().any(|export| export.path() != LIFECYCLE) {
        return Err(LoadError::ExportsNothing { file: file.into() });
    }
    if !ours().any(|export| export.path() == LIFECYCLE) {
        return Err(LoadError::MissingLifecycle { file: file.into() });
    }
    Ok(())
}

fn offered(list: &'static [(&str, &str)], interface: &Interface) -> Option<&'static str> {
    let path = interface.path();
    list.iter().find(|(name, _)| *name == path).map(|(_, version)| *version)
}

fn same_track(file: &str, interface: &Interface, offers: &str) -> Result<(), LoadError> {
    let wants = interface.version.as_deref().unwrap_or("no version");
    if track(wants) == track(offers) {
        return Ok(());
    }
    Err(LoadError::WrongContract {
        file: file.into(),
        interface: interface.path(),
        wants: wants.into(),
        offers: offers.into(),
    })
}

/// Versions of one track are compatible: the major number, or below 1.0 the minor, or below 0.1 the patch.
/// Source: <https://semver.org/> 4 and the way the component model's linker matches names.
fn track(version: &str) -> &str {
    let parts: Vec<&str> = version.splitn(3, '.').collect();
    match parts[..] {
        ["0", "0", _] => version,
        ["0", minor, _] => &version[..2 + minor.len()],
        [major, _, _] => major,
        _ => version,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inspection(imports: &[&str], exports: &[&str]) -> Inspection {
        let parse = |names: &[&str]| names.iter().map(|name| Interface::parse(name)).collect();
        Inspection { imports: parse(imports), exports: parse(exports), memory_bytes: 0 }
    }

    const PLUGIN: [&str; 2] = ["backplane:lifecycle/lifecycle@0.1.0", "backplane:reconciler/reconciler@0.1.0"];

    #[test]
    fn a_plugin_that_imports_what_is_offered_is_accepted() {
        let imports = ["backplane:store/store@0.1.0", "wasi:io/streams@0.2.6", "wasi:http/types@0.2.12"];
        check("p", &inspection(&imports, &PLUGIN)).expect("accepted");
    }

    #[test]
    fn each_disagreement_with_the_contract_says_what_it_is() {
        let cases = [
            ("files", &["wasi:filesystem/types@0.2.6"][..], &PLUGIN[..], "imports wasi:filesystem/types@0.2.6"),
            ("bare function", &["run"], &PLUGIN, "imports run"),
            (
                "newer contract",
                &["backplane:store/store@0.9.0"],
                &PLUGIN,
                "backplane:store/store@0.9.0, this host offers 0.1.0",
            ),
            ("newer WASI", &["wasi:io/streams@0.3.0"], &PLUGIN, "wasi:io/streams@0.3.0, this host offers 0.2.0"),
            ("nothing", &[], &[], "exports nothing"),
            ("a command", &[], &["wasi:cli/run@0.2.6"], "exports nothing"),
            ("no duty", &[], &PLUGIN[..1], "exports nothing that the host calls"),
            ("no lifecycle", &[], &PLUGIN[1..], "does not export backplane:lifecycle/lifecycle"),
            ("unknown duty", &[], &["backplane:other/other@0.1.0"], "which this host does not know"),
            ("newer duty", &[], &["backplane:reconciler/reconciler@1.0.0"], "reconciler@1.0.0, this host offers 0.1.0"),
        ];
        for (name, imports, exports, expected) in cases {
            let error = check("p", &inspection(imports, exports)).expect_err(name).to_string();
            assert!(error.contains(expected), "{name}: {error}");
        }
    }

    #[test]
    fn versions_are_compared_by_track() {
        let cases = [("0.1.0", "0.1"), ("0.1.9", "0.1"), ("0.0.3", "0.0.3"), ("1.2.3", "1"), ("10.0.0-rc.1", "10")];
        for (version, expected) in cases {
            assert_eq!(track(version), expected, "{version}");
        }
    }
}
