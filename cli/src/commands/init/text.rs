//! The configuration as it is written: each key under what the table of keys says of it.

use std::path::Path;

use muster_common::config::keys;

use super::answers::{Answers, LOOPBACK};
use super::kinds::Value;

/// The longest line of a comment.
const WIDTH: usize = 100;

/// Which file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The configuration itself.
    First,
    /// A drop-in beside a configuration without a directory.
    DropIn,
}

/// The file's text. What was said is quoted, whatever it is: the check of the whole judges it.
/// `secret` is where that lies, as the configuration says it.
pub fn text(answers: &Answers, part: Part, secret: &str, ca_file: Option<&Path>) -> String {
    let mut text = String::from(
        "# Made by `muster init`. It holds no secret.\n\
         # muster.toml(5) describes every key; `muster config show` says what counts on this host.\n",
    );
    if part == Part::First {
        text.push_str("version = 1\n");
    }
    text.push_str(&format!("\n# {}\n[[directory]]\n", answers.kind.title));
    let mut key = |name: &str, value: &str| {
        let known = keys::find(&format!("directory.{name}"));
        text.push_str(&comment(known.map_or("", |key| key.says)));
        text.push_str(&format!("{name} = {value}\n"));
    };
    key("name", &quoted(&answers.name));
    key("kind", &quoted(answers.kind.name));
    for (name, value) in &answers.values {
        match value {
            Value::Text(said) => key(name, &quoted(said)),
            Value::List(said) => key(name, &listed(said)),
        }
    }
    if answers.plain_http {
        key("plain_http", &quoted(LOOPBACK));
    }
    if let Some((name, _)) = answers.kind.secret {
        key(name, &quoted(secret));
    }
    if let Some(file) = ca_file {
        key("ca_file", &quoted(&file.to_string_lossy()));
    }
    text.push_str(
        "\n# Without a rule nobody is let in: everyone, group:NAME, user:NAME.\n[access]\n",
    );
    text.push_str(&format!("allow = {}\n", listed(&answers.allow)));
    text
}

fn listed(texts: &[String]) -> String {
    let texts: Vec<_> = texts.iter().map(|text| quoted(text)).collect();
    format!("[{}]", texts.join(", "))
}

/// Text as TOML has it, in one line.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for character in text.chars() {
        match character {
            '"' | '\\' => quoted.extend(['\\', character]),
            control if control.is_control() => {
                quoted.push_str(&format!("\\u{:04X}", u32::from(control)));
            }
            other => quoted.push(other),
        }
    }
    quoted + "\""
}

fn comment(says: &str) -> String {
    let mut lines = String::new();
    let mut line = String::from("#");
    for word in says.split_whitespace() {
        if line.chars().count().saturating_add(word.chars().count()) >= WIDTH && line != "#" {
            lines.push_str(&line);
            lines.push('\n');
            line = String::from("#");
        }
        line.push(' ');
        line.push_str(word);
    }
    if line != "#" {
        lines.push_str(&line);
        lines.push('\n');
    }
    lines
}

#[cfg(test)]
mod tests {
    use muster_common::config;

    use super::*;
    use crate::commands::init::kinds::{Asked, KINDS, Wants};

    fn answers(kind: &str, allow: &[&str]) -> Answers {
        let kind = KINDS.iter().find(|one| one.name == kind).unwrap();
        let value = |asked: &Asked| match (asked.key, &asked.wants) {
            ("url", _) => Value::Text("https://one.example.org/x".to_owned()),
            ("people", _) => Value::List(vec!["ada.l=u-8Zk3pQ1x".to_owned()]),
            ("roles", _) => Value::List(vec!["admin=ops".to_owned(), "user=all".to_owned()]),
            (_, Wants::AnyWordsWith(_)) => Value::List(Vec::new()),
            _ => Value::Text("linux-hosts".to_owned()),
        };
        Answers {
            kind,
            name: "corp".to_owned(),
            values: kind
                .asked
                .iter()
                .map(|one| (one.key, value(one)))
                // What belongs to a key that is not said.
                .filter(|(_, value)| *value != Value::List(Vec::new()))
                .collect(),
            credential: None,
            plain_http: false,
            allow: allow.iter().map(|rule| (*rule).to_owned()).collect(),
        }
    }

    fn written(answers: &Answers) -> String {
        let ca_file = answers.kind.secret.map(|_| Path::new("/etc/ca.pem"));
        let secret = match &answers.credential {
            Some(name) => format!("credential:{name}"),
            None => "/etc/muster/secrets/corp".to_owned(),
        };
        text(answers, Part::First, &secret, ca_file)
    }

    #[test]
    fn what_is_written_for_each_kind_is_a_configuration_and_says_what_each_key_is() {
        for kind in KINDS {
            let text = written(&answers(kind.name, &["group:linux-users", "everyone"]));
            let config = config::parse(&text, Path::new("muster.toml"));
            let config = config.unwrap_or_else(|errors| panic!("{text}\n{errors}"));
            assert_eq!(config.directories[0].kind.as_str(), kind.name);
            assert!(!config.access.lets_nobody_in());
            assert_eq!(config.warnings, Vec::<String>::new());
            let lines: Vec<_> = text
                .lines()
                .skip_while(|line| *line != "[[directory]]")
                .collect();
            for pair in lines.windows(2).take_while(|pair| pair[1] != "[access]") {
                assert!(
                    !pair[1].contains(" = ") || pair[0].starts_with('#'),
                    "{pair:?}"
                );
            }
            assert!(
                text.lines().all(|line| line.chars().count() <= 110),
                "{text}"
            );
        }
    }

    #[test]
    fn whatever_is_said_cannot_leave_its_quotes() {
        let mut hostile = answers("crowd", &["everyone\"]\n[offline]\nenabled = \"x"]);
        let evil = "a\"\\\n[home]\nshell = \"/bin/evil\"\u{7f}\u{9b}#".to_owned();
        hostile.values[1].1 = Value::Text(evil.clone());
        hostile.values.push(("users", Value::List(vec![evil])));
        let text = written(&hostile);
        assert!(
            text.lines()
                .all(|line| line != "[home]" && line != "[offline]"),
            "{text}"
        );
        let told = config::parse(&text, Path::new("muster.toml")).unwrap_err();
        assert_eq!(told.problems().len(), 3, "{told}");
    }

    #[test]
    fn a_credential_and_plain_http_on_loopback_are_written_as_the_configuration_wants_them() {
        let mut local = answers("crowd", &["everyone"]);
        local.credential = Some("crowd-password".to_owned());
        local.plain_http = true;
        local.values[0].1 = Value::Text("http://127.0.0.1:8095/crowd".to_owned());
        let config = config::parse(&written(&local), Path::new("muster.toml")).unwrap();
        let (_, secret) = config.directories[0].kind.secret_file().unwrap();
        let wanted = config::SecretSource::Credential("crowd-password".to_owned());
        assert_eq!(*secret, wanted);
        let server = config.directories[0].server.as_ref().unwrap();
        assert_eq!(server.url.as_str(), "http://127.0.0.1:8095/crowd");
    }

    #[test]
    fn without_a_rule_the_configuration_warns_that_nobody_is_let_in() {
        let config = config::parse(&written(&answers("fas", &[])), Path::new("x")).unwrap();
        assert_eq!(config.warnings.len(), 1);
    }
}
