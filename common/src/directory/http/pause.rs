//! How long a server wants to be left alone.
//!
//! Most say so in Retry-After. Crowd Data Center (5.2 and later) has buckets of tokens
//! instead: each interval so many are added, each question takes one, and all hosts of
//! one application share a bucket.

use std::time::Duration;

use crate::clock::Time;

/// No server keeps us away for longer than this, whatever its headers say.
const PAUSE_MAX: Duration = Duration::from_secs(15 * 60);
/// A bucket that was found empty is not asked again at once.
const PAUSE_LEAST: Duration = Duration::from_secs(1);

/// The pause that the headers of a 429 or 503 ask for, if they do.
pub(super) fn wanted<'a>(
    header: impl Fn(&'static str) -> Option<&'a str>,
    now: Time,
) -> Option<Duration> {
    let said = header("retry-after").and_then(|value| retry_after(value, now));
    said.or_else(|| {
        let number = |name| header(name)?.trim().parse::<u32>().ok();
        until_refilled(
            number("x-ratelimit-interval-seconds")?,
            number("x-ratelimit-fillrate"),
            number("x-ratelimit-remaining"),
        )
    })
}

/// How long until a bucket that gets `fill` tokens every `interval` seconds holds one for us.
/// Nobody says when the interval began: an empty bucket is left alone for a whole one.
fn until_refilled(interval: u32, fill: Option<u32>, remaining: Option<u32>) -> Option<Duration> {
    let whole = Duration::from_secs(interval.into());
    let pause = match (fill, remaining) {
        (Some(0), _) => PAUSE_MAX,
        // There are some, and still we were refused: others are faster.
        (Some(fill), Some(1..)) => whole.checked_div(fill)?,
        _ => whole,
    };
    Some(pause.clamp(PAUSE_LEAST, PAUSE_MAX))
}

/// A Retry-After header: seconds or an HTTP date, capped.
fn retry_after(value: &str, now: Time) -> Option<Duration> {
    let value = value.trim();
    let span = match value.parse::<u64>() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => {
            let date = httpdate::parse_http_date(value).ok()?;
            let date = date.duration_since(std::time::UNIX_EPOCH).ok()?;
            Time::from_unix(date.as_secs()).since(now)
        }
    };
    Some(span.min(PAUSE_MAX))
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

    #[test]
    fn without_retry_after_the_pause_is_the_buckets() {
        let check = |headers: &[(&str, &str)], expected: Option<u64>| {
            let header = |name| {
                let found = headers.iter().find(|(known, _)| *known == name);
                found.map(|(_, value)| *value)
            };
            let pause = wanted(header, Time::from_unix(0));
            assert_eq!(pause, expected.map(Duration::from_secs), "{headers:?}");
        };
        let interval = ("x-ratelimit-interval-seconds", "60");
        let fill = ("x-ratelimit-fillrate", "10");
        let none_left = ("x-ratelimit-remaining", "0");
        let some_left = ("x-ratelimit-remaining", "3");
        check(&[interval, fill, none_left], Some(60));
        check(&[interval, fill, some_left], Some(6));
        check(&[interval, fill], Some(60));
        check(&[interval], Some(60));
        check(&[("retry-after", "7"), interval, fill, none_left], Some(7));
        check(&[("retry-after", "soon"), interval], Some(60));
        check(&[interval, ("x-ratelimit-fillrate", "0")], Some(900));
        check(&[("x-ratelimit-interval-seconds", "0"), fill], Some(1));
        check(
            &[("x-ratelimit-interval-seconds", "1"), fill, some_left],
            Some(1),
        );
        check(&[("x-ratelimit-interval-seconds", "4294967295")], Some(900));
        check(&[("x-ratelimit-interval-seconds", "-5"), fill], None);
        check(&[fill, none_left], None);
        check(&[], None);
    }
}
