//! The document about logins.

use std::fmt::Write as _;

use super::{CALLERS, PEOPLE, PERMIT, STACKS, Stack, login, milliseconds};
use crate::aims::{Row, Verdict};
use crate::facts::Facts;
use crate::figures::Figures;
use crate::peers::MUSTER;
use crate::report::{aims, where_and_when};
use crate::shown::number;

const HEAD: &str = "\
# Logins, side by side with the peers

Written by `cargo xtask bench logins` (as root on Debian; `cargo xtask bench logins quick` takes fewer rounds).
Everything ran in private namespaces of one machine, servers, daemons and callers together: muster as it is shipped, and
the peers from Debian's packages, configured as `bench/rooms.sh` says. A login is `pam_start`, `pam_authenticate`,
`pam_acct_mgmt` and `pam_end` in one process (`bench/load/login.c`), of twenty people in turn who have logged in before,
each through a stack of the one module only. muster's server is the simulated Crowd over TLS, which is a program of this
project; that of the peers is slapd without TLS and with passwords that are not hashed.

Single times are those of this machine; trust what stands side by side.
";

/// The whole document.
pub(crate) fn document(figures: &Figures, facts: &Facts) -> String {
    let mut text = HEAD.to_owned();
    text += &where_and_when(facts);
    text += &aims(rows(figures));
    text += "\n## Side by side\n\nLogins a second; median time, and that which 99 % stay below, in milliseconds.\n\n";
    text += &side_by_side(figures, "running");
    text += "\nA wrong password, in milliseconds (muster refuses no sooner than after half a second, whatever the reason; \
             pam_unix stands with `nodelay`):\n\n";
    text += &refused(figures);
    let _ = write!(
        text,
        "\n## {} at the same moment\n\nEach another person, who logs in for the first time on this host.\n\n",
        number(f64::from(PEOPLE))
    );
    text += &crowds(figures);
    text += "\n## Without the server\n\nEach login costs a hash of the password: argon2id with muster, SHA-512 with SSSD.\n\n";
    text += &side_by_side(figures, "offline");
    text += "\n## One login in every state\n\nPAM's code and the time until it came, in milliseconds.\n\n";
    text += &states(figures);
    text
}

fn rows(figures: &Figures) -> Vec<Row> {
    vec![
        online(figures),
        offline(figures),
        memory(figures),
        at_once(figures),
        unreachable(figures),
        stopped(
            figures,
            "broker stopped: authentication",
            "authentication ns",
            1000.0,
        ),
        stopped(
            figures,
            "broker stopped: account management",
            "account ns",
            10.0,
        ),
    ]
}

/// `found`: what was measured, in words, and whether that is enough.
fn row(work: &'static str, aim: &str, found: Option<(String, bool)>) -> Row {
    let verdict = match &found {
        Some((_, true)) => Verdict::Met,
        Some((_, false)) => Verdict::Missed,
        None => Verdict::Open,
    };
    Row {
        work,
        aim: aim.to_owned(),
        measured: found.map_or_else(|| "not measured".to_owned(), |(measured, _)| measured),
        verdict,
    }
}

fn online(figures: &Figures) -> Row {
    let of = |stack, state| milliseconds(figures, &login(stack, state, "ns", 1));
    let found = || {
        let (own, bare) = (of(MUSTER, "running")?, of(PERMIT, "running")?);
        let server = of(MUSTER, "server")?;
        let added = own - bare - server;
        let said =
            format!("{added:.2} ms ({own:.2} less {bare:.2} of PAM and {server:.2} of the server)");
        Some((said, added <= 1.5))
    };
    row(
        "login online",
        "module and broker add at most 1.5 ms to pam_permit and the server's own answer",
        found(),
    )
}

fn offline(figures: &Figures) -> Row {
    let of = |stack, state| milliseconds(figures, &login(stack, state, "ns", 1));
    let found = || {
        let (own, hash) = (of(MUSTER, "offline")?, of(MUSTER, "hash")?);
        let added = own - hash - of(PERMIT, "running")?;
        let said = format!("{added:.2} ms (a login {own:.1}, the reference's argon2id {hash:.1})");
        Some((said, added <= 2.0))
    };
    row(
        "login offline",
        "the hash, pam_permit and at most 2 ms",
        found(),
    )
}

fn memory(figures: &Figures) -> Row {
    let peak = figures.median(&login(MUSTER, "running", "peak KB", 64));
    row(
        "the broker with 64 logins at once",
        "under 80 MB",
        peak.map(|peak| {
            (
                format!("{:.0} MB at the peak", peak / 1024.0),
                peak < 80.0 * 1024.0,
            )
        }),
    )
}

fn at_once(figures: &Figures) -> Row {
    let got_in = figures.median(&login(MUSTER, "running", "got in", PEOPLE));
    row(
        "1,000 logins at once",
        "none is lost",
        got_in.map(|got_in| {
            (
                format!("{} got in", number(got_in)),
                got_in >= f64::from(PEOPLE),
            )
        }),
    )
}

fn unreachable(figures: &Figures) -> Row {
    let took = milliseconds(
        figures,
        &login(MUSTER, "server gone, stranger", "authentication ns", 1),
    );
    row(
        "no server, no verifier: the refusal",
        "under 2 s",
        took.map(|took| (format!("{took:.0} ms"), took < 2000.0)),
    )
}

fn stopped(figures: &Figures, work: &'static str, measure: &str, most: f64) -> Row {
    let took = milliseconds(figures, &login(MUSTER, "broker stopped", measure, 1));
    let found = took.map(|took| (format!("{took:.2} ms"), took < most));
    row(work, &format!("under {most:.0} ms"), found)
}

/// A line for each stack that was measured in that state.
fn side_by_side(figures: &Figures, state: &str) -> String {
    let mut text = format!(
        "| stack | {} |\n|---{}|\n",
        CALLERS
            .map(|callers| format!("{callers} at once: a second | median | 99 % |"))
            .join(" ")
            .trim_end_matches([' ', '|']),
        "|---".repeat(CALLERS.len() * 3)
    );
    for stack in &STACKS {
        let cells: Vec<String> = CALLERS
            .iter()
            .flat_map(|&callers| cells(figures, stack, state, callers))
            .collect();
        if cells.iter().any(|cell| cell != "–") {
            let _ = writeln!(text, "| {} | {} |", stack.title, cells.join(" | "));
        }
    }
    text
}

fn cells(figures: &Figures, stack: &Stack, state: &str, callers: u32) -> [String; 3] {
    let of = |measure| login(stack.name, state, measure, callers);
    let shown = |figure: Option<f64>, failed: &str| {
        figure.map_or("–".to_owned(), |figure| number(figure) + failed)
    };
    let failed = figures.median(&of("failed")).filter(|&failed| failed > 0.0);
    let failed = failed.map_or(String::new(), |failed| {
        format!(" ({} failed)", number(failed))
    });
    [
        shown(figures.median(&of("a second")), &failed),
        shown(milliseconds(figures, &of("ns")), ""),
        shown(milliseconds(figures, &of("99 % ns")), ""),
    ]
}

fn refused(figures: &Figures) -> String {
    let mut text = "| stack | refused after |\n|---|---|\n".to_owned();
    for stack in &STACKS {
        let took = milliseconds(figures, &login(stack.name, "running", "refused ns", 1));
        if let Some(took) = took.filter(|_| stack.name != PERMIT) {
            let _ = writeln!(text, "| {} | {} |", stack.title, number(took));
        }
    }
    text
}

fn crowds(figures: &Figures) -> String {
    let mut text =
        "| stack | got in | until the last had, s | median of a login, ms |\n|---|---|---|---|\n"
            .to_owned();
    for stack in &STACKS {
        let of = |measure| login(stack.name, "running", measure, PEOPLE);
        let all = (
            figures.median(&of("got in")),
            milliseconds(figures, &of("crowd ns")),
            milliseconds(figures, &of("crowd median ns")),
        );
        if let (Some(got_in), Some(all), Some(median)) = all {
            let _ = writeln!(
                text,
                "| {} | {} | {:.1} | {} |",
                stack.title,
                number(got_in),
                all / 1e3,
                number(median)
            );
        }
    }
    text
}

fn states(figures: &Figures) -> String {
    let mut text = "| muster's server or broker, who logs in | authentication | ms | account management | ms |\n\
                    |---|---|---|---|---|\n"
        .to_owned();
    for (state, title) in [
        (
            "server hung, first",
            "server hangs, known here: the first login",
        ),
        (
            "server hung, next",
            "server hangs, known here: the next one",
        ),
        (
            "server hung, stranger",
            "server hangs, never logged in here",
        ),
        ("server gone", "server gone, known here: the first login"),
        ("server gone, stranger", "server gone, never logged in here"),
        ("broker stopped", "broker stopped (SIGSTOP)"),
        ("broker killed", "broker killed"),
    ] {
        let of = |measure| figures.median(&login(MUSTER, state, measure, 1));
        let all = (
            of("code"),
            of("authentication ns"),
            of("account code"),
            of("account ns"),
        );
        if let (Some(code), Some(took), Some(account), Some(account_took)) = all {
            let _ = writeln!(
                text,
                "| {title} | {} | {} | {} | {} |",
                named(code),
                number(took / 1e6),
                named(account),
                number(account_took / 1e6)
            );
        }
    }
    text
}

/// The name of a code of Linux-PAM's, as far as they come here.
fn named(code: f64) -> String {
    match format!("{code:.0}").as_str() {
        "0" => "PAM_SUCCESS".to_owned(),
        "6" => "PAM_PERM_DENIED".to_owned(),
        "7" => "PAM_AUTH_ERR".to_owned(),
        "9" => "PAM_AUTHINFO_UNAVAIL".to_owned(),
        "10" => "PAM_USER_UNKNOWN".to_owned(),
        other => other.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::peers::SSSD;

    #[test]
    fn an_aim_is_met_missed_or_open_and_says_by_what() {
        let mut figures = Figures::default();
        assert!(aims(rows(&figures)).contains("| not measured | open |"));
        for (stack, state, nanoseconds) in [
            (MUSTER, "running", 2.0e6),
            (MUSTER, "server", 0.25e6),
            (PERMIT, "running", 0.5e6),
        ] {
            figures.add(login(stack, state, "ns", 1), nanoseconds);
        }
        let text = aims(rows(&figures));
        assert!(
            text.contains("1.25 ms (2.00 less 0.50 of PAM and 0.25 of the server) | met |"),
            "{text}"
        );
        figures.add(login(MUSTER, "running", "got in", PEOPLE), 999.0);
        assert!(aims(rows(&figures)).contains("| 999 got in | **missed** |"));
    }

    #[test]
    fn who_was_not_measured_has_no_line_and_whoever_failed_is_shown() {
        let mut figures = Figures::default();
        for (measure, figure) in [
            ("a second", 76.0),
            ("ns", 12.8e6),
            ("99 % ns", 40e6),
            ("failed", 3.0),
        ] {
            figures.add(login(SSSD, "running", measure, 1), figure);
        }
        let text = side_by_side(&figures, "running");
        assert!(
            text.contains("| pam_sss with SSSD, slapd without TLS | 76 (3 failed) | 13 | 40 |"),
            "{text}"
        );
        assert!(!text.contains("nslcd"));
    }
}
