//! Audit lines to syslog AUTHPRIV that never wait: one non-blocking datagram to
//! /dev/log, dropped when nobody listens or the listener is behind.
//!
//! The header is the `syslog` crate's (RFC 3164), given hostname, process and
//! pid by hand, since its own defaults would ask the system for them. It reads
//! no environment and no time zone: the header's time is UTC, and what listens
//! on /dev/log (journald, rsyslog) stamps lines by its own clock. The crate's
//! own sockets are not used: they block, reconnect and stay open.

use std::os::unix::net::UnixDatagram;
use std::path::Path;

use syslog::{Facility, Formatter3164, LogFormat};

use crate::text;

/// Where a host's syslog listens.
pub const DEV_LOG: &str = "/dev/log";

/// The longest line, header not included, in bytes: within RFC 3164's packet of 1024.
const LINE_MAX: usize = 900;

/// How much a line matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// An administrator has to act.
    Error,
    /// Something was refused or could not be done.
    Warning,
    /// A decision worth keeping.
    Notice,
    /// The ordinary run of things.
    Info,
    /// Only while looking for a fault.
    Debug,
}

/// Sends one line to the host's syslog as `ident`. Stripped, capped, and
/// dropped rather than waited for; no secret may be in it.
pub fn audit(ident: &str, severity: Severity, line: &str) {
    audit_at(Path::new(DEV_LOG), ident, severity, line);
}

/// The same, to the syslog that listens at `socket`.
pub fn audit_at(socket: &Path, ident: &str, severity: Severity, line: &str) {
    let Some(packet) = packet(ident, severity, &text::safe(line, LINE_MAX)) else {
        return;
    };
    let Ok(sender) = UnixDatagram::unbound() else {
        return;
    };
    if sender.set_nonblocking(true).is_ok() {
        // A line that cannot be delivered is dropped: a login does not wait for its log.
        let _ = sender.send_to(&packet, socket);
    }
}

fn packet(ident: &str, severity: Severity, line: &str) -> Option<Vec<u8>> {
    let header = Formatter3164 {
        facility: Facility::LOG_AUTHPRIV,
        hostname: None,
        process: text::safe(ident, 64),
        pid: std::process::id(),
    };
    let mut packet = Vec::with_capacity(1024);
    header
        .format(&mut packet, severity.for_syslog(), line)
        .ok()?;
    Some(packet)
}

impl Severity {
    fn for_syslog(self) -> syslog::Severity {
        match self {
            Self::Error => syslog::Severity::LOG_ERR,
            Self::Warning => syslog::Severity::LOG_WARNING,
            Self::Notice => syslog::Severity::LOG_NOTICE,
            Self::Info => syslog::Severity::LOG_INFO,
            Self::Debug => syslog::Severity::LOG_DEBUG,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listen() -> (tempfile::TempDir, std::path::PathBuf, UnixDatagram) {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("log");
        let listener = UnixDatagram::bind(&place).unwrap();
        listener.set_nonblocking(true).unwrap();
        (folder, place, listener)
    }

    fn line_from(listener: &UnixDatagram) -> String {
        let mut packet = [0; 2048];
        let length = listener.recv(&mut packet).unwrap();
        String::from_utf8(packet[..length].to_vec()).unwrap()
    }

    #[test]
    fn a_line_arrives_as_authpriv_with_ident_and_pid_and_without_escapes() {
        let (_folder, place, listener) = listen();
        audit_at(
            &place,
            "pam_muster",
            Severity::Notice,
            "user=ada\n<0>forged\x1b[31m",
        );
        let line = line_from(&listener);
        // 10 (authpriv) * 8 + 5 (notice)
        assert!(line.starts_with("<85>"), "{line}");
        let tail = format!(" pam_muster[{}]: user=ada<0>forged[31m", std::process::id());
        assert!(line.ends_with(&tail), "{line}");
    }

    #[test]
    fn a_long_line_is_cut() {
        let (_folder, place, listener) = listen();
        audit_at(&place, "pam_muster", Severity::Info, &"a".repeat(100_000));
        assert!(line_from(&listener).len() < 1024);
    }

    #[test]
    fn nobody_listening_is_not_an_error() {
        let folder = tempfile::tempdir().unwrap();
        audit_at(
            &folder.path().join("log"),
            "pam_muster",
            Severity::Error,
            "x",
        );
    }

    #[test]
    fn a_listener_that_is_behind_is_not_waited_for() {
        let (_folder, place, _listener) = listen();
        // Far more than any queue of datagrams holds: a sender that waits would never return.
        for _ in 0..10_000 {
            audit_at(&place, "pam_muster", Severity::Info, "again");
        }
    }
}
