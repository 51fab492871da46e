//! Reads access rules: `everyone`, `directory:corp`, `user:corp/ada`, `group:corp/linux-users`,
//! and FAS's `group:fedora/@type:git` and `group:fedora/@all`.

use super::keys;
use super::raw::{Said, Value};
use super::reading::{Meant, Place, Reading, Section, join, plain_word};
use super::restricted;
use crate::access::{AccessRules, Rule, ServiceRules, Subject};
use crate::name::{DirectoryName, GroupName, GroupTypeName, NameRule, ServiceName};
use crate::snapshot::content::SERVICES_MAX;

/// The longest tag of a host.
const TAG_MAX: usize = 64;
const TAG: &str = "a tag: at most 64 letters, digits, '.', '_' and '-'";

/// What rules can name.
pub(super) struct Known<'a> {
    pub(super) directories: &'a [DirectoryName],
    pub(super) names: &'a NameRule,
    /// The directories whose groups have types, each with the group of its agreement; `None`
    /// where that cannot be told, since something is wrong with a directory.
    pub(super) typed: Option<&'a [(DirectoryName, GroupName)]>,
}

/// `[access]` and every `[access.service.NAME]`.
pub(super) fn access(
    reading: &mut Reading<'_>,
    top: &Said,
    known: &Known<'_>,
) -> Option<AccessRules> {
    let section = Section::below(top, "access");
    let mut allow = rules(reading, &section, "allow", known)?;
    let mut deny = rules(reading, &section, "deny", known)?;
    let of_tags = rules_of_tags(reading, top, &section, known);
    let own = services(reading, &section, known);
    for tagged in of_tags? {
        allow.extend(tagged.allow);
        deny.extend(tagged.deny);
    }
    let restrictions = restricted::restrictions(reading, top, known);
    let (own, restrictions) = (own?, restrictions?);
    restricted::warn_of_everyone(reading, &restrictions, &allow, &own);
    let rules = AccessRules::new(allow, deny, own).with_restrictions(restrictions);
    if rules.services().len() > SERVICES_MAX {
        let found = format!(
            "{} services with sshd, which has restricted groups",
            rules.services().len()
        );
        return reading.refuse(
            &section.place("service"),
            found,
            format!("at most {SERVICES_MAX}"),
        );
    }
    if rules.lets_nobody_in() {
        let place = Place {
            key: "access.allow".to_owned(),
            line: section.place("allow").line,
        };
        reading.warn(&place, "no access rule lets anybody in: nobody can log in");
    }
    Some(rules)
}

/// What a tag of this host adds to `[access]`.
struct Tagged {
    allow: Vec<Rule>,
    deny: Vec<Rule>,
}

/// Every `[access.host.TAG]` whose tag this host has, in the file's order. The others are
/// read as well, so that one file for many hosts is right or wrong on all of them.
fn rules_of_tags(
    reading: &mut Reading<'_>,
    top: &Said,
    access: &Section<'_>,
    known: &Known<'_>,
) -> Option<Vec<Tagged>> {
    let own = tags(reading, top);
    // What is no section here was reported with the unknown keys.
    let Some(Value::Table(entries)) = access.entry("host").map(|entry| &entry.said.value) else {
        return own.map(|_| Vec::new());
    };
    let mut read = Vec::with_capacity(entries.len());
    for entry in entries {
        let shown = join("access.host", &crate::text::safe(&entry.name, 64));
        let section = Section::new("access.host.NAME", &shown, Some(&entry.said));
        if plain_word(&entry.name, TAG_MAX).is_err() {
            let place = Place {
                key: shown.clone(),
                line: Some(entry.said.line),
            };
            reading.refuse::<()>(&place, "a name that is no tag", TAG);
            read.push(None);
            continue;
        }
        let allow = rules(reading, &section, "allow", known);
        let deny = rules(reading, &section, "deny", known);
        read.push(
            allow
                .zip(deny)
                .map(|(allow, deny)| (&entry.name, Tagged { allow, deny })),
        );
    }
    let (own, read) = (own?, read.into_iter().collect::<Option<Vec<_>>>()?);
    let mine = read.into_iter().filter(|(tag, _)| own.contains(tag));
    Some(mine.map(|(_, tagged)| tagged).collect())
}

/// `host.tags`
fn tags(reading: &mut Reading<'_>, top: &Said) -> Option<Vec<String>> {
    let section = Section::below(top, "host");
    let texts = reading.texts(&section, "tags")?;
    let mut tags = Vec::with_capacity(texts.len());
    for text in texts {
        if plain_word(&text.value, TAG_MAX).is_err() {
            let found = format!("\"{}\"", crate::text::safe(&text.value, 64));
            return reading.refuse(&text.place, found, TAG);
        }
        tags.push(text.value);
    }
    Some(tags)
}

fn services(
    reading: &mut Reading<'_>,
    access: &Section<'_>,
    known: &Known<'_>,
) -> Option<Vec<ServiceRules>> {
    // What is no section here was reported with the unknown keys.
    let Some(Value::Table(entries)) = access.entry("service").map(|entry| &entry.said.value) else {
        return Some(Vec::new());
    };
    if entries.len() > SERVICES_MAX {
        let place = access.place("service");
        let found = format!("{} services", entries.len());
        return reading.refuse(&place, found, format!("at most {SERVICES_MAX}"));
    }
    let own: Vec<_> = entries
        .iter()
        .map(|entry| service(reading, &entry.name, &entry.said, known))
        .collect();
    own.into_iter().collect()
}

fn service(
    reading: &mut Reading<'_>,
    name: &str,
    said: &Said,
    known: &Known<'_>,
) -> Option<ServiceRules> {
    let shown = join("access.service", name);
    let section = Section::new("access.service.NAME", &shown, Some(said));
    let service = service_name(reading, name, said);
    let allow = match section.entry("allow") {
        None => Some(None),
        Some(_) => rules(reading, &section, "allow", known).map(Some),
    };
    let deny = rules(reading, &section, "deny", known);
    Some(ServiceRules {
        service: service?,
        allow: allow?,
        deny: deny?,
    })
}

fn service_name(reading: &mut Reading<'_>, name: &str, said: &Said) -> Option<ServiceName> {
    let place = Place {
        key: join("access.service", &crate::text::safe(name, 64)),
        line: Some(said.line),
    };
    let found = format!("the service \"{}\"", crate::text::safe(name, 64));
    match ServiceName::new(name) {
        // PAM folds the name of a service to lower case before anybody sees it.
        Ok(service) if name.to_ascii_lowercase() == name => Some(service),
        Ok(_) => reading.refuse(&place, found, "a PAM service's name in lower case"),
        Err(error) => {
            let wanted = format!("a PAM service's name; this one {error}");
            reading.refuse(&place, found, wanted)
        }
    }
}

pub(super) fn rules(
    reading: &mut Reading<'_>,
    section: &Section<'_>,
    name: &str,
    known: &Known<'_>,
) -> Option<Vec<Rule>> {
    let texts = reading.texts(section, name)?;
    let rules: Vec<_> = texts
        .iter()
        .map(|text| rule(reading, text, known))
        .collect();
    rules.into_iter().collect()
}

fn rule(reading: &mut Reading<'_>, text: &Meant<String>, known: &Known<'_>) -> Option<Rule> {
    match subject(&text.value, known) {
        Ok(subject) => Some(Rule {
            subject,
            place: reading.place_text(text.place.line).into(),
        }),
        Err(wanted) => {
            let found = format!("\"{}\"", crate::text::safe(&text.value, 120));
            reading.refuse(&text.place, found, wanted)
        }
    }
}

/// Whom the rule is about, or what is wanted instead.
fn subject(text: &str, known: &Known<'_>) -> Result<Subject, String> {
    if text == "everyone" {
        return Ok(Subject::Everyone);
    }
    if let Some(whom) = text.strip_prefix("user:") {
        let (directory, name) = owner(whom, known)?;
        let user = known.names.user(name);
        let user = user.map_err(|error| format!("a user's name; {name:?} {error}"))?;
        return Ok(Subject::User(directory, user));
    }
    if let Some(whom) = text.strip_prefix("group:") {
        let (directory, name) = owner(whom, known)?;
        if let Some(kind) = name.strip_prefix('@') {
            return groups_of_a_kind(directory, kind, known);
        }
        let group = known.names.group(name);
        let group = group.map_err(|error| format!("a group's name; {name:?} {error}"))?;
        return Ok(Subject::Group(directory, group));
    }
    if let Some(name) = text.strip_prefix("directory:") {
        let mut names = known.directories.iter();
        let found = names.find(|candidate| candidate.as_str() == name);
        let found = found.ok_or_else(|| unknown_directory(name, known))?;
        return Ok(Subject::Directory(found.clone()));
    }
    Err(
        "\"everyone\", \"directory:NAME\", \"user:DIRECTORY/NAME\" or \"group:DIRECTORY/NAME\""
            .to_owned(),
    )
}

/// What stands behind the `@` of `group:fedora/@type:git` and `group:fedora/@all`.
fn groups_of_a_kind(
    directory: DirectoryName,
    kind: &str,
    known: &Known<'_>,
) -> Result<Subject, String> {
    let typed = known.typed.map(|typed| {
        let mut typed = typed.iter();
        typed.find(|(name, _)| *name == directory)
    });
    if let Some(None) = typed {
        return Err(format!(
            "a group's name: groups have no types in {directory}, which is not of the kind fas"
        ));
    }
    if kind == "all" {
        let agreement = match typed.flatten() {
            Some((_, agreement)) => agreement.clone(),
            None => GroupName::new("cla_done").map_err(|error| error.to_string())?,
        };
        return Ok(Subject::Contributors(directory, agreement));
    }
    let Some(name) = kind.strip_prefix("type:") else {
        return Err("\"@all\" or \"@type:TYPE\"".to_owned());
    };
    plain_word(name, 32).map_err(|_unfit| "a group type's name".to_owned())?;
    let name = GroupTypeName::new(name);
    let name = name.map_err(|error| format!("a group type's name; this one {error}"))?;
    Ok(Subject::GroupsOfType(directory, name))
}

/// Splits `corp/ada`; the directory may be left out where there is only one.
fn owner<'a>(whom: &'a str, known: &Known<'_>) -> Result<(DirectoryName, &'a str), String> {
    let Some((directory, name)) = whom.split_once('/') else {
        return match known.directories {
            [only] => Ok((only.clone(), whom)),
            [] => Err("a directory first: none is configured".to_owned()),
            several => Err(format!(
                "the directory's name in front of {whom:?}, as in \"{}/{whom}\": there are several",
                several
                    .first()
                    .map(DirectoryName::as_str)
                    .unwrap_or_default()
            )),
        };
    };
    let mut names = known.directories.iter();
    match names.find(|candidate| candidate.as_str() == directory) {
        Some(found) => Ok((found.clone(), name)),
        None => Err(unknown_directory(directory, known)),
    }
}

fn unknown_directory(directory: &str, known: &Known<'_>) -> String {
    let names = || known.directories.iter().map(DirectoryName::as_str);
    match keys::closest(directory, names()) {
        Some(near) => format!("the name of a directory; did you mean \"{near}\"?"),
        None => format!(
            "the name of a directory ({})",
            match known.directories {
                [] => "none is configured".to_owned(),
                _ => names().collect::<Vec<_>>().join(", "),
            }
        ),
    }
}
