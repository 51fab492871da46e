//! The daemons' own log: one line a message to stderr, where systemd or the
//! administrator reads it. Decisions about people go to syslog's AUTHPRIV instead.

use std::io::Write;

use log::{Level, LevelFilter, Log, Metadata, Record};
use muster_common::text;

/// The longest line in bytes.
const LINE_MAX: usize = 4096;

/// Writes to stderr.
struct Stderr {
    level: LevelFilter,
    /// Whether journald reads, and wants priorities in front.
    journal: bool,
}

/// Starts logging: `MUSTER_LOG` may be `error`, `warn`, `info` (the default), `debug` or `trace`.
/// A second call changes nothing.
pub fn start() {
    let wanted = std::env::var("MUSTER_LOG").unwrap_or_default();
    let level = wanted.parse().unwrap_or(LevelFilter::Info);
    let logger = Stderr {
        level,
        journal: std::env::var_os("JOURNAL_STREAM").is_some(),
    };
    if log::set_boxed_logger(Box::new(logger)).is_ok() {
        log::set_max_level(level);
    }
}

impl Log for Stderr {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        let ours = metadata.target().starts_with("muster");
        let most = if ours {
            self.level
        } else {
            // Other crates log requests and names: only what is wrong, whatever was asked for.
            self.level.min(LevelFilter::Warn)
        };
        metadata.level() <= most
    }

    fn log(&self, record: &Record<'_>) {
        if self.enabled(record.metadata()) {
            let line = line(record.level(), &record.args().to_string(), self.journal);
            // Nobody is left to tell that stderr is gone.
            let _written = std::io::stderr().lock().write_all(line.as_bytes());
        }
    }

    fn flush(&self) {}
}

fn line(level: Level, message: &str, journal: bool) -> String {
    let message = text::safe(&message.replace('\n', "; "), LINE_MAX);
    let (priority, word) = match level {
        Level::Error => (3, "error"),
        Level::Warn => (4, "warning"),
        Level::Info => (6, "info"),
        Level::Debug | Level::Trace => (7, "debug"),
    };
    match journal {
        true => format!("<{priority}>{message}\n"),
        false => format!("{word}: {message}\n"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_one_line_without_escapes() {
        assert_eq!(
            line(Level::Warn, "two\nlines \x1b[31mred", false),
            "warning: two; lines [31mred\n"
        );
        assert_eq!(line(Level::Error, "x", true), "<3>x\n");
    }
}
