//! The document.

use std::fmt::Write as _;
use std::time::Duration;

use crate::Pace;
use crate::hung::{CALLERS, Waited};
use crate::lookups::{self, CROWD, Row};
use crate::shown::{count, megabytes, seconds};
use crate::whole;

const HEAD: &str = "\
# Directories at work: asked by name, read whole, never answering

Written by `cargo xtask bench directories` (as root on Debian; `cargo xtask bench directories quick` takes a tenth of the
look-ups): muster as it is shipped, against the simulated Gafaelfawr and FAS of this project (programs of the dev profile)
over TLS, in private namespaces of one machine, on which servers, daemons and callers run together. Times are those of this
machine on this day; counts are the same everywhere.
";

pub(crate) fn of(
    pace: Pace,
    names: &lookups::Measured,
    fas: &whole::Measured,
    hung: &[Waited],
) -> String {
    let mut text = HEAD.to_owned();
    text += "\n## Where\n\n| what | |\n|---|---|\n";
    for (what, said) in facts(pace) {
        let _ = writeln!(text, "| {what} | {said} |");
    }
    text += "\n## Names, by a Gafaelfawr that is asked about each\n\n\
             A thread each asks the broker over lookup.sock, as the NSS module does after a miss (`cli/examples/lookup_rate.rs`). \
             A first look-up of somebody who is found ends when everybody is published; whoever waits meanwhile shares that. \
             One account may cause 2,000 questions at once and 500 a second (root, as here; others 100 and 10): each row stays below.\n\n";
    text += &table(&names.rows);
    let _ = writeln!(
        text,
        "\nThe broker's peak memory: {}.",
        megabytes(names.peak)
    );
    let _ = write!(
        text,
        "\n## {CROWD} callers who want one name at the same moment\n\n"
    );
    text += &table(&names.crowds);
    text += &everybody(fas);
    text += &waited(hung);
    text
}

fn facts(pace: Pace) -> [(&'static str, String); 4] {
    let file = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let cores = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    let load = file("/proc/loadavg");
    let load = load.split(' ').next().unwrap_or_default();
    [
        (
            "run",
            match pace {
                Pace::Quick => "quick",
                Pace::Full => "full",
            }
            .to_owned(),
        ),
        ("processors", cores.to_string()),
        (
            "kernel",
            file("/proc/sys/kernel/osrelease").trim().to_owned(),
        ),
        ("load average afterwards, ours included", load.to_owned()),
    ]
}

fn table(rows: &[Row]) -> String {
    let mut text = String::from(
        "| what | callers | look-ups | known / unknown / neither | a second | median ms | 99 % ms | longest ms | requests at the server |\n\
         |---|---|---|---|---|---|---|---|---|\n",
    );
    for row in rows {
        let asked = &row.asked;
        let all = asked
            .known
            .saturating_add(asked.unknown)
            .saturating_add(asked.neither);
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} / {} / {} | {} | {:.2} | {:.2} | {:.2} | {} |",
            row.what,
            row.callers,
            count(all),
            count(asked.known),
            count(asked.unknown),
            count(asked.neither),
            count(asked.a_second),
            asked.median,
            asked.almost_all,
            asked.longest,
            row.requests
        );
    }
    text
}

fn everybody(fas: &whole::Measured) -> String {
    let mut text = format!(
        "\n## FAS, {} people and {} groups, read whole\n\n| what | |\n|---|---|\n",
        count(whole::PEOPLE.into()),
        count(whole::GROUPS.into())
    );
    let lines = [
        (
            "from the broker's start without a store to the first name that getent finds",
            seconds(fas.first),
        ),
        ("requests until then", fas.first_requests.to_string()),
        (
            "everybody read and published again (`muster sync`)",
            seconds(fas.again),
        ),
        ("requests for that", fas.again_requests.to_string()),
        (
            "processor time of the broker for both",
            seconds(fas.broker_cpu),
        ),
        (
            "processor time of the publisher for both",
            seconds(fas.publisher_cpu),
        ),
        ("peak memory of the broker", megabytes(fas.broker.peak)),
        ("its own memory afterwards", megabytes(fas.broker.anonymous)),
        (
            "peak memory of the publisher",
            megabytes(fas.publisher.peak),
        ),
        ("the snapshot's size", megabytes(fas.snapshot / 1024)),
    ];
    for (what, said) in lines {
        let _ = writeln!(text, "| {what} | {said} |");
    }
    text
}

fn waited(kinds: &[Waited]) -> String {
    let mut text = format!(
        "\n## A server that takes every request and never answers\n\n\
         Names: {CALLERS} programs at the same moment (`getent passwd NAME`), each for a name of its own where nobody knows them. \
         Logins: of somebody who never logged in on the host, one after the other, through libpam, \
         whose own delay of about two seconds after a refusal is in it.\n\n\
         | who | callers | waited, shortest to longest |\n|---|---|---|\n"
    );
    for kind in kinds {
        let shortest = kind.each.iter().min().copied().unwrap_or(Duration::ZERO);
        let longest = kind.each.iter().max().copied().unwrap_or(Duration::ZERO);
        let _ = writeln!(
            text,
            "| {} | {} | {} to {} |",
            kind.who,
            kind.each.len(),
            seconds(shortest),
            seconds(longest)
        );
    }
    text
}
