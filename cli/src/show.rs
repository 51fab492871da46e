//! Tables for people: labels in a column, times as how long ago.
//!
//! Whoever reads may stop reading: what goes into a closed pipe is dropped, and the command ends as it would have.

use std::io::{self, Write};
use std::time::{SystemTime, UNIX_EPOCH};

use muster_common::text;
use serde::Serialize;

use crate::failure::EXIT_COULD_NOT_ASK;
use crate::options::NameKind;

/// The longest text of a directory's or a file's that is shown.
const TEXT_MAX: usize = 1000;

/// Prints `reply` as indented JSON.
pub fn json<T: Serialize>(reply: &T) -> io::Result<()> {
    let text = serde_json::to_string_pretty(reply)?;
    written(writeln!(io::stdout(), "{text}"))
}

/// Standard output's answer, where a closed pipe is none.
fn written(outcome: io::Result<()>) -> io::Result<()> {
    match outcome {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

/// Prints text; a full disk behind standard output ends the program, since what was asked is not told.
pub fn text(text: std::fmt::Arguments<'_>) {
    if let Err(error) = written(io::stdout().write_fmt(text)) {
        eprintln!("muster: standard output: {error}");
        std::process::exit(i32::from(EXIT_COULD_NOT_ASK));
    }
}

/// Prints labels and values, the values in one column; empty values are left out.
pub fn table(rows: &[(&str, String)]) {
    let width = rows.iter().map(|(label, _)| label.len()).max().unwrap_or(0);
    for (label, value) in rows.iter().filter(|(_, value)| !value.is_empty()) {
        println!("{label:width$}  {value}");
    }
}

/// Prints rows under their heading, each column as wide as its widest text.
pub fn columns<const N: usize>(heading: [&str; N], rows: impl Iterator<Item = [String; N]>) {
    let rows: Vec<_> = std::iter::once(heading.map(str::to_owned))
        .chain(rows)
        .collect();
    let mut widths = [0; N];
    for row in &rows {
        for (width, text) in widths.iter_mut().zip(row) {
            *width = text.chars().count().max(*width);
        }
    }
    for row in &rows {
        let cells = row.iter().zip(widths);
        let line: String = cells
            .map(|(text, width)| format!("{text:width$}  "))
            .collect();
        println!("{}", line.trim_end());
    }
}

/// Text that a directory or a file says, safe to show.
pub fn plain(said: &str) -> String {
    text::safe(said, TEXT_MAX)
}

/// What to know about an id that somebody does not have any more.
pub fn left_behind(kind: NameKind, id: u32) -> String {
    let option = match kind {
        NameKind::User => "-uid",
        NameKind::Group => "-gid",
    };
    format!(
        "Warning: files of the id {id} do not follow, and nobody else is given that id.\n         \
         Find them on each file system: find / -xdev {option} {id}"
    )
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
