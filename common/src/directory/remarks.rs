//! What a full sync could not understand and left out, a line each for `status`.

/// The most remarks that a sync keeps; a count stands for the rest.
const REMARKS_MAX: usize = 200;

/// The remarks of one sync.
#[derive(Debug, Default)]
pub(super) struct Remarks {
    lines: Vec<String>,
    more: usize,
}

impl Remarks {
    /// Adds a line; text of the server's must have been made safe.
    pub(super) fn add(&mut self, line: String) {
        if self.lines.len() < REMARKS_MAX {
            self.lines.push(line);
        } else {
            self.more = self.more.saturating_add(1);
        }
    }

    /// Adds one line for `count` things of a kind, if there are any.
    pub(super) fn count(&mut self, count: usize, what: &str) {
        if count > 0 {
            self.add(format!("{count} {what}"));
        }
    }

    /// The lines, and how many more there would have been.
    pub(super) fn into_lines(self) -> Vec<String> {
        let more = (self.more > 0).then(|| format!("and {} more", self.more));
        self.lines.into_iter().chain(more).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remarks_are_counted_beyond_a_limit() {
        let mut remarks = Remarks::default();
        for _ in 0..REMARKS_MAX + 5 {
            remarks.count(1, "thing");
        }
        let lines = remarks.into_lines();
        assert_eq!(lines.len(), REMARKS_MAX + 1);
        assert_eq!(lines.last().map(String::as_str), Some("and 5 more"));
    }
}
