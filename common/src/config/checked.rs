//! Turns what is said into what is meant, and reports everything that cannot be.

use std::time::Duration;

use super::directories::{Directories, directories};
use super::files::Source;
use super::home::home;
use super::ids::ids;
use super::keys;
use super::merge::merge;
use super::names::names;
use super::overrides::overrides;
use super::problem::Problem;
use super::raw::{self, Said, Value};
use super::reading::{
    Meant, Place, Reading, Section, Unfit, boolean, bounded, join, number, shown_span,
};
use super::rules::{self, Known};
use super::settings::{Config, DirectoryConfig, DirectoryKind, Login, Offline, Sync, Throttle};
use crate::name::{DirectoryName, GroupName, NameRule, ServiceName};
use crate::verifier::Cost;

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(86_400);
const YEAR: Duration = Duration::from_secs(365 * 86_400);
const WEEK: Duration = Duration::from_secs(7 * 86_400);

/// The configuration that the files mean together, or everything that is wrong with it.
pub(super) fn check(files: &[Source]) -> Result<Config, Vec<Problem>> {
    let mut reading = Reading::of(files);
    let config = said(&mut reading, files).and_then(|top| config(&mut reading, &top));
    let problems = reading.into_problems();
    match config {
        Some(config) if problems.is_empty() => Ok(config),
        _ => Err(problems),
    }
}

/// What all files say together; each that is no TOML is a problem.
pub(super) fn said(reading: &mut Reading<'_>, files: &[Source]) -> Option<Said> {
    let parsed = files.iter().enumerate().map(|(number, source)| {
        raw::parse(&source.text, number).or_else(|error| {
            let place = Place {
                key: String::new(),
                line: Some(error.line),
            };
            let refused = reading.refuse(&place, "text that is not TOML", error.message);
            refused.ok_or(())
        })
    });
    // All of them are read before the first failure counts.
    let parsed: Vec<Result<Said, ()>> = parsed.collect();
    let parsed: Vec<Said> = parsed.into_iter().collect::<Result<_, _>>().ok()?;
    parsed.into_iter().reduce(merge)
}

fn config(reading: &mut Reading<'_>, top: &Said) -> Option<Config> {
    unknown_keys(reading, "", "", top);
    let version = version(reading, top);
    let ids = ids(reading, top);
    let names = names(reading, top);
    let directories = directories(reading, top);
    let access = access(reading, top, &directories, names.rule.as_ref());
    let staleness = max_staleness(reading, top);
    let offline = offline(reading, top, staleness.as_ref());
    let home = home(reading, top);
    let fallback = NameRule::default();
    let overrides = overrides(reading, top, names.rule.as_ref().unwrap_or(&fallback));
    let sync = sync(reading, top, staleness.as_ref());
    let login = login(reading, top);
    let throttle = throttle(reading, top);
    Some(Config {
        version: version?,
        ids: ids?,
        directories: directories.checked?,
        access: access?,
        access_max_staleness: staleness?.value,
        offline: offline?,
        home: home?,
        names: names.rule?,
        enumerate: names.enumerate?,
        forms: names.forms?,
        overrides: overrides?,
        sync: sync?,
        login: login?,
        throttle: throttle?,
        warnings: std::mem::take(&mut reading.warnings),
    })
}

/// Reports keys and sections that the table does not have, and sections written as values.
fn unknown_keys(reading: &mut Reading<'_>, pattern: &str, shown: &str, table: &Said) {
    let Value::Table(entries) = &table.value else {
        return;
    };
    let known = keys::names_below(pattern);
    for entry in entries {
        let place = Place {
            key: join(shown, &crate::text::safe(&entry.name, 64)),
            line: Some(entry.said.line),
        };
        let name = match known.iter().find(|name| **name == entry.name) {
            Some(name) => *name,
            None if known.contains(&"NAME") => "NAME",
            None => {
                // The value is not shown: it may be a secret in the wrong place.
                let wanted = wanted_instead(&entry.name, &known);
                reading.refuse::<()>(&place, "an unknown key", wanted);
                continue;
            }
        };
        let path = join(pattern, name);
        if let Some(section) = keys::find_section(&path) {
            inside_section(reading, section, &place, &entry.said);
        }
    }
}

fn inside_section(reading: &mut Reading<'_>, section: &keys::Section, place: &Place, said: &Said) {
    match (&said.value, section.repeats) {
        (Value::Table(_), false) => unknown_keys(reading, section.path, &place.key, said),
        (Value::List(tables), true)
            if tables
                .iter()
                .all(|said| matches!(said.value, Value::Table(_))) =>
        {
            for table in tables {
                unknown_keys(reading, section.path, &place.key, table);
            }
        }
        (value, _) => {
            let wanted = format!("the section {}", section.header);
            reading.refuse::<()>(place, value.shown(), wanted);
        }
    }
}

fn wanted_instead(name: &str, known: &[&'static str]) -> String {
    match keys::closest(name, known.iter().copied()) {
        Some(near) => format!("a known key; did you mean \"{near}\"?"),
        None => format!("one of: {}", known.join(", ")),
    }
}

fn version(reading: &mut Reading<'_>, top: &Said) -> Option<u32> {
    let section = Section::new("", "", Some(top));
    let version = reading.value(&section, "version", |value| match number(value)? {
        1 => Ok(1),
        _ => Err(Unfit::NotWanted),
    })?;
    Some(version.value)
}

fn access(
    reading: &mut Reading<'_>,
    top: &Said,
    directories: &Directories,
    names: Option<&NameRule>,
) -> Option<crate::access::AccessRules> {
    let fallback = NameRule::default();
    let typed = directories.checked.as_deref().map(typed);
    let known = Known {
        directories: &directories.names,
        names: names.unwrap_or(&fallback),
        typed: typed.as_deref(),
    };
    rules::access(reading, top, &known)
}

/// The directories whose groups have types, each with the group of its agreement.
fn typed(directories: &[DirectoryConfig]) -> Vec<(DirectoryName, GroupName)> {
    let typed = directories.iter().filter_map(|one| match &one.kind {
        DirectoryKind::Fas(fas) => Some((one.name.clone(), fas.cla_group.clone())),
        DirectoryKind::Crowd(_)
        | DirectoryKind::Gafaelfawr(_)
        | DirectoryKind::Apicrud(_)
        | DirectoryKind::Local(_) => None,
    });
    typed.collect()
}

fn max_staleness(reading: &mut Reading<'_>, top: &Said) -> Option<Meant<Duration>> {
    let section = Section::below(top, "access");
    reading.duration(&section, "max_staleness", MINUTE, YEAR)
}

fn offline(
    reading: &mut Reading<'_>,
    top: &Said,
    staleness: Option<&Meant<Duration>>,
) -> Option<Offline> {
    let section = Section::below(top, "offline");
    let enabled = reading.value(&section, "enabled", boolean);
    let said = reading.optional(&section, "max_age", |value| bounded(value, MINUTE, YEAR));
    let not_for = services(reading, &section, "not_for");
    let cost = cost(reading, &section);
    let most = staleness?.value;
    let max_age = match said? {
        None => WEEK.min(most),
        Some(said) if said.value <= most => said.value,
        Some(said) => {
            let found = format!("\"{}\"", shown_span(said.value));
            let wanted = format!(
                "at most access.max_staleness, which is \"{}\"",
                shown_span(most)
            );
            return reading.refuse(&said.place, found, wanted);
        }
    };
    Some(Offline {
        enabled: enabled?.value,
        max_age,
        not_for: not_for?,
        cost: cost?,
    })
}

/// A list of PAM services.
fn services(
    reading: &mut Reading<'_>,
    section: &Section<'_>,
    key: &str,
) -> Option<Vec<ServiceName>> {
    let texts = reading.texts(section, key)?;
    let mut services = Vec::with_capacity(texts.len());
    for text in texts {
        // PAM folds the name of a service to lower case before anybody sees it.
        match ServiceName::new(&text.value) {
            Ok(service) if text.value.to_ascii_lowercase() == text.value => services.push(service),
            _ => {
                let found = format!("\"{}\"", crate::text::safe(&text.value, 64));
                return reading.refuse(&text.place, found, "a PAM service's name in lower case");
            }
        }
    }
    Some(services)
}

/// What making a verifier costs: never less than the default.
fn cost(reading: &mut Reading<'_>, section: &Section<'_>) -> Option<Cost> {
    let within = |least, most| {
        move |value: &Value| match number(value)? {
            fits if (least..=most).contains(&fits) => Ok(fits),
            _ => Err(Unfit::NotWanted),
        }
    };
    let memory = reading.value(section, "hash_memory", within(19, 256));
    let passes = reading.value(section, "hash_passes", within(2, 16));
    Cost::new(memory?.value.saturating_mul(1024), passes?.value, 1)
}

fn sync(
    reading: &mut Reading<'_>,
    top: &Said,
    staleness: Option<&Meant<Duration>>,
) -> Option<Sync> {
    let section = Section::below(top, "sync");
    let interval = reading.duration(&section, "interval", 10 * SECOND, DAY)?;
    let most = staleness?;
    if interval.value >= most.value {
        // Point at the one that was written.
        let place = if interval.said {
            &interval.place
        } else {
            &most.place
        };
        let found = format!(
            "an interval of \"{}\" and a staleness of \"{}\"",
            shown_span(interval.value),
            shown_span(most.value)
        );
        let wanted =
            "sync.interval shorter than access.max_staleness, or decisions lapse between syncs";
        return reading.refuse(place, found, wanted);
    }
    let full_interval = reading.duration(&section, "full_interval", 10 * SECOND, 7 * DAY);
    let changes_interval = reading.duration(&section, "changes_interval", SECOND, 60 * MINUTE);
    let shrink_percent = reading.value(&section, "shrink_percent", |value| {
        let percent = u8::try_from(number(value)?).map_err(|_too_large| Unfit::NotWanted)?;
        (1..=100)
            .contains(&percent)
            .then_some(percent)
            .ok_or(Unfit::NotWanted)
    });
    Some(Sync {
        interval: interval.value,
        full_interval: full_interval?.value,
        changes_interval: changes_interval?.value,
        shrink_percent: shrink_percent?.value,
    })
}

fn login(reading: &mut Reading<'_>, top: &Said) -> Option<Login> {
    let section = Section::below(top, "login");
    let timeout = reading.duration(&section, "timeout", 5 * SECOND, Duration::from_secs(28))?;
    Some(Login {
        timeout: timeout.value,
    })
}

fn throttle(reading: &mut Reading<'_>, top: &Said) -> Option<Throttle> {
    let section = Section::below(top, "throttle");
    let tries = reading.value(&section, "hourly_tries", |value| match number(value)? {
        tries @ 1..=1000 => Ok(tries),
        _ => Err(Unfit::NotWanted),
    });
    let first = reading.duration(&section, "first_delay", Duration::ZERO, MINUTE);
    let longest = reading.duration(&section, "longest_delay", Duration::ZERO, MINUTE);
    let (first, longest) = (first?, longest?);
    if first.value > longest.value {
        let place = if longest.said {
            &longest.place
        } else {
            &first.place
        };
        let found = format!("\"{}\"", shown_span(longest.value));
        let wanted = format!(
            "at least throttle.first_delay, \"{}\"",
            shown_span(first.value)
        );
        return reading.refuse(place, found, wanted);
    }
    Some(Throttle {
        hourly_tries: tries?.value,
        first_delay: first.value,
        longest_delay: longest.value,
    })
}
