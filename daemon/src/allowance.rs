//! How many questions to directories a peer may cause: tokens that come back with time.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// What one account may spend at once, and how much comes back in a second.
#[derive(Debug, Clone, Copy)]
struct Rate {
    most: f64,
    a_second: f64,
}

/// sshd asks as root for whoever knocks: plenty, but not without end.
const ROOT: Rate = Rate {
    most: 2000.0,
    a_second: 500.0,
};
const OTHERS: Rate = Rate {
    most: 100.0,
    a_second: 10.0,
};
/// Accounts that are full again are forgotten when so many have gathered.
const TIDY_ABOVE: usize = 1024;

/// The tokens of all accounts.
#[derive(Debug, Default)]
pub struct Allowances {
    purses: Mutex<HashMap<u32, Purse>>,
}

#[derive(Debug, Clone, Copy)]
struct Purse {
    left: f64,
    at: Duration,
}

impl Allowances {
    /// Takes one token of `account` (a uid, or one that several share), `now` by the boot clock.
    pub fn spend(&self, account: u32, now: Duration) -> bool {
        let rate = if account == 0 { ROOT } else { OTHERS };
        let mut purses = self.purses.lock().unwrap_or_else(PoisonError::into_inner);
        if purses.len() > TIDY_ABOVE {
            purses.retain(|_, purse| purse.filled(OTHERS, now).left < OTHERS.most);
        }
        let full = Purse {
            left: rate.most,
            at: now,
        };
        let purse = purses.entry(account).or_insert(full);
        *purse = purse.filled(rate, now);
        if purse.left < 1.0 {
            return false;
        }
        purse.left -= 1.0;
        true
    }
}

impl Purse {
    fn filled(self, rate: Rate, now: Duration) -> Self {
        let earned = now.saturating_sub(self.at).as_secs_f64() * rate.a_second;
        Self {
            left: (self.left + earned).min(rate.most),
            at: now.max(self.at),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spent_allowance_comes_back_with_time_and_is_nobody_elses() {
        let allowances = Allowances::default();
        let at = Duration::from_secs;
        let spent = (0..1000).filter(|_| allowances.spend(1000, at(50))).count();
        assert_eq!(spent, 100);
        assert!(allowances.spend(1001, at(50)) && allowances.spend(0, at(50)));
        assert_eq!(
            (0..50).filter(|_| allowances.spend(1000, at(51))).count(),
            10
        );
        assert!(
            !allowances.spend(1000, at(49)),
            "a clock that goes back gives nothing"
        );
    }

    #[test]
    fn strangers_cannot_fill_the_memory_with_accounts() {
        let allowances = Allowances::default();
        for account in 1000..20_000_u32 {
            allowances.spend(account, Duration::from_secs(u64::from(account)));
        }
        assert!(allowances.purses.lock().unwrap().len() <= TIDY_ABOVE + 1);
    }
}
