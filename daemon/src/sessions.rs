//! Sessions of a directory's single sign-on, for root: validated and ended.
//!
//! The token comes over root's socket, is in memory only, and stands in no log line.

use std::net::AddrParseError;
use std::sync::Arc;

use muster_common::directory::sessions::Factors;
use muster_common::directory::{Directory, DirectoryError};
use muster_common::name::DirectoryName;
use muster_common::wire::codec::AnswerError;
use muster_common::wire::message::{
    EndSession, EndSessionReply, ValidateSession, ValidateSessionReply, error,
};

use crate::broker::Broker;

/// How much of a server's name for a person is shown, in bytes.
const NAME_MAX: usize = 255;

/// Why a session was neither validated nor ended.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// No directory has the name that the call says.
    #[error("no directory of this name is configured")]
    NoDirectory,
    /// The directory that the call means has no sessions, or none has.
    #[error("no such directory knows sessions: only Crowd does")]
    NoSessions,
    /// The call leaves open which.
    #[error("several directories know sessions, say which one: {0}")]
    Several(String),
    /// What should be an address is none.
    #[error("the remote address cannot be one")]
    Address(#[from] AddrParseError),
    /// What should be a token is none.
    #[error("the token cannot be one")]
    Token(#[from] AnswerError),
    /// The directory gave no answer to believe.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
}

impl SessionError {
    /// The error of the wire.
    pub fn name(&self) -> &'static str {
        match self {
            Self::NoDirectory => error::NOT_FOUND,
            Self::Address(_) | Self::Token(_) => error::INVALID_PARAMETER,
            Self::NoSessions | Self::Several(_) | Self::Directory(_) => error::UNAVAILABLE,
        }
    }
}

/// Answers [`ValidateSession`].
pub async fn validate(
    broker: &Broker,
    call: &ValidateSession,
) -> Result<ValidateSessionReply, SessionError> {
    let (name, directory) = meant(broker, call.directory.as_deref())?;
    let sessions = directory.sessions().ok_or(SessionError::NoSessions)?;
    let token = call.token.open()?;
    let factors = match &call.remote_address {
        Some(text) => Factors::remote_address(text.parse()?),
        None => Factors::none(),
    };
    let directory = name.to_string();
    match sessions.validate(&token, &factors).await {
        Ok(session) => Ok(ValidateSessionReply {
            directory,
            valid: true,
            user: Some(muster_common::text::safe(&session.name, NAME_MAX)),
            expires: session.expires.map(|time| time.unix()),
        }),
        Err(error) if error.is_silence() => Err(error.into()),
        // Unknown, over, bound to something else, or the person is locked or gone.
        Err(_) => Ok(ValidateSessionReply {
            directory,
            ..ValidateSessionReply::default()
        }),
    }
}

/// Answers [`EndSession`].
pub async fn end(broker: &Broker, call: &EndSession) -> Result<EndSessionReply, SessionError> {
    let (name, directory) = meant(broker, call.directory.as_deref())?;
    let sessions = directory.sessions().ok_or(SessionError::NoSessions)?;
    sessions.end(&call.token.open()?).await?;
    log::info!("root ended a session at {name}");
    Ok(EndSessionReply {
        directory: name.to_string(),
    })
}

/// The directory that a call means: the one it names, else the only one with sessions.
fn meant<'a>(
    broker: &'a Broker,
    name: Option<&str>,
) -> Result<(&'a DirectoryName, Arc<dyn Directory>), SessionError> {
    let suits = |directory: &DirectoryName| name.is_none_or(|name| directory.as_str() == name);
    let all = broker.connected.iter().map(|one| (&one.config.name, one));
    let named: Vec<_> = all.filter(|(name, _)| suits(name)).collect();
    if named.is_empty() && name.is_some() {
        return Err(SessionError::NoDirectory);
    }
    let with_sessions = named
        .into_iter()
        .map(|(name, one)| (name, one.directory()))
        .filter(|(_, directory)| directory.sessions().is_some());
    let found: Vec<_> = with_sessions.collect();
    match found.as_slice() {
        [] => Err(SessionError::NoSessions),
        [(name, directory)] => Ok((*name, Arc::clone(directory))),
        several => {
            let names: Vec<&str> = several.iter().map(|(name, _)| name.as_str()).collect();
            Err(SessionError::Several(names.join(", ")))
        }
    }
}
