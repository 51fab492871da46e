//! What becomes of a candidate: decoded, checked record by record, written anew, put in place.
//! Where it is an amendment, that holds for the records that are other, and the rest is copied.
//!
//! Nothing of the candidate's bytes gets into the snapshot but values that were
//! decoded into checked types and admitted by root's policy.

use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use muster_common::clock::{Clock, Time};
use muster_common::config::{self, Config, ConfigErrors};
use muster_common::local::LocalFiles;
use muster_common::paths;
use muster_common::snapshot::content::Content;
use muster_common::snapshot::policy::amend::Unamendable;
use muster_common::snapshot::policy::{Policy, Refusal, worth_writing};
use muster_common::snapshot::reader::{Damaged, OpenError, Snapshot};
use muster_common::snapshot::writer::{self, WriteError};
use muster_common::wire::publish::{Published, REFUSALS_MAX, Refused};

/// Amendments leave records over that nothing leads to: by this part of its length a file may grow …
const PART_LEFT_OVER: usize = 4;
/// … and by so many bytes in any case.
const LEFT_OVER: usize = 64 << 10;

/// Where everything lies, and who it has to belong to.
#[derive(Debug, Clone)]
pub struct Places {
    /// Root's configuration.
    pub config: PathBuf,
    /// The host's root folder, with etc/passwd and its like below.
    pub host: PathBuf,
    /// The folder that the snapshot is put into.
    pub public: PathBuf,
    /// Whose all of it is: root's; a test's own user.
    pub owner: u32,
}

impl Places {
    /// A host's, with the configuration at `config`.
    pub fn of_host(config: PathBuf) -> Self {
        Self {
            config,
            host: PathBuf::from("/"),
            public: PathBuf::from(paths::PUBLIC_DIR),
            owner: 0,
        }
    }
}

/// Why a candidate is not served. What was served before still is.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    /// Root's configuration cannot be followed: root has to mend it.
    #[error("the configuration cannot be followed")]
    Config(#[from] ConfigErrors),
    /// The host's own accounts cannot be read, so nobody can be told from them.
    #[error("the host's own accounts cannot be read")]
    Local(#[source] io::Error),
    /// The candidate is no snapshot.
    #[error("the candidate is no snapshot")]
    NoSnapshot(#[from] OpenError),
    /// The amendment cannot be taken for itself.
    #[error(transparent)]
    Unamendable(#[from] Unamendable),
    /// The candidate holds a record that cannot be.
    #[error("the candidate cannot be decoded")]
    Undecodable(#[from] Damaged),
    /// The folder is missing and cannot be made, or others can write it.
    #[error("{} cannot be used: {reason}", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The snapshot cannot be written.
    #[error("the snapshot cannot be written")]
    Write(#[from] WriteError),
}

/// Checks and publishes, one candidate after the other.
pub struct Publisher {
    places: Places,
    clock: Box<dyn Clock>,
    config: Option<(Vec<Fingerprint>, Config)>,
    /// The highest generation given so far, in case the served file is lost.
    generation: u64,
    /// What is served, if this process has admitted all of it.
    admitted: Option<Admitted>,
}

/// A snapshot that was admitted whole, amended since or not, and under what.
struct Admitted {
    generation: u64,
    /// Its length when it was written whole.
    length: usize,
    /// When: decisions count from there, at most.
    at: Time,
    config: Vec<Fingerprint>,
    local: LocalFiles,
}

/// What tells one version of a file from the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Fingerprint {
    file: (u64, u64),
    length: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Fingerprint {
    fn of(path: &Path) -> io::Result<Self> {
        let status = std::fs::metadata(path)?;
        Ok(Self {
            file: (status.dev(), status.ino()),
            length: status.len(),
            modified: (status.mtime(), status.mtime_nsec()),
            changed: (status.ctime(), status.ctime_nsec()),
        })
    }
}

impl Publisher {
    /// A publisher of what lies at `places`.
    pub fn new(places: Places, clock: Box<dyn Clock>) -> Self {
        Self {
            places,
            clock,
            config: None,
            generation: 0,
            admitted: None,
        }
    }

    /// Where everything lies.
    pub const fn places(&self) -> &Places {
        &self.places
    }

    /// Root's configuration, read anew if one of its files has changed, or which there are.
    pub fn config(&mut self) -> Result<&Config, CheckError> {
        let path = &self.places.config;
        // Taken before reading: a change while reading is seen the next time.
        let files = config::files_of(path)?.into_iter();
        let now = files.map(|path| {
            Fingerprint::of(&path).map_err(|source| ConfigErrors::Unreadable { path, source })
        });
        let now: Vec<_> = now.collect::<Result<_, _>>()?;
        let known = self.config.take().filter(|(then, _)| *then == now);
        let config = match known {
            Some((_, config)) => config,
            None => config::load_trusted_by(path, self.places.owner)?,
        };
        Ok(&self.config.insert((now, config)).1)
    }

    /// Serves what of `candidate` is admitted.
    pub fn publish(&mut self, candidate: Vec<u8>) -> Result<Published, CheckError> {
        self.admitted = None;
        let said = Snapshot::from_vec(candidate)?.content()?;
        let now = self.clock.now();
        let (policy, config) = self.policy()?;
        let (content, refusals) = policy.admit(said, now);
        make_folder(&self.places.public, self.places.owner)?;

        let served = self.served();
        let (generation, length) = match &served {
            Some(served) if self.is_as_good(served, &content, policy.max_staleness) => {
                (served.generation(), served.length())
            }
            _ => self.write(&content, served.map(|served| served.generation()))?,
        };
        self.generation = self.generation.max(generation);
        self.admitted = Some(Admitted {
            generation,
            length,
            at: now,
            config,
            local: policy.local,
        });
        let counts = (content.users.len(), content.groups.len());
        Ok(answer(generation, counts, refusals))
    }

    /// Serves what `candidate` says of some of those who are served, if nothing else can be
    /// other: the snapshot is the one that was admitted last, and under the same policy.
    pub fn amend(&mut self, candidate: Vec<u8>) -> Result<Published, CheckError> {
        let said = Snapshot::from_vec(candidate)?;
        let base = said.generation();
        let now = self.clock.now();
        let (policy, config) = self.policy()?;
        let admitted = self.admitted.as_ref().filter(|admitted| {
            admitted.generation == base
                && admitted.at <= now
                && admitted.config == config
                && admitted.local == policy.local
        });
        let admitted = admitted.ok_or_else(|| {
            Unamendable(
                "what is served was not admitted by this publisher as things are now".into(),
            )
        })?;
        let served = self
            .served()
            .filter(|served| served.generation() == base && !served.looks_stale());
        let served = served.ok_or_else(|| Unamendable("another snapshot is served".into()))?;
        let amendment = policy.amend(&served, said.content()?, now)?;
        let counts = (served.user_count() as usize, served.group_count() as usize);
        let tolerance = worth_writing(policy.max_staleness);
        if served.says_amendment(&amendment, |old, new| moved_by_less(old, new, tolerance))? {
            return Ok(answer(base, counts, Vec::new()));
        }
        let most = (admitted.length / PART_LEFT_OVER).max(LEFT_OVER);
        let most = most.saturating_add(admitted.length);
        if served.length() > most {
            return Err(Unamendable("too much of the file is left over".into()).into());
        }
        let generation = base.max(self.generation).saturating_add(1);
        let Places { public, owner, .. } = &self.places;
        make_folder(public, *owner)?;
        writer::amend(&served, &amendment, generation, public, *owner)?;
        log::info!(
            "generation {generation}: {} users and {} groups amended",
            amendment.users.len(),
            amendment.groups.len()
        );
        self.generation = generation;
        if let Some(admitted) = &mut self.admitted {
            admitted.generation = generation;
        }
        Ok(answer(generation, counts, Vec::new()))
    }

    /// What root says now, and what tells that from what root says later.
    fn policy(&mut self) -> Result<(Policy, Vec<Fingerprint>), CheckError> {
        let local = LocalFiles::read(&self.places.host).map_err(CheckError::Local)?;
        let policy = self.config()?.policy(local);
        let files = self.config.as_ref().map(|(files, _)| files.clone());
        Ok((policy, files.unwrap_or_default()))
    }

    /// What is served now, if it can be read.
    fn served(&self) -> Option<Snapshot> {
        match Snapshot::open_trusted_by(&self.standing(), self.places.owner) {
            Ok(served) => Some(served),
            Err(OpenError::Missing) => None,
            Err(error) => {
                log::warn!("{} is written anew: {error}", self.standing().display());
                None
            }
        }
    }

    /// Whether what is served says the same as `new`, except for times that have hardly moved.
    /// One that was amended holds what nobody reads any more.
    /// One whose readers were told that another comes, by a publisher that was killed before it came, would send
    /// each look-up to the path for ever.
    fn is_as_good(&self, served: &Snapshot, new: &Content, max_staleness: Duration) -> bool {
        if served.looks_stale() || served.amended() {
            return false;
        }
        let tolerance = worth_writing(max_staleness);
        let says = served.says(new, |old, new| moved_by_less(old, new, tolerance));
        says.unwrap_or_else(|damaged| {
            log::warn!("{} is written anew: {damaged}", self.standing().display());
            false
        })
    }

    fn standing(&self) -> PathBuf {
        self.places.public.join("snapshot")
    }

    /// The generation and the length of what is served then.
    fn write(&self, content: &Content, served: Option<u64>) -> Result<(u64, usize), CheckError> {
        let last = served.unwrap_or(0).max(self.generation);
        let generation = last.saturating_add(1);
        let bytes = writer::write(content, generation)?;
        writer::install(&bytes, &self.places.public)?;
        log::info!(
            "generation {generation}: {} users, {} groups, {} bytes",
            content.users.len(),
            content.groups.len(),
            bytes.len()
        );
        Ok((generation, bytes.len()))
    }
}

fn answer(generation: u64, (users, groups): (usize, usize), refusals: Vec<Refusal>) -> Published {
    let count = |length: usize| u64::try_from(length).unwrap_or(u64::MAX);
    let refused_total = count(refusals.len());
    let listed = refusals.into_iter().take(REFUSALS_MAX);
    Published {
        generation,
        users: count(users),
        groups: count(groups),
        refusals: listed
            .map(|refusal| Refused {
                what: refusal.what,
                why: refusal.why,
            })
            .collect(),
        refused_total,
    }
}

/// Makes `folder` if it is not there, and refuses one that others than `owner` can write:
/// root creates nothing where somebody else could put something in the way.
fn make_folder(folder: &Path, owner: u32) -> Result<(), CheckError> {
    let refuse = |path: &Path, reason: String| {
        Err(CheckError::Folder {
            path: path.to_owned(),
            reason,
        })
    };
    let made = std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o755)
        .create(folder);
    if let Err(error) = made {
        return refuse(folder, error.to_string());
    }
    for path in folder.ancestors().take(2) {
        let status = match std::fs::symlink_metadata(path) {
            Ok(status) => status,
            Err(error) => return refuse(path, error.to_string()),
        };
        if !status.is_dir() || status.uid() != owner || status.mode() & 0o022 != 0 {
            let wanted =
                format!("it must be a folder of the user {owner} that nobody else may write");
            return refuse(path, wanted);
        }
    }
    Ok(())
}

/// A time that went back is news, however little: a decision lapses earlier than served.
fn moved_by_less(old: Time, new: Time, tolerance: Duration) -> bool {
    new == old || (new > old && new.since(old) < tolerance)
}
