//! Reads `[[directory]]`: what directories of every kind have.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use url::{Host, Url};

use super::raw::{Said, Value};
use super::reading::{Place, Reading, Section, Unfit, boolean, number, plain_word, text, word};
use super::settings::{DirectoryConfig, ServerConfig};
use super::{absolute, kinds};
use crate::directory::{Pattern, Scope};
use crate::name::DirectoryName;

/// Snapshots number directories with 16 bits; nobody needs even these.
const DIRECTORIES_MAX: usize = 64;
/// More than this at once are a burden to a server and no help to one host.
const REQUESTS_MAX: usize = 64;

/// People read it from a terminal.
const PAGE_MAX: usize = 200;

/// The directories as far as they were understood.
pub(super) struct Directories {
    /// Every name that is one, for rules that name it, even if the rest of its directory is wrong.
    pub(super) names: Vec<DirectoryName>,
    /// All of them, if all are right.
    pub(super) checked: Option<Vec<DirectoryConfig>>,
}

/// Every `[[directory]]`, in order.
pub(super) fn directories(reading: &mut Reading<'_>, top: &Said) -> Directories {
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

fn directory(
    reading: &mut Reading<'_>,
    section: &Section<'_>,
    table: &Said,
    name: Option<DirectoryName>,
) -> Option<DirectoryConfig> {
    let kind = reading.value(section, "kind", kinds::named);
    let namespace = reading.optional(section, "namespace", |value| {
        let text = text(value)?;
        plain_word(&text, 64)?;
        Ok(text)
    });
    let scope = scope(reading, section);
    let offline = reading.value(section, "offline", boolean);
    let password_page = reading.optional(section, "password_page", password_page);
    let server = match &kind {
        Some(said) if said.value == kinds::LOCAL => Some(None),
        _ => server(reading, section).map(Some),
    };
    let kind = kind?.value;
    let own = kinds::own(reading, section, table, kind);
    Some(DirectoryConfig {
        name: name?,
        namespace: namespace?.map_or_else(|| Arc::from(kind), |said| said.value.into()),
        scope: scope?,
        offline: offline?.value,
        password_page: password_page?.map(|said| said.value),
        server: server?,
        kind: own?,
    })
}

/// People are told it: it must be a page, not a place that their browser would log in to.
fn password_page(value: &Value) -> Result<Url, Unfit> {
    let url = Url::parse(&text(value)?).map_err(|_| Unfit::NotWanted)?;
    let plain = url.username().is_empty() && url.password().is_none();
    let short = url.as_str().len() <= PAGE_MAX;
    match url.scheme() {
        "https" if plain && short && url.host().is_some() => Ok(url),
        _ => Err(Unfit::NotWanted),
    }
}

fn scope(reading: &mut Reading<'_>, section: &Section<'_>) -> Option<Scope> {
    let groups = names(reading, section, "groups");
    let users = names(reading, section, "users");
    Some(Scope {
        groups: groups?.map(|all| all.iter().map(|text| Pattern::new(text)).collect()),
        users: users?,
    })
}

/// A list of names that may be left out, and not be empty.
fn names(
    reading: &mut Reading<'_>,
    section: &Section<'_>,
    key: &str,
) -> Option<Option<Vec<String>>> {
    let meant = reading.optional(section, key, |value| {
        let Value::List(elements) = value else {
            return Err(Unfit::NotWanted);
        };
        let names = elements.iter().map(|element| word(&element.value, 255));
        let names = names.collect::<Result<Vec<_>, _>>()?;
        if names.is_empty() {
            return Err(Unfit::NotWanted);
        }
        Ok(names)
    })?;
    Some(meant.map(|meant| meant.value))
}

fn server(reading: &mut Reading<'_>, section: &Section<'_>) -> Option<ServerConfig> {
    let url = server_url(reading, section);
    let ca_file = reading.optional(section, "ca_file", |value| {
        absolute(&text(value)?).ok_or(Unfit::NotWanted)
    });
    let connect_timeout = reading.duration(
        section,
        "connect_timeout",
        Duration::from_secs(1),
        Duration::from_secs(30),
    );
    let timeout = reading.duration(
        section,
        "timeout",
        Duration::from_secs(1),
        Duration::from_secs(300),
    );
    let requests_at_once =
        reading.value(section, "requests_at_once", |value| {
            match usize::try_from(number(value)?) {
                Ok(count @ 1..=REQUESTS_MAX) => Ok(count),
                _ => Err(Unfit::NotWanted),
            }
        });
    Some(ServerConfig {
        url: url?,
        ca_file: ca_file?.map(|said| said.value),
        connect_timeout: connect_timeout?.value,
        timeout: timeout?.value,
        requests_at_once: requests_at_once?.value,
    })
}

fn server_url(reading: &mut Reading<'_>, section: &Section<'_>) -> Option<Url> {
    let plain_http = reading.optional(section, "plain_http", |value| {
        (text(value)? == "loopback")
            .then_some(())
            .ok_or(Unfit::NotWanted)
    });
    let key = url_key(reading, section)?;
    let url = reading.value(section, key, base_url)?;
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

/// The key that says where the server is. Kinds without a Repertoire refuse that key by themselves.
fn url_key(reading: &mut Reading<'_>, section: &Section<'_>) -> Option<&'static str> {
    match (section.entry("url"), section.entry("repertoire")) {
        (Some(_), Some(_)) => {
            let place = section.place("repertoire");
            reading.refuse(&place, "url and repertoire", "one of the two")
        }
        (None, Some(_)) => Some("repertoire"),
        _ => Some("url"),
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
