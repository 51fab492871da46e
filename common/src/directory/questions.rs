//! An administrator's questions about what a service itself says, by the names that its
//! own clients give them.

use super::DirectoryError;

/// Why a question has no answer.
#[derive(Debug, thiserror::Error)]
pub enum QuestionError {
    /// There is no such question, or its arguments do not fit: what was wrong.
    #[error("{0}")]
    Unfit(&'static str),
    /// The directory gave none.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
}

/// A directory that answers questions with what it says itself, as JSON.
#[async_trait::async_trait]
pub trait Questions: Send + Sync {
    /// The answer to `question`; there is no hash, token or session in it. Reads only.
    async fn answer(
        &self,
        question: &str,
        arguments: &[String],
    ) -> Result<serde_json::Value, QuestionError>;
}
