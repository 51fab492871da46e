//! How large a made-up population is to be.

use std::str::FromStr;

/// How large a population to make, written `USERSxGROUPS`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// How many users.
    pub users: u32,
    /// How many groups.
    pub groups: u32,
}

/// A size that is not `USERSxGROUPS`.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is not of the form USERSxGROUPS, for example 10000x500")]
pub struct NotASize(String);

impl FromStr for Size {
    type Err = NotASize;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let size = text.split_once('x').and_then(|(users, groups)| {
            Some(Self {
                users: users.parse().ok()?,
                groups: groups.parse().ok()?,
            })
        });
        size.ok_or_else(|| NotASize(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_without_groups_or_numbers_is_told_apart() {
        let none = Size {
            users: 3,
            groups: 0,
        };
        assert_eq!("3x0".parse::<Size>().unwrap(), none);
        for text in ["", "3", "x", "3xa", "-1x2"] {
            assert!(text.parse::<Size>().is_err(), "{text}");
        }
    }
}
