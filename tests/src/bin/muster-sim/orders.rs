//! `muster-sim ctl`: orders to a running simulator.

use clap::{Arg, ArgMatches, Command, value_parser};
use muster_tests::sim::control;
use serde_json::{Value, json};

use super::{Failure, path, path_said, text};

pub(super) fn control_command() -> Command {
    Command::new("ctl")
        .about("Gives an order to a running simulator")
        .after_help(
            "muster-sim ctl SOCKET fault down\n\
             muster-sim ctl SOCKET fault slow=500 --below /search --times 2\n\
             muster-sim ctl SOCKET fault none\n\
             muster-sim ctl SOCKET requests\n\
             muster-sim ctl SOCKET remove-user ada\n\
             muster-sim ctl SOCKET send '{\"do\":\"add-user\",\"user\":{\"name\":\"bob\"}}'",
        )
        .subcommand_required(true)
        .arg(path("socket").value_name("SOCKET").required(true))
        .subcommand(
            Command::new("fault")
                .about("Puts a fault in force, or none")
                .arg(Arg::new("fault").required(true))
                .arg(Arg::new("below").long("below").value_name("PATH"))
                .arg(
                    Arg::new("times")
                        .long("times")
                        .value_parser(value_parser!(u64)),
                ),
        )
        .subcommands(ORDERS.iter().map(|(name, about, operands)| {
            let operands = operands
                .iter()
                .map(|operand| Arg::new(*operand).required(true));
            Command::new(*name).about(*about).args(operands)
        }))
        .subcommand(
            Command::new("send")
                .about("Any order, as JSON")
                .arg(Arg::new("order").required(true)),
        )
}

/// The orders that are their name and text operands.
const ORDERS: &[(&str, &str, &[&str])] = &[
    ("ping", "Asks whether it is there", &[]),
    ("requests", "Shows the requests so far", &[]),
    ("forget-requests", "Forgets the requests so far", &[]),
    (
        "forget-servlet-sessions",
        "Forgets servlet sessions, as a restart does",
        &[],
    ),
    (
        "restart",
        "Crowd: forgets what a server's process forgets",
        &[],
    ),
    (
        "set-events",
        "Crowd: tells changes as `absent`, `memory` or `timestamps`; `send` for more",
        &["store"],
    ),
    (
        "expire-events",
        "Crowd: lets the tokens of events expire",
        &[],
    ),
    ("remove-user", "Removes a user", &["name"]),
    (
        "rename-user",
        "Gives a user another name; the key stays",
        &["name", "new"],
    ),
    (
        "set-password",
        "Sets a user's password",
        &["name", "password"],
    ),
    (
        "set-status",
        "FAS: sets a user's status, `active` or another",
        &["name", "status"],
    ),
    (
        "set-ssh-key",
        "FAS: sets a user's SSH keys",
        &["name", "key"],
    ),
    (
        "approve",
        "FAS: makes an applicant a member",
        &["group", "user"],
    ),
    (
        "unapprove",
        "FAS: makes a member an applicant",
        &["group", "user"],
    ),
    ("expire-sessions", "FAS: ends all sessions", &[]),
    (
        "revoke-token",
        "Gafaelfawr: revokes a token and those made from it",
        &["key"],
    ),
    (
        "remove-memberships",
        "apicrud: takes a user out of everything",
        &["name"],
    ),
    (
        "lock",
        "apicrud: locks an account, as five wrong tries do",
        &["name"],
    ),
    (
        "unlock",
        "apicrud: opens an account, as ten minutes do",
        &["name"],
    ),
    ("remove-group", "Removes a group", &["name"]),
    (
        "rename-group",
        "Crowd: gives a group another name",
        &["name", "new"],
    ),
    ("add-member", "Puts a user into a group", &["group", "user"]),
    (
        "remove-member",
        "Takes a user out of a group",
        &["group", "user"],
    ),
    (
        "add-user",
        "Adds a user without a password; `send` for more",
        &["user"],
    ),
];

fn order(name: &str, matches: &ArgMatches) -> Result<Value, Failure> {
    Ok(match name {
        "send" => {
            let order = text(matches, "order").map_or("", String::as_str);
            serde_json::from_str(order).map_err(Failure::NotJson)?
        }
        "fault" => match text(matches, "fault").map(String::as_str) {
            Some("none") => json!({"do": "fault", "faults": []}),
            fault => json!({"do": "fault", "faults": [{
                "fault": fault,
                "below": text(matches, "below"),
                "times": matches.get_one::<u64>("times"),
            }]}),
        },
        "add-user" => json!({"do": name, "user": {"name": text(matches, "user")}}),
        _ => {
            let operands = matches
                .ids()
                .map(|id| (id.to_string(), json!(text(matches, id.as_str()))));
            let verb = ("do".to_owned(), json!(name));
            Value::Object(std::iter::once(verb).chain(operands).collect())
        }
    })
}

pub(super) fn control(matches: &ArgMatches) -> Result<(), Failure> {
    let socket = path_said(matches, "socket");
    let Some((name, matches)) = matches.subcommand() else {
        return Ok(());
    };
    match control::send(socket, &order(name, matches)?)? {
        Value::Null => {}
        Value::Array(lines) => lines.iter().for_each(|line| println!("{line}")),
        value => println!("{value}"),
    }
    Ok(())
}
