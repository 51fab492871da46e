//! A person's new password, for directories that take one from a host.

use super::{DirectoryError, ImmutableKey};
use crate::name::UserName;
use crate::secret::Secret;

/// What became of a new password.
#[derive(Debug)]
pub enum Change {
    /// The directory has it.
    Done,
    /// The old password is right, but it is another person's who has the name by now:
    /// nothing was changed.
    SomebodyElse,
    /// The directory does not want this new password: nothing was changed.
    Unfit {
        /// Why, in the server's words for the person: stripped and capped, perhaps empty.
        message: String,
    },
    /// It was sent, and nothing believable came back: either password may be the right one.
    InDoubt(DirectoryError),
}

/// A directory where people can change their passwords by proving the old one.
#[async_trait::async_trait]
pub trait Passwords: Send + Sync {
    /// Gives the person `name`, whose key is `key`, the password `new` if `old` is right.
    ///
    /// An error means that nothing was changed: *Refused*, *Locked*, *SecretExpired* and
    /// *NotFound* are about the person and the old password, *Misconfigured* is a missing
    /// permission of ours. Never retried.
    async fn change(
        &self,
        name: &UserName,
        key: &ImmutableKey,
        old: &Secret,
        new: &Secret,
    ) -> Result<Change, DirectoryError>;
}
