//! The document: every table from the figures, in words that say how to read them.

use std::fmt::Write as _;

use crate::aims::{Row, Verdict, rows};
use crate::facts::{Facts, LOAD_BEFORE, MISSING};
use crate::figures::{Figures, Key, key};
use crate::peers::{FLOOR, MUSTER, PEERS, Peer, QUESTIONS, Question, TEN};
use crate::plan::{CROWDS, SIZES, USERS};
use crate::plot::{Series, svg};
use crate::shown::{duration, number, short};

const HEAD: &str = "\
# Names, side by side with the peers

Written by `cargo xtask bench nss` (as root on Debian; `cargo xtask bench nss quick` takes some minutes and fewer
rounds). Everything ran in private namespaces of one machine, with the same made-up people for everybody: muster as it
is shipped, and the peers from Debian's packages, in their default configuration but for what `bench/rooms.sh` says.

## How to read this

Trust counts first: instructions are stepped or counted by callgrind, system calls by ptrace, and both are the same on
every run. Trust ratios second: each is the median of the ratios of single rounds, in which all peers took their turn.
Single times come last: a busy machine doubles them. Instructions of a call include the loop of the load program, about
70 for a name, 45 for an id, 60 for an unknown name, 190 for one that is always another.

*The floor* is `bench/load/floor.c`: the cheapest answer that we can think of, which trusts its file and checks
nothing. *`files`, 10 lines* is glibc with a passwd file of ten lines. A call *through glibc* reads the status of
nsswitch.conf each time, which no module can avoid: about 550 instructions and a system call.
";

/// Up to this load average before a run its times can be believed.
const IDLE: f64 = 0.5;

/// The whole document.
pub(crate) fn document(figures: &Figures, facts: &Facts) -> String {
    let mut text = HEAD.to_owned();
    text += &where_and_when(facts);
    text += &aims(rows(figures));
    text += "\n## 10,000 people: instructions (system calls) of a call\n\nAt the module's own door:\n\n";
    text += &counts(figures, facts, "module");
    text += "\nThrough glibc; nscd is asked before any module:\n\n";
    text += &counts(figures, facts, "glibc");
    text += "\n## 10,000 people: time of a call\n\nThrough glibc: median; × `files` with 10 lines; × the floor.\n\n";
    text += &times(figures, facts, "glibc");
    text += "\nAt the module's own door: median; × the floor.\n\n";
    text += &times(figures, facts, "module");
    text += "\n## Whole processes, 10,000 people\n\nInstructions by callgrind, system calls, median and smallest time.\n\n";
    text += &programs(figures, facts);
    text += "\n## Many at once: million calls a second, by name, at the module's own door\n\n";
    text += &crowds(figures);
    text += "\n## More and more people\n\n![time of a hit by name](nss.svg)\n\n";
    text += "Median time through glibc of a hit by name, up to 50,000 people in turn; of SSSD and nscd, whose caches \
             have to be warmed, 2,000.\n\n";
    text += &growth(figures, facts, "name grown");
    text += "\nAn unknown name:\n\n";
    text += &growth(figures, facts, "unknown grown");
    text += "\ninitgroups with 20 groups:\n\n";
    text += &growth(figures, facts, "groups20 grown");
    text += &states(figures);
    text
}

/// The plot beside it.
pub(crate) fn plot(figures: &Figures) -> String {
    let series = PEERS.iter().filter(|peer| peer.name != TEN).map(|peer| {
        let at = |users: u32| {
            Some((
                f64::from(users),
                figures.median(&key(peer.name, "glibc", "name grown", users, "ns"))?,
            ))
        };
        Series {
            name: peer.title.replace('`', ""),
            points: SIZES.into_iter().filter_map(at).collect(),
        }
    });
    let series: Vec<Series> = series.filter(|line| !line.points.is_empty()).collect();
    svg(
        "A hit by name through glibc",
        ["people in the directory", "median time of a call"],
        &series,
    )
}

pub(crate) fn where_and_when(facts: &Facts) -> String {
    let mut text = "\n## Where and when\n\n| what | |\n|---|---|\n".to_owned();
    for (name, value) in facts.0.iter().filter(|(name, _)| name != MISSING) {
        let _ = writeln!(text, "| {name} | {value} |");
    }
    let busy = facts
        .of(LOAD_BEFORE)
        .and_then(|load| load.parse::<f64>().ok());
    if busy.is_some_and(|load| load > IDLE) {
        text += "\nOther work kept this machine busy meanwhile: times and throughput are high and uneven, and a row about \
                 time that is missed here may be met on a quiet machine, and the other way round. Counts are not touched by it.\n";
    }
    if let Some(missing) = facts.of(MISSING) {
        let _ = writeln!(
            text,
            "\nCould not be installed here: {}.",
            missing.replace(' ', ", ")
        );
    }
    text
}

/// The aims, and what they came to.
pub(crate) fn aims(rows: Vec<Row>) -> String {
    let met = rows
        .iter()
        .filter(|row| row.verdict == Verdict::Met)
        .count();
    let mut text = format!(
        "\n## The aims: {met} of {} met\n\n| work | aim | measured | |\n|---|---|---|---|\n",
        rows.len()
    );
    for row in rows {
        let verdict = match row.verdict {
            Verdict::Met => "met",
            Verdict::Missed => "**missed**",
            Verdict::Open => "open",
        };
        let _ = writeln!(
            text,
            "| {} | {} | {} | {verdict} |",
            row.work, row.aim, row.measured
        );
    }
    text
}

/// A table with a line for each peer and a column for each of `columns`; lines without a single figure say why.
fn table(
    facts: &Facts,
    columns: &[&str],
    peers: impl Iterator<Item = &'static Peer>,
    cell: impl Fn(&Peer, usize) -> Option<String>,
) -> String {
    let mut text = format!(
        "| peer | {} |\n|---{}|\n",
        columns.join(" | "),
        "|---".repeat(columns.len())
    );
    let missing: Vec<&str> = facts.of(MISSING).unwrap_or_default().split(' ').collect();
    for peer in peers {
        let mut cells: Vec<Option<String>> = (0..columns.len())
            .map(|column| cell(peer, column))
            .collect();
        if missing.contains(&peer.name) {
            cells = vec![Some("could not be installed here".to_owned())];
            cells.resize(columns.len(), None);
        }
        let cells: Vec<String> = cells
            .into_iter()
            .map(|cell| cell.unwrap_or_else(|| "–".to_owned()))
            .collect();
        let _ = writeln!(text, "| {} | {} |", peer.title, cells.join(" | "));
    }
    text
}

fn titles() -> Vec<&'static str> {
    QUESTIONS
        .iter()
        .map(|question: &Question| question.title)
        .collect()
}

/// Those that can be asked that way.
fn asked(way: &'static str) -> impl Iterator<Item = &'static Peer> {
    PEERS
        .iter()
        .filter(move |peer| way != "module" || peer.module.is_some())
}

fn counts(figures: &Figures, facts: &Facts, way: &'static str) -> String {
    table(facts, &titles(), asked(way), |peer, column| {
        let count =
            |measure| figures.median(&key(peer.name, way, QUESTIONS[column].name, USERS, measure));
        let instructions = number(count("instructions")?);
        Some(match count("system calls") {
            Some(calls) => format!("{instructions} ({})", number(calls)),
            None => instructions,
        })
    })
}

fn times(figures: &Figures, facts: &Facts, way: &'static str) -> String {
    table(facts, &titles(), asked(way), |peer, column| {
        let own = key(peer.name, way, QUESTIONS[column].name, USERS, "ns");
        let mut cell = duration(figures.median(&own)?);
        let ten = Key {
            users: USERS,
            ..own.of(TEN)
        };
        let others: &[&Key] = if way == "glibc" { &[&ten] } else { &[] };
        for other in others.iter().copied().chain([&own.of(FLOOR)]) {
            match figures.ratio(&own, &other.peer) {
                Some(ratio) => cell += &format!("; {}", short(ratio)),
                None => cell += "; –",
            }
        }
        Some(cell)
    })
}

fn programs(figures: &Figures, facts: &Facts) -> String {
    let programs = ["getent", "id", "id200"];
    let titles = [
        "`getent passwd USER`",
        "`id USER`, 20 groups",
        "`id USER`, 200 groups",
    ];
    table(
        facts,
        &titles,
        PEERS.iter().filter(|peer| peer.name != TEN),
        |peer, column| {
            let figure = |measure| {
                figures.median(&key(peer.name, "program", programs[column], USERS, measure))
            };
            let (instructions, calls) = (figure("instructions")?, figure("system calls")?);
            let (median, best) = (duration(figure("ns")?), duration(figure("best ns")?));
            Some(format!(
                "{}k ({}); {median}, {best}",
                number(instructions / 1e3),
                number(calls)
            ))
        },
    )
}

fn crowds(figures: &Figures) -> String {
    let mut text = "| who |".to_owned();
    for callers in CROWDS {
        let _ = write!(text, " {callers} |");
    }
    text += &format!("\n|---{}|\n", "|---".repeat(CROWDS.len()));
    for peer in PEERS
        .iter()
        .filter(|peer| [MUSTER, FLOOR, crate::peers::SSSD].contains(&peer.name))
    {
        for kind in ["threads", "processes"] {
            let rate = |callers| {
                figures.median(&key(
                    peer.name,
                    kind,
                    "name",
                    USERS,
                    &format!("calls a second of {callers}"),
                ))
            };
            let cells: Vec<String> = CROWDS
                .iter()
                .map(|callers| {
                    rate(callers).map_or("–".to_owned(), |rate| format!("{:.2}", rate / 1e6))
                })
                .collect();
            let _ = writeln!(text, "| {}, {kind} | {} |", peer.title, cells.join(" | "));
        }
    }
    text
}

fn growth(figures: &Figures, facts: &Facts, what: &str) -> String {
    let columns: Vec<String> = SIZES.iter().map(|size| number(f64::from(*size))).collect();
    let columns: Vec<&str> = columns.iter().map(String::as_str).collect();
    table(
        facts,
        &columns,
        PEERS.iter().filter(|peer| peer.name != TEN),
        |peer, column| {
            figures
                .median(&key(peer.name, "glibc", what, SIZES[column], "ns"))
                .map(duration)
        },
    )
}

/// With the broker or the server gone.
fn states(figures: &Figures) -> String {
    let mut text = "\n## When others are gone\n\nA hit and an unknown name through glibc with everything read whole; and a \
                    miss that somebody would have to be asked about.\n\n| who | state | hit | unknown name | miss to be asked about |\n\
                    |---|---|---|---|---|\n".to_owned();
    for peer in PEERS
        .iter()
        .filter(|peer| [MUSTER, crate::peers::SSSD, "nslcd"].contains(&peer.name))
    {
        for (state, shown) in [
            ("running", "all well"),
            ("hung", "server hung"),
            ("stopped", "broker stopped"),
            ("killed", "broker or daemon gone"),
        ] {
            let time = |what| figures.median(&key(peer.name, state, what, 0, "ns"));
            let times = ["name", "unknown", "lazy miss"].map(time);
            if times.iter().any(Option::is_some) {
                let cells = times.map(|time| time.map_or("–".to_owned(), duration));
                let _ = writeln!(text, "| {} | {shown} | {} |", peer.title, cells.join(" | "));
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn some() -> (Figures, Facts) {
        let mut figures = Figures::default();
        for (peer, ns) in [(MUSTER, 1_100.0), (FLOOR, 1_000.0)] {
            figures.add(key(peer, "glibc", "name", USERS, "ns"), ns);
            figures.add(key(peer, "glibc", "name grown", USERS, "ns"), ns);
            figures.add(key(peer, "module", "name", USERS, "instructions"), ns);
        }
        figures.add(key(TEN, "glibc", "name", USERS, "ns"), 4_000.0);
        let mut facts = Facts::default();
        facts.add("kernel", "Linux");
        facts.add(LOAD_BEFORE, "0.40");
        facts.add(MISSING, "nscd cache");
        (figures, facts)
    }

    #[test]
    fn every_peer_has_a_line_and_one_that_is_missing_says_so() {
        let (figures, facts) = some();
        let document = document(&figures, &facts);
        for peer in &PEERS {
            assert!(
                document.contains(&format!("| {} |", peer.title)),
                "{}",
                peer.title
            );
        }
        assert!(document.contains("Could not be installed here: nscd, cache."));
        assert!(document.contains("| libnss-cache | could not be installed here | – |"));
    }

    #[test]
    fn a_busy_machine_is_named_as_one() {
        let (figures, mut facts) = some();
        assert!(!document(&figures, &facts).contains("busy meanwhile"));
        facts.0.retain(|(name, _)| name != LOAD_BEFORE);
        facts.add(LOAD_BEFORE, "3.10");
        assert!(document(&figures, &facts).contains("busy meanwhile"));
    }

    #[test]
    fn a_time_is_shown_with_its_ratios() {
        let (figures, facts) = some();
        let document = document(&figures, &facts);
        assert!(
            document.contains("| muster | 1.1 µs; 0.28; 1.10 |"),
            "{document}"
        );
        assert!(document.contains(
            "| through glibc, hit | at most 1.15 × the floor | 1.100 (1100 ns to 1000 ns) | met |"
        ));
    }

    #[test]
    fn all_tables_have_as_many_cells_in_each_line() {
        let (figures, facts) = some();
        let document = document(&figures, &facts);
        let mut columns = 0;
        for line in document.lines() {
            match line.starts_with('|') {
                true if columns == 0 => columns = line.matches('|').count(),
                true => assert_eq!(line.matches('|').count(), columns, "{line}"),
                false => columns = 0,
            }
        }
    }

    #[test]
    fn the_plot_has_those_who_were_measured() {
        let plot = plot(&some().0);
        assert!(plot.contains(">muster<") && plot.contains(">the floor (C)<"));
        assert!(!plot.contains("SSSD"));
    }
}
