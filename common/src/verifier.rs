//! What proves a secret while the directory cannot be asked: never the secret,
//! only a keyed hash of it, bound to the person it belongs to.
//!
//! Passwords are hashed with argon2id, keyed with the host's key (argon2's
//! secret) and bound to the directory and immutable key (argon2's associated
//! data, RFC 9106): a stolen store is worthless without the key file, and a
//! verifier moved to another person proves nothing. Random tokens are long
//! enough for one HMAC-SHA-256 over the same binding.
//!
//! The text form is `$muster-argon2id$v=19$m=19456,t=2,p=1$SALT$HASH` or
//! `$muster-hmac-sha256$SALT$HASH`, salt and hash in unpadded base64. It is not
//! PHC's own `$argon2id$`, since without key and binding nobody else could use it.

mod host_key;
mod room;

use std::fmt;
use std::str::FromStr;

use argon2::{Algorithm, Argon2, AssociatedData, ParamsBuilder, Version};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD as BASE64;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use crate::directory::{ImmutableKey, SecretKind};
use crate::name::DirectoryName;
use crate::secret::Secret;

pub use self::host_key::{HostKey, HostKeyError};
pub use self::room::Room;

const ARGON2ID: &str = "muster-argon2id";
const HMAC_SHA256: &str = "muster-hmac-sha256";
const SALT_LENGTH: usize = 16;

/// Whose secret it is. A verifier made for one person matches for nobody else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Binding<'a> {
    /// The directory that said yes.
    pub directory: &'a DirectoryName,
    /// The person's key in it.
    pub key: &'a ImmutableKey,
}

impl Binding<'_> {
    /// Both in 32 bytes, which is what argon2's associated data may hold. The
    /// directory's name cannot hold a NUL, so no two bindings run together.
    fn digest(&self) -> [u8; 32] {
        let mut digest = Sha256::new();
        digest.update(b"muster verifier 1\0");
        digest.update(self.directory.as_str());
        digest.update(b"\0");
        digest.update(self.key.as_str());
        digest.finalize().into()
    }
}

/// What one hash costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cost {
    memory_kib: u32,
    passes: u32,
    lanes: u32,
}

/// OWASP's first choice for argon2id: about 20 ms on a small machine.
impl Default for Cost {
    fn default() -> Self {
        Self {
            memory_kib: 19_456,
            passes: 2,
            lanes: 1,
        }
    }
}

impl Cost {
    /// The most that is ever computed, whatever a stored text says: 256 MiB.
    const MOST: Self = Self {
        memory_kib: 262_144,
        passes: 16,
        lanes: 4,
    };

    /// A cost within what is ever computed; `None` beyond it.
    pub fn new(memory_kib: u32, passes: u32, lanes: u32) -> Option<Self> {
        let fits = (1..=Self::MOST.lanes).contains(&lanes)
            && (1..=Self::MOST.passes).contains(&passes)
            && (lanes.saturating_mul(8)..=Self::MOST.memory_kib).contains(&memory_kib);
        fits.then_some(Self {
            memory_kib,
            passes,
            lanes,
        })
    }

    /// `m=19456,t=2,p=1`, exactly.
    fn read(text: &str) -> Option<Self> {
        let (memory, rest) = text.strip_prefix("m=")?.split_once(",t=")?;
        let (passes, lanes) = rest.split_once(",p=")?;
        Self::new(
            memory.parse().ok()?,
            passes.parse().ok()?,
            lanes.parse().ok()?,
        )
    }
}

impl fmt::Display for Cost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            memory_kib,
            passes,
            lanes,
        } = self;
        write!(f, "m={memory_kib},t={passes},p={lanes}")
    }
}

/// Random bytes that make equal secrets look different.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Salt([u8; SALT_LENGTH]);

impl Salt {
    /// From the kernel.
    pub fn random() -> Result<Self, VerifierError> {
        let mut salt = [0; SALT_LENGTH];
        getrandom::fill(&mut salt).map_err(VerifierError::Random)?;
        Ok(Self(salt))
    }

    /// Known bytes, for tests.
    pub const fn from_bytes(bytes: [u8; SALT_LENGTH]) -> Self {
        Self(bytes)
    }
}

/// Why there is no verifier. The login stands; it will not work offline.
#[derive(Debug, thiserror::Error)]
pub enum VerifierError {
    /// The stored text is damaged or too expensive: as if there were none.
    #[error("the stored verifier is damaged")]
    Damaged,
    /// The hash could not be computed (no memory).
    #[error("argon2: {0}")]
    Hash(argon2::Error),
    /// The kernel gave no random bytes.
    #[error("no random bytes: {0}")]
    Random(getrandom::Error),
}

/// A proof of a secret. Debug shows its kind only.
#[derive(Clone, PartialEq, Eq)]
pub struct Verifier {
    method: Method,
    salt: Salt,
    hash: [u8; 32],
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Method {
    Argon2id(Cost),
    HmacSha256,
}

impl Verifier {
    /// Hashes `secret`, which the directory has just accepted, at the default cost.
    /// Computes for tens of milliseconds: call it where that blocks nobody.
    pub fn make(
        kind: SecretKind,
        host_key: &HostKey,
        binding: &Binding<'_>,
        secret: &Secret,
        salt: Salt,
    ) -> Result<Self, VerifierError> {
        let room = &mut Room::new();
        Self::make_at(Cost::default(), kind, host_key, binding, secret, salt, room)
    }

    /// The same at another cost, which counts for passwords only, in memory that is not wiped here.
    pub fn make_at(
        cost: Cost,
        kind: SecretKind,
        host_key: &HostKey,
        binding: &Binding<'_>,
        secret: &Secret,
        salt: Salt,
        room: &mut Room,
    ) -> Result<Self, VerifierError> {
        let method = match kind {
            SecretKind::Password => Method::Argon2id(cost),
            SecretKind::Token => Method::HmacSha256,
        };
        let hash = *method.hash(host_key, binding, secret, salt, room)?;
        Ok(Self { method, salt, hash })
    }

    /// Whether `secret` is the one that was accepted. Takes as long as making one;
    /// the comparison tells nothing by its time. Whatever fails means no.
    pub fn matches(&self, host_key: &HostKey, binding: &Binding<'_>, secret: &Secret) -> bool {
        self.matches_in(&mut Room::new(), host_key, binding, secret)
    }

    /// The same in memory that is not wiped here.
    pub fn matches_in(
        &self,
        room: &mut Room,
        host_key: &HostKey,
        binding: &Binding<'_>,
        secret: &Secret,
    ) -> bool {
        self.method
            .hash(host_key, binding, secret, self.salt, room)
            .is_ok_and(|hash| bool::from(hash.ct_eq(&self.hash)))
    }

    /// Whether it was made at another cost than is wanted today; if so it is made
    /// anew at the next login that the directory accepts.
    pub fn is_outdated(&self, cost: Cost) -> bool {
        matches!(self.method, Method::Argon2id(made_at) if made_at != cost)
    }

    /// The form that is stored.
    pub fn to_text(&self) -> String {
        let salt = BASE64.encode(self.salt.0);
        let hash = BASE64.encode(self.hash);
        match self.method {
            Method::Argon2id(cost) => format!("${ARGON2ID}$v=19${cost}${salt}${hash}"),
            Method::HmacSha256 => format!("${HMAC_SHA256}${salt}${hash}"),
        }
    }

    /// Reads the stored form; costs beyond what is ever computed are damage.
    pub fn from_text(text: &str) -> Result<Self, VerifierError> {
        Self::read(text).ok_or(VerifierError::Damaged)
    }

    fn read(text: &str) -> Option<Self> {
        let parts: Vec<&str> = text.split('$').collect();
        let (method, salt, hash) = match parts.as_slice() {
            ["", ARGON2ID, "v=19", cost, salt, hash] => {
                (Method::Argon2id(Cost::read(cost)?), salt, hash)
            }
            ["", HMAC_SHA256, salt, hash] => (Method::HmacSha256, salt, hash),
            _ => return None,
        };
        Some(Self {
            method,
            salt: Salt(decoded(salt)?),
            hash: decoded(hash)?,
        })
    }
}

fn decoded<const N: usize>(text: &str) -> Option<[u8; N]> {
    BASE64.decode(text).ok()?.try_into().ok()
}

impl FromStr for Verifier {
    type Err = VerifierError;

    fn from_str(text: &str) -> Result<Self, VerifierError> {
        Self::from_text(text)
    }
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Verifier({:?})", self.method)
    }
}

impl Method {
    fn hash(
        self,
        host_key: &HostKey,
        binding: &Binding<'_>,
        secret: &Secret,
        salt: Salt,
        room: &mut Room,
    ) -> Result<Zeroizing<[u8; 32]>, VerifierError> {
        match self {
            Self::Argon2id(cost) => argon2id(cost, host_key, binding, secret, salt, room),
            Self::HmacSha256 => Ok(hmac_sha256(host_key, binding, secret, salt)),
        }
    }
}

fn argon2id(
    cost: Cost,
    host_key: &HostKey,
    binding: &Binding<'_>,
    secret: &Secret,
    salt: Salt,
    room: &mut Room,
) -> Result<Zeroizing<[u8; 32]>, VerifierError> {
    let mut hash = Zeroizing::new([0; 32]);
    let params = ParamsBuilder::new()
        .m_cost(cost.memory_kib)
        .t_cost(cost.passes)
        .p_cost(cost.lanes)
        .output_len(hash.len())
        .data(AssociatedData::new(&binding.digest()).map_err(VerifierError::Hash)?)
        .build()
        .map_err(VerifierError::Hash)?;
    let blocks = room
        .blocks(params.block_count())
        .map_err(VerifierError::Hash)?;
    let host_key = host_key.expose().as_slice();
    Argon2::new_with_secret(host_key, Algorithm::Argon2id, Version::V0x13, params)
        .and_then(|context| {
            let (secret, salt) = (secret.expose(), &salt.0);
            context.hash_password_into_with_memory(secret, salt, hash.as_mut_slice(), blocks)
        })
        .map_err(VerifierError::Hash)?;
    Ok(hash)
}

fn hmac_sha256(
    host_key: &HostKey,
    binding: &Binding<'_>,
    secret: &Secret,
    salt: Salt,
) -> Zeroizing<[u8; 32]> {
    // HMAC pads its key to a block with zeros (RFC 2104); done here it cannot fail.
    let mut block = Zeroizing::new([0; 64]);
    for (place, byte) in block.iter_mut().zip(host_key.expose()) {
        *place = *byte;
    }
    let block: &[u8; 64] = &block;
    let mut mac = Hmac::<Sha256>::new(block.into());
    mac.update(b"muster token 1\0");
    mac.update(&binding.digest());
    mac.update(&salt.0);
    mac.update(secret.expose());
    Zeroizing::new(mac.finalize().into_bytes().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    const PASSWORD_GOLDEN: &str = "$muster-argon2id$v=19$m=19456,t=2,p=1$BwcHBwcHBwcHBwcHBwcHBw$eFpYB285Ws7ZnoUKZomYjTvZwL1ONKfeL2vf7KRFCts";
    const TOKEN_GOLDEN: &str =
        "$muster-hmac-sha256$BwcHBwcHBwcHBwcHBwcHBw$QEw8YZ2AD1WJaS62WBSa0kYOAK5ovssvu17H3Rr8f+4";
    const SALT: Salt = Salt::from_bytes([7; SALT_LENGTH]);

    fn cheap() -> Cost {
        Cost::new(64, 1, 1).unwrap()
    }

    fn key(byte: u8) -> HostKey {
        HostKey::from_bytes([byte; 32])
    }

    fn secret(text: &str) -> Secret {
        Secret::typed(text.as_bytes()).unwrap()
    }

    /// Makes a verifier for ada of corp and tries it for somebody with something.
    fn check(kind: SecretKind) {
        let (corp, other) = (
            DirectoryName::new("corp").unwrap(),
            DirectoryName::new("other").unwrap(),
        );
        let (ada, eve) = (ImmutableKey::given("1"), ImmutableKey::from_name("1"));
        let bound = |directory, key| Binding { directory, key };
        let binding = bound(&corp, &ada);
        let verifier = Verifier::make_at(
            cheap(),
            kind,
            &key(1),
            &binding,
            &secret("right"),
            SALT,
            &mut Room::new(),
        );
        let verifier = verifier.unwrap();
        let stored = Verifier::from_text(&verifier.to_text()).unwrap();
        assert_eq!(stored, verifier);
        assert!(stored.matches(&key(1), &binding, &secret("right")));
        assert!(!stored.matches(&key(1), &binding, &secret("wrong")));
        assert!(!stored.matches(&key(2), &binding, &secret("right")));
        assert!(!stored.matches(&key(1), &bound(&corp, &eve), &secret("right")));
        assert!(!stored.matches(&key(1), &bound(&other, &ada), &secret("right")));
        assert!(!format!("{stored:?}").contains(&BASE64.encode(stored.hash)));
    }

    #[test]
    fn a_password_proves_itself_for_one_person_on_one_host_only() {
        check(SecretKind::Password);
    }

    #[test]
    fn a_token_proves_itself_for_one_person_on_one_host_only() {
        check(SecretKind::Token);
    }

    #[test]
    fn stored_texts_keep_their_form() {
        let corp = DirectoryName::new("corp").unwrap();
        let ada = ImmutableKey::given("1");
        let binding = Binding {
            directory: &corp,
            key: &ada,
        };
        let text = |kind| {
            Verifier::make(kind, &key(1), &binding, &secret("right"), SALT)
                .unwrap()
                .to_text()
        };
        assert_eq!(text(SecretKind::Password), PASSWORD_GOLDEN);
        assert_eq!(text(SecretKind::Token), TOKEN_GOLDEN);
    }

    #[test]
    fn what_other_hashes_have_left_in_the_memory_changes_no_verdict() {
        let (corp, ada) = (
            DirectoryName::new("corp").unwrap(),
            ImmutableKey::given("1"),
        );
        let binding = Binding {
            directory: &corp,
            key: &ada,
        };
        let verifier = Verifier::from_text(PASSWORD_GOLDEN).unwrap();
        let mut room = Room::new();
        for (typed, is_right) in [("wrong", false), ("right", true), ("wrong", false)] {
            let matched = verifier.matches_in(&mut room, &key(1), &binding, &secret(typed));
            assert_eq!(matched, is_right);
        }
        room.wipe();
        assert!(verifier.matches_in(&mut room, &key(1), &binding, &secret("right")));
    }

    #[test]
    fn a_damaged_or_overpriced_text_is_no_verifier() {
        let good = "$muster-argon2id$v=19$m=19456,t=2,p=1$BwcHBwcHBwcHBwcHBwcHBw$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
        assert!(Verifier::from_text(good).is_ok());
        for (from, to) in [
            ("m=19456", "m=4194304"),
            ("m=19456", "m=4294967296"),
            ("m=19456", "m=7"),
            ("m=19456", "m=-1"),
            ("t=2", "t=4294967295"),
            ("t=2", "t=0"),
            ("p=1", "p=16777215"),
            ("p=1", "p=0"),
            ("p=1", "p=1,x=2"),
            ("v=19", "v=16"),
            ("muster-argon2id", "argon2id"),
            ("$BwcH", "$Bwc"),
            ("AAA", "AA"),
            ("AAA", "A="),
        ] {
            let damaged = good.replacen(from, to, 1);
            assert!(Verifier::from_text(&damaged).is_err(), "{damaged}");
        }
        for text in [
            "",
            "$",
            "$muster-hmac-sha256$",
            "right",
            &format!("{good}$"),
        ] {
            assert!(Verifier::from_text(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_verifier_of_another_cost_is_outdated() {
        let text = "$muster-argon2id$v=19$m=64,t=1,p=1$BwcHBwcHBwcHBwcHBwcHBw$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
        let verifier = Verifier::from_text(text).unwrap();
        assert!(verifier.is_outdated(Cost::default()));
        assert!(!verifier.is_outdated(cheap()));
    }
}
