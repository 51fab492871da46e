//! What was measured: every single figure with its place, kept in a file, so that the document can be written anew
//! without measuring.

use std::fmt::Write as _;
use std::path::Path;

use crate::trouble::Trouble;

/// What a figure is of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Key {
    /// Which peer, as `peers` calls it.
    pub(crate) peer: String,
    /// How it was asked: `module` at its own door, `glibc` through getpwnam_r and the like, `program`.
    pub(crate) way: String,
    /// What was asked for, as `questions` calls it.
    pub(crate) what: String,
    /// Of how many people.
    pub(crate) users: u32,
    /// What was counted or timed: `instructions`, `ns`, …
    pub(crate) measure: String,
}

/// Shorthand for a key.
pub(crate) fn key(peer: &str, way: &str, what: &str, users: u32, measure: &str) -> Key {
    let [peer, way, what, measure] = [peer, way, what, measure].map(str::to_owned);
    Key {
        peer,
        way,
        what,
        users,
        measure,
    }
}

impl Key {
    /// The same of another peer.
    pub(crate) fn of(&self, peer: &str) -> Self {
        Self {
            peer: peer.to_owned(),
            ..self.clone()
        }
    }
}

/// All figures of a run, in the order in which they were taken.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Figures(Vec<(Key, f64)>);

impl Figures {
    pub(crate) fn add(&mut self, key: Key, figure: f64) {
        self.0.push((key, figure));
    }

    /// Every figure of this key: one for each round.
    pub(crate) fn all(&self, key: &Key) -> Vec<f64> {
        let own = self.0.iter().filter(|(other, _)| other == key);
        own.map(|(_, figure)| *figure).collect()
    }

    /// The median over the rounds; `None` if it was never taken.
    pub(crate) fn median(&self, key: &Key) -> Option<f64> {
        median(self.all(key))
    }

    /// The median of the ratios to another peer, each of the same round.
    pub(crate) fn ratio(&self, key: &Key, other: &str) -> Option<f64> {
        let (own, others) = (self.all(key), self.all(&key.of(other)));
        median(own.iter().zip(&others).map(|(a, b)| a / b).collect())
    }

    pub(crate) fn read(path: &Path) -> Result<Self, Trouble> {
        let text = std::fs::read_to_string(path).map_err(Trouble::at(path))?;
        let parsed = text.lines().map(parsed).collect::<Option<Vec<_>>>();
        let figures = parsed
            .ok_or_else(|| Trouble::new(format!("{} is not a list of figures", path.display())))?;
        Ok(Self(figures))
    }

    pub(crate) fn write(&self, path: &Path) -> Result<(), Trouble> {
        std::fs::write(path, self.text()).map_err(Trouble::at(path))
    }

    fn text(&self) -> String {
        let mut text = String::new();
        for (key, figure) in &self.0 {
            let Key {
                peer,
                way,
                what,
                users,
                measure,
            } = key;
            // Writing to a String cannot fail.
            let _ = writeln!(text, "{peer}\t{way}\t{what}\t{users}\t{measure}\t{figure}");
        }
        text
    }
}

fn parsed(line: &str) -> Option<(Key, f64)> {
    let fields: Vec<&str> = line.split('\t').collect();
    let [peer, way, what, users, measure, figure] = fields[..] else {
        return None;
    };
    Some((
        key(peer, way, what, users.parse().ok()?, measure),
        figure.parse().ok()?,
    ))
}

/// The middle one, or the upper of the two.
fn median(mut figures: Vec<f64>) -> Option<f64> {
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn some() -> Figures {
        let mut figures = Figures::default();
        for (peer, values) in [("muster", [10.0, 40.0, 30.0]), ("floor", [5.0, 10.0, 30.0])] {
            for value in values {
                figures.add(key(peer, "glibc", "name", 10_000, "ns"), value);
            }
        }
        figures
    }

    #[test]
    fn a_median_is_the_middle_and_absent_where_nothing_was_measured() {
        let own = key("muster", "glibc", "name", 10_000, "ns");
        assert_eq!(some().median(&own), Some(30.0));
        assert_eq!(some().median(&own.of("sssd")), None);
        assert_eq!(median(vec![2.0, 1.0]), Some(2.0));
    }

    #[test]
    fn ratios_are_taken_round_by_round() {
        let own = key("muster", "glibc", "name", 10_000, "ns");
        assert_eq!(some().ratio(&own, "floor"), Some(2.0));
        assert_eq!(some().ratio(&own, "sssd"), None);
    }

    #[test]
    fn figures_survive_their_file() {
        let read: Option<Vec<_>> = some().text().lines().map(parsed).collect();
        assert_eq!(Figures(read.unwrap()), some());
        assert!(parsed("muster\tglibc\tname").is_none());
    }
}
