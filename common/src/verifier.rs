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

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
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

const ARGON2ID: &str = "muster-argon2id";
const HMAC_SHA256: &str = "muster-hmac-sha256";
const KEY_LENGTH: usize = 32;
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
        Self::make_at(Cost::default(), kind, host_key, binding, secret, salt)
    }

    /// The same at another cost, which counts for passwords only.
    pub fn make_at(
        cost: Cost,
        kind: SecretKind,
        host_key: &HostKey,
        binding: &Binding<'_>,
        secret: &Secret,
        salt: Salt,
    ) -> Result<Self, VerifierError> {
        let method = match kind {
            SecretKind::Password => Method::Argon2id(cost),
            SecretKind::Token => Method::HmacSha256,
        };
        let hash = *method.hash(host_key, binding, secret, salt)?;
        Ok(Self { method, salt, hash })
    }

    /// Whether `secret` is the one that was accepted. Takes as long as making one;
    /// the comparison tells nothing by its time. Whatever fails means no.
    pub fn matches(&self, host_key: &HostKey, binding: &Binding<'_>, secret: &Secret) -> bool {
        self.method
            .hash(host_key, binding, secret, self.salt)
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
    ) -> Result<Zeroizing<[u8; 32]>, VerifierError> {
        match self {
            Self::Argon2id(cost) => argon2id(cost, host_key, binding, secret, salt),
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
    Argon2::new_with_secret(
        host_key.0.as_slice(),
        Algorithm::Argon2id,
        Version::V0x13,
        params,
    )
    .and_then(|context| context.hash_password_into(secret.expose(), &salt.0, hash.as_mut_slice()))
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
    for (place, byte) in block.iter_mut().zip(host_key.0.iter()) {
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

/// The host's own key: 32 random bytes in a file of its own, so that a copy of the
/// store alone can be attacked by nobody. Wiped when dropped, shown nowhere.
pub struct HostKey(Box<Zeroizing<[u8; KEY_LENGTH]>>);

impl fmt::Debug for HostKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// Why there is no host key. Without one, nobody logs in offline.
#[derive(Debug, thiserror::Error)]
pub enum HostKeyError {
    /// The file cannot be read or made.
    #[error("{}: {source}", path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// What failed.
        #[source]
        source: io::Error,
    },
    /// The file could have been read or written by others: an administrator must look.
    #[error("{}: {what}", path.display())]
    Unsafe {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        what: &'static str,
    },
    /// The kernel gave no random bytes.
    #[error("no random bytes: {0}")]
    Random(getrandom::Error),
}

impl HostKey {
    /// Known bytes, for tests.
    pub fn from_bytes(bytes: [u8; KEY_LENGTH]) -> Self {
        Self(Box::new(Zeroizing::new(bytes)))
    }

    /// Reads the key at `path`, or makes it there first. Two that start at once get
    /// the same key, and a crash leaves a whole key or none.
    pub fn load_or_create(path: &Path) -> Result<Self, HostKeyError> {
        match open_private(path) {
            Ok(file) => Self::load(path, file),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Self::create(path)?;
                Self::load(path, open_private(path).map_err(at(path))?)
            }
            Err(error) => Err(at(path)(error)),
        }
    }

    fn load(path: &Path, mut file: File) -> Result<Self, HostKeyError> {
        check_private(path, &file)?;
        let mut key = Box::new(Zeroizing::new([0; KEY_LENGTH]));
        file.read_exact(key.as_mut_slice()).map_err(at(path))?;
        Ok(Self(key))
    }

    /// Writes a new key beside `path` and links it there, which fails if one is there by now.
    fn create(path: &Path) -> Result<(), HostKeyError> {
        let mut key = Zeroizing::new([0; KEY_LENGTH]);
        getrandom::fill(key.as_mut_slice()).map_err(HostKeyError::Random)?;
        let draft = path.with_extension(format!("new-{}", std::process::id()));
        // Left by a crash of an earlier process with our number.
        let _ = std::fs::remove_file(&draft);
        let linked = write_private(&draft, key.as_slice())
            .and_then(|()| std::fs::hard_link(&draft, path))
            .or_else(|error| match error.kind() {
                io::ErrorKind::AlreadyExists => Ok(()),
                _ => Err(error),
            });
        let removed = std::fs::remove_file(&draft);
        linked
            .and(removed)
            .and_then(|()| sync_folder(path))
            .map_err(at(path))
    }
}

fn at(path: &Path) -> impl Fn(io::Error) -> HostKeyError {
    move |source| HostKeyError::Io {
        path: path.to_owned(),
        source,
    }
}

/// No link is followed, and a FIFO in the file's place does not make us wait.
fn open_private(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .read(true)
        .custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK | libc::O_CLOEXEC)
        .open(path)
}

fn check_private(path: &Path, file: &File) -> Result<(), HostKeyError> {
    let status = file.metadata().map_err(at(path))?;
    let length = u64::try_from(KEY_LENGTH).unwrap_or(u64::MAX);
    let what = if !status.is_file() {
        "is not a regular file"
    } else if status.uid() != rustix::process::geteuid().as_raw() {
        "belongs to somebody else"
    } else if status.mode() & 0o7177 != 0 {
        "others may read or write it: its mode must be 0600; if it was so by mistake, remove the \
         file, and everybody logs in online once"
    } else if status.len() != length {
        "does not hold 32 bytes: remove it, and everybody logs in online once"
    } else {
        return Ok(());
    };
    Err(HostKeyError::Unsafe {
        path: path.to_owned(),
        what,
    })
}

fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .custom_flags(libc::O_NOFOLLOW | libc::O_CLOEXEC)
        .open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

fn sync_folder(path: &Path) -> io::Result<()> {
    match path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
    {
        Some(folder) => File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    const PASSWORD_GOLDEN: &str = "$muster-argon2id$v=19$m=19456,t=2,p=1$BwcHBwcHBwcHBwcHBwcHBw$eFpYB285Ws7ZnoUKZomYjTvZwL1ONKfeL2vf7KRFCts";
    const TOKEN_GOLDEN: &str =
        "$muster-hmac-sha256$BwcHBwcHBwcHBwcHBwcHBw$QEw8YZ2AD1WJaS62WBSa0kYOAK5ovssvu17H3Rr8f+4";
    const SALT: Salt = Salt::from_bytes([7; SALT_LENGTH]);

    fn cheap() -> Cost {
        Cost::new(64, 1, 1).unwrap()
    }

    fn key(byte: u8) -> HostKey {
        HostKey::from_bytes([byte; KEY_LENGTH])
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
        let verifier =
            Verifier::make_at(cheap(), kind, &key(1), &binding, &secret("right"), SALT).unwrap();
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

    #[test]
    fn the_host_key_is_made_once_and_only_its_owner_may_read_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("host.key");
        let first = HostKey::load_or_create(&path).unwrap();
        let again = HostKey::load_or_create(&path).unwrap();
        assert_eq!(first.0.as_slice(), again.0.as_slice());
        assert_ne!(first.0.as_slice(), [0; KEY_LENGTH]);
        assert_eq!(format!("{first:?}"), "***");
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o7777, 0o600);
        let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().collect();
        assert_eq!(left.len(), 1, "nothing but the key is left");
    }

    #[test]
    fn a_key_that_another_has_made_meanwhile_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("host.key");
        HostKey::create(&path).unwrap();
        let first = std::fs::read(&path).unwrap();
        HostKey::create(&path).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), first);
    }

    #[test]
    fn an_exposed_short_or_foreign_key_file_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("host.key");
        let refused = || {
            matches!(
                HostKey::load_or_create(&path),
                Err(HostKeyError::Unsafe { .. })
            )
        };
        let mode = |mode| {
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        };
        HostKey::load_or_create(&path).unwrap();
        for exposed in [0o640, 0o604, 0o620, 0o700, 0o4600] {
            mode(exposed);
            assert!(refused(), "{exposed:o}");
        }
        mode(0o400);
        assert!(!refused());
        mode(0o600);
        std::fs::write(&path, b"short").unwrap();
        assert!(refused());
        std::fs::remove_file(&path).unwrap();
        std::os::unix::fs::symlink("/dev/zero", &path).unwrap();
        assert!(HostKey::load_or_create(&path).is_err());
    }
}
