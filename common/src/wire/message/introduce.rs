//! Taking in people by what they hold.

use serde::{Deserialize, Serialize};

use super::Password;

/// Takes in the person whose token this is, so that the host knows the name before the
/// first login. It lets nobody in.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Introduce {
    /// The directory's name; none: the only one that can say whose a token is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub directory: Option<String>,
    /// The token, base64.
    pub token: Password,
}

/// Who was taken in.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct IntroduceReply {
    /// The directory that was asked.
    pub directory: String,
    /// The user's name, as the directory spells it; empty if the token names nobody.
    pub user: String,
    /// The key there.
    pub key: String,
    /// The user's id as it is served now; none if the person is not served.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uid: Option<u32>,
    /// Why the person is not served.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}
