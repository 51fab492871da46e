//! The rows' figures, each looked up and held against its limit.

use super::{Row, Verdict};
use crate::figures::{Figures, Key, key};
use crate::peers::{FLOOR, MUSTER};
use crate::plan::{SIZES, USERS};
use crate::shown::{duration, number};

/// How far instruction counts may differ and still count as equal: names of other lengths, other probes.
const EQUAL: f64 = 1.05;
/// How far a curve or a crowd may differ from the floor's and still count as the same.
const ALIKE: f64 = 1.2;

/// A row whose figure must not be above a limit.
pub(super) fn at_most(
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

pub(super) fn ours(way: &str, what: &str, users: u32, measure: &str) -> Key {
    key(MUSTER, way, what, users, measure)
}

/// Looks at the figures of one run.
pub(super) struct Look<'a>(pub(super) &'a Figures);

impl Look<'_> {
    pub(super) fn median(&self, key: &Key) -> Option<f64> {
        self.0.median(key)
    }

    /// Muster's instructions of a call at the module's own door.
    pub(super) fn instructions(&self, what: &str, users: u32) -> Option<f64> {
        self.median(&ours("module", what, users, "instructions"))
    }

    pub(super) fn bounded(&self, work: &'static str, what: &str, limit: f64) -> Row {
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

    pub(super) fn none(&self, work: &'static str, what: &str, measure: &'static str) -> Row {
        let figure = self.median(&ours("module", what, USERS, measure));
        at_most(work, format!("0 {measure}"), figure, 0.0, number)
    }

    /// Times through glibc, ratio to another peer round by round.
    pub(super) fn beside(
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

    pub(super) fn counted(&self, work: &'static str, way: &str, what: &str, limit: f64) -> Row {
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

    pub(super) fn timed(&self, work: &'static str, way: &str, what: &str, limit: f64) -> Row {
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
    pub(super) fn flat(&self, work: &'static str, what: &str) -> Row {
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
    pub(super) fn growth(&self, work: &'static str) -> Row {
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

    pub(super) fn members(&self, work: &'static str, what: &str, members: f64) -> Row {
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

    /// How much worse than the floor's throughput ours grows from one caller to eight: of both numbers of callers
    /// the ratio to the floor, round by round, so that a busy machine slows both alike.
    pub(super) fn scaling(&self, work: &'static str, kind: &str) -> Row {
        let rate = |callers: u32| {
            let measure = format!("calls a second of {callers}");
            self.0.ratio(&ours(kind, "name", USERS, &measure), FLOOR)
        };
        let (one, eight) = (rate(1), rate(8));
        let ratio = one.zip(eight).map(|(one, eight)| one / eight);
        let aim = format!("as the floor scales, within {ALIKE} ×");
        at_most(work, aim, ratio, ALIKE, |ratio| {
            let [one, eight] = [one, eight].map(|rate| rate.unwrap_or(f64::NAN));
            format!("{ratio:.2} (1 does {one:.2} of the floor's work, 8 do {eight:.2})")
        })
    }

    /// A count or time with the broker in some state against the same with it running.
    pub(super) fn unchanged(&self, work: &'static str, what: &str, state: &str) -> Row {
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

    pub(super) fn within(
        &self,
        work: &'static str,
        state: &str,
        aim: &str,
        nanoseconds: f64,
    ) -> Row {
        let figure = self.median(&ours(state, "lazy miss", 0, "ns"));
        at_most(work, aim.to_owned(), figure, nanoseconds, duration)
    }

    pub(super) fn round_trip(&self, work: &'static str) -> Row {
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
