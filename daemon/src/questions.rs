//! What a directory itself says, for root: one question, its answer in pieces.

use std::sync::Arc;

use muster_common::directory::questions::QuestionError;
use muster_common::directory::{Directory, DirectoryError};
use muster_common::name::DirectoryName;
use muster_common::wire::message::{FasAsk, FasAskReply, error};

use crate::broker::Broker;

/// How much of an answer a reply holds, in bytes: escaped, too, it stays below the wire's cap.
const PIECE: usize = 512 << 10;

/// Why a question was not answered.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// No directory has the name that the call says.
    #[error("no directory of this name is configured")]
    NoDirectory,
    /// The directory that the call means answers no questions, or none does.
    #[error("no such directory answers questions: only FAS does")]
    NoQuestions,
    /// The call leaves open which.
    #[error("several directories answer questions, say which one: {0}")]
    Several(String),
    /// The call goes on with an answer that was not given here.
    #[error("there is no answer here to go on with")]
    NothingHeld,
    /// The directory gave no answer.
    #[error(transparent)]
    Question(#[from] QuestionError),
}

impl AskError {
    /// The error of the wire.
    pub fn name(&self) -> &'static str {
        match self {
            Self::NoDirectory
            | Self::Question(QuestionError::Directory(DirectoryError::NotFound)) => {
                error::NOT_FOUND
            }
            Self::NothingHeld | Self::Question(QuestionError::Unfit(_)) => error::INVALID_PARAMETER,
            Self::NoQuestions | Self::Several(_) | Self::Question(QuestionError::Directory(_)) => {
                error::UNAVAILABLE
            }
        }
    }
}

/// An answer of which a connection has not been given everything.
#[derive(Default)]
pub struct Held(Option<(String, String)>);

/// Answers [`FasAsk`].
pub async fn ask(broker: &Broker, call: &FasAsk, held: &mut Held) -> Result<FasAskReply, AskError> {
    let after = match call.after {
        Some(after) => usize::try_from(after).map_err(|_| AskError::NothingHeld)?,
        None => {
            let (name, directory) = meant(broker, call.directory.as_deref())?;
            let questions = directory.questions().ok_or(AskError::NoQuestions)?;
            let answer = questions.answer(&call.question, &call.arguments).await?;
            held.0 = Some((name.to_string(), answer.to_string()));
            0
        }
    };
    let (directory, text) = held.0.take().ok_or(AskError::NothingHeld)?;
    let rest = text.get(after..).ok_or(AskError::NothingHeld)?;
    let most = PIECE.min(rest.len());
    let end = (0..=most).rfind(|&end| rest.is_char_boundary(end));
    let end = end.unwrap_or(most);
    let (piece, left) = rest.split_at(end);
    let reply = FasAskReply {
        directory: directory.clone(),
        answer: piece.to_owned(),
        more: match left {
            "" => None,
            _ => u64::try_from(after.saturating_add(end)).ok(),
        },
    };
    if reply.more.is_some() {
        held.0 = Some((directory, text));
    }
    Ok(reply)
}

/// The directory that a call means: the one it names, else the only one with questions.
fn meant<'a>(
    broker: &'a Broker,
    name: Option<&str>,
) -> Result<(&'a DirectoryName, Arc<dyn Directory>), AskError> {
    let suits = |directory: &DirectoryName| name.is_none_or(|name| directory.as_str() == name);
    let all = broker.connected.iter().map(|one| (&one.config.name, one));
    let named: Vec<_> = all.filter(|(name, _)| suits(name)).collect();
    if named.is_empty() && name.is_some() {
        return Err(AskError::NoDirectory);
    }
    let answering = named
        .into_iter()
        .map(|(name, one)| (name, one.directory()))
        .filter(|(_, directory)| directory.questions().is_some());
    let found: Vec<_> = answering.collect();
    match found.as_slice() {
        [] => Err(AskError::NoQuestions),
        [(name, directory)] => Ok((*name, Arc::clone(directory))),
        several => {
            let names: Vec<&str> = several.iter().map(|(name, _)| name.as_str()).collect();
            Err(AskError::Several(names.join(", ")))
        }
    }
}
