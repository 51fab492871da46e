//! Sessions of a directory's single sign-on, for root: validated and ended.
//!
//! The token comes over root's socket, is in memory only, and stands in no log line.

use std::net::AddrParseError;
use std::sync::Arc;

use muster_common::directory::sessions::Factors;
use muster_common::directory::{Directory, DirectoryError};
use muster_common::wire::codec::AnswerError;
use muster_common::wire::message::{
    EndSession, EndSessionReply, ValidateSession, ValidateSessionReply, error,
};

use crate::broker::{Broker, Connected};
use crate::meant::NotMeant;

/// What is said where no directory that is meant has sessions.
const UNABLE: &str = "no such directory knows sessions: only Crowd does";
/// How much of a server's name for a person is shown, in bytes.
const NAME_MAX: usize = 255;

/// Why a session was neither validated nor ended.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// No directory with sessions is meant.
    #[error(transparent)]
    NotMeant(#[from] NotMeant),
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
            Self::NotMeant(NotMeant::Unknown) => error::NOT_FOUND,
            Self::Address(_) | Self::Token(_) => error::INVALID_PARAMETER,
            Self::NotMeant(_) | Self::Directory(_) => error::UNAVAILABLE,
        }
    }
}

/// Answers [`ValidateSession`].
pub async fn validate(
    broker: &Broker,
    call: &ValidateSession,
) -> Result<ValidateSessionReply, SessionError> {
    let (connected, directory) = meant(broker, call.directory.as_deref())?;
    let sessions = directory.sessions().ok_or(NotMeant::Unable(UNABLE))?;
    let token = call.token.open()?;
    let factors = match &call.remote_address {
        Some(text) => Factors::remote_address(text.parse()?),
        None => Factors::none(),
    };
    let directory = connected.config.name.to_string();
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
    let (connected, directory) = meant(broker, call.directory.as_deref())?;
    let sessions = directory.sessions().ok_or(NotMeant::Unable(UNABLE))?;
    sessions.end(&call.token.open()?).await?;
    let directory = connected.config.name.to_string();
    log::info!("root ended a session at {directory}");
    Ok(EndSessionReply { directory })
}

fn meant<'a>(
    broker: &'a Broker,
    name: Option<&str>,
) -> Result<(&'a Connected, Arc<dyn Directory>), NotMeant> {
    broker.meant(name, |directory| directory.sessions().is_some(), UNABLE)
}
