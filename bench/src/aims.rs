//! What was aimed at, what was measured, and whether that is met: computed, never written by hand.

use crate::figures::{Figures, Key, key};
use crate::peers::{FLOOR, MUSTER, SSSD};
use crate::plan::{SIZES, USERS};

/// Whether an aim is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Met,
    Missed,
    /// Not measured in this run.
    Open,
}

/// One line of the table.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) work: &'static str,
    pub(crate) aim: String,
    pub(crate) measured: String,
    pub(crate) verdict: Verdict,
}

/// How far instruction counts may differ and still count as equal: names of other lengths, other probes.
const EQUAL: f64 = 1.03;
/// How far a curve or a crowd may differ from the floor's and still count as the same.
const ALIKE: f64 = 1.2;

/// A row whose figure must not be above a limit.
fn at_most(
    work: &'static str,
    aim: String,
    figure: Option<f64>,
    limit: f64,
    shown: impl Fn(f64) -> String,
) -> Row {
    let verdict = match figure {
        None => Verdict::Open,
        Some(figure) if figure <= limit => Verdict::Met,
        Some(_) => Verdict::Missed,
    };
    Row {
        work,
        aim,
        measured: figure.map_or_else(|| "not measured".to_owned(), shown),
        verdict,
    }
}

/// A plain number with thousands apart; small ones with two digits.
pub(crate) fn number(figure: f64) -> String {
    if figure.abs() < 10.0 && figure.fract() != 0.0 {
        return format!("{figure:.2}");
    }
    let digits = format!("{:.0}", figure.abs());
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    if figure < 0.0 {
        format!("-{text}")
    } else {
        text
    }
}

fn ours(way: &str, what: &str, users: u32, measure: &str) -> Key {
    key(MUSTER, way, what, users, measure)
}

/// Looks at the figures of one run.
struct Look<'a>(&'a Figures);

impl Look<'_> {
    fn median(&self, key: &Key) -> Option<f64> {
        self.0.median(key)
    }

    /// Muster's instructions of a call at the module's own door.
    fn instructions(&self, what: &str, users: u32) -> Option<f64> {
        self.median(&ours("module", what, users, "instructions"))
    }

    fn bounded(&self, work: &'static str, what: &str, limit: f64) -> Row {
        let key = ours("module", what, USERS, "instructions");
        let floor = self.median(&key.of(FLOOR));
        at_most(
            work,
            format!("at most {limit} instructions"),
            self.median(&key),
            limit,
            |figure| {
                format!(
                    "{} (the floor {})",
                    number(figure),
                    floor.map_or("–".to_owned(), number)
                )
            },
        )
    }

    fn none(&self, work: &'static str, what: &str, measure: &'static str) -> Row {
        let figure = self.median(&ours("module", what, USERS, measure));
        at_most(work, format!("0 {measure}"), figure, 0.0, number)
    }

    /// Times through glibc, ratio to another peer round by round.
    fn beside(
        &self,
        work: &'static str,
        what: &str,
        peer: &str,
        title: &str,
        limit: f64,
        shown: &str,
    ) -> Row {
        let key = ours("glibc", what, USERS, "ns");
        let ratio = self.0.ratio(&key, peer);
        at_most(
            work,
            format!("at most {shown} × {title}"),
            ratio,
            limit,
            |ratio| {
                let [own, other] =
                    [&key, &key.of(peer)].map(|key| self.median(key).unwrap_or(f64::NAN));
                format!("{ratio:.3} ({own:.0} ns to {other:.0} ns)")
            },
        )
    }

    fn counted(&self, work: &'static str, way: &str, what: &str, limit: f64) -> Row {
        let key = ours(way, what, USERS, "instructions");
        let ratio = self.0.ratio(&key, FLOOR);
        at_most(
            work,
            format!("at most {limit} × the floor, instructions"),
            ratio,
            limit,
            |ratio| {
                let [own, floor] =
                    [&key, &key.of(FLOOR)].map(|key| self.median(key).unwrap_or(f64::NAN));
                format!("{ratio:.3} ({} to {})", number(own), number(floor))
            },
        )
    }

    fn timed(&self, work: &'static str, way: &str, what: &str, limit: f64) -> Row {
        let key = ours(way, what, USERS, "ns");
        let ratio = self.0.ratio(&key, FLOOR);
        at_most(
            work,
            format!("at most {limit} × the floor, time"),
            ratio,
            limit,
            |ratio| format!("{ratio:.2}"),
        )
    }

    /// The largest number of instructions by the smallest, over the sizes from 1,000 people.
    fn flat(&self, work: &'static str, what: &str) -> Row {
        let sizes = SIZES.into_iter().filter(|size| *size >= 1_000);
        let counts: Option<Vec<f64>> = sizes.map(|size| self.instructions(what, size)).collect();
        let spread = counts.as_deref().map(spread);
        at_most(
            work,
            format!("equal instructions (within {EQUAL})"),
            spread,
            EQUAL,
            |_| {
                let counts: Vec<String> = counts
                    .iter()
                    .flatten()
                    .map(|count| number(*count))
                    .collect();
                counts.join(", ")
            },
        )
    }

    /// How much longer a hit takes with a million people than with a thousand, against the floor.
    fn growth(&self, work: &'static str) -> Row {
        let grown = |peer: &str| {
            let time = |users| self.median(&key(peer, "module", "name grown", users, "ns"));
            Some(time(1_000_000)? / time(1_000)?)
        };
        let (own, floor) = (grown(MUSTER), grown(FLOOR));
        let ratio = own.zip(floor).map(|(own, floor)| own / floor);
        at_most(
            work,
            format!("grows as the floor does (within {ALIKE})"),
            ratio,
            ALIKE,
            |_| {
                let [own, floor] = [own, floor].map(|grown| grown.unwrap_or(f64::NAN));
                format!("× {own:.1} (the floor × {floor:.1})")
            },
        )
    }

    fn members(&self, work: &'static str, what: &str, members: f64) -> Row {
        let each = |peer| {
            self.median(&key(peer, "module", what, USERS, "instructions"))
                .map(|all| all / members)
        };
        let floor = each(FLOOR).unwrap_or(f64::NAN);
        at_most(
            work,
            "at most 25 instructions a member".to_owned(),
            each(MUSTER),
            25.0,
            |each| format!("{each:.1} (the floor {floor:.1})"),
        )
    }

    /// How much worse than the floor's throughput ours grows from one caller to eight.
    fn scaling(&self, work: &'static str, kind: &str) -> Row {
        let scale = |peer: &str| {
            let rate = |callers| {
                self.median(&key(
                    peer,
                    kind,
                    "name",
                    USERS,
                    &format!("calls a second of {callers}"),
                ))
            };
            Some(rate(8)? / rate(1)?)
        };
        let (own, floor) = (scale(MUSTER), scale(FLOOR));
        let ratio = floor.zip(own).map(|(floor, own)| floor / own);
        at_most(
            work,
            format!("as the floor scales, within {ALIKE} ×"),
            ratio,
            ALIKE,
            |_| {
                let [own, floor] = [own, floor].map(|scale| scale.unwrap_or(f64::NAN));
                format!("8 do {own:.2} × the work of 1 (the floor {floor:.2} ×)")
            },
        )
    }

    /// A count or time with the broker in some state against the same with it running.
    fn unchanged(&self, work: &'static str, what: &str, state: &str) -> Row {
        let count = |state: &str| self.median(&ours(state, what, 0, "instructions"));
        let (before, now) = (count("running"), count(state));
        let ratio = before.zip(now).map(|(before, now)| now / before);
        at_most(
            work,
            "unchanged (instructions)".to_owned(),
            ratio,
            EQUAL,
            |_| {
                let [before, now] = [before, now].map(|count| number(count.unwrap_or(f64::NAN)));
                format!("{now} ({before} before)")
            },
        )
    }

    fn within(&self, work: &'static str, state: &str, aim: &str, nanoseconds: f64) -> Row {
        let figure = self.median(&ours(state, "lazy miss", 0, "ns"));
        at_most(work, aim.to_owned(), figure, nanoseconds, duration)
    }

    fn round_trip(&self, work: &'static str) -> Row {
        let own = self.median(&ours("running", "lazy negative", 0, "ns"));
        let socket = self.median(&key("socket", "running", "round trip", 0, "ns"));
        let ratio = own.zip(socket).map(|(own, socket)| own / socket);
        at_most(
            work,
            "at most 1.5 × one socket round trip with connect".to_owned(),
            ratio,
            1.5,
            |ratio| {
                let [own, socket] = [own, socket].map(|time| duration(time.unwrap_or(f64::NAN)));
                format!("{ratio:.2} ({own} to {socket})")
            },
        )
    }
}

fn spread(counts: &[f64]) -> f64 {
    let most = counts.iter().copied().fold(f64::MIN, f64::max);
    most / counts.iter().copied().fold(f64::MAX, f64::min)
}

/// A time in the unit that suits it.
pub(crate) fn duration(nanoseconds: f64) -> String {
    match nanoseconds {
        few if few < 1e3 => format!("{few:.0} ns"),
        some if some < 1e6 => format!("{:.1} µs", some / 1e3),
        many => format!("{:.1} ms", many / 1e6),
    }
}

/// The deadline of a look-up that the broker is asked about, and a little for the call around it.
const DEADLINE: f64 = 1.05e9;

/// Every aim of the project's for names.
pub(crate) fn rows(figures: &Figures) -> Vec<Row> {
    let look = Look(figures);
    let broker = "a lazy directory's miss";
    vec![
        look.bounded("module alone, hit by name", "name", 400.0),
        look.bounded("module alone, hit by id", "uid", 400.0),
        look.none("module alone, hit by name", "name", "system calls"),
        look.none("module alone, hit by name", "name", "allocations"),
        look.none("module alone, hit by id", "uid", "system calls"),
        look.none("module alone, hit by id", "uid", "allocations"),
        look.bounded("module alone, unknown name", "unknown", 350.0),
        look.none("module alone, unknown name", "unknown", "system calls"),
        look.beside(
            "through glibc, hit",
            "name",
            FLOOR,
            "the floor",
            1.15,
            "1.15",
        ),
        look.beside(
            "through glibc, hit",
            "name",
            SSSD,
            "SSSD's memory cache",
            0.75,
            "0.75",
        ),
        look.beside(
            "through glibc, unknown name",
            "unknown",
            FLOOR,
            "the floor",
            1.15,
            "1.15",
        ),
        look.beside(
            "through glibc, unknown name",
            "unknown",
            SSSD,
            "SSSD",
            1.0 / 25.0,
            "1/25",
        ),
        look.flat("hit, 1,000 to 1,000,000 people", "name"),
        look.flat("unknown name, 1,000 to 1,000,000 people", "unknown"),
        look.growth("time of a hit, 1,000 to 1,000,000 people"),
        look.counted("initgroups, 20 groups", "module", "groups20", 1.2),
        look.counted("initgroups, 200 groups", "module", "groups200", 1.2),
        look.flat(
            "initgroups, 20 groups, 251 to 100,001 groups in all",
            "groups20",
        ),
        look.members("getgrnam, 1,000 members", "members1000", 1e3),
        look.members("getgrnam, 10,000 members", "members10000", 1e4),
        look.counted("enumeration, a user", "module", "list", 2.0),
        look.timed("enumeration, a user", "module", "list", 2.0),
        look.counted(
            "`getent passwd USER`, whole process",
            "program",
            "getent",
            1.06,
        ),
        look.counted("`id USER`, whole process, 20 groups", "program", "id", 1.06),
        look.scaling("8 threads", "threads"),
        look.scaling("8 processes", "processes"),
        at_most(
            "8 threads",
            "0 futex calls".to_owned(),
            look.median(&ours("threads", "name", USERS, "futex calls")),
            0.0,
            number,
        ),
        look.unchanged("broker killed: hit", "name", "killed"),
        look.unchanged("broker stopped: hit", "name", "stopped"),
        look.unchanged("server hung: hit", "name", "hung"),
        look.unchanged(
            "broker killed: unknown name, complete directories",
            "unknown",
            "killed",
        ),
        look.unchanged(
            "broker stopped: unknown name, complete directories",
            "unknown",
            "stopped",
        ),
        look.unchanged(
            "server hung: unknown name, complete directories",
            "unknown",
            "hung",
        ),
        Row {
            work: "broker gone: a lazy directory's miss",
            ..look.within(broker, "killed", "at most 10 µs", 1e4)
        },
        Row {
            work: "broker stopped: a lazy directory's miss",
            ..look.within(broker, "stopped", "at most its deadline, 1 s", DEADLINE)
        },
        Row {
            work: "server hung: a lazy directory's miss",
            ..look.within(broker, "hung", "at most its deadline, 1 s", DEADLINE)
        },
        look.round_trip("a lazy directory's cached negative"),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row<'a>(rows: &'a [Row], work: &str, aim: &str) -> &'a Row {
        rows.iter()
            .find(|row| row.work == work && row.aim.contains(aim))
            .unwrap()
    }

    #[test]
    fn what_was_not_measured_is_open_and_never_met() {
        assert!(
            rows(&Figures::default())
                .iter()
                .all(|row| row.verdict == Verdict::Open)
        );
    }

    #[test]
    fn a_limit_is_met_up_to_itself() {
        for (instructions, verdict) in [(400.0, Verdict::Met), (400.5, Verdict::Missed)] {
            let mut figures = Figures::default();
            figures.add(ours("module", "name", USERS, "instructions"), instructions);
            let rows = rows(&figures);
            assert_eq!(
                row(&rows, "module alone, hit by name", "400").verdict,
                verdict
            );
        }
    }

    #[test]
    fn ratios_are_those_of_the_same_round() {
        let mut figures = Figures::default();
        let own = ours("glibc", "name", USERS, "ns");
        for (ns, floor) in [(110.0, 100.0), (220.0, 200.0), (900.0, 300.0)] {
            figures.add(own.clone(), ns);
            figures.add(own.of(FLOOR), floor);
        }
        let rows = rows(&figures);
        let found = row(&rows, "through glibc, hit", "the floor");
        assert_eq!(found.verdict, Verdict::Met);
        assert!(
            found.measured.starts_with("1.100 (220 ns to 200 ns)"),
            "{}",
            found.measured
        );
    }

    #[test]
    fn counts_that_grow_with_the_directory_are_not_equal() {
        for (last, verdict) in [(305.0, Verdict::Met), (400.0, Verdict::Missed)] {
            let mut figures = Figures::default();
            for users in [1_000, 10_000, 100_000] {
                figures.add(ours("module", "name", users, "instructions"), 300.0);
            }
            figures.add(ours("module", "name", 1_000_000, "instructions"), last);
            let rows = rows(&figures);
            assert_eq!(
                row(&rows, "hit, 1,000 to 1,000,000 people", "").verdict,
                verdict
            );
        }
    }

    #[test]
    fn who_scales_worse_than_the_floor_misses() {
        for (eight, verdict) in [(1.7, Verdict::Met), (1.5, Verdict::Missed)] {
            let mut figures = Figures::default();
            for (peer, rate) in [(MUSTER, eight), (FLOOR, 2.0)] {
                figures.add(
                    key(peer, "threads", "name", USERS, "calls a second of 1"),
                    1.0,
                );
                figures.add(
                    key(peer, "threads", "name", USERS, "calls a second of 8"),
                    rate,
                );
            }
            let rows = rows(&figures);
            assert_eq!(row(&rows, "8 threads", "scales").verdict, verdict);
        }
    }

    #[test]
    fn numbers_and_times_are_shown_as_people_read_them() {
        assert_eq!(
            [1_234_567.0, 999.6, 0.5, 7.0].map(number),
            ["1,234,567", "1,000", "0.50", "7"]
        );
        assert_eq!(
            [12.0, 1_500.0, 2e6].map(duration),
            ["12 ns", "1.5 µs", "2.0 ms"]
        );
    }
}
