//! Tables for people: labels in a column, times as how long ago.

use std::time::{SystemTime, UNIX_EPOCH};

use serde::Serialize;

/// Prints `reply` as indented JSON.
pub fn json<T: Serialize>(reply: &T) -> std::io::Result<()> {
    println!("{}", serde_json::to_string_pretty(reply)?);
    Ok(())
}

/// Prints labels and values, the values in one column; empty values are left out.
pub fn table(rows: &[(&str, String)]) {
    let width = rows.iter().map(|(label, _)| label.len()).max().unwrap_or(0);
    for (label, value) in rows.iter().filter(|(_, value)| !value.is_empty()) {
        println!("{label:width$}  {value}");
    }
}

/// `12 minutes ago`, or `never` for zero.
pub fn ago(moment: u64) -> String {
    if moment == 0 {
        return "never".to_owned();
    }
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |span| span.as_secs());
    match now.checked_sub(moment) {
        Some(seconds) => format!("{} ago", span(seconds)),
        None => format!("in {}", span(moment.saturating_sub(now))),
    }
}

/// The largest unit that fits: `3 days`.
pub fn span(seconds: u64) -> String {
    let (count, unit) = match seconds {
        0..120 => (seconds, "second"),
        120..7200 => (seconds / 60, "minute"),
        7200..172_800 => (seconds / 3600, "hour"),
        _ => (seconds / 86_400, "day"),
    };
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {unit}{plural}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_use_the_largest_unit_that_fits() {
        let check = |seconds, expected: &str| assert_eq!(span(seconds), expected);
        check(1, "1 second");
        check(119, "119 seconds");
        check(120, "2 minutes");
        check(7200, "2 hours");
        check(604_800, "7 days");
        assert_eq!(ago(0), "never");
    }
}
