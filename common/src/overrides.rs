//! What this host says about single users in the directory's place.

use std::collections::HashMap;

use crate::account::{Gid, Uid};
use crate::name::UserName;

/// The overrides of `[override.user.NAME]`, by canonical name.
pub type Overrides = HashMap<UserName, Override>;

/// What is said of one user; what is `None` stays as the directory and the templates say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Override {
    /// The user id.
    pub uid: Option<Uid>,
    /// The primary group: the id of a group that is served.
    pub gid: Option<Gid>,
    /// The full name.
    pub gecos: Option<String>,
    /// The home folder, absolute, outside the system's own.
    pub home: Option<String>,
    /// The login shell, absolute.
    pub shell: Option<String>,
}
