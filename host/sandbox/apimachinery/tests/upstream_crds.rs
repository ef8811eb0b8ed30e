//! Reads every upstream CRD of a directory that lies outside this repository; skipped where it is absent.

use std::path::{Path, PathBuf};

use backplane_apimachinery::ResourceKind;
use serde_json::Value;

/// Every YAML file below `crds/` of the directory that `BACKPLANE_UPSTREAM_DATA` names.
fn files() -> Vec<PathBuf> {
    let Some(data) = std::env::var_os("BACKPLANE_UPSTREAM_DATA") else {
        println!("skipped: upstream CRDs: BACKPLANE_UPSTREAM_DATA names no directory");
        return Vec::new();
    };
    let mut found = Vec::new();
    collect(&Path::new(&data).join("crds"), &mut found);
    assert!(!found.is_empty(), "no CRDs below {data:?}");
    found.sort();
    found
}

fn collect(directory: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(directory).expect("directory") {
        let path = entry.expect("entry").path();
        if path.is_dir() {
            collect(&path, found);
        } else if path.extension().is_some_and(|e| e == "yaml") {
            found.push(path);
        }
    }
}

/// libyaml, and so Go, lets a quoted text go on at the indentation of its key; our reader wants it deeper.
fn read(text: &str) -> Result<Value, serde_saphyr::Error> {
    serde_saphyr::from_str(text).or_else(|_| {
        let mut open = None;
        let indent = |line: &str| {
            let deeper = if open.is_some() { format!("  {line}\n") } else { format!("{line}\n") };
            open = match open {
                Some(quote) if line.ends_with(quote) && !line.ends_with("\\\"") => None,
                Some(quote) => Some(quote),
                None => ['\'', '"'].into_iter().find(|quote| begins(line, *quote)),
            };
            deeper
        };
        serde_saphyr::from_str(&text.lines().map(indent).collect::<String>())
    })
}

/// Whether a description in this quote begins on the line and does not end there.
fn begins(line: &str, quote: char) -> bool {
    let value = line.trim_start().strip_prefix("description: ").unwrap_or_default();
    value.starts_with(quote) && !(value.len() > 1 && value.ends_with(quote))
}

#[test]
fn every_upstream_definition_is_understood() {
    let (mut wrong, mut left_out) = (Vec::new(), Vec::new());
    for file in files() {
        let text = std::fs::read_to_string(&file).expect("file");
        let definition = read(&text).expect("YAML");
        match ResourceKind::from_crd(&definition) {
            Ok(kinds) if kinds.is_empty() => wrong.push(format!("{}: serves no version", file.display())),
            Ok(kinds) => left_out.extend(kinds.iter().flat_map(|kind| kind.schema.unenforced_rules())),
            Err(errors) => {
                let first: Vec<String> = errors.iter().take(3).map(ToString::to_string).collect();
                wrong.push(format!("{}: {}", file.display(), first.join("; ")));
            }
        }
    }
    println!("rules that are not enforced: {}", left_out.len());
    for rule in &left_out {
        println!("  {rule}");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
