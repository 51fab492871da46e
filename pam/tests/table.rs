//! The table of outcomes in ARCHITECTURE.md is the one that the module answers by.

#![allow(
    clippy::unwrap_used,
    reason = "clippy's allowance for tests does not reach their helpers"
)]

use std::fmt::Write as _;
use std::path::Path;

use muster_common::wire::message::Outcome;
use pam_muster::outcome::{Decision, Pass, Stack, row};

const BEGIN: &str = "<!-- outcomes: begin -->\n";
const END: &str = "<!-- outcomes: end -->";

fn table() -> String {
    let mut text = String::from(
        "| outcome | auth | account | password | what the person is told | log |\n|---|---|---|---|---|---|\n",
    );
    for outcome in Outcome::ALL {
        let of = |stack| row(stack, Decision::Outcome(outcome));
        let [auth, account, password] =
            [Stack::Auth, Stack::Account, Stack::Password(Pass::Update)].map(of);
        let name = serde_json::to_value(outcome).unwrap();
        let told = auth.person.unwrap_or("");
        writeln!(
            text,
            "| {} | PAM_{} | PAM_{} | PAM_{} | {told} | {} |",
            name.as_str().unwrap(),
            auth.code,
            account.code,
            password.code,
            auth.log
        )
        .unwrap();
    }
    text
}

#[test]
fn the_architecture_shows_the_table_of_outcomes_as_it_is() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../ARCHITECTURE.md");
    let text = std::fs::read_to_string(&path).unwrap();
    let (before, rest) = text.split_once(BEGIN).unwrap();
    let (shown, after) = rest.split_once(END).unwrap();
    if std::env::var_os("UPDATE_GOLDENS").is_some() {
        let anew = [before, BEGIN, &table(), END, after].concat();
        std::fs::write(&path, anew).unwrap();
        return;
    }
    assert_eq!(
        shown,
        table(),
        "UPDATE_GOLDENS=1 cargo test -p muster-pam --test table"
    );
}
