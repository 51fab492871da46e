//! Taking in a person by a token of theirs, for directories where nobody can be looked up
//! by name: the first login by ssh wants the name to be known before it asks for anything.

use std::sync::Arc;

use muster_common::directory::{Directory, DirectoryError};
use muster_common::name::NAME_MAX;
use muster_common::secret::Secret;
use muster_common::store::ledger::IdKind;
use muster_common::text;
use muster_common::wire::codec::AnswerError;
use muster_common::wire::message::{Introduce, IntroduceReply, error};

use super::off_the_loop;
use crate::broker::{Broker, Connected};
use crate::lookups::{self, LookupError};
use crate::resolve::{ResolveError, served_user};

/// Why nobody was taken in.
#[derive(Debug, thiserror::Error)]
pub enum IntroduceError {
    /// No directory is called so.
    #[error("no directory of this name is configured")]
    NoDirectory,
    /// Of the directory, or of all, none can say whose a token is.
    #[error("no directory here can say whose a token is")]
    NoneCan,
    /// Several can.
    #[error("several directories can say whose a token is; say which by --directory")]
    Several,
    /// What came cannot be a token.
    #[error(transparent)]
    Token(#[from] AnswerError),
    /// The directory's answer.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    /// It was not kept.
    #[error("{}", .0.line())]
    Kept(#[from] LookupError),
    /// What is served cannot be told.
    #[error(transparent)]
    Resolve(#[from] ResolveError),
}

impl IntroduceError {
    /// The error of the wire.
    pub fn name(&self) -> &'static str {
        match self {
            Self::NoDirectory => error::NOT_FOUND,
            Self::NoneCan | Self::Several | Self::Token(_) => error::INVALID_PARAMETER,
            Self::Directory(_) | Self::Kept(_) | Self::Resolve(_) => error::UNAVAILABLE,
        }
    }
}

/// Answers [`Introduce`].
pub async fn introduce(
    broker: &Arc<Broker>,
    call: &Introduce,
) -> Result<IntroduceReply, IntroduceError> {
    let (connected, directory) = meant(broker, call.directory.as_deref())?;
    let token: Secret = call.token.open()?;
    let sighting = directory.introduce(&token).await;
    broker.note_call(&connected.config.name, sighting.as_ref().err());
    let sighting = match sighting {
        // The token is not good, or its owner has no uid: an answer, and not a failure.
        Err(error) if !error.is_silence() => {
            return Ok(IntroduceReply {
                directory: connected.config.name.to_string(),
                why: Some(why_not(&error)),
                ..IntroduceReply::default()
            });
        }
        sighting => sighting?,
    };
    drop(token);
    let (name, key) = (sighting.person.name.clone(), sighting.person.key.clone());
    let kept = lookups::serve(broker, connected, sighting, &text::safe(&name, NAME_MAX)).await?;
    // A name that was not known a moment ago is.
    broker.lookups.forget();
    let mut reply = IntroduceReply {
        directory: connected.config.name.to_string(),
        user: text::safe(&name, NAME_MAX),
        key: key.to_string(),
        ..IntroduceReply::default()
    };
    if kept.is_none() {
        reply.why =
            Some("this host does not carry them (users and groups of the directory)".into());
        return Ok(reply);
    }
    let asked = (connected.config.name.clone(), name);
    let served = off_the_loop(broker, move |broker| {
        let (directory, name) = asked;
        let served = match served_user(broker, &name) {
            Ok(served) => Some(served),
            Err(ResolveError::NotFound | ResolveError::Gone) => None,
            Err(error) => return Err(error),
        };
        let own = served.filter(|served| {
            let owner = served.user.owner();
            owner.directory == directory && owner.key == key
        });
        let owner = broker.store.owner(IdKind::User, &name)?;
        let is_held = owner.is_some_and(|owner| owner.directory != directory || owner.key != key);
        Ok((own.map(|served| served.record.account.uid.get()), is_held))
    });
    let (uid, is_held) = served.await??;
    reply.uid = uid;
    reply.why = match (uid, is_held) {
        (Some(_), _) => None,
        (None, true) => Some(
            "the name is somebody else's here: `muster name list` shows whose, and `muster name \
             accept` gives it away"
                .into(),
        ),
        (None, false) => Some("`muster status` says why they are not served".into()),
    };
    Ok(reply)
}

fn why_not(error: &DirectoryError) -> String {
    match error {
        DirectoryError::NotFound => "the owner of the token has no uid".to_owned(),
        error => error.to_string(),
    }
}

/// The directory that a call means: the one it names, else the only one that can.
fn meant<'b>(
    broker: &'b Broker,
    name: Option<&str>,
) -> Result<(&'b Connected, Arc<dyn Directory>), IntroduceError> {
    let suits = |one: &&Connected| name.is_none_or(|name| one.config.name.as_str() == name);
    let named: Vec<_> = broker.connected.iter().filter(suits).collect();
    if named.is_empty() && name.is_some() {
        return Err(IntroduceError::NoDirectory);
    }
    let clients = named.into_iter().map(|one| (one, one.directory()));
    let mut able = clients.filter(|(_, directory)| directory.introduces());
    match (able.next(), able.next()) {
        (Some(one), None) => Ok(one),
        (None, _) => Err(IntroduceError::NoneCan),
        (Some(_), Some(_)) => Err(IntroduceError::Several),
    }
}
