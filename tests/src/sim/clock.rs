//! The simulated server's time: the machine's, moved ahead as tests like.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Milliseconds since 1970.
#[derive(Debug, Default)]
pub(in crate::sim) struct ServerClock {
    ahead: AtomicU64,
}

impl ServerClock {
    /// Now.
    pub(in crate::sim) fn now(&self) -> u64 {
        let since = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        millis(since).saturating_add(self.ahead.load(Ordering::SeqCst))
    }

    /// Lets `span` pass.
    pub(in crate::sim) fn advance(&self, span: Duration) {
        self.ahead.fetch_add(millis(span), Ordering::SeqCst);
    }
}

fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

/// Milliseconds since 1970 as ISO 8601 in UTC, to the millisecond.
pub(in crate::sim) fn iso(millis: u64) -> String {
    let (seconds, rest) = (millis / 1000, millis % 1000);
    let (days, second) = (seconds / 86_400, seconds % 86_400);
    let (year, month, day) = date(days);
    format!(
        "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}.{rest:03}+00:00",
        second / 3600,
        second / 60 % 60,
        second % 60
    )
}

/// Year, month and day of a day since 1970 (Howard Hinnant, `civil_from_days`).
fn date(days: u64) -> (u64, u64, u64) {
    let shifted = days.saturating_add(719_468);
    let (era, of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 {
        march_month + 3
    } else {
        march_month - 9
    };
    (year_of_era + era * 400 + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_written_as_iso_8601() {
        assert_eq!(iso(0), "1970-01-01T00:00:00.000+00:00");
        assert_eq!(iso(1_700_000_000_123), "2023-11-14T22:13:20.123+00:00");
        assert_eq!(iso(1_709_164_799_000), "2024-02-28T23:59:59.000+00:00");
        assert_eq!(iso(1_709_164_800_000), "2024-02-29T00:00:00.000+00:00");
    }
}
