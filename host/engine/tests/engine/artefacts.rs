//! Compiled components between runs.

use std::fs;
use std::path::{Path, PathBuf};

use backplane_engine::{Allocation, Context, Engine, EngineSettings};

use crate::support::{ask, guest, slot};

fn engine(dir: &Path) -> Engine {
    Engine::new(EngineSettings { cache_dir: Some(dir.to_owned()), instances: 4, ..EngineSettings::default() })
        .expect("engine")
}

fn file(dir: &Path, extension: &str) -> PathBuf {
    let mut files = fs::read_dir(dir).expect("directory").map(|entry| entry.expect("entry").path());
    files.find(|path| path.extension().is_some_and(|e| e == extension)).expect("file")
}

async fn serves(dir: &Path) {
    let component = engine(dir).load("rude", &guest("rude")).expect("component");
    assert_eq!(ask(&slot(component, Context::nothing("rude")), "fine").await.expect("answer"), "");
}

#[tokio::test]
async fn a_compiled_component_is_kept_with_its_seal_and_used_again() {
    let dir = tempfile::tempdir().expect("directory");
    serves(dir.path()).await;
    let modified = || fs::metadata(file(dir.path(), "cwasm")).and_then(|meta| meta.modified()).expect("time");
    let first = modified();
    serves(dir.path()).await;
    assert_eq!(modified(), first, "it was compiled again");
}

#[tokio::test]
async fn a_damaged_artefact_is_compiled_again_and_never_run() {
    type Damage = fn(&Path);
    let cases: [(&str, Damage); 5] = [
        ("changed code", |dir| {
            let mut code = fs::read(file(dir, "cwasm")).expect("code");
            let middle = code.len() / 2;
            code[middle] ^= 1;
            fs::write(file(dir, "cwasm"), code).expect("written");
        }),
        ("half the code", |dir| {
            let code = fs::read(file(dir, "cwasm")).expect("code");
            fs::write(file(dir, "cwasm"), &code[..code.len() / 2]).expect("written");
        }),
        ("no code", |dir| fs::write(file(dir, "cwasm"), b"").expect("written")),
        ("no seal", |dir| fs::remove_file(file(dir, "seal")).expect("removed")),
        ("another key", |dir| fs::write(dir.join("key"), [7; 32]).expect("written")),
    ];
    for (name, damage) in cases {
        let dir = tempfile::tempdir().expect("directory");
        serves(dir.path()).await;
        let good = fs::read(file(dir.path(), "cwasm")).expect("code");
        damage(dir.path());
        serves(dir.path()).await;
        assert_eq!(fs::read(file(dir.path(), "cwasm")).expect("code"), good, "{name}: not replaced");
    }
}

#[cfg(unix)]
#[test]
fn the_key_is_readable_by_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().expect("directory");
    drop(engine(dir.path()));
    let mode = fs::metadata(dir.path().join("key")).expect("key").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn a_directory_that_cannot_be_used_is_an_error_of_its_own() {
    let file = tempfile::NamedTempFile::new().expect("file");
    let settings = EngineSettings { cache_dir: Some(file.path().join("cache")), ..EngineSettings::default() };
    let error = Engine::new(settings).expect_err("not a directory").to_string();
    assert!(error.contains("artefact cache") && error.contains("cannot be used"), "{error}");
}

#[tokio::test]
async fn an_engine_without_room_for_slots_maps_instances_one_by_one() {
    // No machine has the address space for so many.
    let settings = EngineSettings { instances: 1_000_000, ..EngineSettings::default() };
    let engine = Engine::new(settings).expect("engine");
    assert_eq!(engine.allocation(), Allocation::OnDemand);
    let component = engine.load("rude", &guest("rude")).expect("component");
    assert_eq!(ask(&slot(component, Context::nothing("rude")), "fine").await.expect("answer"), "");
}
