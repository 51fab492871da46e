//! Passwords and tokens: wiped when dropped, never shown, never cloned.

use std::fmt;

use zeroize::Zeroizing;

/// The longest secret that is accepted, in bytes (PAM_MAX_RESP_SIZE is 512; tokens are shorter).
pub const SECRET_MAX: usize = 512;

/// A password or token. Debug says `***`; there is no Display, Clone or serde.
pub struct Secret(Zeroizing<Box<[u8]>>);

/// Why something typed cannot be a secret. The caller refuses the login without asking anybody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// An empty password would be an anonymous bind for some servers.
    #[error("the password is empty")]
    Empty,
    /// More than [`SECRET_MAX`] bytes.
    #[error("the password is longer than {SECRET_MAX} bytes")]
    TooLong,
    /// A NUL would cut it short for some readers.
    #[error("the password holds a NUL")]
    Nul,
    /// What sshd hands to PAM for a user it does not know (starts with 08 0a 0d 7f).
    #[error("sshd's placeholder for an unknown user")]
    SshdPlaceholder,
}

/// sshd's junk password starts with these bytes; the rest depends on what was typed.
const SSHD_JUNK: &[u8] = b"\x08\n\r\x7f";

impl Secret {
    /// Takes what a person typed, if it can be a secret at all.
    pub fn typed(bytes: &[u8]) -> Result<Self, SecretError> {
        if bytes.is_empty() {
            return Err(SecretError::Empty);
        }
        if bytes.len() > SECRET_MAX {
            return Err(SecretError::TooLong);
        }
        if bytes.contains(&0) {
            return Err(SecretError::Nul);
        }
        if bytes.starts_with(SSHD_JUNK) {
            return Err(SecretError::SshdPlaceholder);
        }
        Ok(Self(Zeroizing::new(bytes.into())))
    }

    /// The bytes, for the one place that sends or hashes them.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }

    /// The bytes as text, where the wire wants text; `None` if they are not UTF-8.
    pub fn expose_text(&self) -> Option<&str> {
        std::str::from_utf8(&self.0).ok()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_a_secret_is_refused_before_anybody_is_asked() {
        let check = |bytes: &[u8], expected: SecretError| {
            assert_eq!(Secret::typed(bytes).err(), Some(expected));
        };
        check(b"", SecretError::Empty);
        check(b"a\0b", SecretError::Nul);
        check(b"\x08\n\r\x7fI", SecretError::SshdPlaceholder);
        check(b"\x08\n\r\x7fINCORRECT\0", SecretError::Nul);
        check(&[b'a'; SECRET_MAX + 1], SecretError::TooLong);
    }

    #[test]
    fn a_secret_never_shows_itself() {
        let secret = Secret::typed(b"correct horse").unwrap();
        assert_eq!(format!("{secret:?}"), "***");
        assert_eq!(secret.expose(), b"correct horse");
    }
}
