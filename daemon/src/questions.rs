//! What a directory itself says, for root: one question, its answer in pieces.

use muster_common::directory::questions::QuestionError;
use muster_common::directory::{Directory, DirectoryError};
use muster_common::wire::message::{FasAsk, FasAskReply, error};

use crate::broker::Broker;
use crate::meant::NotMeant;

/// What is said where no directory that is meant answers questions.
const UNABLE: &str = "no such directory answers questions: only FAS does";
/// How much of an answer a reply holds, in bytes: escaped, too, it stays below the wire's cap.
const PIECE: usize = 512 << 10;

/// Why a question was not answered.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// No directory that answers questions is meant.
    #[error(transparent)]
    NotMeant(#[from] NotMeant),
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
            Self::NotMeant(NotMeant::Unknown)
            | Self::Question(QuestionError::Directory(DirectoryError::NotFound)) => {
                error::NOT_FOUND
            }
            Self::NothingHeld | Self::Question(QuestionError::Unfit(_)) => error::INVALID_PARAMETER,
            Self::NotMeant(_) | Self::Question(QuestionError::Directory(_)) => error::UNAVAILABLE,
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
            let answers = |directory: &dyn Directory| directory.questions().is_some();
            let (connected, directory) =
                broker.meant(call.directory.as_deref(), answers, UNABLE)?;
            let questions = directory.questions().ok_or(NotMeant::Unable(UNABLE))?;
            let answer = questions.answer(&call.question, &call.arguments).await?;
            held.0 = Some((connected.config.name.to_string(), answer.to_string()));
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
