//! The configuration that counts, key by key: what is said, where, and what stands when nothing is.

use std::fmt;
use std::path::{Path, PathBuf};

use toml_edit::Key as TomlKey;

use super::files::{self, Source, Trust};
use super::keys::{self, Absent, Key, Section};
use super::problem::ConfigErrors;
use super::raw::{self, Said, Value};
use super::reading::Reading;
use super::{check, checked};

/// A configuration as it counts. Written with `{}` it is one, in a single file.
#[derive(Debug)]
pub struct Shown {
    /// The files it is made of, in the order in which they were read.
    pub files: Vec<PathBuf>,
    /// Its sections, in the order of the reference page.
    pub sections: Vec<ShownSection>,
}

/// One section.
#[derive(Debug)]
pub struct ShownSection {
    /// How it is written: `[[directory]]`; empty above all sections.
    pub header: String,
    /// Every key that it may have.
    pub settings: Vec<Setting>,
}

/// One key.
#[derive(Debug)]
pub struct Setting {
    /// Its name within the section.
    pub name: &'static str,
    /// What counts.
    pub value: Standing,
}

/// What counts, and why.
#[derive(Debug)]
pub enum Standing {
    /// A file says it.
    Said {
        /// The value.
        value: serde_json::Value,
        /// The same in TOML's spelling.
        toml: String,
        /// The file.
        file: PathBuf,
        /// The line, from 1.
        line: usize,
    },
    /// The default of the table of keys.
    Default {
        /// The value.
        value: serde_json::Value,
        /// The same in TOML's spelling.
        toml: String,
    },
    /// It is left out, which means this.
    LeftOut(&'static str),
}

/// Reads the configuration at `path` with its drop-ins, whoever owns them; one with problems is refused.
pub fn show(path: &Path) -> Result<Shown, ConfigErrors> {
    shown(files::read(path, Trust::Anybody)?)
}

pub(super) fn shown(files: Vec<Source>) -> Result<Shown, ConfigErrors> {
    check(&files)?;
    let mut reading = Reading::of(&files);
    let sections = match checked::said(&mut reading, &files) {
        Some(top) => Showing { reading: &reading }.sections(&top),
        None => Vec::new(),
    };
    let files = files.into_iter().map(|source| source.path).collect();
    Ok(Shown { files, sections })
}

struct Showing<'a> {
    reading: &'a Reading<'a>,
}

impl Showing<'_> {
    fn sections(&self, top: &Said) -> Vec<ShownSection> {
        let below_directory = |section: &&Section| !section.path.starts_with("directory.");
        let sections = keys::SECTIONS.iter().filter(below_directory);
        let shown = sections.flat_map(|section| match section.path {
            "directory" => self.directories(top),
            _ => self.section(section, top),
        });
        shown
            .filter(|section| !section.settings.is_empty())
            .collect()
    }

    /// A section as often as it stands there.
    fn section(&self, section: &'static Section, top: &Said) -> Vec<ShownSection> {
        let one = |header: String, said: Option<&Said>| {
            let keys = keys::below(section.path);
            self.with_keys(header, keys, said)
        };
        if let Some(parent) = section.path.strip_suffix(".NAME") {
            let entries = match at(top, parent).map(|said| &said.value) {
                Some(Value::Table(entries)) => entries.as_slice(),
                _ => &[],
            };
            let named = entries.iter().map(|entry| {
                let name = TomlKey::new(entry.name.as_str())
                    .display_repr()
                    .into_owned();
                one(format!("[{parent}.{name}]"), Some(&entry.said))
            });
            return named.collect();
        }
        let said = at(top, section.path);
        match said.map(|said| &said.value) {
            Some(Value::List(tables)) => {
                let each = tables.iter();
                each.map(|table| one(section.header.to_owned(), Some(table)))
                    .collect()
            }
            _ if section.repeats => Vec::new(),
            _ if section.path.is_empty() => vec![one(String::new(), Some(top))],
            _ => vec![one(section.header.to_owned(), said)],
        }
    }

    /// Each directory, with the keys that its kind has.
    fn directories(&self, top: &Said) -> Vec<ShownSection> {
        let Some(Value::List(tables)) = at(top, "directory").map(|said| &said.value) else {
            return Vec::new();
        };
        let both = tables.iter().flat_map(|table| {
            let kind = match at(table, "kind").map(|said| &said.value) {
                Some(Value::Text(kind)) => kind.as_str(),
                _ => "",
            };
            let suits = move |key: &&'static Key| key.suits(kind);
            let own = keys::below("directory").filter(suits);
            let attributes = keys::below("directory.attributes").filter(suits);
            let said = at(table, "attributes");
            [
                self.with_keys("[[directory]]".to_owned(), own, Some(table)),
                self.with_keys("[directory.attributes]".to_owned(), attributes, said),
            ]
        });
        both.collect()
    }

    fn with_keys(
        &self,
        header: String,
        keys: impl Iterator<Item = &'static Key>,
        said: Option<&Said>,
    ) -> ShownSection {
        let settings = keys.map(|key| {
            let name = key.path.rsplit('.').next().unwrap_or(key.path);
            Setting {
                name,
                value: self.standing(key, said.and_then(|section| at(section, name))),
            }
        });
        ShownSection {
            header,
            settings: settings.collect(),
        }
    }

    fn standing(&self, key: &'static Key, said: Option<&Said>) -> Standing {
        match (said, key.absent) {
            (Some(said), _) => Standing::Said {
                value: json(&said.value),
                toml: toml(&said.value).to_string(),
                file: self.reading.file(Some(said.line)).to_owned(),
                line: said.line.number,
            },
            (None, Absent::Stands(text)) => Standing::Default {
                value: raw::parse_value(text).map_or(serde_json::Value::Null, |it| json(&it)),
                toml: text.to_owned(),
            },
            (None, Absent::Nothing(words)) => Standing::LeftOut(words),
            // A configuration without it is refused, unless another key stands for it.
            (None, Absent::Refused) => Standing::LeftOut("another key stands for it"),
        }
    }
}

/// What is said at a path with dots below `said`; the empty path is `said` itself.
fn at<'a>(said: &'a Said, path: &str) -> Option<&'a Said> {
    let mut names = path.split('.').filter(|name| !name.is_empty());
    names.try_fold(said, |said, name| {
        said.value.entry(name).map(|entry| &entry.said)
    })
}

fn json(value: &Value) -> serde_json::Value {
    match value {
        Value::Text(text) => text.as_str().into(),
        Value::Integer(number) => (*number).into(),
        Value::Boolean(truth) => (*truth).into(),
        Value::List(values) => values.iter().map(|said| json(&said.value)).collect(),
        // No key wants these: a configuration that has them is refused.
        Value::Table(_) | Value::Other(_) => serde_json::Value::Null,
    }
}

fn toml(value: &Value) -> toml_edit::Value {
    match value {
        Value::Text(text) => text.as_str().into(),
        Value::Integer(number) => (*number).into(),
        Value::Boolean(truth) => (*truth).into(),
        Value::List(values) => values
            .iter()
            .map(|said| toml(&said.value))
            .collect::<toml_edit::Array>()
            .into(),
        Value::Table(_) | Value::Other(_) => toml_edit::Array::new().into(),
    }
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for file in &self.files {
            writeln!(f, "# {}", file.display())?;
        }
        for section in &self.sections {
            writeln!(f)?;
            if !section.header.is_empty() {
                writeln!(f, "{}", section.header)?;
            }
            for setting in &section.settings {
                writeln!(f, "{setting}")?;
            }
        }
        Ok(())
    }
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.name;
        match &self.value {
            Standing::Said {
                toml, file, line, ..
            } => write!(f, "{name} = {toml}  # {}:{line}", file.display()),
            Standing::Default { toml, .. } => write!(f, "{name} = {toml}  # default"),
            Standing::LeftOut(words) => write!(f, "# {name} is left out: {words}"),
        }
    }
}
