//! Writing a snapshot: laying the content out, reading it back as a proof, and
//! putting the file where readers look.

use std::fs::{File, OpenOptions};
use std::hash::Hash;
use std::io::{self, Write};
use std::os::unix::fs::{FileExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::amend::{Amendment, Patches};
use super::content::{Content, GroupRecord, SERVICES_MAX, UserRecord};
use super::format::{HEADER, LENGTH_MAX, MAGIC, header};
use super::layout::Layout;
use super::reader::{Damaged, Identity, OpenError, Snapshot};
use super::seeded::Set;
use crate::name::SUFFIX_MAX;

/// How often another seed is drawn, each time with wider indexes, before giving up.
const TRIES: u32 = 40;

/// Why a snapshot could not be written. In every case the old one goes on serving.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// Two records claim the same name or id: whoever put the content together has to decide.
    #[error("{what} {key} is there twice")]
    Duplicate {
        /// Which list: `user name`, `uid`, `group name`, `gid`.
        what: &'static str,
        /// The name or id.
        key: String,
    },
    /// A record that the format cannot hold: leave it out.
    #[error("{name} cannot be written: {why}")]
    Unfit {
        /// Whose record.
        name: String,
        /// What does not fit.
        why: &'static str,
    },
    /// More than a snapshot can hold.
    #[error("the content is too large for a snapshot")]
    TooLarge,
    /// No seed gave short probes; that is a bug or a broken source of randomness.
    #[error("no seed gives short probes")]
    NoSeed,
    /// The kernel gives no randomness.
    #[error("no randomness for the seed")]
    Randomness(#[source] getrandom::Error),
    /// What was written does not read back the same: a bug. It was not installed.
    #[error("what was written reads back differently: {0}")]
    Unfaithful(&'static str),
    /// What was written cannot be read at all: a bug. It was not installed.
    #[error("what was written cannot be read back")]
    Unreadable(#[from] OpenError),
    /// The file could not be put in place: full disk, wrong permissions.
    #[error("{path} cannot be written")]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

impl From<Damaged> for WriteError {
    fn from(damaged: Damaged) -> Self {
        Self::Unreadable(damaged.into())
    }
}

/// The bytes of a snapshot that says `content`, read back and compared.
pub fn write(content: &Content, generation: u64) -> Result<Vec<u8>, WriteError> {
    check(content)?;
    let written = laid_out(content, generation);
    if written.is_err() {
        // Of two with one name or id, the proof finds only one: that is what to say, then.
        check_unique(content)?;
    }
    written
}

/// The bytes that the publisher is handed, read back and compared. It reads each record once,
/// in its order, and lays out anew what it admits: nobody is looked for, so the indexes are empty.
pub fn candidate(content: &Content) -> Result<Vec<u8>, WriteError> {
    candidate_upon(content, 0)
}

/// As [`candidate`], of some users only: what is other than in the snapshot `generation`.
pub fn candidate_upon(content: &Content, generation: u64) -> Result<Vec<u8>, WriteError> {
    check(content)?;
    let bytes = Layout::without_indexes().write(content, generation)?;
    let snapshot = Snapshot::from_vec(bytes.ok_or(WriteError::NoSeed)?)?;
    prove_content(&snapshot, content)?;
    Ok(snapshot.into_vec())
}

fn laid_out(content: &Content, generation: u64) -> Result<Vec<u8>, WriteError> {
    for attempt in 0..TRIES {
        let seed = getrandom::u64().map_err(WriteError::Randomness)?;
        let layout = Layout::new(seed, attempt).roomy();
        if let Some(bytes) = layout.write(content, generation)? {
            let snapshot = Snapshot::from_vec(bytes)?;
            prove(&snapshot, content)?;
            return Ok(snapshot.into_vec());
        }
        // Many with one name or id would be in each other's way with each seed.
        check_unique(content)?;
    }
    Err(WriteError::NoSeed)
}

/// Refuses what a reader could not tell apart.
fn check_unique(content: &Content) -> Result<(), WriteError> {
    let (users, groups) = (&content.users, &content.groups);
    unique("user name", users.iter().map(|user| &user.account.name))?;
    unique("uid", users.iter().map(|user| user.account.uid))?;
    unique("group name", groups.iter().map(|group| &group.group.name))?;
    unique("gid", groups.iter().map(|group| group.group.gid))
}

/// Refuses what a reader would misread.
fn check(content: &Content) -> Result<(), WriteError> {
    let (users, groups) = (&content.users, &content.groups);
    if content.services.len() > SERVICES_MAX {
        return Err(WriteError::TooLarge);
    }
    let suffixes = &content.forms.suffixes;
    if let Some(odd) = suffixes.iter().find(|suffix| !is_sane_suffix(suffix)) {
        return Err(WriteError::Unfit {
            name: format!("the suffix {odd:?}"),
            why: "it is empty, too long, or could not be typed",
        });
    }
    check_records(users, groups, content.directories.len())
}

/// Refuses records that a reader would misread, where there are so many directories.
fn check_records(
    users: &[UserRecord],
    groups: &[GroupRecord],
    directories: usize,
) -> Result<(), WriteError> {
    let known = |directory: u16| usize::from(directory) < directories;
    let unfit = |name: &str, why| {
        Err(WriteError::Unfit {
            name: name.to_owned(),
            why,
        })
    };
    for user in users {
        let account = &user.account;
        let name = account.name.as_str();
        let fields = [&account.gecos, &account.home, &account.shell];
        if fields
            .into_iter()
            .chain(&user.ssh_keys)
            .any(|text| breaks_line(text))
        {
            return unfit(name, "a field holds a control character or a colon");
        }
        if !known(user.directory) {
            return unfit(name, "its directory is not in the list");
        }
    }
    match groups.iter().find(|group| !known(group.directory)) {
        Some(group) => unfit(
            group.group.name.as_str(),
            "its directory is not in the list",
        ),
        None => Ok(()),
    }
}

/// Whether `suffix` could be typed behind a name.
pub(super) fn is_sane_suffix(suffix: &str) -> bool {
    (1..=SUFFIX_MAX).contains(&suffix.len()) && suffix.bytes().all(|byte| byte.is_ascii_graphic())
}

fn unique<K: Copy + Eq + Hash + ToString>(
    what: &'static str,
    mut keys: impl ExactSizeIterator<Item = K>,
) -> Result<(), WriteError> {
    let mut seen = Set::default();
    seen.reserve(keys.len());
    match keys.find(|key| !seen.insert(*key)) {
        Some(key) => Err(WriteError::Duplicate {
            what,
            key: key.to_string(),
        }),
        None => Ok(()),
    }
}

/// Whether `text` would end its field or its line of passwd(5).
fn breaks_line(text: &str) -> bool {
    text.bytes().fold(false, |breaks, byte| {
        breaks | (byte < b' ') | (byte == b':') | (byte == 0x7f)
    })
}

/// Reads `snapshot` as every reader will, and compares all of it.
fn prove_content(snapshot: &Snapshot, content: &Content) -> Result<(), WriteError> {
    let says_it = snapshot.says(content, |own, said| own == said)?;
    if says_it && snapshot.created() == content.created {
        Ok(())
    } else {
        Err(WriteError::Unfaithful("the content"))
    }
}

/// Compares all of `snapshot`, and each key through its index.
fn prove(snapshot: &Snapshot, content: &Content) -> Result<(), WriteError> {
    prove_content(snapshot, content)?;
    for (user, position) in content.users.iter().zip(0..) {
        if !snapshot.finds_user(position, &user.account)? {
            return Err(WriteError::Unfaithful("a user's index"));
        }
    }
    for (group, position) in content.groups.iter().zip(0..) {
        if !snapshot.finds_group(position, &group.group)? {
            return Err(WriteError::Unfaithful("a group's index"));
        }
    }
    Ok(())
}

/// The name of the file in its folder.
const FILE: &str = "snapshot";
/// The name under which it is written first.
const NEW_FILE: &str = "snapshot.new";

/// Puts `bytes` into `folder` as the snapshot. Readers of the old file are told
/// before it loses its name, and the old file is never shortened: others have it mapped.
pub fn install(bytes: &[u8], folder: &Path) -> Result<(), WriteError> {
    write_new(folder, |file| file.write_all(bytes))?;
    put_in_place(folder)
}

/// Puts into `folder`, which is `owner`'s, a copy of `served`, the snapshot there, that says
/// `amendment`. What it says anew is read back and compared; all else is as it was.
pub fn amend(
    served: &Snapshot,
    amendment: &Amendment,
    generation: u64,
    folder: &Path,
    owner: u32,
) -> Result<(), WriteError> {
    check_records(
        &amendment.users,
        &amendment.groups,
        amendment.directories.len(),
    )?;
    let patches = served.patches(amendment, generation)?;
    write_new(folder, |file| copy_amended(served, &patches, folder, file))?;
    let proved = Snapshot::open_trusted_by(&folder.join(NEW_FILE), owner)
        .map_err(WriteError::from)
        .and_then(|written| prove_amended(&written, served, amendment, generation));
    if let Err(error) = proved {
        let _gone = std::fs::remove_file(folder.join(NEW_FILE));
        return Err(error);
    }
    put_in_place(folder)
}

fn copy_amended(
    served: &Snapshot,
    patches: &Patches,
    folder: &Path,
    file: &mut File,
) -> io::Result<()> {
    let mut standing = OpenOptions::new()
        .read(true)
        .custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK)
        .open(folder.join(FILE))?;
    let length = served.length() as u64;
    let is_it = Some(Identity::of_file(&standing)?) == served.identity();
    if !is_it || io::copy(&mut standing, file)? != length {
        return Err(io::Error::other("another snapshot stands there"));
    }
    file.write_all_at(&patches.behind, length)?;
    for (at, word) in &patches.words {
        file.write_all_at(&word.to_le_bytes(), *at)?;
    }
    Ok(())
}

/// Reads of `written` what `amendment` says, as every reader will.
fn prove_amended(
    written: &Snapshot,
    served: &Snapshot,
    amendment: &Amendment,
    generation: u64,
) -> Result<(), WriteError> {
    let same_counts = (written.user_count(), written.group_count())
        == (served.user_count(), served.group_count());
    let says_it = written.says_amendment(amendment, |own, said| own == said)?
        && written.lists_amendment(amendment)?;
    let header = (written.generation(), written.created());
    if same_counts && says_it && header == (generation, amendment.created) {
        Ok(())
    } else {
        Err(WriteError::Unfaithful("the amendment"))
    }
}

/// Gives the new file its name.
fn put_in_place(folder: &Path) -> Result<(), WriteError> {
    let (new, standing) = (folder.join(NEW_FILE), folder.join(FILE));
    // A reader that is not told looks by itself within a minute, so a file that
    // cannot be marked (missing, a FIFO, no snapshot at all) holds nothing up.
    let _told = tell_readers(&standing);
    std::fs::rename(&new, &standing).map_err(at(&standing))?;
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(at(folder))
}

fn at(path: &Path) -> impl FnOnce(io::Error) -> WriteError {
    let path = path.to_owned();
    move |source| WriteError::Io { path, source }
}

/// Makes the new file in `folder` by `write`, or none.
fn write_new(
    folder: &Path,
    write: impl FnOnce(&mut File) -> io::Result<()>,
) -> Result<(), WriteError> {
    let path = folder.join(NEW_FILE);
    let written = create_new(&path).and_then(|mut file| {
        write(&mut file)?;
        file.sync_all()
    });
    written.map_err(|error| {
        // A part of it would keep the disk full for everybody else.
        let _gone = std::fs::remove_file(&path);
        at(&path)(error)
    })
}

fn create_new(path: &Path) -> io::Result<File> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o644)
        .custom_flags(libc::O_NOFOLLOW)
        .open(path)?;
    file.set_permissions(std::fs::Permissions::from_mode(0o644))?;
    Ok(file)
}

/// Sets the old file's word that says "look again", and nothing else of it.
fn tell_readers(path: &Path) -> io::Result<()> {
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK)
        .open(path)?;
    let status = file.metadata()?;
    let mut magic = [0; 8];
    file.read_exact_at(&mut magic, header::MAGIC as u64)?;
    if !status.is_file() || status.len() < HEADER as u64 || u64::from_le_bytes(magic) != MAGIC {
        return Err(io::ErrorKind::InvalidData.into());
    }
    file.write_all_at(&1u32.to_le_bytes(), header::LOOK_AGAIN as u64)
}

/// Whether a file of `length` bytes can be a snapshot: the publisher's cap.
pub const fn is_sane_length(length: usize) -> bool {
    length >= HEADER && length <= LENGTH_MAX
}
