//! The table of all checks: the report, the reference page and the tests come from here.

use super::finding::Finding;
use super::host::Host;
use super::{broker, files, hardening, identities, machine, nsswitch, pam, privileged, sshd, tls};

/// A check.
pub struct Check {
    /// Its name: what `--json` and the reference page call it.
    pub name: &'static str,
    /// What is looked at.
    pub examines: &'static str,
    /// What may happen where it is not as it should be.
    pub risk: &'static str,
    /// What to do, one line.
    pub repair: &'static str,
    /// Looks.
    pub run: fn(&Host) -> Vec<Finding>,
}

/// The checks about one subject.
pub struct Subject {
    /// Its heading.
    pub heading: &'static str,
    /// Its checks.
    pub checks: &'static [Check],
}

/// All of them, in the order of the report.
pub const SUBJECTS: &[Subject] = &[
    Subject {
        heading: "Names",
        checks: nsswitch::CHECKS,
    },
    Subject {
        heading: "Ids and namesakes",
        checks: identities::CHECKS,
    },
    Subject {
        heading: "Logins (PAM)",
        checks: pam::CHECKS,
    },
    Subject {
        heading: "sshd",
        checks: sshd::CHECKS,
    },
    Subject {
        heading: "Rules that name people",
        checks: privileged::CHECKS,
    },
    Subject {
        heading: "Files and sockets",
        checks: files::CHECKS,
    },
    Subject {
        heading: "Broker and directories",
        checks: broker::CHECKS,
    },
    Subject {
        heading: "TLS",
        checks: tls::CHECKS,
    },
    Subject {
        heading: "The machine",
        checks: machine::CHECKS,
    },
    Subject {
        heading: "Units",
        checks: hardening::CHECKS,
    },
];

/// Every check, in order.
pub fn checks() -> impl Iterator<Item = &'static Check> {
    SUBJECTS.iter().flat_map(|subject| subject.checks)
}

/// The table as the reference page has it.
pub fn reference() -> String {
    let mut text = String::new();
    for subject in SUBJECTS {
        text.push_str(&format!(
            "\n## {}\n\n| check | examines | risk | repair |\n|---|---|---|---|\n",
            subject.heading
        ));
        for check in subject.checks {
            text.push_str(&format!(
                "| `{}` | {} | {} | {} |\n",
                check.name, check.examines, check.risk, check.repair
            ));
        }
    }
    text.push('\n');
    text
}
