//! What the module needs from the program that it runs in, as a trait: libpam
//! behind `libpam.rs`, or a script in tests. Nothing of PAM's C stands in here.

use std::io;

use muster_common::secret::{Secret, SecretError};

/// Whether what is typed may be seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Echo {
    /// A password.
    Off,
    /// Anything else.
    On,
}

/// How a text is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// For information.
    Plain,
    /// Something is refused.
    Error,
}

/// What libpam knows beside the user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Item {
    /// PAM_SERVICE.
    Service,
    /// PAM_TTY.
    Tty,
    /// PAM_RHOST.
    RemoteHost,
}

/// Why there is no answer from the person.
#[derive(Debug, thiserror::Error)]
pub enum Unanswered {
    /// The program cannot ask, or the person gave up.
    #[error("the program asked in vain (libpam's code {0})")]
    NoConversation(i32),
    /// `use_first_pass`, and no earlier module has asked for a password.
    #[error("no earlier module has asked for a password")]
    NoEarlierPassword,
    /// The two new passwords differ, or no earlier module has asked for one.
    #[error("no new password was given (libpam's code {0})")]
    NoNewPassword(i32),
    /// What was typed cannot be a secret: it goes to nobody.
    #[error(transparent)]
    NotASecret(#[from] SecretError),
}

/// The uids of the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Uids {
    /// Who started it.
    pub real: u32,
    /// What it may.
    pub effective: u32,
}

/// The program that logs somebody in, and its system.
pub trait Host {
    /// PAM_USER, asked for if it is not set yet.
    fn user(&self) -> Result<String, Unanswered>;
    /// PAM_USER as it stands; it can change while the person is asked.
    fn user_now(&self) -> Option<String>;
    /// One of the other items.
    fn item(&self, item: Item) -> Option<String>;
    /// The password: an earlier module's, or asked for with `prompt`.
    fn password(&self, prompt: &str) -> Result<Secret, Unanswered>;
    /// The password that shall be replaced: asked for once in both of PAM's passes.
    fn present_password(&self) -> Result<Secret, Unanswered>;
    /// The password that shall be: an earlier module's, or asked for twice.
    fn new_password(&self) -> Result<Secret, Unanswered>;
    /// Asks for something else, or once more.
    fn ask(&self, prompt: &str, echo: Echo) -> Result<Secret, Unanswered>;
    /// Shows a text. A program that cannot show it goes on.
    fn tell(&self, tone: Tone, text: &str);
    /// Whose program this is.
    fn uids(&self) -> Uids;
    /// What NSS says about `name`; `None` if nobody knows it.
    fn uid_by_name(&self, name: &str) -> io::Result<Option<u32>>;
}
