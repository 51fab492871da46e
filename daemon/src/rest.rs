//! How long publishing rests: at most a tenth of the time goes to it, and what five minutes
//! leave unspent may be spent at once, so that changes after a quiet time do not wait
//! (docs/decisions/0013, 0019).

use std::time::Duration;

use tokio::time::Instant;

/// One part of so many is publishing's.
const PART: u32 = 10;
/// What is saved up while nothing is published: five minutes' part.
const SAVED_MAX: Duration = Duration::from_secs(30);
/// The longest rest. Whoever is too large for it takes more than the part.
const LONGEST: Duration = Duration::from_secs(30);

/// What publishing has taken and not paid back yet. It is paid back by and by, a part of the
/// time that passes.
#[derive(Debug, Default)]
pub struct Rest {
    owed: Duration,
    /// When that was owed.
    since: Option<Instant>,
}

impl Rest {
    /// How long the next publication has to wait, as seen from `now`.
    pub fn left(&self, now: Instant) -> Duration {
        self.owed(now)
            .saturating_sub(SAVED_MAX)
            .saturating_mul(PART)
    }

    /// Notes a publication that began at `began` and ended at `ended`.
    pub fn note(&mut self, began: Instant, ended: Instant) {
        let took = ended.saturating_duration_since(began);
        let most = SAVED_MAX.saturating_add(LONGEST / PART);
        self.owed = self.owed(ended).saturating_add(took).min(most);
        self.since = Some(ended);
    }

    fn owed(&self, now: Instant) -> Duration {
        let passed = self
            .since
            .map(|since| now.saturating_duration_since(since) / PART);
        self.owed.saturating_sub(passed.unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Publications of `took` each, one right after the other as far as the rests allow, for
    /// `span`: when each began.
    fn begun(took: Duration, span: Duration) -> Vec<Duration> {
        let start = Instant::now();
        let (mut rest, mut now, mut begun) = (Rest::default(), start, Vec::new());
        while now - start < span {
            now += rest.left(now);
            begun.push(now - start);
            rest.note(now, now + took);
            now += took;
        }
        begun
    }

    #[test]
    fn ten_changes_after_quiet_do_not_wait_even_on_a_large_and_busy_host() {
        let took = Duration::from_millis(2_500);
        let begun = begun(took, Duration::from_secs(60));
        for (nth, at) in begun.iter().take(12).enumerate() {
            assert_eq!(*at, took * u32::try_from(nth).unwrap());
        }
    }

    #[test]
    fn a_change_every_few_seconds_does_not_wait_for_minutes_on_end() {
        let (took, between) = (Duration::from_secs(1), Duration::from_secs(4));
        let mut now = Instant::now();
        let mut rest = Rest::default();
        for nth in 0..40 {
            assert_eq!(rest.left(now), Duration::ZERO, "the change number {nth}");
            rest.note(now, now + took);
            now += between;
        }
    }

    #[test]
    fn a_steady_stream_takes_a_tenth_and_what_was_saved() {
        let hour = Duration::from_secs(3600);
        for took in [1u64, 40, 500, 1_900, 3_000] {
            let took = Duration::from_millis(took);
            let spent = took * u32::try_from(begun(took, hour).len()).unwrap();
            let most = hour / PART + SAVED_MAX + took * 2;
            assert!(spent <= most, "{took:?}: {spent:?}");
            assert!(spent >= hour / PART, "{took:?}: {spent:?}");
        }
    }

    #[test]
    fn nobody_rests_longer_than_half_a_minute() {
        let begun = begun(Duration::from_secs(20), Duration::from_secs(600));
        let longest = begun.windows(2).map(|two| two[1] - two[0]).max();
        assert_eq!(longest, Some(Duration::from_secs(50)));
    }

    #[test]
    fn quiet_pays_back() {
        let start = Instant::now();
        let mut rest = Rest::default();
        let ended = start + Duration::from_secs(32);
        rest.note(start, ended);
        assert_eq!(rest.left(ended), Duration::from_secs(20));
        assert_eq!(
            rest.left(ended + Duration::from_secs(5)),
            Duration::from_secs(15)
        );
        assert_eq!(rest.left(ended + Duration::from_secs(60)), Duration::ZERO);
    }
}
