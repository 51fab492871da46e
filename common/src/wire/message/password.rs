//! Changing a password over the wire.

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

/// A password as it was typed, base64; wiped when dropped. No Debug.
#[derive(Serialize, Deserialize)]
#[serde(transparent)]
pub struct Password(pub(in crate::wire) Zeroizing<String>);

/// Changes somebody's password at the directory, or finds out whether that can be done.
///
/// Without `old` the verdict says whether this person's password can be changed from here
/// at all; with `old` alone, whether that is the right one; with both it is changed.
/// Called with `more`: acknowledged and kept alive as [`super::Begin`] is, but nothing
/// is asked on the way.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChangePassword {
    /// The PAM service: `passwd`.
    pub service: String,
    /// PAM_USER as typed.
    pub user: String,
    /// PAM_TTY, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tty: Option<String>,
    /// PAM_RHOST, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remote_host: Option<String>,
    /// The real uid of the calling program.
    pub calling_uid: u32,
    /// The present password.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub old: Option<Password>,
    /// The one that shall be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub new: Option<Password>,
}
