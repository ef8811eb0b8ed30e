//! From text to typed sections, gathering every problem on the way.

use std::fmt;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;

use super::{PluginSettings, Settings};

/// One thing that is wrong with the settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Path of the field, such as `plugin[0].endpoints.cloud.url`; empty for the file as a whole.
    pub field: String,
    /// What is wrong and what would be right.
    pub reason: String,
}

/// Everything that is wrong with a settings file; never empty as an error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problems {
    file: PathBuf,
    list: Vec<Problem>,
}

impl Problems {
    /// No problem yet with this file.
    pub fn new(file: &Path) -> Self {
        Self { file: file.into(), list: Vec::new() }
    }

    /// A file with a single problem.
    pub fn one(file: &Path, field: &str, reason: String) -> Self {
        let mut problems = Self::new(file);
        problems.add(field, reason);
        problems
    }

    /// Notes a problem.
    pub fn add(&mut self, field: impl Into<String>, reason: impl Into<String>) {
        self.list.push(Problem { field: field.into(), reason: reason.into() });
    }

    /// The problems, in the order in which they were found.
    pub fn list(&self) -> &[Problem] {
        &self.list
    }

    /// `value` if there is no problem.
    ///
    /// # Errors
    /// The problems, if there are any.
    pub fn into_result<T>(self, value: T) -> Result<T, Self> {
        if self.list.is_empty() { Ok(value) } else { Err(self) }
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, problem) in self.list.iter().enumerate() {
            let line_end = if i == 0 { "" } else { "\n" };
            write!(f, "{line_end}{}: ", self.file.display())?;
            if !problem.field.is_empty() {
                write!(f, "{}: ", problem.field)?;
            }
            write!(f, "{}", problem.reason)?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}

/// Reads each section on its own, so that a mistake in one does not hide those in the others.
pub(super) fn settings(text: &str, problems: &mut Problems) -> Settings {
    let mut settings = Settings::default();
    let table: toml::Table = match text.parse() {
        Ok(table) => table,
        Err(error) => {
            problems.add("", format!("not TOML: {}", error.to_string().trim_end()));
            return settings;
        }
    };
    for (name, value) in table {
        match name.as_str() {
            "observe" => settings.observe = section(&name, value, problems).unwrap_or_default(),
            "cluster" => settings.cluster = section(&name, value, problems).unwrap_or_default(),
            "engine" => settings.engine = section(&name, value, problems).unwrap_or_default(),
            "replicas" => settings.replicas = section(&name, value, problems).unwrap_or_default(),
            "store" => settings.store = section(&name, value, problems).unwrap_or_default(),
            "plugin" => settings.plugins = plugins(value, problems),
            _ => problems.add(name, "unknown section; known are observe, cluster, engine, store, replicas and plugin"),
        }
    }
    settings
}

fn plugins(value: toml::Value, problems: &mut Problems) -> Vec<PluginSettings> {
    let toml::Value::Array(entries) = value else {
        problems.add("plugin", "write [[plugin]], with two brackets: there can be several");
        return Vec::new();
    };
    let entry = |(i, value)| section(&format!("plugin[{i}]"), value, problems);
    entries.into_iter().enumerate().filter_map(entry).collect()
}

fn section<T: DeserializeOwned>(name: &str, value: toml::Value, problems: &mut Problems) -> Option<T> {
    match serde_path_to_error::deserialize(value) {
        Ok(section) => Some(section),
        Err(error) => {
            let path = error.path().to_string();
            let field = if path == "." { name.into() } else { format!("{name}.{path}") };
            problems.add(field, error.into_inner().to_string().trim_end().replace('\n', " "));
            None
        }
    }
}
