//! How long a server wants to be left alone.

use std::time::Duration;

use crate::clock::Time;

/// No server keeps us away for longer than this, whatever its Retry-After says.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(15 * 60);
/// A Retry-After header: seconds or an HTTP date, capped.
pub(super) fn retry_after(value: &str, now: Time) -> Option<Duration> {
    let value = value.trim();
    let span = match value.parse::<u64>() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => {
            let date = httpdate::parse_http_date(value).ok()?;
            let date = date.duration_since(std::time::UNIX_EPOCH).ok()?;
            Time::from_unix(date.as_secs()).since(now)
        }
    };
    Some(span.min(RETRY_AFTER_MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_is_seconds_or_a_date_and_never_for_ever() {
        let now = Time::from_unix(784_111_777);
        let check = |value: &str, expected: Option<u64>| {
            assert_eq!(
                retry_after(value, now),
                expected.map(Duration::from_secs),
                "{value}"
            );
        };
        check("120", Some(120));
        check(" 0 ", Some(0));
        check("Sun, 06 Nov 1994 08:50:37 GMT", Some(60));
        check("Sun, 06 Nov 1994 08:00:00 GMT", Some(0));
        check("99999999999", Some(900));
        check("soon", None);
        check("-1", None);
    }
}
