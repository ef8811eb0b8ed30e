//! `backplane plugin check`: what a component is and what it would need, without giving it anything.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::Result;
use backplane_core::declaration::{Declaration, Wake};
use backplane_core::machines::MachineKinds;
use backplane_engine::{Component, Engine, EngineSettings};

/// Prints what a component is.
///
/// # Errors
/// A file that is not a plugin this host can load; the text says why.
pub async fn check(file: &Path) -> Result<()> {
    print!("{}", report(file).await?);
    Ok(())
}

/// What [`check`] prints.
///
/// # Errors
/// A file that is not a plugin this host can load.
pub async fn report(file: &Path) -> Result<String> {
    let engine = Engine::new(EngineSettings { cache_dir: None, ..EngineSettings::default() })?;
    let component = engine.load_file(&file.display().to_string(), file)?;
    let declaration = component.describe().await?;
    let kinds = component.describe_kinds().await?;
    let mut text = String::new();
    // Writing into a String cannot fail.
    let _ = outline(&mut text, &component);
    let _ = declared(&mut text, &declaration);
    if let Some(kinds) = kinds {
        let _ = provided(&mut text, &kinds);
    }
    Ok(text)
}

fn outline(text: &mut String, component: &Component) -> std::fmt::Result {
    writeln!(text, "digest    {}", component.digest())?;
    writeln!(text, "size      {} bytes", component.size())?;
    let inspection = component.inspection();
    writeln!(text, "memory    {} bytes at the start", inspection.memory_bytes)?;
    inspection.exports.iter().try_for_each(|interface| writeln!(text, "exports   {interface}"))?;
    inspection.imports.iter().try_for_each(|interface| writeln!(text, "imports   {interface}"))
}

fn declared(text: &mut String, declaration: &Declaration) -> std::fmt::Result {
    writeln!(text, "plugin    {} {}", declaration.name, declaration.version)?;
    declaration.reconciles.iter().try_for_each(|kind| writeln!(text, "kind      {kind} ({})", kind.version))?;
    for read in &declaration.reads {
        let selector = if read.selector.is_empty() { String::new() } else { format!(" where {}", read.selector) };
        let wakes: Vec<String> = read.wakes.iter().map(wake).collect();
        let wakes = if wakes.is_empty() { String::new() } else { format!(", wakes {}", wakes.join(", ")) };
        writeln!(text, "grant     read {}{selector}{wakes}", read.kind)?;
    }
    for write in &declaration.writes {
        let verbs: Vec<&str> = write.verbs.iter().map(|verb| verb.as_str()).collect();
        writeln!(text, "grant     {} {}", verbs.join("+"), write.kind)?;
    }
    declaration.endpoints.iter().try_for_each(|name| writeln!(text, "grant     endpoint {name}"))
}

fn wake(wake: &Wake) -> String {
    match wake {
        Wake::Owners(kind) => format!("the {kind} that owns it"),
        Wake::Dependents(kind) => format!("each {kind} it owns"),
        Wake::Reference(kind, path) => format!("each {kind} that names it at {path}"),
        Wake::Label(kind, key) => format!("the {kind} its label {key} names"),
        Wake::Labelled(kind, key) => format!("each {kind} whose label {key} names it"),
    }
}

fn provided(text: &mut String, kinds: &MachineKinds) -> std::fmt::Result {
    for kind in [&kinds.machine, &kinds.cluster, &kinds.template] {
        writeln!(text, "provides  {kind} ({})", kind.version)?;
    }
    writeln!(text, "identity  {}…", kinds.provider_id_prefix)
}
