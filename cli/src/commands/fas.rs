//! `muster fas`: what a FAS directory says itself, asked by the broker in its session.

use std::process::ExitCode;
use std::time::Duration;

use clap::ValueEnum;
use muster_common::wire::client::Deadline;
use muster_common::wire::message::FasAsk;
use serde_json::Value;

use crate::ask::{LONG, connect};
use crate::failure::Failure;
use crate::options::{FasCommand, FasQuestion, Options};
use crate::show;

/// How long the later pieces of an answer may take.
const QUICK: Duration = Duration::from_secs(30);

/// Asks and shows the answer.
pub fn run(options: &Options, command: &FasCommand) -> Result<ExitCode, Failure> {
    let (question, arguments) = call(&command.question);
    let mut ask = FasAsk {
        directory: command.directory.clone(),
        question: question.to_owned(),
        arguments,
        after: None,
    };
    let mut connection = connect()?;
    let mut text = String::new();
    let mut patience = LONG;
    loop {
        let piece = connection.call(&ask, Deadline::after(patience))?;
        text.push_str(&piece.answer);
        ask.after = piece.more;
        patience = QUICK;
        if ask.after.is_none() {
            break;
        }
    }
    let answer: Value = serde_json::from_str(&text).map_err(std::io::Error::from)?;
    if options.json {
        show::json(&answer)?;
    } else {
        print(&answer, 0);
    }
    Ok(ExitCode::SUCCESS)
}

/// The question as the wire has it: python-fedora's name and its arguments.
fn call(question: &FasQuestion) -> (&'static str, Vec<String>) {
    match question {
        FasQuestion::PersonByUsername { name } => ("person_by_username", vec![name.clone()]),
        FasQuestion::PersonById { id } => ("person_by_id", vec![id.to_string()]),
        FasQuestion::PeopleByKey { search, key, field } => {
            let arguments = [word(key), search.clone()].into_iter();
            let arguments = arguments.chain(field.iter().cloned());
            ("people_by_key", arguments.collect())
        }
        FasQuestion::PeopleByGroupname { group } => ("people_by_groupname", vec![group.clone()]),
        FasQuestion::PeopleQuery {
            columns,
            constraints,
        } => {
            let arguments = std::iter::once(columns).chain(constraints).cloned();
            ("people_query", arguments.collect())
        }
        FasQuestion::GroupByName { name } => ("group_by_name", vec![name.clone()]),
        FasQuestion::GroupById { id } => ("group_by_id", vec![id.to_string()]),
        FasQuestion::GroupMembers { group } => ("group_members", vec![group.clone()]),
        FasQuestion::GroupList {
            search,
            with_members,
        } => (
            "group_list",
            flagged(Some(search), *with_members, "with_members"),
        ),
        FasQuestion::GroupData { force_refresh } => {
            ("group_data", flagged(None, *force_refresh, "force_refresh"))
        }
        FasQuestion::UserData => ("user_data", Vec::new()),
        FasQuestion::UserId => ("user_id", Vec::new()),
        FasQuestion::GetConfig {
            person,
            application,
            attribute,
        } => (
            "get_config",
            vec![person.clone(), application.clone(), attribute.clone()],
        ),
        FasQuestion::GetConfigsLike {
            person,
            application,
            pattern,
        } => (
            "get_configs_like",
            vec![person.clone(), application.clone(), pattern.clone()],
        ),
        FasQuestion::AvatarUrl { name, service } => {
            ("avatar_url", vec![name.clone(), word(service)])
        }
    }
}

fn flagged(first: Option<&String>, flag: bool, word: &str) -> Vec<String> {
    let flag = flag.then(|| word.to_owned());
    first.cloned().into_iter().chain(flag).collect()
}

/// The word that is typed for a value.
fn word(value: &impl ValueEnum) -> String {
    let typed = value.to_possible_value();
    typed.map_or_else(String::new, |value| value.get_name().to_owned())
}

/// Prints an answer: names and values, what is inside further to the right, nulls left out.
fn print(answer: &Value, depth: usize) {
    let margin = "  ".repeat(depth);
    match answer {
        Value::Object(entries) => {
            for (name, value) in entries.iter().filter(|(_, value)| !value.is_null()) {
                match line(value) {
                    Some(text) => println!("{margin}{}: {text}", show::plain(name)),
                    None => {
                        println!("{margin}{}:", show::plain(name));
                        print(value, depth.saturating_add(1));
                    }
                }
            }
        }
        Value::Array(values) => {
            for value in values {
                match line(value) {
                    Some(text) => println!("{margin}{text}"),
                    None => {
                        print(value, depth);
                        println!();
                    }
                }
            }
        }
        value => println!("{margin}{}", line(value).unwrap_or_default()),
    }
}

/// What fits into one line.
fn line(value: &Value) -> Option<String> {
    match value {
        Value::Object(entries) if !entries.is_empty() => None,
        Value::Array(values)
            if values
                .iter()
                .any(|value| value.is_object() || value.is_array()) =>
        {
            None
        }
        Value::Array(values) => {
            let texts: Vec<String> = values.iter().filter_map(line).collect();
            Some(texts.join(" "))
        }
        Value::Object(_) => Some("none".to_owned()),
        Value::Null => Some("nothing".to_owned()),
        Value::String(text) => Some(show::plain(text)),
        value => Some(value.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_goes_out_with_the_name_and_arguments_of_python_fedora() {
        let check = |question: &FasQuestion, expected: &str, arguments: &[&str]| {
            let (name, said) = call(question);
            assert_eq!(
                (name, said.as_slice()),
                (expected, arguments.map_strings().as_slice())
            );
        };
        check(&FasQuestion::PersonById { id: 7 }, "person_by_id", &["7"]);
        let by_key = FasQuestion::PeopleByKey {
            search: "a*".to_owned(),
            key: ValueEnum::from_str("email", false).unwrap(),
            field: vec!["status".to_owned()],
        };
        check(&by_key, "people_by_key", &["email", "a*", "status"]);
        for (with_members, arguments) in [(false, &["*"][..]), (true, &["*", "with_members"])] {
            let search = "*".to_owned();
            let list = FasQuestion::GroupList {
                search,
                with_members,
            };
            check(&list, "group_list", arguments);
        }
        let refresh = FasQuestion::GroupData {
            force_refresh: true,
        };
        check(&refresh, "group_data", &["force_refresh"]);
    }

    #[test]
    fn what_somebody_typed_into_fas_cannot_steer_a_terminal() {
        let text = line(&Value::from("a\u{1b}[2Jb\nc")).unwrap();
        assert!(!text.contains('\u{1b}') && !text.contains('\n'), "{text:?}");
        let list = serde_json::json!(["a", 1, true]);
        assert_eq!(line(&list).as_deref(), Some("a 1 true"));
        assert_eq!(line(&serde_json::json!({"a": 1})), None);
    }

    trait Strings {
        fn map_strings(&self) -> Vec<String>;
    }

    impl Strings for [&str] {
        fn map_strings(&self) -> Vec<String> {
            self.iter().map(|text| (*text).to_owned()).collect()
        }
    }
}
