//! From a plugin's settings to a plugin that may be started: loaded, described, configured, its grants complete.
//!
//! Everything that can be wrong with a plugin is found here, before any listener opens, and reported with the field of the
//! settings file that named it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use backplane_core::grant::{KindGrant, Permissions};
use backplane_core::machines::MachineKinds;
use backplane_core::{Declaration, ErrorChain, Grant};
use backplane_engine::{Component, Credential, Endpoint, Endpoints, Engine};
use backplane_provider::{cluster_declaration, machine_declaration};
use secrecy::SecretString;

use crate::settings::{CredentialSettings, EndpointSettings, GrantSettings, PluginSettings, Problems, Settings};

/// A plugin that can be started.
pub(crate) struct Loaded {
    pub(crate) component: Component,
    pub(crate) declaration: Declaration,
    pub(crate) kinds: Option<MachineKinds>,
    pub(crate) grant: Grant,
    pub(crate) endpoints: Endpoints,
    pub(crate) settings: Arc<[u8]>,
    pub(crate) source: PluginSettings,
}

impl Loaded {
    /// What the guest itself may do.
    pub(crate) fn permissions(&self) -> Arc<Permissions> {
        self.permissions_of(self.declaration.clone())
    }

    /// What somebody who acts for this plugin may do: another declaration under the same grant.
    pub(crate) fn permissions_of(&self, declaration: Declaration) -> Arc<Permissions> {
        Arc::new(Permissions::new(declaration, self.grant.clone()))
    }
}

/// Loads every plugin; notes every problem.
pub(crate) async fn load(engine: &Engine, settings: &Settings, problems: &mut Problems) -> Vec<Loaded> {
    let mut loaded: Vec<Loaded> = Vec::new();
    for (i, plugin) in settings.plugins.iter().enumerate() {
        let (field, offered) = (format!("plugin[{i}]"), &settings.offered_endpoints);
        let Some(next) = load_one(engine, &field, plugin, offered, problems).await else { continue };
        if loaded.iter().any(|other| other.declaration.name == next.declaration.name) {
            problems.add(format!("{field}.path"), format!("there is another plugin named {}", next.declaration.name));
            continue;
        }
        loaded.push(next);
    }
    if let Some(lease) = crate::replicas::same_lease(&loaded) {
        problems.add("plugin", format!("two plugins or shards would share the lease {lease}; one needs another name"));
    }
    loaded
}

async fn load_one(
    engine: &Engine,
    field: &str,
    plugin: &PluginSettings,
    offered: &BTreeMap<String, EndpointSettings>,
    problems: &mut Problems,
) -> Option<Loaded> {
    let mut plugin = plugin.clone();
    let (component, declaration, kinds) = match describe(engine, &plugin).await {
        Ok(described) => described,
        Err(reason) => {
            problems.add(format!("{field}.path"), reason);
            return None;
        }
    };
    let settings: Arc<[u8]> = match serde_json::to_vec(&plugin.settings) {
        Ok(bytes) => bytes.into(),
        Err(error) => {
            problems.add(format!("{field}.settings"), format!("cannot be given to the plugin: {error}"));
            return None;
        }
    };
    configure(&component, &settings, field, problems).await;
    for (name, endpoint) in offered.iter().filter(|(name, _)| declaration.endpoints.contains(name)) {
        plugin.endpoints.entry(name.clone()).or_insert_with(|| endpoint.clone());
    }
    let endpoints = endpoints(&declaration, &plugin, field, problems);
    granted_kinds(&declaration, kinds.as_ref(), &plugin.grant, field, problems);
    let grant = grant(&plugin.grant, &plugin);
    Some(Loaded { component, declaration, kinds, grant, endpoints, settings, source: plugin })
}

async fn describe(
    engine: &Engine,
    plugin: &PluginSettings,
) -> Result<(Component, Declaration, Option<MachineKinds>), String> {
    let name = plugin.path.display().to_string();
    let component = engine.load_file(&name, &plugin.path).map_err(|error| ErrorChain(&error).to_string())?;
    let declaration = component.describe().await.map_err(|error| ErrorChain(&error).to_string())?;
    let kinds = component.describe_kinds().await.map_err(|error| ErrorChain(&error).to_string())?;
    Ok((component, declaration, kinds))
}

async fn configure(component: &Component, settings: &[u8], field: &str, problems: &mut Problems) {
    match component.configure(settings).await {
        Ok(Ok(())) => {}
        Ok(Err(refusal)) => problems.add(format!("{field}.settings"), refusal),
        Err(error) => problems.add(format!("{field}.settings"), ErrorChain(&error).to_string()),
    }
}

fn grant(settings: &GrantSettings, plugin: &PluginSettings) -> Grant {
    Grant {
        kinds: settings.kinds.clone().map_or(KindGrant::Declared, KindGrant::Only),
        namespaces: settings.namespaces.clone(),
        endpoints: plugin.endpoints.keys().cloned().collect(),
    }
}

/// A granted kind that nobody declares is most likely misspelt: it would grant nothing, and nobody would be told.
fn granted_kinds(
    declaration: &Declaration,
    machines: Option<&MachineKinds>,
    grant: &GrantSettings,
    field: &str,
    problems: &mut Problems,
) {
    let Declaration { name, version, .. } = declaration;
    let rooms =
        machines.map(|kinds| [machine_declaration(name, version, kinds), cluster_declaration(name, version, kinds)]);
    let declared: BTreeSet<String> =
        rooms.iter().flatten().chain([declaration]).flat_map(Declaration::kinds).map(ToString::to_string).collect();
    for kind in grant.kinds.iter().flatten().filter(|kind| !declared.contains(*kind)) {
        let known = declared.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
        problems.add(
            format!("{field}.grant.kinds"),
            format!("{kind:?} is not declared by plugin {name}; it declares {known}"),
        );
    }
}

/// Declared and granted endpoints must be the same: a missing one would only be found by its first use.
fn endpoints(declaration: &Declaration, plugin: &PluginSettings, field: &str, problems: &mut Problems) -> Endpoints {
    for name in &declaration.endpoints {
        if !plugin.endpoints.contains_key(name) {
            problems.add(
                format!("{field}.endpoints.{name}"),
                format!("is missing: plugin {} calls this endpoint", declaration.name),
            );
        }
    }
    let mut known = Vec::new();
    for (name, settings) in &plugin.endpoints {
        let field = format!("{field}.endpoints.{name}");
        if !declaration.endpoints.contains(name) {
            problems.add(field, format!("plugin {} does not declare this endpoint", declaration.name));
            continue;
        }
        match endpoint(name, settings) {
            Ok(endpoint) => known.push(endpoint),
            Err(reason) => problems.add(field, reason),
        }
    }
    Endpoints::new(known).unwrap_or_else(|error| {
        problems.add(format!("{field}.endpoints"), ErrorChain(&error).to_string());
        Endpoints::default()
    })
}

fn endpoint(name: &str, settings: &EndpointSettings) -> Result<Endpoint, String> {
    let read = |path: &std::path::Path| {
        std::fs::read_to_string(path).map_err(|error| format!("{} cannot be read: {error}", path.display()))
    };
    let secret = |path: &std::path::Path| Ok::<_, String>(SecretString::from(read(path)?.trim_end().to_owned()));
    let credential = match &settings.credential {
        None => None,
        Some(CredentialSettings::Basic { username, password_file }) => {
            Some(Credential::Basic { username: username.clone(), password: secret(password_file)? })
        }
        Some(CredentialSettings::Bearer { token_file }) => Some(Credential::Bearer { token: secret(token_file)? }),
        Some(CredentialSettings::Given { username, password }) => {
            Some(Credential::Basic { username: username.clone(), password: password.clone() })
        }
    };
    Ok(Endpoint {
        variants: settings.variants.clone(),
        credential,
        timeout: settings.timeout,
        max_concurrent: usize::try_from(settings.max_concurrent.get()).unwrap_or(usize::MAX),
        max_response_bytes: settings.max_response_bytes,
        allow_plain_http: settings.allow_plain_http,
        ca_pem: settings.ca_file.as_deref().map(read).transpose()?,
        ..Endpoint::new(name, settings.url.clone())
    })
}
