//! The registry's tokens: `mst_`, then 256 random bits and 32 bits of a checksum in
//! base64url, 52 characters in all. By the checksum a mistyped one is known without a look-up.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

/// What every token begins with, so that scanners for secrets find one that got lost.
pub const PREFIX: &str = "mst_";
const RANDOM: usize = 32;
const CHECKSUM: usize = 4;
/// The length of a token, in characters.
pub const LENGTH: usize = PREFIX.len() + (RANDOM + CHECKSUM) / 3 * 4;

/// What something typed is, by its form alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// A token: whose, and whether it serves, has to be looked up.
    Token,
    /// What begins as a token, and is none: mistyped, or cut.
    Mistyped,
    /// Something else.
    Other,
}

/// A new token from the system's random numbers, wiped when dropped.
pub fn generate() -> Result<Zeroizing<String>, getrandom::Error> {
    let mut random = Zeroizing::new([0; RANDOM]);
    getrandom::fill(random.as_mut_slice())?;
    Ok(written(&random))
}

fn written(random: &[u8; RANDOM]) -> Zeroizing<String> {
    let mut all = Zeroizing::new([0; RANDOM + CHECKSUM]);
    let bytes = random.iter().chain(&checksum(random)).copied().collect();
    let bytes: Zeroizing<Vec<u8>> = Zeroizing::new(bytes);
    for (place, byte) in all.iter_mut().zip(bytes.iter()) {
        *place = *byte;
    }
    let mut text = Zeroizing::new(String::with_capacity(LENGTH));
    text.push_str(PREFIX);
    BASE64.encode_string(all.as_slice(), &mut text);
    text
}

/// What `typed` is.
pub fn form(typed: &[u8]) -> Form {
    let Some(body) = typed.strip_prefix(PREFIX.as_bytes()) else {
        return Form::Other;
    };
    let decoded = BASE64.decode(body).map(Zeroizing::new);
    let sound = decoded.is_ok_and(|bytes| {
        let parts = bytes.split_at_checked(RANDOM);
        parts.is_some_and(|(random, sum)| {
            random
                .try_into()
                .is_ok_and(|random| bool::from(checksum(random).ct_eq(sum)))
        })
    });
    if sound { Form::Token } else { Form::Mistyped }
}

fn checksum(random: &[u8; RANDOM]) -> [u8; CHECKSUM] {
    let mut digest = Sha256::new();
    digest.update(b"muster token checksum 1\0");
    digest.update(random);
    let digest: [u8; 32] = digest.finalize().into();
    let [a, b, c, d, ..] = digest;
    [a, b, c, d]
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: &str = "mst_BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc";

    #[test]
    fn a_new_token_is_one_and_no_two_are_alike() {
        let (one, other) = (generate().unwrap(), generate().unwrap());
        assert_ne!(*one, *other);
        for token in [one, other] {
            assert_eq!(token.len(), LENGTH);
            assert_eq!(form(token.as_bytes()), Form::Token);
        }
    }

    #[test]
    fn every_slip_of_one_character_is_noticed() {
        let token = written(&[7; RANDOM]);
        assert!(token.starts_with(&KNOWN[..KNOWN.len() - 1]));
        for at in PREFIX.len()..token.len() {
            let mut slipped = token.as_bytes().to_vec();
            slipped[at] = if slipped[at] == b'x' { b'y' } else { b'x' };
            assert_eq!(form(&slipped), Form::Mistyped, "{at}");
            slipped.remove(at);
            assert_eq!(form(&slipped), Form::Mistyped, "{at} left out");
        }
    }

    #[test]
    fn what_only_begins_as_a_token_is_mistyped_and_the_rest_is_something_else() {
        let token = written(&[7; RANDOM]);
        let check = |typed: &str, expected| assert_eq!(form(typed.as_bytes()), expected, "{typed}");
        check("mst_", Form::Mistyped);
        check("mst_hello", Form::Mistyped);
        check(&format!("{}A", *token), Form::Mistyped);
        check(&format!("{} ", *token), Form::Mistyped);
        check(&format!("{}=", *token), Form::Mistyped);
        check(&format!(" {}", *token), Form::Other);
        check("correct horse", Form::Other);
        check("", Form::Other);
    }
}
