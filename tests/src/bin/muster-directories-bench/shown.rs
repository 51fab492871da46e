//! Figures as the document shows them.

use std::time::Duration;

pub(crate) fn seconds(span: Duration) -> String {
    format!("{:.2} s", span.as_secs_f64())
}

pub(crate) fn megabytes(kilobytes: u64) -> String {
    format!("{} MB", kilobytes.div_ceil(1024))
}

/// A whole number with commas.
pub(crate) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut shown = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && digits.len().saturating_sub(place) % 3 == 0 {
            shown.push(',');
        }
        shown.push(digit);
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_shown_as_people_write_them() {
        assert_eq!(count(0), "0");
        assert_eq!(count(999), "999");
        assert_eq!(count(40_001), "40,001");
        assert_eq!(count(1_234_567), "1,234,567");
        assert_eq!(megabytes(1025), "2 MB");
        assert_eq!(seconds(Duration::from_millis(1255)), "1.25 s");
    }
}
