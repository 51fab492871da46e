//! fixie-creds' own files and tokens (`<user>.json`, fixie-creds 0.0.1), so that a registry
//! can come from there and go back.
//!
//! A token there is 160 random bits in lower-case hex, leading zeros left out; what is
//! kept is the SHA-256 of the 20 bytes, the least significant first, without salt or key.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::is_email;
use crate::name::UserName;

/// The bytes of a token.
const BYTES: usize = 20;
/// The longest file that can be one of an account.
pub const FILE_MAX: usize = 4096;

/// Why a file is none of fixie-creds'.
#[derive(Debug, thiserror::Error)]
pub enum FixieError {
    /// Not this JSON.
    #[error("not an account of fixie-creds: {0}")]
    Json(#[from] serde_json::Error),
    /// A value that cannot be taken over; which one.
    #[error("its {0} cannot be taken over")]
    Value(&'static str),
    /// A file of one name that speaks of another.
    #[error("it speaks of another user than its name does")]
    OtherUser,
}

/// What one file says, in the order in which fixie-creds writes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// The address.
    pub email: String,
    /// The hash of the token: 64 lower-case hexadecimal digits.
    pub hashed_token: String,
    /// The user's name.
    pub user: String,
}

impl Entry {
    /// Reads the file of `user`: strictly, since what it says lets people in.
    pub fn read(user: &str, file: &[u8]) -> Result<Self, FixieError> {
        let entry: Self = serde_json::from_slice(file)?;
        if entry.user != user {
            return Err(FixieError::OtherUser);
        }
        entry.check()?;
        Ok(entry)
    }

    /// The name and the hash, if all of it can be taken over.
    pub fn check(&self) -> Result<(UserName, [u8; 32]), FixieError> {
        let name = UserName::new(&self.user).map_err(|_| FixieError::Value("user"))?;
        let hash = unhex(&self.hashed_token).ok_or(FixieError::Value("hashed_token"))?;
        if !is_email(&self.email) {
            return Err(FixieError::Value("email"));
        }
        Ok((name, hash))
    }

    /// The file, byte for byte as fixie-creds writes it.
    pub fn to_file(&self) -> Result<String, FixieError> {
        Ok(serde_json::to_string(self)?)
    }
}

/// A new token that fixie-creds can verify, too: all 40 digits of it.
pub fn generate() -> Result<Zeroizing<String>, getrandom::Error> {
    let mut random = Zeroizing::new([0; BYTES]);
    getrandom::fill(random.as_mut_slice())?;
    Ok(Zeroizing::new(hex(random.as_slice())))
}

/// What fixie-creds keeps of `token`; `None` for what is no token of its form: there it
/// would have been an error, or taken for another one's spelling.
pub fn hash(token: &[u8]) -> Option<[u8; 32]> {
    let digits = token.len();
    if !(1..=BYTES * 2).contains(&digits) {
        return None;
    }
    let mut bytes = Zeroizing::new([0_u8; BYTES]);
    // From the last digit on: the least significant byte comes first.
    for (pair, place) in token.rchunks(2).zip(bytes.iter_mut()) {
        for digit in pair {
            *place = place.wrapping_shl(4) | digit_of(*digit)?;
        }
    }
    Some(Sha256::digest(bytes.as_slice()).into())
}

/// Bytes as lower-case hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().saturating_mul(2));
    for byte in bytes {
        for nibble in [byte >> 4, byte & 15] {
            text.extend(char::from_digit(u32::from(nibble), 16));
        }
    }
    text
}

/// 32 bytes from 64 lower-case hexadecimal digits.
pub fn unhex(text: &str) -> Option<[u8; 32]> {
    if text.len() != 64 {
        return None;
    }
    let mut bytes = [0_u8; 32];
    for (pair, place) in text.as_bytes().chunks(2).zip(&mut bytes) {
        for digit in pair {
            *place = place.wrapping_shl(4) | digit_of(*digit)?;
        }
    }
    Some(bytes)
}

fn digit_of(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => byte.checked_sub(b'0'),
        b'a'..=b'f' => byte.checked_sub(b'a')?.checked_add(10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// From fixie-creds' own tests: the token of `random.seed(42)`.
    const TOKEN: &str = "46685257bdd640fb06671ad11c80317fa3b1799d";
    const HASH: &str = "897ddb19c14430f6f72fcfd885af7cddf0ffb220ab765df4a1b283c473a69423";
    const SHORT_HASH: &str = "d481bf5881d5bbe337f7451680d9b58b3b097591585e27fd3e591d6f2523b097";

    fn file(user: &str) -> String {
        format!(r#"{{"email":"ann@x.org","hashed_token":"{HASH}","user":"{user}"}}"#)
    }

    #[test]
    fn a_token_is_hashed_as_fixie_creds_does_it() {
        assert_eq!(hash(TOKEN.as_bytes()), unhex(HASH));
        // Leading zeros are left out there: an odd number of digits is a token, too.
        assert_eq!(hash(b"abc"), unhex(SHORT_HASH));
        assert_eq!(hash(b"000abc"), unhex(SHORT_HASH));
    }

    #[test]
    fn what_python_reads_as_a_number_beside_its_own_form_is_no_token() {
        let long = format!("0{TOKEN}");
        for odd in [
            "", "zz", "0xabc", "ABC", " abc", "abc\n", "-abc", "a_b", &long,
        ] {
            assert_eq!(hash(odd.as_bytes()), None, "{odd:?}");
        }
    }

    #[test]
    fn a_file_is_read_and_written_byte_for_byte() {
        let entry = Entry::read("ann", file("ann").as_bytes()).unwrap();
        assert_eq!(entry.check().unwrap().1, unhex(HASH).unwrap());
        assert_eq!(entry.to_file().unwrap(), file("ann"));
    }

    #[test]
    fn a_file_that_would_let_somebody_else_in_is_refused() {
        let check = |user: &str, text: &str| {
            assert!(Entry::read(user, text.as_bytes()).is_err(), "{text}");
        };
        check("bob", &file("ann"));
        check("../../etc/x", &file("../../etc/x"));
        check("ann", &file("ann").replace(HASH, &HASH[1..]));
        check("ann", &file("ann").replace(HASH, &HASH.to_uppercase()));
        check("ann", &file("ann").replace("ann@x.org", "a nn"));
        check(
            "ann",
            &file("ann").replace("{\"email", "{\"uid\":0,\"email"),
        );
        check("ann", "[]");
    }

    #[test]
    fn a_token_of_ours_in_their_form_has_all_its_digits() {
        let token = generate().unwrap();
        assert_eq!(token.len(), 40);
        assert!(hash(token.as_bytes()).is_some());
    }
}
