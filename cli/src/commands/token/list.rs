//! `muster token list` and `muster token show`.

use std::process::ExitCode;

use muster_common::wire::client::{Connection, Deadline};
use muster_common::wire::message::{ListTokens, TokenAccount};

use crate::ask::{QUICK, ask, connect};
use crate::failure::{EXIT_NO, Failure};
use crate::options::{Options, TokenUser};
use crate::show;

/// Lists everybody.
pub fn everybody(options: &Options, directory: Option<&str>) -> Result<ExitCode, Failure> {
    let accounts = read(&mut connect()?, directory)?;
    if options.json {
        show::json(&accounts)?;
        return Ok(ExitCode::SUCCESS);
    }
    let heading = ["USER", "EMAIL", "GROUPS", "TOKEN", "LAST USED"];
    let rows = accounts.iter().map(|one| {
        [
            show::plain(&one.user),
            show::plain(&one.email),
            show::plain(&one.groups.join(",")),
            state(one),
            show::ago(one.last_used.unwrap_or(0)),
        ]
    });
    show::columns(heading, rows);
    Ok(ExitCode::SUCCESS)
}

fn read(
    connection: &mut Connection,
    directory: Option<&str>,
) -> Result<Vec<TokenAccount>, Failure> {
    let mut call = ListTokens {
        directory: directory.map(str::to_owned),
        ..ListTokens::default()
    };
    let mut accounts: Vec<TokenAccount> = Vec::new();
    loop {
        let reply = connection.call(&call, Deadline::after(QUICK))?;
        let more = reply.more && !reply.accounts.is_empty();
        accounts.extend(reply.accounts);
        call.after = accounts.last().map(|one| one.user.clone());
        if !more {
            return Ok(accounts);
        }
    }
}

/// How the token stands, in a few words.
fn state(one: &TokenAccount) -> String {
    let mut words = Vec::new();
    if one.locked {
        words.push("locked".to_owned());
    }
    if one.fixie {
        words.push("fixie-creds'".to_owned());
    }
    if let Some(end) = one.expires {
        let span = show::ago(end);
        let past = span.ends_with("ago");
        words.push(format!(
            "{} {span}",
            if past { "expired" } else { "expires" }
        ));
    }
    match one.uses_left {
        Some(0) => words.push("used up".to_owned()),
        Some(left) => words.push(format!("{left} uses left")),
        None => {}
    }
    match words.is_empty() {
        true => "good".to_owned(),
        false => words.join(", "),
    }
}

/// Shows one account.
pub fn one(options: &Options, who: &TokenUser) -> Result<ExitCode, Failure> {
    let call = ListTokens {
        directory: who.directory.clone(),
        user: Some(who.user.clone()),
        after: None,
    };
    let reply = ask(&call, QUICK)?;
    let Some(one) = reply.accounts.first() else {
        if options.json {
            println!("null");
        } else {
            println!("User '{}' not registered", show::plain(&who.user));
        }
        return Ok(ExitCode::from(EXIT_NO));
    };
    if options.json {
        show::json(one)?;
        return Ok(ExitCode::SUCCESS);
    }
    let uid = one
        .uid
        .map_or_else(|| "derived".to_owned(), |uid| uid.to_string());
    show::table(&[
        ("User", show::plain(&one.user)),
        ("Full name", show::plain(&one.full_name)),
        ("E-mail", show::plain(&one.email)),
        ("Groups", show::plain(&one.groups.join(", "))),
        ("Uid", uid),
        ("Key", show::plain(&one.key)),
        ("Registered", show::ago(one.registered)),
        ("Last used", show::ago(one.last_used.unwrap_or(0))),
        ("Token", state(one)),
        (
            "Password",
            if one.has_password { "yes" } else { "" }.to_owned(),
        ),
        ("Wrong tries", one.failures.to_string()),
    ]);
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tokens_state_says_what_keeps_it_from_serving() {
        let check = |one: TokenAccount, expected: &str| assert_eq!(state(&one), expected);
        let plain = TokenAccount::default;
        check(plain(), "good");
        check(
            TokenAccount {
                locked: true,
                uses_left: Some(0),
                ..plain()
            },
            "locked, used up",
        );
        let expired = TokenAccount {
            expires: Some(1),
            fixie: true,
            ..plain()
        };
        let told = state(&expired);
        assert!(told.starts_with("fixie-creds', expired "), "{told}");
        let good = TokenAccount {
            expires: Some(u64::MAX),
            uses_left: Some(3),
            ..plain()
        };
        let told = state(&good);
        assert!(
            told.starts_with("expires in ") && told.ends_with("3 uses left"),
            "{told}"
        );
    }
}
