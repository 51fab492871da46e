//! Names of users, groups, directories and services: checked once, then typed.
//!
//! A [`UserName`] or [`GroupName`] can be put into passwd(5) and group(5) text
//! and into a path without any further check: it holds no NUL, `:`, `/`, `,`,
//! white space or control character, is not empty, not `.` or `..`, does not
//! start with `-`, is not all digits and has at most [`NAME_MAX`] bytes.

use std::borrow::Borrow;
use std::fmt;
use std::hash::{Hash, Hasher};

/// The longest name in bytes. utmp(5) holds 32, so no longer name can log in fully.
pub const NAME_MAX: usize = 32;

/// The longest text behind a name that makes another form of it (`@example.org`), in bytes.
pub const SUFFIX_MAX: usize = 128;

/// Why a name cannot be used. The caller leaves the record out and reports it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Nothing there.
    #[error("is empty")]
    Empty,
    /// More than [`NAME_MAX`] bytes.
    #[error("is longer than {NAME_MAX} bytes")]
    TooLong,
    /// A character that the rule does not allow.
    #[error("holds the character {0:?}, which names may not hold here")]
    Character(char),
    /// A first character that the rule does not allow.
    #[error("starts with {0:?}, which names may not start with here")]
    First(char),
    /// Only digits: every tool would take it for an id.
    #[error("is all digits, which tools take for an id")]
    AllDigits,
    /// `.` or `..`.
    #[error("is a path component with a meaning of its own")]
    PathComponent,
}

/// Whether `text` is above the floor of the module's first lines: as [`UserName::from_bytes`], with
/// nothing to be kept.
pub(crate) fn check_user_name(text: &[u8]) -> Result<(), NameError> {
    match text.len() {
        0 => Err(NameError::Empty),
        1..=NAME_MAX => check_floor(text),
        _ => Err(NameError::TooLong),
    }
}

/// The floor below which no configuration can go. What passes is ASCII.
fn check_floor(name: &[u8]) -> Result<(), NameError> {
    if let [first @ (b'-' | b'~' | b'+'), ..] = name {
        return Err(NameError::First(char::from(*first)));
    }
    if let Some(bad) = name.iter().position(|&byte| is_forbidden(byte)) {
        return Err(NameError::Character(character_at(name, bad)));
    }
    if name.iter().all(u8::is_ascii_digit) {
        return Err(NameError::AllDigits);
    }
    if matches!(name, b"." | b"..") {
        return Err(NameError::PathComponent);
    }
    Ok(())
}

/// Bytes that would change the meaning of passwd(5), group(5), a path, a shell line or
/// a log line, and all that are not ASCII.
const fn is_forbidden(byte: u8) -> bool {
    matches!(
        byte,
        b':' | b'/'
            | b','
            | b'\\'
            | b'"'
            | b'\''
            | b'`'
            | b'%'
            | b'*'
            | b'?'
            | b'<'
            | b'>'
            | b'|'
            | b'&'
            | b';'
            | b'('
            | b')'
            | b'!'
            | b'#'
            | b'='
    ) || !byte.is_ascii_graphic()
}

/// The character that starts at `position`, to be shown.
fn character_at(text: &[u8], position: usize) -> char {
    let rest = text.get(position..).unwrap_or_default();
    let valid = rest.utf8_chunks().next().map(|chunk| chunk.valid());
    let first = valid.and_then(|text| text.chars().next());
    first.unwrap_or(char::REPLACEMENT_CHARACTER)
}

/// A name's bytes in place, with zeros behind them: a million members of groups are
/// no allocation, and compare as their text does.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Letters {
    bytes: [u8; NAME_MAX],
    length: u8,
}

impl Letters {
    /// Takes what is not empty and not too long; the floor is not checked.
    fn take(text: &[u8]) -> Result<Self, NameError> {
        let mut bytes = [0; NAME_MAX];
        let length = u8::try_from(text.len()).map_err(|_| NameError::TooLong)?;
        match bytes.get_mut(..text.len()) {
            _ if text.is_empty() => return Err(NameError::Empty),
            Some(target) => target.copy_from_slice(text),
            None => return Err(NameError::TooLong),
        }
        Ok(Self { bytes, length })
    }

    fn as_bytes(&self) -> &[u8] {
        self.bytes
            .get(..usize::from(self.length))
            .unwrap_or_default()
    }

    /// As text, which a checked name always is.
    fn as_str(&self) -> &str {
        std::str::from_utf8(self.as_bytes()).unwrap_or_default()
    }
}

macro_rules! checked_name {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
        pub struct $name(Letters);

        impl $name {
            /// Takes `text` as it is, if it is above the floor of the module's first lines.
            pub fn new(text: &str) -> Result<Self, NameError> {
                Self::from_bytes(text.as_bytes())
            }

            /// As [`new`](Self::new), of bytes that may be anything.
            pub fn from_bytes(text: &[u8]) -> Result<Self, NameError> {
                let letters = Letters::take(text)?;
                check_floor(text)?;
                Ok(Self(letters))
            }

            /// The name as text.
            pub fn as_str(&self) -> &str {
                self.0.as_str()
            }

            /// The name's bytes, all of them ASCII.
            pub fn as_bytes(&self) -> &[u8] {
                self.0.as_bytes()
            }
        }

        /// As the text is hashed, which stands for the name in look-ups.
        impl Hash for $name {
            fn hash<H: Hasher>(&self, state: &mut H) {
                self.as_str().hash(state);
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:?}", self.as_str())
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                self.as_str()
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                self.as_str()
            }
        }

        impl std::str::FromStr for $name {
            type Err = NameError;
            fn from_str(text: &str) -> Result<Self, NameError> {
                Self::new(text)
            }
        }
    };
}

checked_name!(
    /// A user's login name in its one canonical form.
    UserName
);
checked_name!(
    /// A group's name in its one canonical form.
    GroupName
);
checked_name!(
    /// The name that the configuration gives a directory (`[[directory]] name = "corp"`).
    DirectoryName
);
checked_name!(
    /// What a directory calls a kind of groups: FAS's `cla`, `git`, `shell`.
    GroupTypeName
);
checked_name!(
    /// A PAM service: `sshd`, `sudo`, `login`.
    ServiceName
);

/// How a directory's spelling becomes the one canonical form.
///
/// The default is ASCII lower case and `[a-z_][a-z0-9_.-]{0,31}`; `extra` adds
/// characters that stand after the first (`[names] extra = "@+"`).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NameRule {
    extra: Box<str>,
}

impl NameRule {
    /// A rule that allows the characters of `extra` after the first one, too.
    /// Errors on a character that no configuration may allow.
    pub fn with_extra(extra: &str) -> Result<Self, NameError> {
        match extra.bytes().position(is_forbidden) {
            Some(bad) => Err(NameError::Character(character_at(extra.as_bytes(), bad))),
            None => Ok(Self {
                extra: extra.into(),
            }),
        }
    }

    /// The canonical form of a user's name as the directory spells it.
    pub fn user(&self, spelled: &str) -> Result<UserName, NameError> {
        self.canonical(spelled).map(UserName)
    }

    /// The canonical form of a group's name as the directory spells it.
    pub fn group(&self, spelled: &str) -> Result<GroupName, NameError> {
        self.canonical(spelled).map(GroupName)
    }

    /// Whether `typed` is already its own canonical form. PAM refuses what is not,
    /// rather than log in somebody else.
    pub fn is_canonical(&self, typed: &str) -> bool {
        self.canonical(typed)
            .is_ok_and(|canonical| canonical.as_bytes() == typed.as_bytes())
    }

    fn canonical(&self, spelled: &str) -> Result<Letters, NameError> {
        let mut folded = Letters::take(spelled.as_bytes())?;
        folded.bytes.make_ascii_lowercase();
        let name = folded.as_bytes();
        check_floor(name)?;
        if let [first, ..] = name
            && !(first.is_ascii_lowercase() || *first == b'_')
        {
            return Err(NameError::First(char::from(*first)));
        }
        match name.iter().find(|&&byte| !self.allows(byte)) {
            Some(bad) => Err(NameError::Character(char::from(*bad))),
            None => Ok(folded),
        }
    }

    fn allows(&self, byte: u8) -> bool {
        byte.is_ascii_lowercase()
            || byte.is_ascii_digit()
            || matches!(byte, b'_' | b'.' | b'-')
            || self.extra.as_bytes().contains(&byte)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_folded_to_one_canonical_form_or_refused() {
        let rule = NameRule::default();
        let check = |spelled: &str, expected: Result<&str, NameError>| {
            assert_eq!(
                rule.user(spelled)
                    .as_ref()
                    .map(UserName::as_str)
                    .map_err(|e| *e),
                expected,
                "{spelled:?}"
            );
        };
        check("ada", Ok("ada"));
        check("Ada", Ok("ada"));
        check("a.b-c_9", Ok("a.b-c_9"));
        check("_svc", Ok("_svc"));
        check("", Err(NameError::Empty));
        check("1000", Err(NameError::AllDigits));
        check("9lives", Err(NameError::First('9')));
        check("-rf", Err(NameError::First('-')));
        check("..", Err(NameError::PathComponent));
        check("a:b", Err(NameError::Character(':')));
        check("a\0b", Err(NameError::Character('\0')));
        check("a\nb", Err(NameError::Character('\n')));
        check("a b", Err(NameError::Character(' ')));
        check("a/b", Err(NameError::Character('/')));
        check("ann@example.org", Err(NameError::Character('@')));
        check("jürgen", Err(NameError::Character('ü')));
        check(&"a".repeat(32), Ok(&"a".repeat(32)));
        check(&"a".repeat(33), Err(NameError::TooLong));
    }

    #[test]
    fn extra_characters_come_only_by_configuration_and_never_below_the_floor() {
        let rule = NameRule::with_extra("@").unwrap();
        assert_eq!(
            rule.user("Ann@example.org").unwrap().as_str(),
            "ann@example.org"
        );
        assert_eq!(NameRule::with_extra("@:"), Err(NameError::Character(':')));
    }

    #[test]
    fn a_typed_name_is_canonical_only_when_it_is_the_form_itself() {
        let rule = NameRule::default();
        assert!(rule.is_canonical("ada"));
        assert!(!rule.is_canonical("Ada"));
        assert!(!rule.is_canonical("a b"));
    }
}
