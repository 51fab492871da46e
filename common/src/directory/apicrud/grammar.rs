//! What names, ids, passwords and roles look like: what does not fit is never sent.

use std::fmt;
use std::ops::RangeInclusive;

use crate::name::UserName;

/// How long an account's name may be, in characters.
const NAME_LENGTH: RangeInclusive<usize> = 4..=32;
/// How long a password may be, in characters.
const PASSWORD_LENGTH: RangeInclusive<usize> = 8..=64;
/// How many of the four classes of characters a new password must have.
const CLASSES: usize = 3;
/// Longer than any id or role.
const WORD_MAX: usize = 128;

/// The id that apicrud gives a person: `u-…`. It outlives names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct PersonId(String);

/// What is no person's id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is no person's id: they look like u-8Zk3pQ1x")]
pub struct NoPersonId;

impl PersonId {
    /// The id, if it is one: `u-` and letters, digits, `_` or `-`. It stands in paths.
    pub fn new(text: &str) -> Result<Self, NoPersonId> {
        let rest = text.strip_prefix("u-").ok_or(NoPersonId)?;
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
        if rest.is_empty() || text.len() > WORD_MAX || !rest.bytes().all(fits) {
            return Err(NoPersonId);
        }
        Ok(Self(text.to_owned()))
    }

    /// The id as apicrud spells it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PersonId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whether an account can be called so. An `@` would make it an e-mail address, with which
/// apicrud logs in somebody of another name.
pub fn is_name(name: &UserName) -> bool {
    let fits = |byte: u8| {
        byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'_' | b'.' | b'-')
    };
    NAME_LENGTH.contains(&name.as_str().len()) && name.as_str().bytes().all(fits)
}

/// Whether a role can be called so. A colon stands between two of them.
pub fn is_role(role: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b':' | b'=');
    !role.is_empty() && role.len() <= WORD_MAX && role.bytes().all(fits)
}

/// Whether anybody's password can be of this length.
pub(super) fn is_password(text: &str) -> bool {
    PASSWORD_LENGTH.contains(&text.chars().count())
}

/// Why apicrud would not take a new password, for the person; by its own rules, which it
/// applies before it looks at the old one.
pub(super) fn weakness(password: &str) -> Option<&'static str> {
    if !is_password(password) {
        return Some("It must have 8 to 64 characters.");
    }
    let has = |class: fn(char) -> bool| usize::from(password.chars().any(class));
    let classes = [
        has(|c| c.is_ascii_lowercase()),
        has(|c| c.is_ascii_uppercase()),
        has(|c| c.is_ascii_digit()),
        has(|c| c.is_ascii_punctuation()),
    ];
    let found: usize = classes.into_iter().sum();
    (found < CLASSES).then_some(
        "It must have three of these: a small letter, a capital letter, a digit, a punctuation \
         mark.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_password_has_three_classes_of_ascii_and_eight_to_sixty_four_characters() {
        let long = format!("aB3{}", "x".repeat(61));
        for good in [
            "abcdeF12",
            "abcdef1!",
            "ABCDEF1!",
            "äöüßaB3x",
            long.as_str(),
        ] {
            assert_eq!(weakness(good), None, "{good}");
        }
        for weak in ["abcdefgh", "abcdefG ", "ÄÖÜabcd1", "        ", "12345678!"] {
            assert!(weakness(weak).unwrap().contains("three"), "{weak}");
        }
        for length in ["aB3!", "", &format!("{long}y")] {
            assert!(weakness(length).unwrap().contains("8 to 64"), "{length}");
        }
    }

    #[test]
    fn an_id_cannot_leave_its_place_in_a_path() {
        assert_eq!(PersonId::new("u-8Zk3pQ1x").unwrap().as_str(), "u-8Zk3pQ1x");
        for text in [
            "",
            "u-",
            "x-8Zk3pQ1x",
            "u-../1",
            "u-a:b",
            "u-a b",
            "U-abc",
            &format!("u-{}", "a".repeat(200)),
        ] {
            assert_eq!(PersonId::new(text), Err(NoPersonId), "{text}");
        }
    }

    #[test]
    fn names_are_apicruds_own_and_never_addresses() {
        let check = |text: &str, expected| {
            assert_eq!(
                UserName::new(text).is_ok_and(|name| is_name(&name)),
                expected,
                "{text}"
            );
        };
        check("ada.l", true);
        check("ada_l-2", true);
        check("ada", false);
        check("ada@mail", false);
        check("Ada.L", false);
    }
}
