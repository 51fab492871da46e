//! Reads `[[restricted]]`: groups whose people are let in by sshd for one purpose.

use super::home::shell;
use super::raw::{Said, Value};
use super::reading::{Place, Reading, Section, Unfit, text};
use super::rules::{Known, rules};
use crate::access::{
    ForcedCommand, KEY_OPTIONS, KeyOption, Restriction, Rule, ServiceRules, Subject,
};

/// Shells that run nothing, and so no forced command either.
const NO_SHELLS: [&str; 2] = ["nologin", "false"];

/// Every `[[restricted]]`, in order.
pub(super) fn restrictions(
    reading: &mut Reading<'_>,
    top: &Said,
    known: &Known<'_>,
) -> Option<Vec<Restriction>> {
    // What is no section here was reported with the unknown keys.
    let tables = match top.value.entry("restricted").map(|entry| &entry.said.value) {
        Some(Value::List(tables)) => tables.as_slice(),
        _ => &[],
    };
    let read: Vec<_> = tables
        .iter()
        .map(|table| restriction(reading, table, known))
        .collect();
    read.into_iter().collect()
}

fn restriction(reading: &mut Reading<'_>, table: &Said, known: &Known<'_>) -> Option<Restriction> {
    let section = Section::new("restricted", "restricted", Some(table));
    let groups = rules(reading, &section, "groups", known);
    let login_shell = reading.optional(&section, "shell", |value| shell(&text(value)?));
    let command = reading.optional(&section, "command", |value| {
        ForcedCommand::new(&text(value)?)
            .map_err(|error| Unfit::Wanted(format!("a command; {error}")))
    });
    let options = options(reading, &section);
    let (groups, login_shell, command) = (groups?, login_shell?, command?);
    if groups.is_empty() {
        return reading.refuse(&section.place("groups"), "nobody", "one rule at least");
    }
    let login_shell = login_shell.map(|said| (said.value, said.place));
    match (&command, &login_shell) {
        (None, None) => {
            let place = section.place("command");
            return reading.refuse(
                &place,
                "neither a shell nor a command",
                "one of them at least",
            );
        }
        (Some(_), Some((shell, place))) => warn_of_no_shell(reading, shell, place),
        _ => {}
    }
    Some(Restriction {
        groups,
        shell: login_shell.map(|(shell, _)| shell),
        command: command.map(|said| said.value),
        options: options?,
    })
}

fn options(reading: &mut Reading<'_>, section: &Section<'_>) -> Option<Vec<KeyOption>> {
    if section.entry("options").is_none() {
        return Some(KeyOption::spelled("restrict").into_iter().collect());
    }
    let texts = reading.texts(section, "options")?;
    let mut options = Vec::with_capacity(texts.len());
    for text in texts {
        match KeyOption::spelled(&text.value) {
            Some(option) => options.push(option),
            None => {
                let found = format!("\"{}\"", crate::text::safe(&text.value, 64));
                let wanted = format!("one of {}", KEY_OPTIONS.join(", "));
                return reading.refuse(&text.place, found, wanted);
            }
        }
    }
    Some(options)
}

fn warn_of_no_shell(reading: &mut Reading<'_>, shell: &str, place: &Place) {
    let program = shell.rsplit('/').next().unwrap_or(shell);
    if NO_SHELLS.contains(&program) {
        reading.warn(
            place,
            "sshd runs the command by this shell, which runs nothing: nobody gets to the command",
        );
    }
}

/// Warns where the tables restrict nobody, since everybody is let in anyway.
pub(super) fn warn_of_everyone(
    reading: &mut Reading<'_>,
    restrictions: &[Restriction],
    allow: &[Rule],
    own: &[ServiceRules],
) {
    let own = own.iter().find(|own| own.service.as_str() == "sshd");
    let allow = own.and_then(|own| own.allow.as_deref()).unwrap_or(allow);
    let open = allow.iter().any(|rule| rule.subject == Subject::Everyone);
    if open && !restrictions.is_empty() {
        let place = Place {
            key: "restricted".to_owned(),
            line: None,
        };
        reading.warn(
            &place,
            "sshd lets everyone in, and whom an allow rule lets in is not restricted: nobody is",
        );
    }
}
