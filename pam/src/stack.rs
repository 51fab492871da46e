//! One call of libpam from its arguments to its code: asks the stack's own
//! file, tells the person, writes the one audit line.

use muster_common::journal::{self, Severity};
use muster_common::text;
use pamsm::{PamError, PamFlags};

use crate::args::Arguments;
use crate::conversation::{Host, Item, Tone};
use crate::login::Voice;
use crate::outcome::{Decision, Ending, Row, Stack, row};
use crate::site::Site;
use crate::{account, login, password};

/// How the module calls itself in the log.
pub const IDENT: &str = "pam_muster";

/// The longest text shown, in bytes.
const TEXT_MAX: usize = 500;
/// The longest value in an audit line, in bytes.
const VALUE_MAX: usize = 100;

/// Answers one call.
pub fn answer(
    stack: Stack,
    host: &impl Host,
    site: &Site<'_>,
    flags: &PamFlags,
    given: &[String],
) -> PamError {
    let arguments = Arguments::read(given);
    for wrong in &arguments.wrong {
        let line = format!(
            "{}: argument {} is unknown and ignored",
            stack.name(),
            quoted(wrong)
        );
        journal::audit_at(site.log, IDENT, Severity::Warning, &line);
    }
    let voice = if flags.contains(PamFlags::SILENT) {
        Voice::Silent
    } else {
        Voice::Aloud
    };
    let ending = match stack {
        Stack::Auth => login::authenticate(host, site, voice),
        Stack::Account => account::manage(host, site),
        Stack::Password(pass) => password::change(host, site, pass),
    };
    let row = row(stack, ending.decision);
    if voice == Voice::Aloud && !ending.is_neutral() {
        tell(host, row, &ending);
    }
    if !ending.is_neutral() || arguments.debug {
        let line = audit_line(stack, host, row, &ending);
        journal::audit_at(site.log, IDENT, row.severity, &line);
    }
    row.code
}

fn tell(host: &impl Host, row: Row, ending: &Ending) {
    let Some(text) = ending.told.as_deref().or(row.person) else {
        return;
    };
    let tone = if row.lets_in() {
        Tone::Plain
    } else {
        Tone::Error
    };
    host.tell(tone, &text::safe(text, TEXT_MAX));
}

/// `auth: granted, service="sshd" user="ada" rhost="…" tty="ssh"`. A name that is not ours is left out: people type passwords there.
fn audit_line(stack: Stack, host: &impl Host, row: Row, ending: &Ending) -> String {
    let shown = |item| quoted(&host.item(item).unwrap_or_default());
    let user = match ending.decision {
        Decision::Outcome(_) if ending.is_neutral() => None,
        _ => host.user_now(),
    };
    let mut line = format!(
        "{}: {}, service={}",
        stack.name(),
        row.log,
        shown(Item::Service)
    );
    if let Some(user) = user {
        line.push_str(" user=");
        line.push_str(&quoted(&user));
    }
    line.push_str(" rhost=");
    line.push_str(&shown(Item::RemoteHost));
    line.push_str(" tty=");
    line.push_str(&shown(Item::Tty));
    if let Some(reason) = &ending.because {
        line.push_str(": ");
        line.push_str(reason);
    }
    line
}

/// A value in quotation marks that it cannot break out of.
fn quoted(value: &str) -> String {
    let tame = text::safe(value, VALUE_MAX).replace(['"', '\\'], "?");
    format!("\"{tame}\"")
}
