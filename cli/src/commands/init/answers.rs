//! What the options say, and what is asked for where somebody is there to answer.

use std::io::{self, IsTerminal as _};

use super::kinds::{self, Asked, Kind, Value, Wants};
use crate::failure::Failure;
use crate::options::InitOptions;
use crate::prompt;

/// The rule that lets anybody in whom a directory knows.
const EVERYONE: &str = "everyone";

/// The value of `plain_http`.
pub const LOOPBACK: &str = "loopback";

/// What the configuration will say.
pub struct Answers {
    /// The kind.
    pub kind: &'static Kind,
    /// The directory's name.
    pub name: String,
    /// The values of the kind's own keys, in its order.
    pub values: Vec<(&'static str, Value)>,
    /// The systemd credential that holds the secret, where no file does.
    pub credential: Option<String>,
    /// Whether the server is asked by plain http, on this very host.
    pub plain_http: bool,
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
        match said(asked, options).map_or_else(|| answered(asked, &values, person), Ok)? {
            Answer::Given(key, value) => values.push((key, value)),
            Answer::Nothing => {}
            Answer::Nobody => missing.push(asked.option),
        }
    }
    if !missing.is_empty() {
        return Err(unsaid(&missing.join(", ")));
    }
    refuse_of_others(options, kind)?;
    Ok(Answers {
        plain_http: plain_http(options, &values, person)?,
        credential: credential(options, kind, person)?,
        allow: allow(options, kind, person)?,
        kind,
        name,
        values,
    })
}

/// What became of a question.
enum Answer {
    Given(&'static str, Value),
    Nothing,
    /// Nobody is there to answer what must be said.
    Nobody,
}

/// What the options say, of this key or the one in its place.
fn said(asked: &'static Asked, options: &InitOptions) -> Option<Answer> {
    let mut all = asked.with_its_like();
    all.find_map(|one| Some(Answer::Given(one.key, (one.said)(options)?)))
}

fn answered(
    asked: &'static Asked,
    values: &[(&'static str, Value)],
    person: &mut impl Person,
) -> Result<Answer, Failure> {
    let has = |key: &str| values.iter().any(|(said, _)| *said == key);
    let text = |answer: Option<String>| match answer {
        Some(text) => Answer::Given(asked.key, Value::Text(text)),
        None => Answer::Nobody,
    };
    Ok(match asked.wants {
        Wants::Text => text(until_said(asked.question, person)?),
        Wants::TextOr(other) => match person.line(asked.question, "")? {
            Some(empty) if empty.is_empty() => answered(other, values, person)?,
            answer => text(answer),
        },
        Wants::Words => match until_said(asked.question, person)? {
            Some(text) => words(asked.key, &text),
            None => Answer::Nobody,
        },
        Wants::AnyWordsWith(key) if !has(key) => Answer::Nothing,
        Wants::AnyWords | Wants::AnyWordsWith(_) => {
            let text = person.line(asked.question, "")?.unwrap_or_default();
            words(asked.key, &text)
        }
    })
}

fn words(key: &'static str, text: &str) -> Answer {
    let words: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
    match words.is_empty() {
        true => Answer::Nothing,
        false => Answer::Given(key, Value::List(words)),
    }
}

/// Asked only where the URL is of that kind; whether it is of this very host is for the check of the whole.
fn plain_http(
    options: &InitOptions,
    values: &[(&'static str, Value)],
    person: &mut impl Person,
) -> Result<bool, Failure> {
    if options.plain_http.is_some() {
        return Ok(true);
    }
    let plain = |value: &Value| matches!(value, Value::Text(url) if url.starts_with("http://"));
    if !values.iter().any(|(_, value)| plain(value)) {
        return Ok(false);
    }
    let question = "This is plain http: any local user who takes the port can read and forge logins. \
                    Type loopback to ask this very host so (empty: no)";
    let answer = person.line(question, "")?;
    Ok(answer.is_some_and(|answer| answer == LOOPBACK))
}

fn credential(
    options: &InitOptions,
    kind: &Kind,
    person: &mut impl Person,
) -> Result<Option<String>, Failure> {
    if kind.secret.is_none() || options.secret_file.is_some() || options.credential.is_some() {
        return Ok(options.credential.clone());
    }
    let question = "Name of the systemd credential that holds the secret (empty: it is typed here)";
    let answer = person.line(question, "")?;
    Ok(answer.filter(|answer| !answer.is_empty()))
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
    let own: Vec<&str> = all_of(kind).map(|asked| asked.key).collect();
    let others = kinds::KINDS.iter().flat_map(all_of);
    let stray = others
        .filter(|asked| (asked.said)(options).is_some() && !own.contains(&asked.key))
        .map(|asked| asked.option);
    let secret = (options.credential.is_some() && kind.secret.is_none()).then_some("--credential");
    match stray.chain(secret).next() {
        None => Ok(()),
        Some(option) => Err(Failure::Unsaid(format!(
            "{option} is not for a directory of the kind {}",
            kind.name
        ))),
    }
}

fn all_of(kind: &Kind) -> impl Iterator<Item = &'static Asked> + use<> {
    kind.asked.iter().flat_map(Asked::with_its_like)
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
