//! The dialect of Python's ConfigParser that fas.conf is written in.

use std::collections::BTreeMap;

use super::{ImportError, Value};

/// Sections, keys and values.
pub(super) struct Ini(BTreeMap<(String, String), Value>);

impl Ini {
    /// Reads `text`: `[section]`, `key = value` or `key: value`, lines that go on where they
    /// start with a blank, `#` and `;` comments. What is left empty is not said.
    pub(super) fn read(text: &str) -> Result<Self, ImportError> {
        let mut said: BTreeMap<(String, String), Value> = BTreeMap::new();
        let mut section = String::new();
        let mut last: Option<(String, String)> = None;
        for (line, number) in text.lines().zip(1..) {
            let trimmed = line.trim();
            if trimmed.is_empty() || trimmed.starts_with(['#', ';']) {
                continue;
            }
            if line.starts_with([' ', '\t'])
                && let Some(value) = last.as_ref().and_then(|key| said.get_mut(key))
            {
                value.push(' ');
                value.push_str(trimmed);
                continue;
            }
            if let Some(name) = trimmed.strip_prefix('[') {
                let name = name.strip_suffix(']').ok_or(ImportError::Line(number))?;
                section = name.trim().to_owned();
                last = None;
                continue;
            }
            let split = trimmed.split_once(['=', ':']);
            let (key, value) = split.ok_or(ImportError::Line(number))?;
            // ConfigParser's comments behind a value.
            let value = value.split(" ;").next().unwrap_or_default();
            let key = (section.clone(), key.trim().to_ascii_lowercase());
            said.insert(key.clone(), Value::new(unquoted(value.trim()).to_owned()));
            last = Some(key);
        }
        said.retain(|_, value| !value.is_empty());
        Ok(Self(said))
    }

    /// What is said of a key.
    pub(super) fn get(&self, section: &str, key: &str) -> Option<&str> {
        let key = (section.to_owned(), key.to_owned());
        self.0.get(&key).map(|value| value.as_str())
    }

    /// Every key that is said, with its section.
    pub(super) fn keys(&self) -> impl Iterator<Item = (&str, &str)> {
        let keys = self.0.keys();
        keys.map(|(section, key)| (section.as_str(), key.as_str()))
    }
}

/// Administrators write quotation marks that fasClient did not want.
fn unquoted(value: &str) -> &str {
    let inside = value
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'));
    inside.filter(|text| !text.contains('"')).unwrap_or(value)
}
