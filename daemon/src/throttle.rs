//! How long somebody has to wait after wrong tries.
//!
//! A delay grows per (person, source); a budget per person and hour stops tries
//! from many sources. A source that has known the secret lately is not bound by
//! the budget: a stranger cannot lock a person out from where that person works.

use std::time::Duration;

use muster_common::clock::Time;
use muster_common::config::Throttle;
use muster_common::store::attempts::Attempts;

/// Typing errors that cost no delay.
const FREE_TRIES: u32 = 2;
/// How long a source that knew the secret is trusted not to guess.
const KNOWN_SOURCE: Duration = Duration::from_secs(30 * 24 * 3600);

/// How old a noted success may be before a new one is written.
const FRESH_SUCCESS: Duration = Duration::from_secs(24 * 3600);

/// Whether a try may be made now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Allowance {
    /// Go on.
    Allowed,
    /// Not before this moment.
    NotBefore(Time),
}

/// Whether a try may be made at `now`, given what is known.
pub fn allowance(rules: &Throttle, known: &Attempts, now: Time) -> Allowance {
    let familiar = is_known_source(known, now);
    if known.this_hour >= rules.hourly_tries && !familiar {
        let next_hour = (now.unix() / 3600).saturating_add(1).saturating_mul(3600);
        return Allowance::NotBefore(Time::from_unix(next_hour));
    }
    let free_again = known.last_failure.after(delay(rules, known.failures));
    // A clock that was set back must not lock anybody out for long.
    let clock_went_back = known.last_failure > now;
    if now >= free_again || clock_went_back {
        Allowance::Allowed
    } else {
        Allowance::NotBefore(free_again)
    }
}

/// Whether this source has known the secret lately.
fn is_known_source(known: &Attempts, now: Time) -> bool {
    known.last_success > Time::default() && now.since(known.last_success) <= KNOWN_SOURCE
}

/// Whether tries from here may go side by side: the source has known the secret
/// lately, and no wrong try has come from it since.
pub fn is_trusted(known: &Attempts, now: Time) -> bool {
    known.failures == 0 && is_known_source(known, now)
}

/// Whether the last success is so young that another one need not be written.
pub fn is_familiar(known: &Attempts, now: Time) -> bool {
    known.last_success > Time::default() && now.since(known.last_success) <= FRESH_SUCCESS
}

fn delay(rules: &Throttle, failures: u32) -> Duration {
    let Some(doublings) = failures.checked_sub(FREE_TRIES + 1) else {
        return Duration::ZERO;
    };
    let factor = 1u32.checked_shl(doublings.min(31)).unwrap_or(u32::MAX);
    rules
        .first_delay
        .saturating_mul(factor)
        .min(rules.longest_delay)
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: Throttle = Throttle {
        hourly_tries: 60,
        first_delay: Duration::from_secs(2),
        longest_delay: Duration::from_secs(60),
    };

    fn known(failures: u32, last_failure: u64, this_hour: u32) -> Attempts {
        Attempts {
            failures,
            last_failure: Time::from_unix(last_failure),
            last_success: Time::default(),
            this_hour,
        }
    }

    #[test]
    fn the_delay_grows_with_wrong_tries_and_stops_growing() {
        let check = |failures, wait: u64| {
            let expected = match wait {
                0 => Allowance::Allowed,
                _ => Allowance::NotBefore(Time::from_unix(10_000 + wait)),
            };
            assert_eq!(
                allowance(&RULES, &known(failures, 10_000, 0), Time::from_unix(10_000)),
                expected,
                "{failures}"
            );
        };
        check(0, 0);
        check(2, 0);
        check(3, 2);
        check(4, 4);
        check(7, 32);
        check(8, 60);
        check(1000, 60);
        assert_eq!(
            allowance(&RULES, &known(8, 10_000, 0), Time::from_unix(10_060)),
            Allowance::Allowed
        );
    }

    #[test]
    fn a_spent_budget_binds_strangers_and_not_the_source_that_knew_the_secret() {
        let now = Time::from_unix(1_000_000);
        let stranger = known(0, 0, 60);
        assert_eq!(
            allowance(&RULES, &stranger, now),
            Allowance::NotBefore(Time::from_unix(1_000_800))
        );
        let familiar = Attempts {
            last_success: Time::from_unix(999_000),
            ..stranger
        };
        assert_eq!(allowance(&RULES, &familiar, now), Allowance::Allowed);
    }

    #[test]
    fn only_a_source_that_knew_the_secret_and_has_not_erred_since_tries_side_by_side() {
        let now = Time::from_unix(1_000_000);
        let knew = Attempts {
            last_success: Time::from_unix(999_000),
            ..known(0, 0, 0)
        };
        assert!(is_trusted(&knew, now));
        assert!(!is_trusted(
            &Attempts {
                failures: 1,
                ..knew
            },
            now
        ));
        assert!(!is_trusted(&known(0, 0, 0), now));
    }

    #[test]
    fn a_clock_set_back_locks_nobody_out() {
        assert_eq!(
            allowance(&RULES, &known(9, 10_000, 0), Time::from_unix(5_000)),
            Allowance::Allowed
        );
    }
}
