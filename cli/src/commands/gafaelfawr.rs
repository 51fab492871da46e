//! `muster gafaelfawr import`: makes somebody known by a token of theirs, before the first login.

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use muster_common::wire::message::{Introduce, IntroduceReply, Password};

use crate::ask::ask;
use crate::failure::{EXIT_NO, Failure};
use crate::options::{GafaelfawrCommand, Options};
use crate::{prompt, show};

/// Longer than a directory may take to answer, unless somebody has set that very high.
const PATIENCE: Duration = Duration::from_secs(60);

/// Takes in the person whose token is typed, or stands in a file.
pub fn run(options: &Options, command: &GafaelfawrCommand) -> Result<ExitCode, Failure> {
    let GafaelfawrCommand::Import { directory, token } = command;
    let token = match token.as_deref() {
        None => prompt::secret("Gafaelfawr token: ")?,
        Some(place) if place == Path::new("-") => prompt::secret("Gafaelfawr token: ")?,
        Some(place) => prompt::secret_in(place)?,
    };
    let call = Introduce {
        directory: directory.clone(),
        token: Password::of(&token),
    };
    drop(token);
    let reply = ask(&call, PATIENCE)?;
    if options.json {
        show::json(&reply)?;
    } else {
        println!("{}", sentence(&reply));
    }
    Ok(match reply.uid {
        Some(_) => ExitCode::SUCCESS,
        None => ExitCode::from(EXIT_NO),
    })
}

fn sentence(reply: &IntroduceReply) -> String {
    let (user, key) = (show::plain(&reply.user), show::plain(&reply.key));
    if reply.user.is_empty() {
        let why = show::plain(reply.why.as_deref().unwrap_or_default());
        return format!("{} names nobody: {why}", reply.directory);
    }
    match (reply.uid, &reply.why) {
        (Some(uid), _) => format!(
            "{user} ({key} of {}) is known with the uid {uid}; the rules decide who may log in",
            reply.directory
        ),
        (None, why) => format!(
            "{user} ({key} of {}) is not served: {}",
            reply.directory,
            show::plain(why.as_deref().unwrap_or("nobody knows why"))
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_is_one_sentence() {
        let known = IntroduceReply {
            directory: "rubin".to_owned(),
            user: "vera".to_owned(),
            key: "key:60001".to_owned(),
            uid: Some(60_001),
            why: None,
        };
        assert!(
            sentence(&known).starts_with("vera (key:60001 of rubin) is known with the uid 60001")
        );
        let held = IntroduceReply {
            uid: None,
            why: Some("held".to_owned()),
            ..known
        };
        assert!(sentence(&held).ends_with("is not served: held"));
    }
}
