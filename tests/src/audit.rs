//! What was asked of an API server, for tests that count requests.

mod log;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Result, bail};
use backplane_apiserver::{ApiServer, AuditEvent};
use tokio::sync::broadcast::error::RecvError;

use crate::wait::{equal, eventually};
pub use log::Log;

/// User name of the daemon; those of plugins begin with it and a dash.
pub const DAEMON: &str = "system:serviceaccount:backplane:backplane";

/// How long nothing must happen before somebody is held to be at rest.
const QUIET: Duration = Duration::from_secs(1);

/// Everything asked since it began.
#[derive(Clone)]
pub struct Audit(Record);

/// Who keeps it.
#[derive(Clone)]
enum Record {
    /// We do, as the embedded server tells.
    Told(Arc<Mutex<Kept>>),
    /// A real server does.
    Log(Log),
}

#[derive(Default)]
struct Kept {
    events: Vec<AuditEvent>,
    lost: u64,
}

impl Audit {
    /// Begins to keep.
    pub fn of(server: &ApiServer) -> Self {
        let (mut events, kept) = (server.audit(), Arc::<Mutex<Kept>>::default());
        let keeping = Arc::clone(&kept);
        tokio::spawn(async move {
            loop {
                match events.recv().await {
                    Ok(event) => lock(&keeping).events.push(event),
                    Err(RecvError::Lagged(count)) => lock(&keeping).lost += count,
                    Err(RecvError::Closed) => return,
                }
            }
        });
        Self(Record::Told(kept))
    }

    /// Begins at the present end of a real server's log.
    ///
    /// # Errors
    /// A log that cannot be read.
    pub fn of_log(file: PathBuf) -> Result<Self> {
        Ok(Self(Record::Log(Log::from_now(file)?)))
    }

    /// The requests kept so far.
    ///
    /// # Errors
    /// Requests that came too fast to be kept.
    pub fn events(&self) -> Result<Vec<AuditEvent>> {
        let kept = match &self.0 {
            Record::Told(kept) => lock(kept),
            Record::Log(log) => return log.events(),
        };
        if kept.lost > 0 {
            bail!("{} requests were not kept", kept.lost);
        }
        Ok(kept.events.clone())
    }

    /// The writes of the daemon and of all plugins so far, events included.
    ///
    /// # Errors
    /// Requests that came too fast to be kept.
    pub fn writes(&self) -> Result<Vec<AuditEvent>> {
        let ours = |event: &AuditEvent| event.user.starts_with(DAEMON);
        let writes = |event: &AuditEvent| !matches!(event.verb.as_str(), "get" | "list" | "watch");
        Ok(self.events()?.into_iter().filter(|event| ours(event) && writes(event)).collect())
    }

    /// Waits until nothing was written for a second, then looks for `more` and fails on any write.
    ///
    /// # Errors
    /// Who writes what.
    pub async fn at_rest(&self, limit: Duration, more: Duration) -> Result<()> {
        eventually("a second without writes", limit, async || {
            let seen = self.written_within(QUIET).await?;
            Ok(if seen.is_empty() { Ok(()) } else { Err(seen.join("; ")) })
        })
        .await?;
        equal("writes at rest", &self.written_within(more).await?, &Vec::<String>::new())
    }

    async fn written_within(&self, time: Duration) -> Result<Vec<String>> {
        let before = self.writes()?.len();
        tokio::time::sleep(time).await;
        Ok(self.writes()?[before..].iter().map(line).collect())
    }
}

/// One request in one line.
pub fn line(event: &AuditEvent) -> String {
    let AuditEvent { user, verb, resource, group, name, code, .. } = event;
    format!("{user} {verb} {resource}.{group} {} {code}", name.as_deref().unwrap_or("-"))
}

fn lock(kept: &Mutex<Kept>) -> std::sync::MutexGuard<'_, Kept> {
    kept.lock().unwrap_or_else(PoisonError::into_inner)
}
