//! Reads what only directories of one kind have.

use std::collections::BTreeMap;
use std::time::Duration;

use super::keys;
use super::raw::{Said, Value};
use super::reading::{
    Reading, Section, Unfit, boolean, bounded, join, number, plain_word, text, word,
};
use super::settings::{
    ApicrudConfig, CrowdAttributes, CrowdConfig, DirectoryKind, FasConfig, GafaelfawrConfig,
    LocalConfig, TokenRules,
};
use super::{SecretSource, absolute};
use crate::directory::apicrud::{PersonId, is_name, is_role};
use crate::directory::fas::Otp;
use crate::directory::gafaelfawr::{Host, Lists, ScopesMatch};
use crate::name::{GroupName, NameRule, UserName};

/// What a directory can be.
const KINDS: [&str; 5] = ["crowd", "fas", "gafaelfawr", "apicrud", LOCAL];
/// The kind that has no server.
pub(super) const LOCAL: &str = "local";
/// A person at a keyboard errs more than once.
const FEWEST_TRIES: u32 = 3;
/// The token types that may be taken; every service that a person visits could hold one of the others.
const TOKEN_TYPES: [&str; 4] = ["user", "session", "notebook", "service"];
const SHORTEST_LIFE: Duration = Duration::from_secs(300);
const LONGEST_LIFE: Duration = Duration::from_secs(10 * 365 * 86_400);

/// The kind that `value` names.
pub(super) fn named(value: &Value) -> Result<&'static str, Unfit> {
    let named = text(value)?;
    let kind = KINDS.into_iter().find(|kind| *kind == named);
    kind.ok_or(Unfit::NotWanted)
}

/// The settings of a directory of the kind `kind`; keys of other kinds are refused.
pub(super) fn own(
    reading: &mut Reading<'_>,
    section: &Section<'_>,
    table: &Said,
    kind: &'static str,
) -> Option<DirectoryKind> {
    refuse_keys_of_others(reading, section, table, kind);
    match kind {
        "fas" => fas(reading, section).map(DirectoryKind::Fas),
        "apicrud" => apicrud(reading, section).map(DirectoryKind::Apicrud),
        "gafaelfawr" => gafaelfawr(reading, section).map(DirectoryKind::Gafaelfawr),
        LOCAL => local(reading, section).map(DirectoryKind::Local),
        _ => crowd(reading, section, table).map(DirectoryKind::Crowd),
    }
}

fn refuse_keys_of_others(
    reading: &mut Reading<'_>,
    section: &Section<'_>,
    table: &Said,
    kind: &str,
) {
    let Value::Table(entries) = &table.value else {
        return;
    };
    for entry in entries {
        let path = join("directory", &entry.name);
        let misplaced = keys::below(&path).find(|key| !key.suits(kind));
        if let Some(key) = misplaced {
            let found = format!("a key of the kind {}", key.of.join(" or "));
            let wanted = format!("keys that the kind {kind} has");
            reading.refuse::<()>(&section.place(&entry.name), found, wanted);
        }
    }
}

fn crowd(reading: &mut Reading<'_>, section: &Section<'_>, table: &Said) -> Option<CrowdConfig> {
    let application = reading.value(section, "application", |value| word(value, 255));
    let password_file = reading.value(section, "password_file", secret_source);
    let change_passwords = reading.value(section, "change_passwords", boolean);
    let attributes = attributes(reading, table);
    Some(CrowdConfig {
        application: application?.value,
        password_file: password_file?.value,
        change_passwords: change_passwords?.value,
        attributes: attributes?,
    })
}

fn fas(reading: &mut Reading<'_>, section: &Section<'_>) -> Option<FasConfig> {
    let user = reading.value(section, "user", |value| word(value, 64));
    let password_file = reading.value(section, "password_file", secret_source);
    let session_cookie = reading.value(section, "session_cookie", |value| {
        let name = text(value)?;
        plain_word(&name, 64)?;
        Ok(name)
    });
    let otp = reading.value(section, "otp", otp);
    let force_refresh = reading.value(section, "force_refresh", boolean);
    let cla_group = reading.value(section, "cla_group", |value| {
        let group = NameRule::default().group(&text(value)?);
        group.map_err(|error| Unfit::Wanted(format!("a group's name; this one {error}")))
    });
    Some(FasConfig {
        user: user?.value,
        password_file: password_file?.value,
        session_cookie: session_cookie?.value,
        otp: otp?.value,
        force_refresh: force_refresh?.value,
        cla_group: cla_group?.value,
    })
}

fn otp(value: &Value) -> Result<Otp, Unfit> {
    match text(value)?.as_str() {
        "none" => Ok(Otp::None),
        "append" => Ok(Otp::Append),
        "field" => Ok(Otp::Field),
        _ => Err(Unfit::NotWanted),
    }
}

fn gafaelfawr(reading: &mut Reading<'_>, section: &Section<'_>) -> Option<GafaelfawrConfig> {
    let token_file = reading.value(section, "token_file", secret_source);
    let scopes = reading.value(section, "scopes", |value| words(value, is_scope));
    let types = reading.value(section, "token_types", |value| {
        words(value, |word| TOKEN_TYPES.contains(&word))
    });
    let scopes_match = reading.value(section, "scopes_match", |value| {
        match text(value)?.as_str() {
            "all" => Ok(ScopesMatch::All),
            "any" => Ok(ScopesMatch::Any),
            _ => Err(Unfit::NotWanted),
        }
    });
    let lists = reading.value(section, "lists", lists);
    let repertoire = repertoire(reading, section);
    let require_expiry = reading.value(section, "require_expiry", boolean);
    let max_lifetime = reading.optional(section, "max_token_lifetime", |value| {
        bounded(value, SHORTEST_LIFE, LONGEST_LIFE)
    });
    Some(GafaelfawrConfig {
        token_file: token_file?.value,
        repertoire: repertoire?,
        lists: lists?.value,
        tokens: TokenRules {
            scopes: scopes?.value,
            scopes_match: scopes_match?.value,
            types: types?.value,
            require_expiry: require_expiry?.value,
            max_lifetime: max_lifetime?.map(|said| said.value),
        },
    })
}

fn local(reading: &mut Reading<'_>, section: &Section<'_>) -> Option<LocalConfig> {
    let lock_after = reading.optional(section, "lock_after", |value| match number(value)? {
        tries @ FEWEST_TRIES..=1000 => Ok(tries),
        _ => Err(Unfit::NotWanted),
    });
    Some(LocalConfig {
        lock_after: lock_after?.map(|said| said.value),
    })
}

fn apicrud(reading: &mut Reading<'_>, section: &Section<'_>) -> Option<ApicrudConfig> {
    let people = reading.value(section, "people", people);
    let roles = reading.value(section, "roles", roles);
    Some(ApicrudConfig {
        people: people?.value,
        roles: roles?.value,
    })
}

/// Nobody is named twice, and nobody has two names.
fn people(value: &Value) -> Result<BTreeMap<UserName, PersonId>, Unfit> {
    let mut people = BTreeMap::new();
    for (name, id) in pairs(value)? {
        let name = UserName::new(&name).ok().filter(is_name);
        let id = PersonId::new(&id).ok();
        let (Some(name), Some(id)) = (name, id) else {
            return Err(Unfit::NotWanted);
        };
        let is_there = people.values().any(|other| *other == id);
        if is_there || people.insert(name, id).is_some() {
            return Err(Unfit::Wanted("each name and each id once".to_owned()));
        }
    }
    Ok(people)
}

fn roles(value: &Value) -> Result<Vec<(String, GroupName)>, Unfit> {
    let mut roles = Vec::new();
    for (role, group) in pairs(value)? {
        let group = NameRule::default().group(&group);
        let group = group
            .map_err(|error| Unfit::Wanted(format!("a group's name behind =; this one {error}")))?;
        if !is_role(&role) {
            return Err(Unfit::NotWanted);
        }
        roles.push((role, group));
    }
    Ok(roles)
}

/// A list of texts `ONE=OTHER`.
fn pairs(value: &Value) -> Result<Vec<(String, String)>, Unfit> {
    let Value::List(elements) = value else {
        return Err(Unfit::NotWanted);
    };
    let pair = |text: String| {
        let (one, other) = text.split_once('=').ok_or(Unfit::NotWanted)?;
        Ok((one.to_owned(), other.to_owned()))
    };
    let pairs = elements.iter().map(|one| text(&one.value).and_then(pair));
    pairs.collect()
}

fn lists(value: &Value) -> Result<Lists, Unfit> {
    match text(value)?.as_str() {
        "auto" => Ok(Lists::Auto),
        "always" => Ok(Lists::Always),
        "never" => Ok(Lists::Never),
        _ => Err(Unfit::NotWanted),
    }
}

/// Where a Repertoire may point beside its own host, if one is asked at all.
fn repertoire(reading: &mut Reading<'_>, section: &Section<'_>) -> Option<Option<Vec<Host>>> {
    let asked = section.entry("repertoire").is_some();
    let allowed = reading.value(section, "repertoire_allow", |value| {
        let Value::List(elements) = value else {
            return Err(Unfit::NotWanted);
        };
        let host = |text: String| text.parse::<Host>().map_err(|_unfit| Unfit::NotWanted);
        let hosts = elements.iter().map(|one| text(&one.value).and_then(host));
        hosts.collect::<Result<Vec<_>, _>>()
    })?;
    if !asked && !allowed.value.is_empty() {
        return reading.refuse(&allowed.place, "repertoire_allow", "repertoire beside it");
    }
    Some(asked.then_some(allowed.value))
}

/// Gafaelfawr's own rule for the names of scopes.
fn is_scope(word: &str) -> bool {
    !word.is_empty()
        && word
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b":._-".contains(&byte))
}

/// A list of one or more words that all fit.
fn words(value: &Value, fits: impl Fn(&str) -> bool) -> Result<Vec<String>, Unfit> {
    let Value::List(elements) = value else {
        return Err(Unfit::NotWanted);
    };
    let mut words = Vec::with_capacity(elements.len());
    for element in elements {
        let word = text(&element.value)?;
        if !fits(&word) {
            return Err(Unfit::NotWanted);
        }
        words.push(word);
    }
    if words.is_empty() {
        return Err(Unfit::NotWanted);
    }
    Ok(words)
}

fn secret_source(value: &Value) -> Result<SecretSource, Unfit> {
    let text = text(value)?;
    if let Some(name) = text.strip_prefix("credential:") {
        plain_word(name, 255)?;
        return match name {
            "." | ".." => Err(Unfit::NotWanted),
            _ => Ok(SecretSource::Credential(name.to_owned())),
        };
    }
    match absolute(&text) {
        Some(path) => Ok(SecretSource::File(path)),
        // Somebody may have written the password itself here.
        None => Err(Unfit::Hidden("text that is no absolute path")),
    }
}

fn attributes(reading: &mut Reading<'_>, directory: &Said) -> Option<CrowdAttributes> {
    let said = directory.value.entry("attributes").map(|entry| &entry.said);
    let section = Section::new("directory.attributes", "directory.attributes", said);
    let mut name = |key| {
        let meant = reading.value(&section, key, |value| word(value, 255));
        meant.map(|meant| meant.value)
    };
    let (uid, gid, shell, home, ssh_keys, gecos) = (
        name("uid"),
        name("gid"),
        name("shell"),
        name("home"),
        name("ssh_keys"),
        name("gecos"),
    );
    Some(CrowdAttributes {
        uid: uid?,
        gid: gid?,
        shell: shell?,
        home: home?,
        ssh_keys: ssh_keys?,
        gecos: gecos?,
    })
}
