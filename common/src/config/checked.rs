//! Turns what is said into what is meant, and reports everything that cannot be.

use std::net::IpAddr;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::time::Duration;

use url::{Host, Url};

use super::keys;
use super::problem::Problem;
use super::raw::{self, Said, Value};
use super::reading::{
    Meant, Place, Reading, Section, Unfit, boolean, bounded, join, number, shown_span, text, word,
};
use super::rules::{self, Known};
use super::settings::{
    Config, CrowdAttributes, CrowdConfig, DirectoryConfig, DirectoryKind, Home, Ids, Login,
    Offline, Sync, Throttle,
};
use super::{SecretSource, absolute};
use crate::account::{ID_FLOOR, RESERVED_IDS, check_id};
use crate::name::{DirectoryName, NameRule};

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(86_400);
const YEAR: Duration = Duration::from_secs(365 * 86_400);
const WEEK: Duration = Duration::from_secs(7 * 86_400);

/// The smallest space for derived ids: below, clashes are the rule.
const DERIVE_LEAST: u32 = 1_000_000;
/// What systemd gives to containers (its UIDS-GIDS document).
const CONTAINERS: RangeInclusive<u32> = 524_288..=1_879_048_191;
/// What useradd grants as subordinate ids by default (login.defs).
const SUBORDINATE: RangeInclusive<u32> = 100_000..=600_100_000;
/// Folders in which nobody has a home.
const NO_HOMES: [&str; 13] = [
    "/bin", "/boot", "/dev", "/etc", "/lib", "/lib64", "/proc", "/root", "/run", "/sbin", "/sys",
    "/tmp", "/usr",
];
/// Snapshots number directories with 16 bits; nobody needs even these.
const DIRECTORIES_MAX: usize = 64;

/// The configuration that `text` means, or everything that is wrong with it.
pub(super) fn check(text: &str, file: &Path) -> Result<Config, Vec<Problem>> {
    let mut reading = Reading::of(file);
    let config = match raw::parse(text) {
        Ok(top) => config(&mut reading, &top),
        Err(error) => {
            let place = Place {
                key: String::new(),
                line: Some(error.line),
            };
            reading.refuse(&place, "text that is not TOML", error.message)
        }
    };
    let mut problems = reading.problems;
    problems.sort_by_key(|problem| problem.line);
    match config {
        Some(config) if problems.is_empty() => Ok(config),
        _ => Err(problems),
    }
}

fn config(reading: &mut Reading<'_>, top: &Said) -> Option<Config> {
    unknown_keys(reading, "", "", top);
    let version = version(reading, top);
    let ids = ids(reading, top);
    let (names, enumerate) = names(reading, top);
    let directories = directories(reading, top);
    let access = access(reading, top, &directories, names.as_ref());
    let staleness = max_staleness(reading, top);
    let offline = offline(reading, top, staleness.as_ref());
    let home = home(reading, top);
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
        names: names?,
        enumerate: enumerate?,
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

fn ids(reading: &mut Reading<'_>, top: &Said) -> Option<Ids> {
    let section = Section::below(top, "ids");
    let accept = reading.value(&section, "accept", id_range);
    let derive = reading.value(&section, "derive", |value| {
        let range = id_range(value)?;
        roomy(&range)?;
        Ok(range)
    });
    if let Some(derive) = &derive {
        for (taken, whose) in [
            (CONTAINERS, "systemd's containers"),
            (SUBORDINATE, "the subordinate ids that useradd grants"),
        ] {
            if overlap(&derive.value, &taken) {
                let (first, last) = (taken.start(), taken.end());
                let words = format!("overlaps {whose} ({first} to {last})");
                reading.warn(&derive.place, &words);
            }
        }
    }
    Some(Ids {
        accept: accept?.value,
        derive: derive?.value,
    })
}

fn id_range(value: &Value) -> Result<RangeInclusive<u32>, Unfit> {
    let Value::List(ends) = value else {
        return Err(Unfit::NotWanted);
    };
    let [first, last] = ends.as_slice() else {
        return Err(Unfit::NotWanted);
    };
    let (first, last) = (number(&first.value)?, number(&last.value)?);
    for end in [first, last] {
        check_id(end).map_err(|error| {
            Unfit::Wanted(format!(
                "ids of {ID_FLOOR} and above that are not reserved; {error}"
            ))
        })?;
    }
    if first > last {
        return Err(Unfit::Wanted("the first id not above the last".to_owned()));
    }
    Ok(first..=last)
}

/// Derived ids need room, and none of them may be one that can never be served.
fn roomy(range: &RangeInclusive<u32>) -> Result<(), Unfit> {
    if range.end().saturating_sub(*range.start()) < DERIVE_LEAST.saturating_sub(1) {
        let wanted = format!("at least {DERIVE_LEAST} ids, or derived ids clash");
        return Err(Unfit::Wanted(wanted));
    }
    match RESERVED_IDS.iter().find(|taken| overlap(range, taken)) {
        Some(taken) => Err(Unfit::Wanted(format!(
            "ids clear of the reserved ones from {} to {}",
            taken.start(),
            taken.end()
        ))),
        None => Ok(()),
    }
}

fn overlap(a: &RangeInclusive<u32>, b: &RangeInclusive<u32>) -> bool {
    a.start() <= b.end() && b.start() <= a.end()
}

fn names(reading: &mut Reading<'_>, top: &Said) -> (Option<NameRule>, Option<bool>) {
    let section = Section::below(top, "names");
    let rule = reading.value(&section, "extra", |value| {
        NameRule::with_extra(&text(value)?)
            .map_err(|error| Unfit::Wanted(format!("characters that names may hold; this {error}")))
    });
    let enumerate = reading.value(&section, "enumerate", boolean);
    (
        rule.map(|rule| rule.value),
        enumerate.map(|truth| truth.value),
    )
}

/// The directories as far as they were understood.
struct Directories {
    /// Every name that is one, for rules that name it, even if the rest of its directory is wrong.
    names: Vec<DirectoryName>,
    /// All of them, if all are right.
    checked: Option<Vec<DirectoryConfig>>,
}

fn directories(reading: &mut Reading<'_>, top: &Said) -> Directories {
    let tables = match top.value.entry("directory").map(|entry| &entry.said.value) {
        Some(Value::List(tables)) => tables.as_slice(),
        _ => &[],
    };
    if tables.is_empty() {
        let place = Place {
            key: "directory".to_owned(),
            line: None,
        };
        reading.warn(&place, "no [[directory]] is configured: nobody is served");
    }
    let mut names: Vec<DirectoryName> = Vec::new();
    let mut checked = Some(Vec::new());
    for table in tables {
        let section = Section::new("directory", "directory", Some(table));
        let name = directory_name(reading, &section, &names);
        names.extend(name.clone());
        let directory = directory(reading, &section, table, name);
        checked = match (checked, directory) {
            (Some(mut all), Some(directory)) => {
                all.push(directory);
                Some(all)
            }
            _ => None,
        };
    }
    if tables.len() > DIRECTORIES_MAX {
        let place = Section::new("", "", Some(top)).place("directory");
        let found = format!("{} directories", tables.len());
        checked = reading.refuse(&place, found, format!("at most {DIRECTORIES_MAX}"));
    }
    warn_of_shared_namespaces(reading, checked.as_deref().unwrap_or_default());
    Directories { names, checked }
}

fn warn_of_shared_namespaces(reading: &mut Reading<'_>, directories: &[DirectoryConfig]) {
    for (i, later) in directories.iter().enumerate() {
        let mut earlier = directories.iter().take(i);
        if let Some(earlier) = earlier.find(|earlier| earlier.namespace == later.namespace) {
            let place = Place {
                key: "directory.namespace".to_owned(),
                line: None,
            };
            let words = format!(
                "\"{}\" and \"{}\" share the namespace \"{}\": equal keys derive equal ids, and both are refused",
                earlier.name, later.name, later.namespace
            );
            reading.warn(&place, &words);
        }
    }
}

fn directory_name(
    reading: &mut Reading<'_>,
    section: &Section<'_>,
    taken: &[DirectoryName],
) -> Option<DirectoryName> {
    let name = reading.value(section, "name", |value| {
        let text = text(value)?;
        plain_word(&text, crate::name::NAME_MAX)?;
        DirectoryName::new(&text)
            .map_err(|error| Unfit::Wanted(format!("a directory's name; this one {error}")))
    })?;
    if taken.contains(&name.value) {
        let found = format!("\"{}\" again", name.value);
        return reading.refuse(&name.place, found, "a name that no other directory has");
    }
    Some(name.value)
}

/// Letters, digits, `.`, `_` and `-`.
fn plain_word(text: &str, most: usize) -> Result<(), Unfit> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    let fits = (1..=most).contains(&text.len()) && text.bytes().all(plain);
    fits.then_some(()).ok_or(Unfit::NotWanted)
}

fn directory(
    reading: &mut Reading<'_>,
    section: &Section<'_>,
    table: &Said,
    name: Option<DirectoryName>,
) -> Option<DirectoryConfig> {
    let kind = reading.value(section, "kind", kind);
    let namespace = reading.optional(section, "namespace", |value| {
        let text = text(value)?;
        plain_word(&text, 64)?;
        Ok(text)
    });
    let crowd = crowd(reading, section, table);
    let kind = kind?.value;
    Some(DirectoryConfig {
        name: name?,
        namespace: namespace?.map_or_else(|| kind.to_owned(), |said| said.value),
        kind: DirectoryKind::Crowd(crowd?),
    })
}

fn kind(value: &Value) -> Result<&'static str, Unfit> {
    match text(value)?.as_str() {
        "crowd" => Ok("crowd"),
        kind @ ("fas" | "gafaelfawr") => Err(Unfit::Wanted(format!(
            "\"crowd\": the kind {kind} is not supported by this version"
        ))),
        _ => Err(Unfit::NotWanted),
    }
}

fn crowd(reading: &mut Reading<'_>, section: &Section<'_>, table: &Said) -> Option<CrowdConfig> {
    let url = crowd_url(reading, section);
    let application = reading.value(section, "application", |value| word(value, 255));
    let password_file = reading.value(section, "password_file", secret_source);
    let ca_file = reading.optional(section, "ca_file", |value| {
        absolute(&text(value)?).ok_or(Unfit::NotWanted)
    });
    let connect_timeout =
        reading.duration(section, "connect_timeout", SECOND, Duration::from_secs(30));
    let timeout = reading.duration(section, "timeout", SECOND, Duration::from_secs(300));
    let attributes = attributes(reading, table);
    Some(CrowdConfig {
        url: url?,
        application: application?.value,
        password_file: password_file?.value,
        ca_file: ca_file?.map(|said| said.value),
        attributes: attributes?,
        connect_timeout: connect_timeout?.value,
        timeout: timeout?.value,
    })
}

fn crowd_url(reading: &mut Reading<'_>, section: &Section<'_>) -> Option<Url> {
    let plain_http = reading.optional(section, "plain_http", |value| {
        (text(value)? == "loopback")
            .then_some(())
            .ok_or(Unfit::NotWanted)
    });
    let url = reading.value(section, "url", base_url)?;
    let allowed = plain_http?.is_some();
    if url.value.scheme() == "https" {
        return Some(url.value);
    }
    let found = format!("\"{}\"", crate::text::safe(url.value.as_str(), 120));
    match (is_loopback(&url.value), allowed) {
        (true, true) => {
            let words = "plain http: any local user who takes the port can read and forge logins";
            reading.warn(&url.place, words);
            Some(url.value)
        }
        (true, false) => reading.refuse(
            &url.place,
            found,
            "an https:// URL; http:// to this very host only with plain_http = \"loopback\"",
        ),
        (false, _) => reading.refuse(
            &url.place,
            found,
            "an https:// URL: passwords would cross the network in the clear",
        ),
    }
}

fn base_url(value: &Value) -> Result<Url, Unfit> {
    let Ok(url) = Url::parse(&text(value)?) else {
        // Even what does not parse may hold a password.
        return Err(Unfit::Hidden("text that is no URL"));
    };
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Unfit::Hidden("a URL with a user or a password in it"));
    }
    let web = matches!(url.scheme(), "http" | "https") && url.host().is_some();
    if !web || url.query().is_some() || url.fragment().is_some() {
        return Err(Unfit::NotWanted);
    }
    Ok(url)
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => IpAddr::V4(address).is_loopback(),
        Some(Host::Ipv6(address)) => IpAddr::V6(address).is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
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
    let (uid, gid, shell, home, ssh_keys) = (
        name("uid"),
        name("gid"),
        name("shell"),
        name("home"),
        name("ssh_keys"),
    );
    Some(CrowdAttributes {
        uid: uid?,
        gid: gid?,
        shell: shell?,
        home: home?,
        ssh_keys: ssh_keys?,
    })
}

fn access(
    reading: &mut Reading<'_>,
    top: &Said,
    directories: &Directories,
    names: Option<&NameRule>,
) -> Option<crate::access::AccessRules> {
    let fallback = NameRule::default();
    let known = Known {
        directories: &directories.names,
        names: names.unwrap_or(&fallback),
    };
    rules::access(reading, top, &known)
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
    })
}

fn home(reading: &mut Reading<'_>, top: &Said) -> Option<Home> {
    let section = Section::below(top, "home");
    let prefix = reading.value(&section, "path", home_prefix);
    let shell = reading.value(&section, "shell", |value| {
        let text = text(value)?;
        absolute(&text)
            .map(|_: PathBuf| text)
            .ok_or(Unfit::NotWanted)
    });
    Some(Home {
        prefix: prefix?.value,
        shell: shell?.value,
    })
}

/// The folder in front of `/{name}`: plain components, and none of the system's folders.
fn home_prefix(value: &Value) -> Result<String, Unfit> {
    let text = text(value)?;
    let prefix = text.strip_suffix("/{name}").ok_or(Unfit::NotWanted)?;
    let Some(components) = prefix.strip_prefix('/') else {
        return Err(Unfit::NotWanted);
    };
    let plain =
        |component: &str| plain_word(component, 255).is_ok() && !matches!(component, "." | "..");
    if !components.split('/').all(plain) {
        return Err(Unfit::NotWanted);
    }
    let inside = |folder: &&&str| Path::new(prefix).starts_with(folder);
    match NO_HOMES.iter().find(inside) {
        Some(folder) => Err(Unfit::Wanted(format!("homes outside {folder}"))),
        None => Ok(prefix.to_owned()),
    }
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
    Some(Sync {
        interval: interval.value,
    })
}

fn login(reading: &mut Reading<'_>, top: &Said) -> Option<Login> {
    let section = Section::below(top, "login");
    let timeout = reading.duration(&section, "timeout", 5 * SECOND, Duration::from_secs(110))?;
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
