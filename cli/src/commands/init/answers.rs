//! What the options say, and what is asked for where somebody is there to answer.

use std::io::{self, IsTerminal as _};

use super::kinds::{self, Kind};
use crate::failure::Failure;
use crate::options::InitOptions;
use crate::prompt;

/// The rule that lets anybody in whom a directory knows.
const EVERYONE: &str = "everyone";

/// What the configuration will say.
pub struct Answers {
    /// The kind.
    pub kind: &'static Kind,
    /// The directory's name.
    pub name: String,
    /// The values of the kind's own keys, in its order.
    pub values: Vec<(&'static str, String)>,
    /// The rules of `access.allow`.
    pub allow: Vec<String>,
}

/// Who answers what no option says.
pub trait Person {
    /// A line, or what an empty one means; `None` where nobody is there.
    fn line(&mut self, question: &str, fallback: &str) -> Result<Option<String>, Failure>;
    /// Tells something.
    fn tell(&mut self, text: &str);
}

/// Whoever sits at the terminal.
pub struct Terminal;

impl Person for Terminal {
    fn line(&mut self, question: &str, fallback: &str) -> Result<Option<String>, Failure> {
        match prompt::can_ask() {
            true => prompt::line(question, fallback).map(Some),
            false => Ok(None),
        }
    }

    fn tell(&mut self, text: &str) {
        if prompt::can_ask() && io::stderr().is_terminal() {
            eprintln!("{text}");
        }
    }
}

/// Everything but the secret.
pub fn collect(options: &InitOptions, person: &mut impl Person) -> Result<Answers, Failure> {
    let kind = kind(options, person)?;
    person.tell(kind.before);
    let mut values = Vec::with_capacity(kind.asked.len());
    let mut missing = Vec::new();
    let name = match &options.name {
        Some(name) => name.clone(),
        None => person
            .line("Name of the directory on this host", kind.name)?
            .unwrap_or_else(|| kind.name.to_owned()),
    };
    for asked in kind.asked {
        let value = match (asked.said)(options) {
            Some(value) => Some(value.clone()),
            None => until_said(asked.question, person)?,
        };
        match value {
            Some(value) => values.push((asked.key, value)),
            None => missing.push(asked.option),
        }
    }
    if !missing.is_empty() {
        return Err(unsaid(&missing.join(", ")));
    }
    refuse_of_others(options, kind)?;
    let allow = allow(options, kind, person)?;
    Ok(Answers {
        kind,
        name,
        values,
        allow,
    })
}

fn kind(options: &InitOptions, person: &mut impl Person) -> Result<&'static Kind, Failure> {
    if options.local {
        return kinds::named(kinds::LOCAL);
    }
    if let Some(name) = &options.kind {
        return kinds::named(name);
    }
    let question = format!("Kind of directory ({})", kinds::names());
    match person.line(&question, "crowd")? {
        Some(name) => kinds::named(&name),
        None => Err(unsaid("--kind")),
    }
}

/// An answer that is not empty.
fn until_said(question: &str, person: &mut impl Person) -> Result<Option<String>, Failure> {
    loop {
        match person.line(question, "")? {
            Some(answer) if answer.is_empty() => {}
            answer => return Ok(answer),
        }
    }
}

/// An option that the kind has no key for was meant for another kind.
fn refuse_of_others(options: &InitOptions, kind: &Kind) -> Result<(), Failure> {
    let own = |key: &str| kind.asked.iter().any(|asked| asked.key == key);
    let others = kinds::KINDS.iter().flat_map(|kind| kind.asked);
    let mut stray = others.filter(|asked| (asked.said)(options).is_some() && !own(asked.key));
    match stray.next() {
        None => Ok(()),
        Some(asked) => Err(Failure::Unsaid(format!(
            "{} is not for a directory of the kind {}",
            asked.option, kind.name
        ))),
    }
}

fn allow(
    options: &InitOptions,
    kind: &Kind,
    person: &mut impl Person,
) -> Result<Vec<String>, Failure> {
    if !options.allow.is_empty() {
        return Ok(options.allow.clone());
    }
    // Whoever is in the registry is there because root said so.
    if kind.name == kinds::LOCAL {
        return Ok(vec![EVERYONE.to_owned()]);
    }
    let question = "Who may log in, such as group:linux-users (empty: nobody yet)";
    let rules = person.line(question, "")?.unwrap_or_default();
    Ok(rules.split_whitespace().map(str::to_owned).collect())
}

fn unsaid(options: &str) -> Failure {
    Failure::Unsaid(format!(
        "there is no terminal to ask at: say {options} (see `muster init --help`)"
    ))
}
