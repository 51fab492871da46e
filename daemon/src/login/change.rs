//! A new password: the old one is proved to the directory itself, by its own word and
//! never by a verifier, and what is kept here follows the directory's yes alone.

use std::sync::Arc;

use muster_common::directory::passwords::Change;
use muster_common::directory::{Directory, DirectoryError};
use muster_common::secret::Secret;
use muster_common::text::{self, with_causes};
use muster_common::wire::message::{Begin, Outcome};

use super::judge::{Asked, Unreached, ask, directory_of, no, password_page, shut_out, throttled};
use super::tries::Try;
use super::{Judgement, Pending, aftermath, hold_refusal, log_ending, whose};
use crate::broker::Broker;

/// The longest text that is passed on from the directory, in bytes.
const TEXT_MAX: usize = 300;

/// What is known of the change so far.
#[derive(Debug)]
pub enum NewPassword {
    /// Nothing: can this person's password be changed from here?
    Possible,
    /// The present password: is it the right one?
    Proved(Secret),
    /// Both.
    Wanted {
        /// The present password.
        old: Secret,
        /// The one that shall be.
        new: Secret,
    },
}

/// Goes as far as `wanted` leads, on account of `account`, and logs what came of it.
pub async fn change(
    broker: &Arc<Broker>,
    account: u32,
    begin: &Begin,
    wanted: NewPassword,
) -> Judgement {
    let started = tokio::time::Instant::now();
    let judgement = match whose(broker, account, begin).await {
        Ok(pending) => decide(broker, &pending, wanted).await,
        Err(judgement) => judgement,
    };
    log_ending(begin, &judgement);
    hold_refusal(started, &judgement).await;
    judgement
}

async fn decide(broker: &Arc<Broker>, pending: &Pending, wanted: NewPassword) -> Judgement {
    let directory = match directory_of(broker, pending) {
        Ok(directory) => directory,
        Err(judgement) => return judgement,
    };
    if let Some(judgement) = shut_out(broker, pending) {
        return judgement;
    }
    if directory.passwords().is_none() {
        return cannot_change(broker, pending);
    }
    match wanted {
        NewPassword::Possible => {
            Judgement::new(Outcome::Granted, "the password can be changed from here")
        }
        NewPassword::Proved(old) => {
            match ask(broker, pending, old.into(), Unreached::Nobody).await {
                Asked::Verified(..) => Judgement::new(
                    Outcome::Granted,
                    "the directory accepted the present password",
                ),
                Asked::CodeWanted(_) => Judgement::new(
                    Outcome::CannotChange,
                    "the directory wants a one-time code before it takes a new password",
                ),
                Asked::Judged(judgement) => judgement,
            }
        }
        NewPassword::Wanted { old, new } => send(broker, pending, directory, old, new).await,
    }
}

fn cannot_change(broker: &Broker, pending: &Pending) -> Judgement {
    let message = password_page(broker, pending)
        .map(|page| format!("This password is not changed from here: change it at {page}"));
    Judgement {
        message,
        ..Judgement::new(
            Outcome::CannotChange,
            "the directory takes no new password from a host",
        )
    }
}

async fn send(
    broker: &Arc<Broker>,
    pending: &Pending,
    directory: Arc<dyn Directory>,
    old: Secret,
    new: Secret,
) -> Judgement {
    let Some(passwords) = directory.passwords() else {
        return cannot_change(broker, pending);
    };
    let tried = match Try::admit(broker, pending).await {
        Ok(tried) => tried,
        Err(refusal) => return throttled(&refusal),
    };
    let sequence = broker.store.next_sequence();
    let user = &pending.served.user;
    let changed = passwords.change(user.name(), user.key(), &old, &new).await;
    broker.note_call(&user.owner().directory, failure(&changed));
    match changed {
        Ok(Change::Done) => {
            tried.accepted();
            broker.vouched_by(&user.owner().directory);
            aftermath::forget_verifier(broker, user.owner(), sequence);
            let later = broker.store.next_sequence();
            aftermath::keep_verifier(broker, pending, None, Arc::new(new), later);
            Judgement::new(Outcome::Granted, "the directory has the new password")
        }
        Ok(Change::SomebodyElse) => Judgement::new(
            Outcome::Mismatch,
            "the present password is another person's who has the name by now",
        ),
        Ok(Change::Unfit { message }) => unfit(&message),
        Ok(Change::InDoubt(error)) => {
            // The old password must not go on opening this host if it is the old one by now.
            aftermath::forget_verifier(broker, user.owner(), sequence);
            Judgement::new(Outcome::InDoubt, with_causes(&error))
        }
        Err(error) => no(
            broker,
            pending,
            &tried,
            Arc::clone(&directory),
            Arc::new(old),
            error,
            sequence,
        ),
    }
}

fn failure(changed: &Result<Change, DirectoryError>) -> Option<&DirectoryError> {
    match changed {
        Ok(Change::InDoubt(error)) | Err(error) => Some(error),
        Ok(_) => None,
    }
}

fn unfit(message: &str) -> Judgement {
    let said = text::safe(message.trim(), TEXT_MAX);
    let message = match said.as_str() {
        "" => "The directory does not take this password.".to_owned(),
        said => format!("The directory does not take this password: {said}"),
    };
    Judgement {
        message: Some(message),
        ..Judgement::new(
            Outcome::Unfit,
            "the directory does not take the new password",
        )
    }
}
