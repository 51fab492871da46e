//! When a directory is asked again: a plan without a clock, so that a fleet of it can be
//! simulated. Moments are spans since any one moment that does not change.
//!
//! A fleet must not march in step, nor fall on a server that has just come back: every wait
//! is drawn from a range, failures wait longer and longer, and whoever asks for changes
//! waits in proportion to how long the server took to answer.

use std::time::Duration;

/// The wait after the first failure; it doubles up to the interval.
const FIRST_RETRY: Duration = Duration::from_secs(10);
/// The longest pause that a server can ask for.
const LONGEST_PAUSE: Duration = Duration::from_secs(3600);
/// How far hosts that start together are spread that have something to serve already,
/// and ask for changes only.
const SPREAD_OF_CHANGES: Duration = Duration::from_secs(10);
/// How far hosts are spread that read everybody for the same reason at the same time.
const SPREAD_OF_WHOLES: Duration = Duration::from_secs(300);
/// A server spends at most one part in so many of its time on one host's asking for changes.
const SHARE: u32 = 100;

/// How often what is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plan {
    /// Reading everybody, where a directory does not tell what changes.
    pub whole: Duration,
    /// Reading everybody all the same, where it does.
    pub whole_beside_changes: Duration,
    /// Asking for changes.
    pub changes: Duration,
}

/// What is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Work {
    /// Reading everybody, or asking about everybody who is known.
    Whole,
    /// Asking what has changed.
    Changes,
}

/// What is known from before the start.
#[derive(Debug, Clone, Copy)]
pub struct Before {
    /// How long ago everybody was read.
    pub whole: Duration,
    /// Whether the directory's history leads on from there.
    pub history: bool,
}

/// What came of the work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Everybody was read; changes can be asked for from now on, or not.
    Whole {
        /// Whether the directory keeps a history.
        history: bool,
    },
    /// The changes were read.
    Changes {
        /// How long the server took to name them.
        answered_in: Duration,
    },
    /// The directory's history does not go back so far any more.
    HistoryLost,
    /// The changes are such that everybody has to be read.
    ChangesBeyond,
    /// Nothing was read that can be used.
    Failed {
        /// The pause that the server asked for.
        pause: Option<Duration>,
    },
}

/// The next thing to do and when.
#[derive(Debug)]
pub struct Schedule {
    plan: Plan,
    dice: Dice,
    due: Duration,
    work: Work,
    whole_due: Duration,
    started: Duration,
    /// When everybody was read last, since the start.
    whole_done: Option<Duration>,
    failures: u32,
    /// How long it waits between two askings for changes at present.
    pace: Duration,
    /// How long the server took to name changes the last time.
    answered_in: Duration,
}

impl Schedule {
    /// A schedule from `now` on. `seed` is this host's own.
    pub fn new(plan: Plan, seed: u64, now: Duration, before: Option<Before>) -> Self {
        let mut schedule = Self {
            plan,
            dice: Dice(seed),
            due: now,
            work: Work::Whole,
            whole_due: now,
            started: now,
            whole_done: None,
            failures: 0,
            pace: plan.changes,
            answered_in: Duration::ZERO,
        };
        if let Some(before) = before {
            schedule.go_on(now, before);
        }
        schedule
    }

    fn go_on(&mut self, now: Duration, before: Before) {
        let interval = self.interval(before.history);
        let left = interval.saturating_sub(before.whole);
        let spread = self.dice.below(SPREAD_OF_WHOLES.min(interval / 3));
        self.whole_due = now.saturating_add(left.max(spread));
        if before.history {
            self.work = Work::Changes;
            self.due = now.saturating_add(self.dice.below(SPREAD_OF_CHANGES));
        } else {
            self.due = self.whole_due;
        }
    }

    fn interval(&self, history: bool) -> Duration {
        if history {
            self.plan.whole_beside_changes
        } else {
            self.plan.whole
        }
    }

    /// What is due next, and when.
    pub fn due(&self) -> (Duration, Work) {
        (self.due, self.work)
    }

    /// Plans on from what came of the work, which may have been done at any time.
    pub fn settle(&mut self, now: Duration, outcome: Outcome) {
        match outcome {
            Outcome::Failed { pause } => return self.retry(now, pause),
            Outcome::HistoryLost => {
                // A server that loses it again and again is read like one without any.
                let spread = SPREAD_OF_WHOLES.min(self.plan.whole / 3);
                let interval = self.plan.whole;
                let again = self.whole_done.map(|done| done.saturating_add(interval));
                let next = again.map_or(now, |again| again.max(now));
                self.work = Work::Whole;
                self.due = next.saturating_add(self.dice.below(spread));
            }
            Outcome::ChangesBeyond => {
                // Every host of a fleet has heard the same.
                let spread = SPREAD_OF_WHOLES.min(self.plan.whole / 3);
                self.work = Work::Whole;
                self.due = now.saturating_add(self.dice.below(spread));
            }
            Outcome::Whole { history } => {
                self.whole_done = Some(now);
                let interval = self.interval(history);
                self.whole_due = now.saturating_add(self.dice.a_little_more(interval));
                self.after(now, history);
            }
            Outcome::Changes { answered_in } => {
                // One slow answer is a hiccup, of either side: it takes two to be a busy server.
                let slowness = answered_in.min(self.answered_in);
                self.answered_in = answered_in;
                let polite = slowness.saturating_mul(SHARE);
                let eased = self.pace / 10 * 9;
                self.pace = self.plan.changes.max(polite).max(eased);
                self.after(now, true);
            }
        }
        self.failures = 0;
    }

    /// Plans the next asking for changes, or the next reading of everybody.
    fn after(&mut self, now: Duration, history: bool) {
        let next = now.saturating_add(self.dice.a_little_less(self.pace.min(self.plan.whole)));
        (self.work, self.due) = if history && next < self.whole_due {
            (Work::Changes, next)
        } else {
            (Work::Whole, self.whole_due.max(now))
        };
    }

    fn retry(&mut self, now: Duration, pause: Option<Duration>) {
        self.failures = self.failures.saturating_add(1);
        if pause.is_some() {
            self.pace = self.pace.saturating_mul(2).min(self.plan.whole);
        }
        let doublings = 1u32.checked_shl(self.failures.saturating_sub(1));
        let backoff = FIRST_RETRY
            .saturating_mul(doublings.unwrap_or(u32::MAX))
            .min(self.plan.whole.max(FIRST_RETRY));
        let backoff = self.dice.at_least_half(backoff);
        let pause = pause.unwrap_or_default().min(LONGEST_PAUSE);
        let pause = pause.saturating_add(self.dice.below(pause / 2));
        self.due = now.saturating_add(backoff.max(pause));
        // A history that gives no answer for so long must not keep everything else from us.
        let whole = self.whole_done.unwrap_or(self.started);
        if self.due >= whole.saturating_add(self.plan.whole) {
            self.work = Work::Whole;
        }
    }
}

/// A small generator of numbers that need be different, not secret.
#[derive(Debug)]
struct Dice(u64);

impl Dice {
    /// The next of SplitMix64.
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A span from nothing up to `most`.
    fn below(&mut self, most: Duration) -> Duration {
        let thousandths = u32::try_from(self.roll() % 1000).unwrap_or(0);
        most / 1000 * thousandths
    }

    /// `span`, or up to a tenth more.
    fn a_little_more(&mut self, span: Duration) -> Duration {
        span.saturating_add(self.below(span / 10))
    }

    /// `span`, or up to a quarter less.
    fn a_little_less(&mut self, span: Duration) -> Duration {
        (span / 4 * 3).saturating_add(self.below(span / 4))
    }

    /// From half of `span` up to it.
    fn at_least_half(&mut self, span: Duration) -> Duration {
        (span / 2).saturating_add(self.below(span / 2))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);
    const PLAN: Plan = Plan {
        whole: Duration::from_secs(900),
        whole_beside_changes: Duration::from_secs(43_200),
        changes: Duration::from_secs(4),
    };

    fn schedule(before: Option<Before>) -> Schedule {
        Schedule::new(PLAN, 7, Duration::ZERO, before)
    }

    fn within(span: Duration, from: u64, to: u64) {
        let (from, to) = (Duration::from_secs(from), Duration::from_secs(to));
        assert!(
            (from..=to).contains(&span),
            "{span:?} is not in {from:?} to {to:?}"
        );
    }

    #[test]
    fn a_host_that_knows_nobody_reads_at_once() {
        assert_eq!(schedule(None).due(), (Duration::ZERO, Work::Whole));
    }

    #[test]
    fn failures_wait_longer_up_to_the_interval_and_as_long_as_the_server_asks() {
        let mut schedule = schedule(None);
        for (from, to) in [(5, 10), (10, 20), (20, 40), (40, 80)] {
            schedule.settle(Duration::ZERO, Outcome::Failed { pause: None });
            within(schedule.due().0, from, to);
        }
        for _ in 0..60 {
            schedule.settle(Duration::ZERO, Outcome::Failed { pause: None });
        }
        within(schedule.due().0, 450, 900);
        let pause = Some(Duration::from_secs(1_000_000));
        schedule.settle(Duration::ZERO, Outcome::Failed { pause });
        within(schedule.due().0, 3600, 5400);
        assert_eq!(schedule.due().1, Work::Whole);
    }

    #[test]
    fn without_a_history_everybody_is_read_each_interval() {
        let mut schedule = schedule(None);
        schedule.settle(SECOND, Outcome::Whole { history: false });
        let (due, work) = schedule.due();
        within(due, 901, 991);
        assert_eq!(work, Work::Whole);
    }

    #[test]
    fn with_a_history_changes_are_asked_for_until_everybody_is_due() {
        let mut schedule = schedule(None);
        schedule.settle(SECOND, Outcome::Whole { history: true });
        let mut now = SECOND;
        let mut asked = 0;
        loop {
            let (due, work) = schedule.due();
            if work == Work::Whole {
                within(due, 43_201, 47_521);
                break;
            }
            within(due - now, 3, 4);
            now = due;
            asked += 1;
            let answered_in = Duration::from_millis(5);
            schedule.settle(now, Outcome::Changes { answered_in });
        }
        assert!((8_000..13_000).contains(&asked), "{asked}");
    }

    #[test]
    fn a_slow_server_is_asked_less_often_and_a_busy_one_is_approached_slowly() {
        let mut schedule = schedule(None);
        schedule.settle(SECOND, Outcome::Whole { history: true });
        let slow = Outcome::Changes {
            answered_in: SECOND,
        };
        schedule.settle(SECOND, slow);
        within(schedule.due().0, 4, 5);
        schedule.settle(SECOND, slow);
        within(schedule.due().0, 76, 101);
        let quick = Outcome::Changes {
            answered_in: Duration::ZERO,
        };
        schedule.settle(SECOND, quick);
        within(schedule.due().0, 68, 91);
        for _ in 0..40 {
            schedule.settle(SECOND, quick);
        }
        within(schedule.due().0, 4, 7);
        schedule.settle(
            SECOND,
            Outcome::Failed {
                pause: Some(SECOND),
            },
        );
        schedule.settle(SECOND, quick);
        within(schedule.due().0, 6, 9);
    }

    #[test]
    fn a_lost_history_is_made_good_by_reading_everybody_but_not_by_all_hosts_at_once() {
        let mut schedule = schedule(None);
        schedule.settle(SECOND, Outcome::Whole { history: true });
        schedule.settle(SECOND * 1000, Outcome::HistoryLost);
        let (due, work) = schedule.due();
        within(due, 1000, 1300);
        assert_eq!(work, Work::Whole);
    }

    #[test]
    fn a_history_that_never_answers_does_not_keep_everybody_from_being_read() {
        let mut schedule = schedule(None);
        schedule.settle(SECOND, Outcome::Whole { history: true });
        let mut failures = 0;
        while schedule.due().1 == Work::Changes {
            let (due, _) = schedule.due();
            schedule.settle(due, Outcome::Failed { pause: None });
            failures += 1;
        }
        let (due, work) = schedule.due();
        within(due, 900, 2000);
        assert_eq!(work, Work::Whole);
        assert!((4..12).contains(&failures), "{failures}");
    }

    #[test]
    fn changes_that_names_do_not_tell_have_everybody_read_but_not_by_all_hosts_at_once() {
        let mut schedule = schedule(None);
        schedule.settle(SECOND, Outcome::Whole { history: true });
        schedule.settle(SECOND * 5, Outcome::ChangesBeyond);
        let (due, work) = schedule.due();
        within(due, 5, 305);
        assert_eq!(work, Work::Whole);
    }

    #[test]
    fn a_history_that_is_lost_again_at_once_is_not_relied_on_for_an_interval() {
        let mut schedule = schedule(None);
        schedule.settle(SECOND, Outcome::Whole { history: true });
        schedule.settle(SECOND * 5, Outcome::HistoryLost);
        within(schedule.due().0, 901, 1201);
    }

    #[test]
    fn a_host_that_starts_again_goes_on_where_it_was() {
        let fresh = Before {
            whole: Duration::from_secs(100),
            history: true,
        };
        let (due, work) = schedule(Some(fresh)).due();
        within(due, 0, 10);
        assert_eq!(work, Work::Changes);
        let silent = Before {
            history: false,
            ..fresh
        };
        let (due, work) = schedule(Some(silent)).due();
        assert_eq!((due, work), (Duration::from_secs(800), Work::Whole));
        let old = Before {
            whole: Duration::from_secs(1_000_000),
            history: false,
        };
        within(schedule(Some(old)).due().0, 0, 300);
    }

    #[test]
    fn two_hosts_draw_different_waits() {
        let draw = |seed| {
            let mut schedule = Schedule::new(PLAN, seed, Duration::ZERO, None);
            schedule.settle(SECOND, Outcome::Whole { history: true });
            schedule.due().0
        };
        assert_ne!(draw(1), draw(2));
    }
}
