//! Which names and tokens the server takes for such, before it looks for them.

/// The longest username.
pub(super) const USERNAME_MAX: usize = 64;
/// The length of a token's key, and of its secret.
pub(super) const PART: usize = 22;

/// The server's own pattern of a username, which it quotes when it refuses one.
pub(super) const USERNAME_PATTERN: &str =
    "^[a-z0-9](?:[a-z0-9]|-[a-z0-9])*[a-z](?:[a-z0-9]|-[a-z0-9])*$";
/// The server's own pattern of a group's name.
pub(super) const GROUP_PATTERN: &str =
    "^([a-zA-Z]|[a-zA-Z0-9][a-zA-Z0-9._-]*[a-zA-Z])[a-zA-Z0-9._-]*$";

/// Whether `name` matches [`USERNAME_PATTERN`]; its length is looked at elsewhere.
pub(super) fn is_username(name: &str) -> bool {
    let bytes = name.as_bytes();
    let of_kind = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || *byte == b'-';
    let edges = bytes.first() != Some(&b'-') && bytes.last() != Some(&b'-');
    let pairs = || bytes.iter().zip(bytes.iter().skip(1));
    let doubled = pairs().any(|pair| pair == (&b'-', &b'-'));
    // The letter that the pattern wants comes after the first character, and not after a hyphen.
    let lettered = pairs().any(|(before, byte)| *before != b'-' && byte.is_ascii_lowercase());
    bytes.iter().all(of_kind) && edges && !doubled && lettered
}

/// Whether `name` is that of a machine.
pub(super) fn is_bot(name: &str) -> bool {
    name.starts_with("bot-") && is_username(name)
}

/// Whether `name` matches [`GROUP_PATTERN`].
pub(super) fn is_group(name: &str) -> bool {
    let of_kind = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && name.chars().all(of_kind)
        && name.contains(|c: char| c.is_ascii_alphabetic())
}

/// Key and secret of what looks like a token. Their alphabet is not looked at.
pub(super) fn token_parts(text: &str) -> Option<(&str, &str)> {
    let (key, secret) = text.strip_prefix("gt-")?.split_once('.')?;
    let long_enough = key.chars().count() == PART && secret.chars().count() == PART;
    long_enough.then_some((key, secret))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_username_has_a_letter_after_its_beginning() {
        for name in ["ab", "1a", "aa-b", "bot-1", "a-bc", "vera", "x1y", "a1b"] {
            assert!(is_username(name), "{name}");
        }
        for name in [
            "", "a", "a1", "a-b", "1-a", "-ab", "ab-", "a--bc", "Ab", "a_b", "a.b", "ab\n", "äb",
            "42",
        ] {
            assert!(!is_username(name), "{name:?}");
        }
    }

    #[test]
    fn a_groups_name_begins_with_a_letter_or_digit_and_has_a_letter() {
        for name in ["a", "G_admins", "1a", "1.a", "a-", "org-team", "42x"] {
            assert!(is_group(name), "{name}");
        }
        for name in ["", "42", "_a", ".a", "a b", "a\n", "ä"] {
            assert!(!is_group(name), "{name:?}");
        }
    }

    #[test]
    fn a_token_is_looked_at_less_strictly_than_it_is_made() {
        let key = "k".repeat(PART);
        let odd = "!".repeat(PART);
        assert_eq!(
            token_parts(&format!("gt-{key}.{odd}")),
            Some((key.as_str(), odd.as_str()))
        );
        for text in [
            format!("gc-{key}.{odd}"),
            format!("gt-{key}{odd}"),
            format!("gt-{key}.{odd}x"),
            format!("gt-{key}"),
            "hunter2".to_owned(),
        ] {
            assert_eq!(token_parts(&text), None, "{text}");
        }
    }
}
