//! What a file says: values with their lines, nothing checked but TOML itself.

use std::ops::Range;

use toml_edit::{Document, Item, TableLike};

/// A line of one of the files that the configuration is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Line {
    /// The file's place in their order, from 0.
    pub(super) file: usize,
    /// The line, from 1.
    pub(super) number: usize,
}

/// A value and the line where it stands.
#[derive(Debug, Clone)]
pub(super) struct Said {
    /// The line.
    pub(super) line: Line,
    /// The value.
    pub(super) value: Value,
}

/// A value as TOML has them.
#[derive(Debug, Clone)]
pub(super) enum Value {
    Text(String),
    Integer(i64),
    Boolean(bool),
    List(Vec<Said>),
    Table(Vec<Entry>),
    /// A date or a fraction, which no key wants.
    Other(&'static str),
}

/// A key and what stands behind it.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) name: String,
    pub(super) said: Said,
}

/// What TOML itself does not allow.
#[derive(Debug)]
pub(super) struct SyntaxError {
    pub(super) line: Line,
    pub(super) message: String,
}

impl Value {
    /// How the value is shown in a message.
    pub(super) fn shown(&self) -> String {
        match self {
            Self::Text(text) => format!("\"{}\"", crate::text::safe(text, 120)),
            Self::Integer(number) => number.to_string(),
            Self::Boolean(value) => value.to_string(),
            Self::List(values) => {
                let shown: Vec<_> = values.iter().map(|said| said.value.shown()).collect();
                crate::text::safe(&format!("[{}]", shown.join(", ")), 120)
            }
            Self::Table(_) => "a section".to_owned(),
            Self::Other(kind) => format!("a {kind}"),
        }
    }

    /// The entry called `name`, if this is a table that has one.
    pub(super) fn entry(&self, name: &str) -> Option<&Entry> {
        match self {
            Self::Table(entries) => entries.iter().find(|entry| entry.name == name),
            _ => None,
        }
    }
}

/// Reads the text of the file `file` as TOML; the result is the top table.
pub(super) fn parse(text: &str, file: usize) -> Result<Said, SyntaxError> {
    let lines = Lines::of(text, file);
    let first = lines.at(0);
    let document = Document::parse(text).map_err(|error| SyntaxError {
        line: lines.of_span(error.span(), first),
        message: error.message().replace('\n', ", "),
    })?;
    Ok(Said {
        line: first,
        value: lines.table(document.as_table(), first),
    })
}

/// Reads one value in TOML's spelling: a default of the table of keys.
pub(super) fn parse_value(text: &str) -> Option<Value> {
    let parsed = parse(&format!("value = {text}"), 0).ok()?;
    parsed
        .value
        .entry("value")
        .map(|entry| entry.said.value.clone())
}

/// Where each line of a file starts.
struct Lines {
    file: usize,
    starts: Vec<usize>,
}

impl Lines {
    fn of(text: &str, file: usize) -> Self {
        let after_breaks = text.match_indices('\n').map(|(at, _)| at.saturating_add(1));
        Self {
            file,
            starts: std::iter::once(0).chain(after_breaks).collect(),
        }
    }

    fn at(&self, offset: usize) -> Line {
        Line {
            file: self.file,
            number: self.starts.partition_point(|start| *start <= offset),
        }
    }

    /// The line of `span`; what TOML only implies stands where its parent does.
    fn of_span(&self, span: Option<Range<usize>>, parent: Line) -> Line {
        span.map_or(parent, |span| self.at(span.start))
    }

    fn table(&self, table: &dyn TableLike, line: Line) -> Value {
        let entries = table.iter().map(|(name, item)| {
            let key = table.key(name).and_then(toml_edit::Key::span);
            Entry {
                name: name.to_owned(),
                said: self.item(item, self.of_span(key, line)),
            }
        });
        Value::Table(entries.collect())
    }

    fn item(&self, item: &Item, line: Line) -> Said {
        match item {
            Item::Value(value) => self.value(value, line),
            Item::Table(table) => {
                let line = self.of_span(table.span(), line);
                Said {
                    line,
                    value: self.table(table, line),
                }
            }
            Item::ArrayOfTables(tables) => {
                let each = tables.iter().map(|table| {
                    let line = self.of_span(table.span(), line);
                    Said {
                        line,
                        value: self.table(table, line),
                    }
                });
                Said {
                    line,
                    value: Value::List(each.collect()),
                }
            }
            Item::None => Said {
                line,
                value: Value::Other("missing value"),
            },
        }
    }

    fn value(&self, value: &toml_edit::Value, line: Line) -> Said {
        let line = self.of_span(value.span(), line);
        let value = match value {
            toml_edit::Value::String(text) => Value::Text(text.value().clone()),
            toml_edit::Value::Integer(number) => Value::Integer(*number.value()),
            toml_edit::Value::Boolean(truth) => Value::Boolean(*truth.value()),
            toml_edit::Value::Float(_) => Value::Other("fraction"),
            toml_edit::Value::Datetime(_) => Value::Other("date"),
            toml_edit::Value::Array(values) => {
                Value::List(values.iter().map(|value| self.value(value, line)).collect())
            }
            toml_edit::Value::InlineTable(table) => self.table(table, line),
        };
        Said { line, value }
    }
}
