//! The audit log of a real kube-apiserver: one JSON object a line, one line a finished request; a watch when it begins.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::PathBuf;

use anyhow::{Context, Result};
use backplane_apiserver::AuditEvent;
use serde::Deserialize;

/// A log from some point on.
#[derive(Debug, Clone)]
pub struct Log {
    file: PathBuf,
    begin: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Line {
    stage: String,
    verb: String,
    #[serde(rename = "requestURI")]
    uri: String,
    user: User,
    impersonated_user: Option<User>,
    object_ref: Option<Reference>,
    response_status: Option<Answer>,
}

#[derive(Deserialize)]
struct User {
    username: String,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Reference {
    api_group: String,
    resource: String,
    subresource: String,
    namespace: Option<String>,
    name: Option<String>,
}

#[derive(Deserialize)]
struct Answer {
    code: u16,
}

impl Log {
    /// The log from its present end on.
    ///
    /// # Errors
    /// A log that is not there.
    pub fn from_now(file: PathBuf) -> Result<Self> {
        let begin = std::fs::metadata(&file).with_context(|| file.display().to_string())?.len();
        Ok(Self { file, begin })
    }

    /// The log from its beginning.
    pub fn whole(file: PathBuf) -> Self {
        Self { file, begin: 0 }
    }

    /// The requests in it.
    ///
    /// # Errors
    /// A line that is no audit event.
    pub fn events(&self) -> Result<Vec<AuditEvent>> {
        let mut file = File::open(&self.file).with_context(|| self.file.display().to_string())?;
        file.seek(SeekFrom::Start(self.begin))?;
        let mut text = String::new();
        file.read_to_string(&mut text)?;
        // The last line may be half written.
        let whole = text.rfind('\n').map_or("", |end| &text[..end]);
        let lines = whole.lines().map(|line| Ok(serde_json::from_str::<Line>(line)?));
        lines.filter(|line| line.as_ref().map_or(true, Line::counts)).map(|line| line.map(Line::event)).collect()
    }
}

impl Line {
    /// A watch is told of twice, when it begins and when it ends.
    fn counts(&self) -> bool {
        (self.verb == "watch") == (self.stage == "ResponseStarted")
    }

    fn event(self) -> AuditEvent {
        let reference = self.object_ref.unwrap_or_default();
        let (user, impersonator) = match self.impersonated_user {
            Some(user) => (user.username, Some(self.user.username)),
            None => (self.user.username, None),
        };
        let resource = match (reference.resource.as_str(), reference.subresource.as_str()) {
            ("", _) => self.uri,
            (resource, "") => resource.into(),
            (resource, sub) => format!("{resource}/{sub}"),
        };
        AuditEvent {
            user,
            impersonator,
            verb: self.verb,
            group: reference.api_group,
            resource,
            namespace: reference.namespace,
            name: reference.name,
            code: self.response_status.map_or(0, |answer| answer.code),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn whole_lines_are_read_and_a_watch_counts_once() -> Result<()> {
        let mut file = tempfile::NamedTempFile::new()?;
        let line = |stage: &str, verb: &str| {
            format!(
                r#"{{"stage":"{stage}","verb":"{verb}","requestURI":"/x","user":{{"username":"daemon"}},
                "impersonatedUser":{{"username":"plugin"}},"objectRef":{{"resource":"pods","subresource":"status"}},
                "responseStatus":{{"code":200}}}}"#
            )
            .replace('\n', "")
        };
        for (stage, verb) in
            [("ResponseStarted", "watch"), ("ResponseComplete", "watch"), ("ResponseComplete", "patch")]
        {
            writeln!(file, "{}", line(stage, verb))?;
        }
        write!(file, "{{\"half")?;
        let events = Log::whole(file.path().into()).events()?;
        let seen: Vec<_> = events.iter().map(|e| (e.verb.as_str(), e.resource.as_str(), e.user.as_str())).collect();
        assert_eq!(seen, [("watch", "pods/status", "plugin"), ("patch", "pods/status", "plugin")]);
        Ok(())
    }
}
