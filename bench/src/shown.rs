//! Numbers as people read them.

/// A plain number with thousands apart; small ones with two digits.
pub(crate) fn number(figure: f64) -> String {
    if figure.abs() < 10.0 && figure.fract() != 0.0 {
        return format!("{figure:.2}");
    }
    let digits = format!("{:.0}", figure.abs());
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    if figure < 0.0 {
        format!("-{text}")
    } else {
        text
    }
}

/// A time in the unit that suits it.
pub(crate) fn duration(nanoseconds: f64) -> String {
    match nanoseconds {
        few if few < 1e3 => format!("{few:.0} ns"),
        some if some < 1e6 => format!("{:.1} µs", some / 1e3),
        many => format!("{:.1} ms", many / 1e6),
    }
}

/// A ratio with the digits that mean something.
pub(crate) fn short(ratio: f64) -> String {
    if ratio < 10.0 {
        format!("{ratio:.2}")
    } else {
        number(ratio)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_times_are_shown_as_people_read_them() {
        assert_eq!(
            [1_234_567.0, 999.6, 0.5, 7.0].map(number),
            ["1,234,567", "1,000", "0.50", "7"]
        );
        assert_eq!(
            [12.0, 1_500.0, 2e6].map(duration),
            ["12 ns", "1.5 µs", "2.0 ms"]
        );
    }
}
