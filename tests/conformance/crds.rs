//! Our definitions of published kinds, against the published ones: what is valid there is valid here and means the same.
//!
//! The published definitions are not part of this repository. `BACKPLANE_UPSTREAM_DATA` names a folder that has them, as
//! `crds/PROJECT/VERSION/FILE`; without it these tests are skipped.

#[path = "crds/objects.rs"]
mod objects;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use backplane_apimachinery::ResourceKind;
use backplane_tests::wait::{equal, failure};
use serde_json::{Value, json};

/// Files of `deploy/crds`, called as upstream calls its own.
const FILES: [&str; 6] = [
    "k8s.kube-dc.com_kdcclusters.yaml",
    "k8s.kube-dc.com_kdcclusterdatastores.yaml",
    "kube-dc.com_eips.yaml",
    "infrastructure.cluster.x-k8s.io_cloudsigmaclusters.yaml",
    "infrastructure.cluster.x-k8s.io_cloudsigmamachines.yaml",
    "infrastructure.cluster.x-k8s.io_cloudsigmamachinetemplates.yaml",
];

/// A published definition and ours.
struct Pair {
    file: &'static str,
    published: Value,
    ours: Value,
}

/// Every pair; none where the published definitions are not at hand.
fn pairs() -> Result<Vec<Pair>> {
    let Some(data) = std::env::var_os("BACKPLANE_UPSTREAM_DATA") else {
        println!("skipped: published CRDs: BACKPLANE_UPSTREAM_DATA names no folder");
        return Ok(Vec::new());
    };
    let mut all = Vec::new();
    collect(&Path::new(&data).join("crds"), &mut all)?;
    let mut pairs = Vec::new();
    for file in FILES {
        let ours = read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/crds").join(file))?;
        let published: Vec<_> = all.iter().filter(|path| path.ends_with(file)).collect();
        anyhow::ensure!(!published.is_empty(), "no published {file}");
        for path in published {
            pairs.push(Pair { file, published: read(path)?, ours: ours.clone() });
        }
    }
    Ok(pairs)
}

fn collect(folder: &Path, found: &mut Vec<PathBuf>) -> Result<()> {
    for entry in std::fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let path = entry?.path();
        if path.is_dir() { collect(&path, found)? } else { found.push(path) }
    }
    Ok(())
}

fn read(path: &Path) -> Result<Value> {
    let text = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
    serde_saphyr::from_str(&text).with_context(|| path.display().to_string())
}

fn kinds(crd: &Value) -> Result<Vec<ResourceKind>> {
    ResourceKind::from_crd(crd).map_err(|errors| anyhow::anyhow!("not a definition: {errors:?}"))
}

/// The names that clients know a kind by; order of lists has no meaning.
fn names(crd: &Value) -> Value {
    let spec = &crd["spec"];
    let sorted = |key: &str| {
        let mut list = spec["names"][key].as_array().cloned().unwrap_or_default();
        list.sort_by_key(ToString::to_string);
        list
    };
    json!({
        "name": crd["metadata"]["name"], "group": spec["group"], "scope": spec["scope"],
        "plural": spec["names"]["plural"], "singular": spec["names"]["singular"], "kind": spec["names"]["kind"],
        "listKind": spec["names"]["listKind"], "shortNames": sorted("shortNames"), "categories": sorted("categories"),
    })
}

/// What clients see of each version but its schema; descriptions are everybody's own words.
fn versions(crd: &Value) -> Vec<Value> {
    let versions = crd["spec"]["versions"].as_array().cloned().unwrap_or_default();
    let column = |column: &Value| {
        json!({
            "name": column["name"], "type": column["type"], "format": column["format"], "jsonPath": column["jsonPath"],
            "priority": column["priority"].as_i64().unwrap_or(0),
        })
    };
    let version = |version: &Value| {
        let columns = version["additionalPrinterColumns"].as_array().cloned().unwrap_or_default();
        json!({
            "name": version["name"], "served": version["served"], "storage": version["storage"],
            "subresources": version["subresources"], "columns": columns.iter().map(column).collect::<Vec<_>>(),
        })
    };
    versions.iter().map(version).collect()
}

#[test]
fn published_kinds_have_the_same_names_scope_subresources_and_columns() -> Result<()> {
    for Pair { file, published, ours } in pairs()? {
        equal(&format!("{file}: names"), &names(&ours), &names(&published))?;
        let (ours, published) = (versions(&ours), versions(&published));
        for version in &published {
            let own = ours.iter().find(|own| own["name"] == version["name"]).cloned().unwrap_or_default();
            for part in ["served", "storage", "subresources", "columns"] {
                equal(&format!("{file}: {part} of {}", version["name"]), &own[part], &version[part])?;
            }
        }
    }
    Ok(())
}

/// How an object fares under a definition: what is dropped, what is wrong, and what it is with its defaults.
fn fate(kind: &ResourceKind, object: &Value) -> (Vec<String>, Vec<String>, Value) {
    let mut object = object.clone();
    let dropped = kind.prune(&mut object);
    kind.default(&mut object);
    let errors = kind.validate(&object, None).iter().map(|error| format!("{error:?}")).collect();
    (dropped, errors, object)
}

/// Compares one object; `None` if the published definition refuses it.
fn compare(published: &ResourceKind, ours: &ResourceKind, object: &Value) -> Option<Result<(), String>> {
    let (dropped, errors, expected) = fate(published, object);
    if !errors.is_empty() || !dropped.is_empty() {
        return None;
    }
    let (dropped, errors, seen) = fate(ours, object);
    Some(match (dropped.as_slice(), errors.as_slice()) {
        ([], []) if seen == expected => Ok(()),
        ([], []) => Err(format!("defaults differ: {seen} instead of {expected}")),
        ([], _) => Err(format!("refused: {}", errors.join(", "))),
        _ => Err(format!("dropped: {}", dropped.join(", "))),
    })
}

#[test]
fn what_is_valid_as_published_is_valid_here_with_equal_defaults() -> Result<()> {
    for Pair { file, published, ours } in pairs()? {
        let (published, ours) = (kinds(&published)?, kinds(&ours)?);
        for published in &published {
            let ours = ours.iter().find(|own| own.version == published.version).context("no such version")?;
            let (mut compared, mut different) = (BTreeMap::<_, usize>::new(), Vec::new());
            for (what, object) in objects::of(published) {
                let Some(result) = compare(published, ours, &object) else { continue };
                different.extend(result.err().map(|why| format!("{what}: {why}")));
                let place = what.split(' ').next().unwrap_or_default().to_owned();
                *compared.entry(place).or_default() += 1;
            }
            for needed in ["minimal", "full"] {
                anyhow::ensure!(compared.contains_key(needed), "{file}: no {needed} object is valid as published");
            }
            println!(
                "{file} {}: {} objects compared at {} places, {} differ",
                published.version,
                compared.values().sum::<usize>(),
                compared.len(),
                different.len()
            );
            if !different.is_empty() {
                different.truncate(20);
                return Err(failure(format!("{file}: the same fate for every object"), different.join("\n")));
            }
        }
    }
    Ok(())
}
