//! fasClient's configuration (`/etc/fas.conf`) as muster's, and what of it could not be
//! carried over. The password goes neither into the configuration nor into any remark.

use std::path::Path;

use zeroize::Zeroizing;

use crate::access::{ForcedCommand, KeyOption};
use crate::name::{GroupTypeName, NameRule};
use crate::secret::Secret;
use crate::text;

mod ini;
#[cfg(test)]
mod tests;

use ini::Ini;

/// What the directory is called in rules.
const DIRECTORY: &str = "fas";

/// Why nothing came of a file.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// A line that is no section, no key with a value and no comment. It is not shown: it may
    /// be a password.
    #[error("line {0} of fasClient's configuration is not understood")]
    Line(usize),
    /// Without this there is no directory to ask.
    #[error("fasClient's configuration does not say {0}")]
    Missing(&'static str),
    /// The password cannot be one.
    #[error("global.password: {0}")]
    Password(#[from] crate::secret::SecretError),
}

/// What came of a file.
#[derive(Debug)]
pub struct Imported {
    /// muster's configuration, as text.
    pub config: String,
    /// The service account's password.
    pub password: Option<Secret>,
    /// What could not be carried over or is other than it was, a line each.
    pub remarks: Vec<String>,
}

/// The keys that muster has nothing for, and why.
const LEFT_OUT: [(&str, &str, &str); 7] = [
    ("global", "temp", "muster writes no files on the way"),
    (
        "global",
        "modefile",
        "muster homes keeps records of its own; unlock homes with fasClient first",
    ),
    ("host", "aliases_template", "muster writes no mail aliases"),
    (
        "host",
        "restricted_groups",
        "fasClient never read it; write a [[restricted]] of your own",
    ),
    (
        "users",
        "restricted_shell",
        "fasClient never read it; write a [[restricted]] of your own",
    ),
    (
        "users",
        "ssh_admin_app",
        "nobody's keys have a command but those of [[restricted]]",
    ),
    (
        "users",
        "ssh_admin_options",
        "nobody's keys have options but those of [[restricted]]",
    ),
];

/// The keys that are carried over.
const CARRIED: [(&str, &str); 13] = [
    ("global", "url"),
    ("global", "login"),
    ("global", "password"),
    ("global", "prefix"),
    ("global", "cla_group"),
    ("host", "groups"),
    ("host", "ssh_restricted_groups"),
    ("users", "shell"),
    ("users", "home"),
    ("users", "ssh_restricted_app"),
    ("users", "ssh_restricted_shell"),
    ("users", "ssh_key_options"),
    ("users", "default"),
];

/// Carries `text`, read from `source`, over; the configuration names `password_file`.
pub fn import(text: &str, source: &Path, password_file: &Path) -> Result<Imported, ImportError> {
    let said = Ini::read(text)?;
    let mut importing = Importing {
        said: &said,
        remarks: Vec::new(),
    };
    let config = importing.config(source, password_file)?;
    importing.say_what_is_left_out();
    let password = said.get("global", "password");
    Ok(Imported {
        config,
        password: password
            .map(|text| Secret::typed(text.as_bytes()))
            .transpose()?,
        remarks: importing.remarks,
    })
}

struct Importing<'a> {
    said: &'a Ini,
    remarks: Vec<String>,
}

impl Importing<'_> {
    fn config(&mut self, source: &Path, password_file: &Path) -> Result<String, ImportError> {
        let url = self.said.get("global", "url");
        let url = url.ok_or(ImportError::Missing("global.url"))?;
        let user = self.said.get("global", "login");
        let user = user.ok_or(ImportError::Missing("global.login"))?;
        let mut lines = vec![
            format!(
                "# From {}, by muster config import-fas.",
                text::safe(&source.display().to_string(), 200)
            ),
            "version = 1".to_owned(),
            String::new(),
            "[[directory]]".to_owned(),
            format!("name = {}", quoted(DIRECTORY)),
            "kind = \"fas\"".to_owned(),
            format!("url = {}", quoted(url)),
            format!("user = {}", quoted(user)),
            format!(
                "password_file = {}",
                quoted(&password_file.display().to_string())
            ),
        ];
        if let Some(group) = self.said.get("global", "cla_group") {
            lines.push(format!("cla_group = {}", quoted(group)));
        }
        if url.starts_with("http://") {
            self.remark(
                "global.url",
                "it is not https, which muster takes to a loopback address alone",
            );
        }
        let allow = self.rules("groups");
        lines.extend([
            String::new(),
            "[access]".to_owned(),
            format!("allow = [{}]", allow.join(", ")),
        ]);
        lines.extend(self.restricted());
        lines.extend(self.home());
        lines.push(String::new());
        Ok(lines.join("\n"))
    }

    /// The groups in a key of `[host]`, as rules in TOML's spelling.
    fn rules(&mut self, key: &str) -> Vec<String> {
        let said = self.said.get("host", key).unwrap_or_default();
        let mut rules = Vec::new();
        for group in words(said) {
            let rule = match group.strip_prefix('@') {
                Some("all") => Some(format!("group:{DIRECTORY}/@all")),
                Some(kind) => GroupTypeName::new(kind)
                    .ok()
                    .map(|kind| format!("group:{DIRECTORY}/@type:{kind}")),
                None => NameRule::default()
                    .group(group)
                    .ok()
                    .map(|group| format!("group:{DIRECTORY}/{group}")),
            };
            match rule {
                Some(rule) => rules.push(quoted(&rule)),
                None => {
                    let group = text::safe(group, 64);
                    self.remark(
                        &format!("host.{key}"),
                        &format!("{group:?} is no group's name here"),
                    );
                }
            }
        }
        rules
    }

    /// The table of restricted groups. Where it cannot be whole there is none: nobody gets
    /// more than fasClient gave.
    fn restricted(&mut self) -> Vec<String> {
        let groups = self.rules("ssh_restricted_groups");
        if groups.is_empty() {
            return Vec::new();
        }
        let command = self.said.get("users", "ssh_restricted_app");
        let command = command.map(|text| text.replace("%(username)s", "{name}"));
        if let Some(Err(error)) = command.as_deref().map(ForcedCommand::new) {
            let why = format!("{error}; without it the restricted groups are left out altogether");
            self.remark("users.ssh_restricted_app", &why);
            return Vec::new();
        }
        let shell = self.said.get("users", "ssh_restricted_shell");
        if command.is_none() && shell.is_none() {
            let why = "neither a command nor a shell restricts them: they are left out";
            self.remark("host.ssh_restricted_groups", why);
            return Vec::new();
        }
        let mut lines = vec![
            String::new(),
            "[[restricted]]".to_owned(),
            format!("groups = [{}]", groups.join(", ")),
        ];
        if let Some(shell) = shell {
            lines.push(format!("shell = {}", quoted(shell)));
            if self
                .said
                .get("users", "shell")
                .is_some_and(|usual| usual != shell)
            {
                let why = "fasClient gave this shell to everybody else and users.shell to the restricted; here each has its own";
                self.remark("users.ssh_restricted_shell", why);
            }
        }
        lines.extend(command.map(|command| format!("command = {}", quoted(&command))));
        lines.push(format!("options = [{}]", self.key_options().join(", ")));
        lines
    }

    fn key_options(&mut self) -> Vec<String> {
        let Some(said) = self.said.get("users", "ssh_key_options") else {
            return vec![quoted("restrict")];
        };
        let mut options = Vec::new();
        for option in words(said) {
            match KeyOption::spelled(option) {
                Some(option) => options.push(quoted(option.as_str())),
                None => {
                    let option = text::safe(option, 64);
                    let why = format!(
                        "{option:?} is no option that muster puts in front of keys; \"restrict\" stands instead"
                    );
                    self.remark("users.ssh_key_options", &why);
                    options.insert(0, quoted("restrict"));
                }
            }
        }
        options.dedup();
        options
    }

    fn home(&self) -> Vec<String> {
        let prefix = self.said.get("global", "prefix").unwrap_or_default();
        let folder = self.said.get("users", "home").unwrap_or("/home/fedora");
        let folder = format!(
            "{}/{}",
            prefix.trim_end_matches('/'),
            folder.trim_matches('/')
        );
        let shell = self.said.get("users", "shell").unwrap_or("/bin/bash");
        vec![
            String::new(),
            "[home]".to_owned(),
            format!("path = {}", quoted(&format!("{folder}/{{name}}"))),
            format!("shell = {}", quoted(shell)),
        ]
    }

    fn say_what_is_left_out(&mut self) {
        for (section, key) in self.said.keys() {
            let known = LEFT_OUT.iter().find(|(s, k, _)| (*s, *k) == (section, key));
            let place = text::safe(&format!("{section}.{key}"), 80);
            match known {
                Some((_, _, why)) => self
                    .remarks
                    .push(format!("{place}: not carried over: {why}")),
                None if CARRIED.contains(&(section, key)) => {}
                None => self.remarks.push(format!(
                    "{place}: not carried over: fasClient did not know it"
                )),
            }
        }
        self.remarks.push(
            "shadow: no password hash comes to this host any more; take the account out of FAS's group accounts or fas-system and put it into thirdparty".to_owned(),
        );
    }

    fn remark(&mut self, place: &str, why: &str) {
        self.remarks.push(format!("{place}: {why}"));
    }
}

/// Words between commas and blanks.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let words = text.split(|letter: char| letter == ',' || letter.is_whitespace());
    words.filter(|word| !word.is_empty())
}

/// Text in TOML's spelling.
fn quoted(text: &str) -> String {
    toml_edit::Value::from(text).to_string()
}

/// A value of the file, wiped when it is not needed any more: it may be the password.
type Value = Zeroizing<String>;
