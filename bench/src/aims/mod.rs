//! What was aimed at, what was measured, and whether that is met: computed, never written by hand.

mod look;

use crate::figures::Figures;
use crate::peers::{FLOOR, SSSD};
use crate::plan::USERS;
use crate::shown::number;
use look::{Look, at_most, ours};

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
    use crate::figures::key;
    use crate::peers::MUSTER;

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
        for (last, verdict) in [(310.0, Verdict::Met), (400.0, Verdict::Missed)] {
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
}
