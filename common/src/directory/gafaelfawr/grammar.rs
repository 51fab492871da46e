//! What can be a username and what can be a token, looked at before anything is sent:
//! a password that was typed by mistake must never leave the host.

use crate::secret::Secret;

/// The longest username.
const USERNAME_MAX: usize = 64;
/// The characters of a token's key, and of its secret.
const PART: usize = 22;

/// Whether the server takes `name` for a username:
/// `^[a-z0-9](?:[a-z0-9]|-[a-z0-9])*[a-z](?:[a-z0-9]|-[a-z0-9])*$`. That wants a letter
/// beyond the first character that does not follow a hyphen: `a1` is none, `1a` is one.
pub(super) fn is_username(name: &str) -> bool {
    let bytes = name.as_bytes();
    let of_kind = |byte: &u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-');
    let at_edge = [bytes.first(), bytes.last()].contains(&Some(&b'-'));
    let pairs = || bytes.iter().zip(bytes.iter().skip(1));
    let doubled = pairs().any(|pair| pair == (&b'-', &b'-'));
    let lettered = pairs().any(|(before, byte)| *before != b'-' && byte.is_ascii_lowercase());
    name.len() <= USERNAME_MAX && bytes.iter().all(of_kind) && !at_edge && !doubled && lettered
}

/// Whether `name` is one for a machine, `^bot-[a-z0-9](?:[a-z0-9]|-[a-z0-9])*$`.
pub(super) fn is_bot(name: &str) -> bool {
    name.starts_with("bot-") && is_username(name)
}

/// The key of what looks like a token, `^gt-[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{22}$`. It is
/// no secret: Gafaelfawr itself logs it. The server is laxer; we send nothing else.
pub(super) fn token_key(secret: &Secret) -> Option<&str> {
    let (key, rest) = secret.expose_text()?.strip_prefix("gt-")?.split_once('.')?;
    let is_part = |part: &str| {
        let of_kind = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        part.len() == PART && part.bytes().all(of_kind)
    };
    (is_part(key) && is_part(rest)).then_some(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The server's pattern, step by step: which states are reached after each character.
    /// 0 nothing read, 1 before the letter, 2 a hyphen before it, 3 after it, 4 a hyphen after it.
    fn pattern_matches(name: &str) -> bool {
        let mut states = vec![0];
        for c in name.chars() {
            let alphanumeric = c.is_ascii_lowercase() || c.is_ascii_digit();
            let next = |state: &i32| match state {
                0 if alphanumeric => vec![1],
                1 if c == '-' => vec![2],
                1 if c.is_ascii_lowercase() => vec![1, 3],
                1 | 2 if alphanumeric => vec![1],
                3 if c == '-' => vec![4],
                3 | 4 if alphanumeric => vec![3],
                _ => vec![],
            };
            states = states.iter().flat_map(next).collect();
            states.dedup();
        }
        states.contains(&3)
    }

    #[test]
    fn a_username_is_what_the_servers_pattern_matches() {
        let mut names = vec![String::new()];
        for _ in 0..8 {
            names = names
                .iter()
                .flat_map(|name| ["a", "1", "-", ""].map(|more| format!("{name}{more}")))
                .collect();
            names.sort();
            names.dedup();
        }
        assert!(names.len() > 9000);
        for name in names {
            assert_eq!(is_username(&name), pattern_matches(&name), "{name:?}");
        }
    }

    #[test]
    fn names_that_surprise() {
        for name in ["ab", "1a", "bot-1", "user00007", &"a".repeat(64)] {
            assert!(is_username(name), "{name}");
        }
        for name in [
            "a",
            "a1",
            "a-b",
            "1-a",
            "_apt",
            "Vera",
            "a.b",
            "vera\n",
            "ver\u{e4}",
            &"a".repeat(65),
        ] {
            assert!(!is_username(name), "{name:?}");
        }
    }

    #[test]
    fn a_token_is_looked_at_strictly_and_only_its_key_is_shown() {
        let (key, rest) = ("k_-0123456789abcdefABC", "s".repeat(22));
        let typed = |text: &str| Secret::typed(text.as_bytes()).unwrap();
        let good = typed(&format!("gt-{key}.{rest}"));
        assert_eq!(token_key(&good), Some(key));
        for text in [
            "hunter2".to_owned(),
            format!("gc-{key}.{rest}"),
            format!("gt-{key}{rest}"),
            format!("gt-{key}.{rest}x"),
            format!("gt-{key}.{rest}\n"),
            format!(" gt-{key}.{rest}"),
            format!("gt-{key}.{}", "s".repeat(21)),
            format!("gt-{key}.{}!", "s".repeat(21)),
            format!("gt-{key}.{}ä", "s".repeat(20)),
            format!("gt-{}.{rest}", "k.".repeat(11)),
        ] {
            assert_eq!(token_key(&typed(&text)), None, "{text:?}");
        }
        assert_eq!(token_key(&Secret::typed(&[0xff; 48]).unwrap()), None);
    }
}
