//! `backplane:logging`: a plugin's lines in the operator's log, cut and bounded.

use crate::bindings::logging::{self, Level};
use crate::meter::{LogLine, Meter};
use crate::state::State;

/// Longest line, in bytes; the contract names this number.
const LINE_BYTES: usize = 2_048;

impl logging::Host for State {
    fn log(&mut self, level: Level, message: String, facts: Vec<(String, String)>) -> wasmtime::Result<()> {
        let bytes = message.len() + facts.iter().map(|(key, value)| key.len() + value.len()).sum::<usize>();
        self.meter.host_call(bytes)?;
        write(&self.meter, &self.context.plugin, level, &message, &joined(&facts, LINE_BYTES));
        Ok(())
    }
}

/// Writes one line if the call still has log bytes left; the first line that is dropped says so.
pub(crate) fn write(meter: &Meter, plugin: &str, level: Level, message: &str, facts: &str) {
    let message = cut(message, LINE_BYTES);
    let facts = cut(facts, LINE_BYTES - message.len());
    match meter.log_line(message.len() + facts.len()) {
        LogLine::Write => emit(plugin, level, message, facts),
        LogLine::DropAndSay => {
            tracing::warn!(target: "backplane::plugin", component = plugin, "further log lines of this call are dropped");
        }
        LogLine::Drop => {}
    }
}

fn emit(component: &str, level: Level, message: &str, facts: &str) {
    match level {
        Level::Trace => tracing::trace!(target: "backplane::plugin", component, facts, "{message}"),
        Level::Debug => tracing::debug!(target: "backplane::plugin", component, facts, "{message}"),
        Level::Info => tracing::info!(target: "backplane::plugin", component, facts, "{message}"),
        Level::Warn => tracing::warn!(target: "backplane::plugin", component, facts, "{message}"),
        Level::Error => tracing::error!(target: "backplane::plugin", component, facts, "{message}"),
    }
}

fn joined(facts: &[(String, String)], limit: usize) -> String {
    let mut line = String::new();
    for (key, value) in facts {
        if line.len() >= limit {
            break;
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.extend([key.as_str(), "=", cut(value, limit)]);
    }
    line
}

/// The beginning of a text, at most `limit` bytes, whole characters only.
pub(crate) fn cut(text: &str, limit: usize) -> &str {
    if text.len() <= limit {
        return text;
    }
    let end = (0..=limit).rev().find(|&end| text.is_char_boundary(end)).unwrap_or(0);
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_between_characters() {
        assert_eq!(cut("añb", 2), "a");
        assert_eq!(cut("añb", 3), "añ");
        assert_eq!(cut("ab", 2), "ab");
    }

    #[test]
    fn facts_are_joined_up_to_the_limit() {
        let facts = [("a".to_owned(), "1".to_owned()), ("b".to_owned(), "2".to_owned())];
        assert_eq!(joined(&facts, 100), "a=1 b=2");
        assert_eq!(joined(&facts, 2), "a=1");
    }
}
