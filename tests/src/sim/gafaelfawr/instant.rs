//! Moments in requests: seconds since 1970, or ISO 8601 with a zone.

use serde_json::Value;

/// Seconds since 1970 of a moment as a request has it; `None` if it is none.
pub(super) fn seconds(value: &Value) -> Option<u64> {
    match value {
        Value::Number(number) => number.as_u64(),
        Value::String(text) => text.parse().ok().or_else(|| iso(text)),
        _ => None,
    }
}

/// `2026-11-25T10:37:12Z`, with a fraction or another zone, too.
fn iso(text: &str) -> Option<u64> {
    let (date, time) = text.split_once(['T', ' '])?;
    let (time, zone) = match time.strip_suffix('Z') {
        Some(time) => (time, 0),
        None => {
            let at = time.rfind(['+', '-'])?;
            let (time, zone) = time.split_at_checked(at)?;
            (time, offset(zone)?)
        }
    };
    let [year, month, day] = numbers(date, '-')?;
    let [hour, minute, second] = numbers(time.split('.').next()?, ':')?;
    let seconds = days(year, month, day)? * 86_400 + hour * 3600 + minute * 60 + second - zone;
    u64::try_from(seconds).ok()
}

fn offset(zone: &str) -> Option<i64> {
    let sign = if zone.starts_with('-') { -1 } else { 1 };
    let (hours, minutes) = zone.get(1..)?.split_once(':')?;
    Some(sign * (hours.parse::<i64>().ok()? * 3600 + minutes.parse::<i64>().ok()? * 60))
}

fn numbers(text: &str, between: char) -> Option<[i64; 3]> {
    let numbers: Option<Vec<i64>> = text.split(between).map(|part| part.parse().ok()).collect();
    numbers?.try_into().ok()
}

/// Days since 1970 (Howard Hinnant, `days_from_civil`).
fn days(year: i64, month: i64, day: i64) -> Option<i64> {
    let sensible =
        (1970..=9999).contains(&year) && (1..=12).contains(&month) && (1..=31).contains(&day);
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year / 400, year % 400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let days = of_era * 365 + of_era / 4 - of_era / 100 + of_year;
    sensible.then_some(era * 146_097 + days - 719_468)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_moment_is_a_number_or_iso_8601() {
        let check = |value: Value, expected: Option<u64>| {
            assert_eq!(seconds(&value), expected, "{value}");
        };
        check(json!(1_795_303_975), Some(1_795_303_975));
        check(json!("1795303975"), Some(1_795_303_975));
        check(json!("1970-01-01T00:00:00Z"), Some(0));
        check(json!("2023-11-14T22:13:20.5Z"), Some(1_700_000_000));
        check(json!("2024-02-29T02:00:00+02:00"), Some(1_709_164_800));
        check(json!("2024-02-28T22:30:00-01:30"), Some(1_709_164_800));
        for wrong in [
            json!(-1),
            json!("soon"),
            json!("2024-02-29"),
            json!("2024-13-01T00:00:00Z"),
            json!("2024-02-29T02:00:00"),
            json!([]),
        ] {
            check(wrong, None);
        }
    }
}
