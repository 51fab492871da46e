//! `muster crowd session`: sessions of Crowd's single sign-on, validated and ended.

use std::process::ExitCode;
use std::time::Duration;

use muster_common::wire::message::{
    EndSession, SessionToken, ValidateSession, ValidateSessionReply,
};

use crate::ask::ask;
use crate::failure::{EXIT_NO, Failure};
use crate::options::{CrowdCommand, Options, SessionCommand};
use crate::{prompt, show};

/// Longer than a directory may take to answer, unless somebody has set that very high.
const PATIENCE: Duration = Duration::from_secs(60);

/// Does what was asked for with the session whose token is typed.
pub fn run(options: &Options, command: &CrowdCommand) -> Result<ExitCode, Failure> {
    let CrowdCommand::Session { command } = command;
    let token = SessionToken::of(&prompt::secret("Token: ")?);
    match command {
        SessionCommand::Validate {
            directory,
            remote_address,
        } => validate(
            options,
            &ValidateSession {
                directory: directory.clone(),
                remote_address: remote_address.map(|address| address.to_string()),
                token,
            },
        ),
        SessionCommand::End { directory } => end(
            options,
            &EndSession {
                directory: directory.clone(),
                token,
            },
        ),
    }
}

fn validate(options: &Options, call: &ValidateSession) -> Result<ExitCode, Failure> {
    let reply = ask(call, PATIENCE)?;
    if options.json {
        show::json(&reply)?;
    } else {
        println!("{}", sentence(&reply));
    }
    Ok(match reply.valid {
        true => ExitCode::SUCCESS,
        false => ExitCode::from(EXIT_NO),
    })
}

fn end(options: &Options, call: &EndSession) -> Result<ExitCode, Failure> {
    let reply = ask(call, PATIENCE)?;
    if options.json {
        show::json(&reply)?;
    } else {
        println!("the session at {} is over", reply.directory);
    }
    Ok(ExitCode::SUCCESS)
}

fn sentence(reply: &ValidateSessionReply) -> String {
    let directory = &reply.directory;
    let Some(user) = reply.user.as_ref().filter(|_| reply.valid) else {
        return format!(
            "not good: {directory} knows no such session, or it is bound to another address"
        );
    };
    match reply.expires {
        Some(moment) => format!(
            "{user}: good at {directory}, ends {} (@{moment})",
            show::ago(moment)
        ),
        None => format!("{user}: good at {directory}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_is_one_sentence() {
        let bad = ValidateSessionReply {
            directory: "corp".to_owned(),
            ..ValidateSessionReply::default()
        };
        assert!(sentence(&bad).starts_with("not good: corp knows no such session"));
        let good = ValidateSessionReply {
            valid: true,
            user: Some("ada".to_owned()),
            ..bad
        };
        assert_eq!(sentence(&good), "ada: good at corp");
        let ending = ValidateSessionReply {
            expires: Some(1000),
            ..good
        };
        let told = sentence(&ending);
        assert!(told.starts_with("ada: good at corp, ends "), "{told}");
        assert!(told.ends_with(" ago (@1000)"), "{told}");
    }
}
