//! Power of a server: what may follow what, and the refusals that callers know by their text.
//!
//! ```text
//!   stopped ── start ──> starting ──> running ── stop, shutdown ──> stopping ──> stopped
//!                            └─ (fault) ─> stopped     ^── a guest that ignores the power button ──┘
//! ```

use jiff::Timestamp;

use super::{Outcome, PowerEvent, Server, World};
use crate::error::ApiError;
use crate::faults::ServerFault;

/// Where a server is between off and on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Power {
    Stopped,
    Starting {
        until: Timestamp,
    },
    Running {
        since: Timestamp,
    },
    Stopping {
        until: Timestamp,
    },
    /// The power button was pressed and the guest does not care: `running` again after a while.
    Ignoring {
        since: Timestamp,
        until: Timestamp,
    },
}

impl Power {
    fn status(&self) -> &'static str {
        match self {
            Self::Stopped => "stopped",
            Self::Starting { .. } => "starting",
            Self::Running { .. } => "running",
            Self::Stopping { .. } | Self::Ignoring { .. } => "stopping",
        }
    }

    /// The name that error texts use.
    fn internal(&self) -> &'static str {
        match self {
            Self::Running { .. } => "started",
            other => other.status(),
        }
    }

    /// Since when it runs.
    pub(crate) fn since(&self) -> Option<Timestamp> {
        match self {
            Self::Running { since } | Self::Ignoring { since, .. } => Some(*since),
            _ => None,
        }
    }

    /// Why `verb` is refused; `None` if it is allowed.
    pub(crate) fn refusal(&self, verb: &str) -> Option<String> {
        let state = self.internal();
        let text = match (verb, self) {
            ("start" | "delete", Self::Stopped) | ("stop" | "shutdown" | "restart", Self::Running { .. }) => {
                return None;
            }
            ("stop", Self::Ignoring { .. }) => return None,
            ("delete", Self::Stopping { .. } | Self::Ignoring { .. }) => {
                format!("Cannot delete guest in state '{state}'. Guest should be in state \"stopped\"")
            }
            ("start" | "delete", _) => {
                format!("Cannot {verb} guest in state \"{state}\". Guest should be in state \"stopped\"")
            }
            _ => format!(
                "Cannot {verb} guest in state \"{state}\". Guest should be in state \"['started', 'running_legacy']\""
            ),
        };
        Some(text)
    }
}

impl World {
    pub(crate) fn settle_servers(&mut self) {
        let due: Vec<(String, Power)> =
            self.servers.iter().filter_map(|server| Some((server.uuid.clone(), self.next_power(server)?))).collect();
        for (uuid, power) in due {
            if let Some(server) = self.servers.iter_mut().find(|server| server.uuid == uuid) {
                server.power = power;
            }
            self.refresh_addresses(&uuid);
        }
    }

    /// The state that is due now, if any.
    fn next_power(&self, server: &Server) -> Option<Power> {
        let fault = |fault| self.faults.has(&server.uuid, &server.name, fault);
        match server.power {
            Power::Starting { until } if until <= self.now => {
                Some(if fault(ServerFault::StartFails) { Power::Stopped } else { Power::Running { since: until } })
            }
            Power::Stopping { until } if until <= self.now && !fault(ServerFault::StuckStopping) => {
                Some(Power::Stopped)
            }
            Power::Ignoring { since, until } if until <= self.now => Some(Power::Running { since }),
            _ => None,
        }
    }

    pub(crate) fn server_status(&self, server: &Server) -> &'static str {
        let reachable = !self.faults.has(&server.uuid, &server.name, ServerFault::Unavailable);
        match server.power {
            Power::Starting { .. } | Power::Running { .. } if !reachable => "unavailable",
            _ => server.power.status(),
        }
    }

    pub(crate) fn start_server(&mut self, uuid: &str) -> Outcome<()> {
        let server = self.server(uuid)?;
        refuse(server, "start")?;
        for attached in &server.drives {
            self.refuse_unfilled(&attached.drive)?;
        }
        self.refuse_when_full("server")?;
        let until = self.now + self.options.delays.start;
        self.switch_on(uuid, Power::Starting { until })
    }

    fn refuse_unfilled(&self, drive: &str) -> Outcome<()> {
        match self.drive(drive).ok().and_then(|drive| drive.work.as_ref()) {
            Some(work) if self.options.quirks.refuse_start_while_cloning => {
                Err(ApiError::permission(format!("Cannot start guest with drive {drive} in state \"{}\"", work.status)))
            }
            _ => Ok(()),
        }
    }

    pub(crate) fn stop_server(&mut self, uuid: &str) -> Outcome<()> {
        refuse(self.server(uuid)?, "stop")?;
        self.switch_off(uuid)
    }

    /// Presses the power button. Only a guest with a system on its boot drive reacts.
    pub(crate) fn shutdown_server(&mut self, uuid: &str) -> Outcome<()> {
        let server = self.server(uuid)?;
        refuse(server, "shutdown")?;
        let system = server.boot_drive().and_then(|boot| self.drive(&boot.drive).ok());
        if system.is_some_and(|drive| drive.image.is_some()) {
            return self.switch_off(uuid);
        }
        let (since, until) =
            (server.power.since().unwrap_or(self.now), self.now + self.options.delays.shutdown_ignored);
        self.server_mut(uuid)?.power = Power::Ignoring { since, until };
        Ok(())
    }

    /// Resets a running server: it stays `running`, the guest boots again.
    pub(crate) fn restart_server(&mut self, uuid: &str) -> Outcome<()> {
        let server = self.server(uuid)?;
        refuse(server, "restart")?;
        let power = server.power.clone();
        self.events.push(PowerEvent::Off { uuid: uuid.to_owned() });
        self.switch_on(uuid, power)
    }

    fn switch_on(&mut self, uuid: &str, power: Power) -> Outcome<()> {
        let server = self.server_mut(uuid)?;
        server.power = power;
        server.boots += 1;
        let event = PowerEvent::On { uuid: uuid.to_owned(), boot: server.boots };
        self.events.push(event);
        Ok(())
    }

    fn switch_off(&mut self, uuid: &str) -> Outcome<()> {
        let until = self.now + self.options.delays.stop;
        self.server_mut(uuid)?.power = Power::Stopping { until };
        self.events.push(PowerEvent::Off { uuid: uuid.to_owned() });
        Ok(())
    }
}

fn refuse(server: &Server, verb: &str) -> Outcome<()> {
    server.power.refusal(verb).map_or(Ok(()), |text| Err(ApiError::permission(text)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_use_the_texts_that_callers_match_on() {
        let now = Timestamp::UNIX_EPOCH;
        let cases = [
            (
                "start of a running one",
                Power::Running { since: now },
                "start",
                r#"Cannot start guest in state "started". Guest should be in state "stopped""#,
            ),
            (
                "stop of a stopped one",
                Power::Stopped,
                "stop",
                r#"Cannot stop guest in state "stopped". Guest should be in state "['started', 'running_legacy']""#,
            ),
            (
                "delete of a stopping one",
                Power::Stopping { until: now },
                "delete",
                r#"Cannot delete guest in state 'stopping'. Guest should be in state "stopped""#,
            ),
            (
                "delete of a running one",
                Power::Running { since: now },
                "delete",
                r#"Cannot delete guest in state "started". Guest should be in state "stopped""#,
            ),
        ];
        for (name, power, verb, expected) in cases {
            assert_eq!(power.refusal(verb).as_deref(), Some(expected), "{name}");
        }
        assert_eq!(Power::Stopped.refusal("start"), None);
        assert_eq!(Power::Stopped.refusal("delete"), None);
    }
}
