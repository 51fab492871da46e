//! `muster token`: the host's own registry. The broker keeps it; nothing here opens its files.

mod fixie;
mod list;

use std::process::ExitCode;
use std::time::Duration;

use muster_common::secret::Secret;
use muster_common::wire::message::{
    Call, DeregisterToken, Password, RegisterToken, ResetToken, SetTokenGroups, SetTokenPassword,
    TokenReply, UnlockToken, VerifyToken,
};
use serde_json::json;

use crate::ask::{LONG, ask};
use crate::failure::{EXIT_COULD_NOT_ASK, EXIT_NO, Failure};
use crate::options::{Options, TokenCommand, TokenOrder, TokenUser};
use crate::{prompt, show};

/// Does what was typed.
pub fn run(options: &Options, command: &TokenCommand) -> Result<ExitCode, Failure> {
    match command {
        TokenCommand::Register {
            user,
            email,
            full_name,
            uid,
            groups,
            order,
            directory,
        } => {
            let call = RegisterToken {
                directory: directory.clone(),
                user: user.clone(),
                email: email.clone(),
                full_name: full_name.clone(),
                uid: *uid,
                groups: groups.clone(),
                expires_after: seconds(order),
                uses: order.uses,
                fixie: order.fixie.then_some(true),
            };
            settle(options, &call)
        }
        TokenCommand::Reset {
            user,
            email,
            order,
            directory,
        } => {
            let call = ResetToken {
                directory: directory.clone(),
                user: user.clone(),
                email: email.clone(),
                expires_after: seconds(order),
                uses: order.uses,
                fixie: order.fixie.then_some(true),
            };
            settle(options, &call)
        }
        TokenCommand::Verify(who) => verify(options, who),
        TokenCommand::Deregister(TokenUser { user, directory }) => {
            let (directory, user) = (directory.clone(), user.clone());
            settle(options, &DeregisterToken { directory, user })
        }
        TokenCommand::Unlock(TokenUser { user, directory }) => {
            let (directory, user) = (directory.clone(), user.clone());
            settle(options, &UnlockToken { directory, user })
        }
        TokenCommand::Groups {
            user,
            groups,
            directory,
        } => {
            let call = SetTokenGroups {
                directory: directory.clone(),
                user: user.clone(),
                groups: groups.clone(),
            };
            settle(options, &call)
        }
        TokenCommand::Passwd { who, remove } => passwd(options, who, *remove),
        TokenCommand::List { directory } => list::everybody(options, directory.as_deref()),
        TokenCommand::Show(who) => list::one(options, who),
        TokenCommand::ImportFixie { folder, directory } => {
            fixie::import(options, folder, directory.as_deref())
        }
        TokenCommand::ExportFixie { folder, directory } => {
            fixie::export(options, folder, directory.as_deref())
        }
    }
}

fn seconds(order: &TokenOrder) -> Option<u64> {
    order.expires.map(|span: Duration| span.as_secs())
}

fn verify(options: &Options, who: &TokenUser) -> Result<ExitCode, Failure> {
    let token = prompt::secret("Token: ")?;
    let call = VerifyToken {
        directory: who.directory.clone(),
        user: who.user.clone(),
        token: Password::of(&token),
    };
    settle(options, &call)
}

fn passwd(options: &Options, who: &TokenUser, remove: bool) -> Result<ExitCode, Failure> {
    let password = match remove {
        true => None,
        false => Some(Password::of(&prompt::new_secret("New password")?)),
    };
    let call = SetTokenPassword {
        directory: who.directory.clone(),
        user: who.user.clone(),
        password,
    };
    settle(options, &call)
}

/// Makes the call and shows its three parts. A token goes to standard output alone, so that
/// it can be caught there; sentences beside it go to standard error.
fn settle<C: Call<Reply = TokenReply>>(options: &Options, call: &C) -> Result<ExitCode, Failure> {
    let reply = ask(call, LONG)?;
    let token = match &reply.token {
        Some(token) => token.open().ok(),
        None => None,
    };
    let token = token.as_ref().and_then(Secret::expose_text);
    if options.json {
        show::json(&json!({
            "valid": reply.valid,
            "message": reply.message,
            "completed": reply.completed,
            "token": token,
            "uid": reply.uid,
            "note": reply.note,
        }))?;
        return Ok(code(&reply));
    }
    let message = match reply.uid {
        Some(uid) => format!("{}; the uid is {uid}", show::plain(&reply.message)),
        None => show::plain(&reply.message),
    };
    match token {
        Some(token) => {
            eprintln!("{message}. The token is shown this once:");
            println!("{token}");
        }
        None => println!("{message}"),
    }
    if let Some(note) = &reply.note {
        eprintln!("note: {}", show::plain(note));
    }
    Ok(code(&reply))
}

fn code(reply: &TokenReply) -> ExitCode {
    match (reply.completed, reply.valid) {
        (true, true) => ExitCode::SUCCESS,
        (true, false) => ExitCode::from(EXIT_NO),
        (false, _) => ExitCode::from(EXIT_COULD_NOT_ASK),
    }
}
