//! What is kept of an account's secrets: never a secret, and of our own ones only what is
//! worthless without the host's key.

use std::fmt;

use subtle::ConstantTimeEq as _;

use super::fixie;
use crate::directory::SecretKind;
use crate::secret::Secret;
use crate::verifier::{Binding, Cost, HostKey, Room, Salt, Verifier, VerifierError};

const FIXIE: &str = "$fixie-sha256$";

/// What proves a secret. Debug shows its kind only.
#[derive(Clone, PartialEq, Eq)]
pub enum Proof {
    /// A keyed hash, bound to the account: HMAC-SHA-256 of a token, argon2id of a password.
    Keyed(Verifier),
    /// What fixie-creds keeps of a token: without a key, since another program has to be
    /// able to verify it. 160 random bits are beyond guessing all the same.
    Fixie([u8; 32]),
}

impl fmt::Debug for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Keyed(verifier) => fmt::Debug::fmt(verifier, f),
            Self::Fixie(_) => f.write_str("Fixie(***)"),
        }
    }
}

impl Proof {
    /// What is kept of a token of our own.
    pub fn of_token(
        host_key: &HostKey,
        binding: &Binding<'_>,
        token: &Secret,
    ) -> Result<Self, VerifierError> {
        let salt = Salt::random()?;
        Verifier::make(SecretKind::Token, host_key, binding, token, salt).map(Self::Keyed)
    }

    /// What is kept of a password: computes for tens of milliseconds.
    pub fn of_password(
        host_key: &HostKey,
        binding: &Binding<'_>,
        password: &Secret,
        cost: Cost,
        room: &mut Room,
    ) -> Result<Self, VerifierError> {
        let salt = Salt::random()?;
        let kind = SecretKind::Password;
        Verifier::make_at(cost, kind, host_key, binding, password, salt, room).map(Self::Keyed)
    }

    /// Whether `secret` is the one; the comparison tells nothing by its time. The memory is
    /// not wiped here.
    pub fn matches(
        &self,
        host_key: &HostKey,
        binding: &Binding<'_>,
        secret: &Secret,
        room: &mut Room,
    ) -> bool {
        match self {
            Self::Keyed(verifier) => verifier.matches_in(room, host_key, binding, secret),
            Self::Fixie(kept) => {
                fixie::hash(secret.expose()).is_some_and(|hash| bool::from(hash.ct_eq(kept)))
            }
        }
    }

    /// The form that is stored.
    pub fn to_text(&self) -> String {
        match self {
            Self::Keyed(verifier) => verifier.to_text(),
            Self::Fixie(hash) => format!("{FIXIE}{}", fixie::hex(hash)),
        }
    }

    /// Reads the stored form.
    pub fn from_text(text: &str) -> Result<Self, VerifierError> {
        match text.strip_prefix(FIXIE) {
            Some(hash) => fixie::unhex(hash)
                .map(Self::Fixie)
                .ok_or(VerifierError::Damaged),
            None => Verifier::from_text(text).map(Self::Keyed),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::ImmutableKey;
    use crate::name::DirectoryName;
    use crate::registry::token;

    fn secret(text: &str) -> Secret {
        Secret::typed(text.as_bytes()).unwrap()
    }

    #[test]
    fn a_token_proves_one_account_on_one_host() {
        let directory = DirectoryName::new("local").unwrap();
        let keys = [ImmutableKey::given("1"), ImmutableKey::given("2")];
        let [ada, eve] = keys.each_ref().map(|key| Binding {
            directory: &directory,
            key,
        });
        let hosts = [1, 2].map(|byte| HostKey::from_bytes([byte; 32]));
        let [here, there] = hosts.each_ref();
        let typed = secret(&token::generate().unwrap());
        let kept = Proof::of_token(here, &ada, &typed).unwrap().to_text();
        assert!(!kept.contains(typed.expose_text().unwrap()));
        let kept = Proof::from_text(&kept).unwrap();
        assert!(kept.matches(here, &ada, &typed, &mut Room::new()));
        assert!(!kept.matches(here, &eve, &typed, &mut Room::new()));
        assert!(!kept.matches(there, &ada, &typed, &mut Room::new()));
        let other = secret(&token::generate().unwrap());
        assert!(!kept.matches(here, &ada, &other, &mut Room::new()));
    }

    #[test]
    fn what_fixie_creds_kept_proves_its_token_and_shows_nothing() {
        let directory = DirectoryName::new("local").unwrap();
        let key = ImmutableKey::given("1");
        let ada = Binding {
            directory: &directory,
            key: &key,
        };
        let host = HostKey::from_bytes([1; 32]);
        let kept = Proof::Fixie(fixie::hash(b"abc").unwrap());
        let read = Proof::from_text(&kept.to_text()).unwrap();
        assert_eq!(read, kept);
        assert!(read.matches(&host, &ada, &secret("abc"), &mut Room::new()));
        assert!(!read.matches(&host, &ada, &secret("abd"), &mut Room::new()));
        assert!(!read.matches(&host, &ada, &secret("zz"), &mut Room::new()));
        assert_eq!(format!("{read:?}"), "Fixie(***)");
        assert!(Proof::from_text("$fixie-sha256$abc").is_err());
    }
}
