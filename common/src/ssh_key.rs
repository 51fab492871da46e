//! SSH public keys from a directory: parsed and written anew, never spliced.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// Key types that sshd takes; whatever else stands in a line is an option or nonsense.
const TYPES: [&str; 7] = [
    "ssh-ed25519",
    "ssh-rsa",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "sk-ssh-ed25519@openssh.com",
    "sk-ecdsa-sha2-nistp256@openssh.com",
];

/// A person with more keys has the rest left out.
const KEYS_MAX: usize = 64;

/// The keys that can be read, each as `type base64`, and how many were left out.
pub fn accept(lines: &[String]) -> (Vec<String>, usize) {
    let keys: Vec<String> = lines
        .iter()
        .take(KEYS_MAX)
        .filter_map(|line| rewritten(line))
        .collect();
    let refused = lines.len() - keys.len();
    (keys, refused)
}

/// `type base64` of a line without options; the type inside the blob must be the one in front.
fn rewritten(line: &str) -> Option<String> {
    let mut words = line.split_ascii_whitespace();
    let wanted = words.next()?;
    let kind = TYPES.into_iter().find(|kind| *kind == wanted)?;
    let blob = STANDARD.decode(words.next()?).ok()?;
    let (length, rest) = blob.split_first_chunk::<4>()?;
    let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
    (rest.get(..length)? == kind.as_bytes() && rest.len() > length)
        .then(|| format!("{kind} {}", STANDARD.encode(&blob)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str =
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEB";

    #[test]
    fn keys_are_rewritten_without_comment_and_lines_with_options_are_refused() {
        let check = |line: &str, expected: Option<&str>| {
            assert_eq!(rewritten(line).as_deref(), expected, "{line}");
        };
        check(KEY, Some(KEY));
        check(&format!("  {KEY} ada@laptop\n"), Some(KEY));
        check(&format!("command=\"sh\" {KEY}"), None);
        check(&format!("cert-authority {KEY}"), None);
        check("ssh-ed25519 not-base64", None);
        check(&KEY.replace("ssh-ed25519 ", "ssh-rsa "), None);
        check("", None);
        assert_eq!(
            accept(&[KEY.into(), "nonsense".into()]),
            (vec![KEY.into()], 1)
        );
    }
}
