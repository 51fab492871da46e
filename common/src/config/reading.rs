//! Takes single values out of what was said, by the table of keys, and collects every problem.

use std::path::Path;
use std::time::Duration;

use super::files::Source;
use super::keys::{self, Absent};
use super::problem::Problem;
use super::raw::{Entry, Line, Said, Value};

/// A value as it is meant, and where it was said.
#[derive(Debug, Clone)]
pub(super) struct Meant<T> {
    pub(super) value: T,
    pub(super) place: Place,
    /// Whether a file says it; a default otherwise.
    pub(super) said: bool,
}

/// Where a key stands.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub(super) key: String,
    pub(super) line: Option<Line>,
}

/// Why a value does not do.
pub(super) enum Unfit {
    /// Not what the table of keys wants.
    NotWanted,
    /// This is wanted instead.
    Wanted(String),
    /// The same, and the value itself must not be shown.
    Hidden(&'static str),
}

/// One section, or its absence.
#[derive(Debug, Clone, Copy)]
pub(super) struct Section<'a> {
    /// Its path in the table of keys.
    pattern: &'static str,
    /// Its name as the files have it.
    shown: &'a str,
    said: Option<&'a Said>,
}

impl<'a> Section<'a> {
    /// The section `pattern`, shown as `shown`, with what the files say of it.
    pub(super) fn new(pattern: &'static str, shown: &'a str, said: Option<&'a Said>) -> Self {
        Self {
            pattern,
            shown,
            said,
        }
    }

    /// The section `name` of the top table.
    pub(super) fn below(top: &'a Said, name: &'static str) -> Self {
        Self::new(name, name, top.value.entry(name).map(|entry| &entry.said))
    }

    pub(super) fn entry(&self, name: &str) -> Option<&'a Entry> {
        self.said.and_then(|said| said.value.entry(name))
    }

    fn line(&self) -> Option<Line> {
        self.said.map(|said| said.line)
    }

    /// Where the key `name` stands, or its section if it is left out.
    pub(super) fn place(&self, name: &str) -> Place {
        let line = self.entry(name).map(|entry| entry.said.line);
        Place {
            key: join(self.shown, name),
            line: line.or(self.line()),
        }
    }
}

/// `section.name`, or the name alone above all sections.
pub(super) fn join(section: &str, name: &str) -> String {
    match section {
        "" => name.to_owned(),
        _ => format!("{section}.{name}"),
    }
}

/// What reading has brought up so far.
pub(super) struct Reading<'a> {
    files: &'a [Source],
    problems: Vec<(Option<Line>, Problem)>,
    pub(super) warnings: Vec<String>,
}

impl<'a> Reading<'a> {
    pub(super) fn of(files: &'a [Source]) -> Self {
        Self {
            files,
            problems: Vec::new(),
            warnings: Vec::new(),
        }
    }

    /// Notes a problem and gives nothing, so that a caller can end with it.
    pub(super) fn refuse<T>(
        &mut self,
        place: &Place,
        found: impl Into<String>,
        wanted: impl Into<String>,
    ) -> Option<T> {
        let problem = Problem {
            file: self.file(place.line).to_owned(),
            line: place.line.map(|line| line.number),
            key: place.key.clone(),
            found: found.into(),
            wanted: wanted.into(),
        };
        self.problems.push((place.line, problem));
        None
    }

    /// Every problem, in the order of files and lines.
    pub(super) fn into_problems(mut self) -> Vec<Problem> {
        self.problems.sort_by_key(|(line, _)| *line);
        self.problems
            .into_iter()
            .map(|(_, problem)| problem)
            .collect()
    }

    /// The file of this line; what has none is about the first file.
    pub(super) fn file(&self, line: Option<Line>) -> &'a Path {
        let number = line.map_or(0, |line| line.file);
        self.files
            .get(number)
            .map_or(Path::new(""), |source| &source.path)
    }

    /// `FILE:LINE`, or the file alone.
    pub(super) fn place_text(&self, line: Option<Line>) -> String {
        let file = self.file(line).display();
        match line {
            Some(line) => format!("{file}:{}", line.number),
            None => file.to_string(),
        }
    }

    /// Notes something that can be followed but is probably not wanted.
    pub(super) fn warn(&mut self, place: &Place, words: &str) {
        let warning = format!("{}: {}: {words}", self.place_text(place.line), place.key);
        self.warnings.push(warning);
    }

    /// The value of a key that has one: said, or its default.
    pub(super) fn value<T>(
        &mut self,
        section: &Section<'_>,
        name: &str,
        mean: impl Fn(&Value) -> Result<T, Unfit>,
    ) -> Option<Meant<T>> {
        let place = section.place(name);
        let key = keys::find(&join(section.pattern, name))?;
        if let Some(entry) = section.entry(name) {
            let value = self.mean(&place, key.wanted, &entry.said.value, mean)?;
            return Some(Meant {
                value,
                place,
                said: true,
            });
        }
        let Absent::Stands(text) = key.absent else {
            return self.refuse(&place, "nothing", key.wanted);
        };
        let value = super::raw::parse_value(text)?;
        let value = self.mean(&place, key.wanted, &value, mean)?;
        Some(Meant {
            value,
            place,
            said: false,
        })
    }

    /// The value of a key that may be left out: the outer nothing is a problem, the inner one an absence.
    pub(super) fn optional<T>(
        &mut self,
        section: &Section<'_>,
        name: &str,
        mean: impl Fn(&Value) -> Result<T, Unfit>,
    ) -> Option<Option<Meant<T>>> {
        match section.entry(name) {
            None => Some(None),
            Some(_) => self.value(section, name, mean).map(Some),
        }
    }

    fn mean<T>(
        &mut self,
        place: &Place,
        wanted: &str,
        value: &Value,
        mean: impl Fn(&Value) -> Result<T, Unfit>,
    ) -> Option<T> {
        match mean(value) {
            Ok(meant) => Some(meant),
            Err(Unfit::NotWanted) => self.refuse(place, value.shown(), wanted),
            Err(Unfit::Wanted(wanted)) => self.refuse(place, value.shown(), wanted),
            Err(Unfit::Hidden(found)) => self.refuse(place, found, wanted),
        }
    }

    /// A list of texts, each with its own line; elements that are none are reported.
    pub(super) fn texts(
        &mut self,
        section: &Section<'_>,
        name: &str,
    ) -> Option<Vec<Meant<String>>> {
        let Some(entry) = section.entry(name) else {
            return Some(Vec::new());
        };
        let wanted = keys::find(&join(section.pattern, name))?.wanted;
        let place = section.place(name);
        let Value::List(elements) = &entry.said.value else {
            return self.refuse(&place, entry.said.value.shown(), wanted);
        };
        let mut texts = Vec::with_capacity(elements.len());
        for element in elements {
            let place = Place {
                line: Some(element.line),
                ..place.clone()
            };
            if let Some(value) = self.mean(&place, wanted, &element.value, text) {
                texts.push(Meant {
                    value,
                    place,
                    said: true,
                });
            }
        }
        Some(texts)
    }

    /// A span of time between `least` and `most`.
    pub(super) fn duration(
        &mut self,
        section: &Section<'_>,
        name: &str,
        least: Duration,
        most: Duration,
    ) -> Option<Meant<Duration>> {
        self.value(section, name, |value| bounded(value, least, most))
    }
}

/// A span of time between `least` and `most`.
pub(super) fn bounded(value: &Value, least: Duration, most: Duration) -> Result<Duration, Unfit> {
    let span = span(&text(value)?).ok_or(Unfit::NotWanted)?;
    if (least..=most).contains(&span) {
        return Ok(span);
    }
    Err(Unfit::Wanted(format!(
        "a span of time from \"{}\" to \"{}\"",
        shown_span(least),
        shown_span(most)
    )))
}

/// Text.
pub(super) fn text(value: &Value) -> Result<String, Unfit> {
    match value {
        Value::Text(text) => Ok(text.clone()),
        _ => Err(Unfit::NotWanted),
    }
}

/// Text that is not empty, not longer than `most` bytes and fits one field.
pub(super) fn word(value: &Value, most: usize) -> Result<String, Unfit> {
    let text = text(value)?;
    let fits = !text.trim().is_empty() && text.len() <= most && !text.chars().any(char::is_control);
    fits.then_some(text).ok_or(Unfit::NotWanted)
}

/// Letters, digits, `.`, `_` and `-`.
pub(super) fn plain_word(text: &str, most: usize) -> Result<(), Unfit> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    let fits = (1..=most).contains(&text.len()) && text.bytes().all(plain);
    fits.then_some(()).ok_or(Unfit::NotWanted)
}

/// True or false.
pub(super) fn boolean(value: &Value) -> Result<bool, Unfit> {
    match value {
        Value::Boolean(truth) => Ok(*truth),
        _ => Err(Unfit::NotWanted),
    }
}

/// A whole number that fits.
pub(super) fn number(value: &Value) -> Result<u32, Unfit> {
    match value {
        Value::Integer(number) => u32::try_from(*number).or(Err(Unfit::NotWanted)),
        _ => Err(Unfit::NotWanted),
    }
}

const UNITS: [(&str, u64); 5] = [
    ("w", 7 * 86_400),
    ("d", 86_400),
    ("h", 3_600),
    ("m", 60),
    ("s", 1),
];

/// `7d`, `15m`, `10s`.
fn span(text: &str) -> Option<Duration> {
    let (seconds, digits) = UNITS
        .iter()
        .find_map(|(unit, seconds)| Some((*seconds, text.strip_suffix(unit)?)))?;
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let count: u64 = digits.parse().ok()?;
    Some(Duration::from_secs(count.checked_mul(seconds)?))
}

/// A span as the configuration would say it.
pub(super) fn shown_span(span: Duration) -> String {
    let seconds = span.as_secs();
    UNITS
        .iter()
        .filter(|(unit, _)| *unit != "w")
        .find(|(_, size)| seconds != 0 && seconds.is_multiple_of(*size))
        .map_or_else(
            || format!("{seconds}s"),
            |(unit, size)| format!("{}{unit}", seconds.checked_div(*size).unwrap_or_default()),
        )
}
