//! A broker without sockets for tests: a directory that says what the test wants, a
//! real snapshot and a real store in a folder of their own, a clock that stands still.

use std::collections::HashMap;
use std::path::Path;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use muster_common::clock::{Clock, ManualClock, Time};
use muster_common::config;
use muster_common::directory::{
    Directory, DirectoryError, ImmutableKey, Person, Projection, Refusal, ServerVersion, Sighting,
    Team, Verified,
};
use muster_common::local::LocalFiles;
use muster_common::name::{DirectoryName, UserName};
use muster_common::secret::Secret;
use muster_common::snapshot::writer;
use muster_common::store::Store;
use muster_common::verifier::HostKey;
use tokio::sync::mpsc;

use crate::assemble::assemble;
use crate::broker::{self, Broker, Connected};
use crate::publisher::Publisher;
use crate::turns::Turns;

const CONFIG: &str = r#"
version = 1
[[directory]]
name = "corp"
kind = "crowd"
url = "https://crowd.example.org/crowd"
application = "linux"
password_file = "/etc/muster/secrets/crowd"
[access]
allow = ["group:linux-users"]
"#;

/// When the clock stands still.
pub(crate) const NOW: Time = Time::from_unix(1_800_000_000);

/// What the directory says to a login.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mood {
    Knows(&'static str),
    AnswersForSomebodyElse,
    Locks,
    IsGone,
    RefusesUs,
    TalksNonsense,
    NeverAnswers,
}

pub(crate) struct Scripted {
    name: DirectoryName,
    mood: Mutex<Mood>,
    asked: Mutex<u32>,
}

#[async_trait::async_trait]
impl Directory for Scripted {
    async fn probe(&self) -> Result<ServerVersion, DirectoryError> {
        Ok(ServerVersion("Crowd/5".into()))
    }
    async fn find(&self, _name: &UserName) -> Result<Sighting, DirectoryError> {
        Err(DirectoryError::NotFound)
    }
    async fn verify(&self, name: &UserName, secret: &Secret) -> Result<Verified, DirectoryError> {
        *self.asked.lock().unwrap() += 1;
        let mood = *self.mood.lock().unwrap();
        let key = |key| Verified {
            key: ImmutableKey::given(key),
            name: name.to_string(),
            expires: None,
            sighting: None,
        };
        match mood {
            Mood::Knows(password) if secret.expose() == password.as_bytes() => {
                Ok(key(name.as_str()))
            }
            Mood::Knows(_) => Err(DirectoryError::Refused(Refusal::doubtful("wrong"))),
            Mood::AnswersForSomebodyElse => Ok(key("mallory")),
            Mood::Locks => Err(DirectoryError::Locked),
            Mood::IsGone => Err(DirectoryError::Unreachable {
                reason: "down".into(),
                retry_after: None,
                source: None,
            }),
            Mood::RefusesUs => Err(DirectoryError::Misconfigured {
                reason: "401".into(),
            }),
            Mood::NeverAnswers => std::future::pending().await,
            Mood::TalksNonsense => Err(DirectoryError::Nonsense {
                reason: "html".into(),
                source: None,
            }),
        }
    }
}

pub(crate) struct World {
    pub(crate) broker: Arc<Broker>,
    directory: Arc<Scripted>,
    pub(crate) clock: Arc<ManualClock>,
    _folder: tempfile::TempDir,
}

impl World {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let directory = Arc::new(Scripted {
            name: DirectoryName::new("corp").unwrap(),
            mood: Mutex::new(Mood::Knows("right")),
            asked: Mutex::new(0),
        });
        let clock = Arc::new(ManualClock::at(NOW));
        let (sync, _queue) = mpsc::channel(1);
        let config = config::parse(CONFIG, Path::new("muster.toml")).unwrap();
        let connected = Connected {
            config: config.directories[0].clone(),
            directory: Arc::clone(&directory) as Arc<dyn Directory>,
            sync,
        };
        let broker = Broker {
            config,
            places: broker::Places {
                host: folder.path().into(),
                snapshot: folder.path().join("snapshot"),
                snapshot_owner: rustix::process::geteuid().as_raw(),
                publish_socket: folder.path().join("publish.sock"),
            },
            store: Arc::new(Store::in_memory().unwrap()),
            connected: vec![connected],
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
            host_key: Arc::new(HostKey::from_bytes([7; 32])),
            hashing: broker::Hashing::on(1),
            publisher: Publisher::default(),
            turns: Turns::default(),
            high_water: AtomicU64::new(0),
            started: Duration::ZERO,
            subordinate: vec![],
            standings: Mutex::new(HashMap::new()),
        };
        let world = Self {
            broker: Arc::new(broker),
            directory,
            clock,
            _folder: folder,
        };
        world.serve(&["ada", "bob"]);
        world
    }

    /// Syncs and publishes these people; only ada is in linux-users.
    pub(crate) fn serve(&self, people: &[&str]) {
        let team = Team {
            key: ImmutableKey::from_name("linux-users"),
            name: "linux-users".into(),
            active: true,
            gid: None,
            members: vec!["ada".into()],
        };
        let people = people
            .iter()
            .map(|name| Person::named(ImmutableKey::given(name), name))
            .collect();
        let projection = Projection {
            people,
            teams: vec![team],
            remarks: vec![],
        };
        let Broker {
            store,
            config,
            places,
            ..
        } = &*self.broker;
        store
            .replace(&self.directory.name, &projection, self.clock.now())
            .unwrap();
        let assembly = assemble(store, config, &LocalFiles::default(), self.clock.now()).unwrap();
        let bytes = writer::write(&assembly.content, 1).unwrap();
        writer::install(&bytes, places.snapshot.parent().unwrap()).unwrap();
    }

    /// How often the directory was asked to verify.
    pub(crate) fn asked(&self) -> u32 {
        *self.directory.asked.lock().unwrap()
    }

    /// What the directory says from now on.
    pub(crate) fn mood(&self, mood: Mood) {
        *self.directory.mood.lock().unwrap() = mood;
    }
}
