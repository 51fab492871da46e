//! `muster login-test`: the dialogue that PAM leads, on the terminal, without a session.

use std::process::ExitCode;
use std::time::Duration;

use muster_common::wire::client::{Connection, Deadline, Patience};
use muster_common::wire::message::{Answer, Begin, Call, Outcome, Step};
use serde_json::json;

use crate::ask::connect;
use crate::failure::{EXIT_COULD_NOT_ASK, EXIT_NO, Failure};
use crate::options::Options;
use crate::prompt;

/// No judgement takes longer.
const OVERALL: Duration = Duration::from_secs(90);

/// Leads the dialogue and shows the verdict.
pub fn run(options: &Options, user: &str, service: &str) -> Result<ExitCode, Failure> {
    let begin = Begin {
        service: service.to_owned(),
        user: user.to_owned(),
        tty: Some("login-test".to_owned()),
        remote_host: None,
        calling_uid: rustix::process::getuid().as_raw(),
    };
    let mut connection = connect()?;
    let mut end = last_step(&mut connection, &begin)?;
    while let Step::Prompt { text, .. } = &end {
        let answer = Answer::of(&prompt::secret(text)?);
        end = last_step(&mut connection, &answer)?;
    }
    let Step::Verdict { outcome, message } = end else {
        return Err(Failure::NoVerdict);
    };
    if options.json {
        println!(
            "{}",
            json!({ "user": user, "service": service, "outcome": outcome, "message": message })
        );
    } else {
        println!("{user}: {}", sentence(outcome));
        message.iter().for_each(|message| println!("  {message}"));
    }
    Ok(code(outcome))
}

/// The prompt or verdict that ends a stream; messages on the way are shown.
fn last_step<C: Call<Reply = Step>>(
    connection: &mut Connection,
    call: &C,
) -> Result<Step, Failure> {
    let patience = Patience::until(Deadline::after(OVERALL));
    let mut last = Step::Working;
    for step in connection.stream(call, patience)? {
        last = step?;
        if let Step::Message { text } = &last {
            eprintln!("{text}");
        }
    }
    Ok(last)
}

fn sentence(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Granted => "granted",
        Outcome::GrantedOffline => "granted offline: the directory cannot be reached",
        Outcome::WrongSecret => "refused: the password is wrong",
        Outcome::NotOurs => "not a user of muster's: other PAM modules decide",
        Outcome::Gone => "refused: was served once and is gone",
        Outcome::NotAllowed => "refused: the access rules say no (see `muster explain`)",
        Outcome::Locked => "refused: the directory has locked or disabled the account",
        Outcome::SecretExpired => {
            "refused: the password has expired and must be changed at the directory"
        }
        Outcome::Throttled => "refused: too many wrong tries; wait",
        Outcome::Unavailable => "cannot be decided: see `muster status`",
        Outcome::Misconfigured => {
            "cannot be decided: the directory refuses muster's own credentials (see `muster status`)"
        }
        Outcome::Mismatch => {
            "refused: the directory's answer is about somebody else (see the broker's log)"
        }
        Outcome::CannotChange | Outcome::Unfit | Outcome::InDoubt => {
            "cannot be decided: the broker answered as if a password were to be changed"
        }
    }
}

fn code(outcome: Outcome) -> ExitCode {
    match outcome {
        Outcome::Granted | Outcome::GrantedOffline => ExitCode::SUCCESS,
        Outcome::Unavailable | Outcome::Misconfigured | Outcome::InDoubt => {
            ExitCode::from(EXIT_COULD_NOT_ASK)
        }
        _ => ExitCode::from(EXIT_NO),
    }
}
