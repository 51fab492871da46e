//! muster(1), from the table that the command line's own help comes from.

use clap::{Arg, Command, CommandFactory};
use muster_cli::doctor::catalogue::checks;
use muster_cli::options::Options;

use crate::page::Page;

/// The page of the command line.
pub(crate) fn page() -> Page {
    let mut command = Options::command();
    command.build();
    let about = command
        .get_about()
        .map(ToString::to_string)
        .unwrap_or_default();
    let mut page = Page::new("muster", "1", &lower_first(&about));
    page.heading("SYNOPSIS")
        .paragraph("`muster` [`--json`] COMMAND [ARGUMENT …]")
        .heading("DESCRIPTION")
        .paragraph(
            "Asks the broker of this host, musterd(8), and shows its answer. Everybody may look users and groups up; \
             what is marked (root) is for root only.",
        )
        .heading("OPTIONS");
    arguments(&mut page, &command);
    page.heading("COMMANDS");
    for sub in command
        .get_subcommands()
        .filter(|sub| sub.get_name() != "help")
    {
        describe(&mut page, "muster", sub);
    }
    page.heading("CHECKS OF DOCTOR");
    for check in checks() {
        page.term(check.name, "", &sentence(check.examines));
    }
    let codes = command
        .get_after_help()
        .map(ToString::to_string)
        .unwrap_or_default();
    page.heading("EXIT STATUS");
    for (code, meaning) in codes
        .lines()
        .skip(1)
        .filter_map(|line| line.trim().split_once("  "))
    {
        page.term(code, "", meaning);
    }
    page.see_also(&[
        ("muster.toml", "5"),
        ("musterd", "8"),
        ("muster-publish", "8"),
        ("nss_muster", "8"),
        ("pam_muster", "8"),
    ])
}

/// A command with its words and options, or each of the commands below it.
fn describe(page: &mut Page, above: &str, command: &Command) {
    let name = format!("{above} {}", command.get_name());
    let below: Vec<&Command> = command
        .get_subcommands()
        .filter(|sub| sub.get_name() != "help")
        .collect();
    if below.is_empty() {
        page.subheading(&usage(&name, command));
        about(page, command);
        arguments(page, command);
    }
    for sub in below {
        describe(page, &name, sub);
    }
}

fn about(page: &mut Page, command: &Command) {
    let said = command.get_long_about().or_else(|| command.get_about());
    let text = said.map(ToString::to_string).unwrap_or_default();
    for paragraph in text.split("\n\n") {
        page.paragraph(&sentence(paragraph));
    }
}

fn arguments(page: &mut Page, command: &Command) {
    let own = command
        .get_arguments()
        .filter(|one| !matches!(one.get_id().as_str(), "help" | "version"))
        .filter(|one| !(one.is_global_set() && command.get_name() != "muster"));
    for argument in own {
        let (term, value) = spelling(argument);
        page.term(&term, &value, &says(argument));
    }
}

fn usage(name: &str, command: &Command) -> String {
    let words: Vec<String> = command
        .get_positionals()
        .map(|one| match one.is_required_set() {
            true => placeholder(one),
            false => format!("[{}]", placeholder(one)),
        })
        .collect();
    let options = command.get_opts().next().map(|_| "[OPTION …]".to_owned());
    [name.to_owned()]
        .into_iter()
        .chain(options)
        .chain(words)
        .collect::<Vec<_>>()
        .join(" ")
}

fn spelling(argument: &Arg) -> (String, String) {
    match argument.get_long() {
        Some(long) if argument.get_action().takes_values() => {
            (format!("--{long}"), placeholder(argument))
        }
        Some(long) => (format!("--{long}"), String::new()),
        None => (placeholder(argument), String::new()),
    }
}

fn placeholder(argument: &Arg) -> String {
    let names = argument.get_value_names().unwrap_or_default();
    match names {
        [] => argument.get_id().as_str().to_uppercase(),
        names => names
            .iter()
            .map(|name| name.as_str())
            .collect::<Vec<_>>()
            .join(" "),
    }
}

/// What the argument is for, its values and what stands where it is left out.
fn says(argument: &Arg) -> String {
    let said = argument.get_long_help().or_else(|| argument.get_help());
    let mut text = sentence(&said.map(ToString::to_string).unwrap_or_default());
    let values: Vec<String> = argument
        .get_possible_values()
        .iter()
        .map(|value| value.get_name().to_owned())
        .collect();
    if argument.get_action().takes_values() && !values.is_empty() {
        text.push_str(&format!(" One of {}.", values.join(", ")));
    }
    let stands: Vec<String> = argument
        .get_default_values()
        .iter()
        .map(|value| value.to_string_lossy().into_owned())
        .filter(|value| !value.is_empty())
        .collect();
    if argument.get_action().takes_values() && !stands.is_empty() {
        text.push_str(&format!(" Default: `{}`.", stands.join(" ")));
    }
    text
}

fn sentence(text: &str) -> String {
    let text = text.trim().replace('\n', " ");
    match text.ends_with(['.', ':', '?']) || text.is_empty() {
        true => text,
        false => format!("{text}."),
    }
}

fn lower_first(text: &str) -> String {
    let mut letters = text.chars();
    letters
        .next()
        .map(|first| first.to_lowercase().chain(letters).collect())
        .unwrap_or_default()
}
