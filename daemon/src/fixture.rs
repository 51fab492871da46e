//! A broker without sockets for tests: a directory that says what the test wants, a
//! real snapshot and a real store in a folder of their own, a clock that stands still.

mod publishing;
mod scripted;

use std::collections::HashMap;
use std::path::Path;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use muster_common::clock::{Clock, ManualClock, Time};
use muster_common::config;
use muster_common::directory::{Directory, ImmutableKey, Person, Projection, Roster, Team};
use muster_common::local::LocalFiles;
use muster_common::snapshot::writer;
use muster_common::store::Store;
use muster_common::store::renewal::Renewal;
use muster_common::verifier::HostKey;
use tokio::sync::mpsc;

pub(crate) use self::publishing::Root;
use self::publishing::install_beside;
pub(crate) use self::scripted::{Lists, Mood, Scripted, Takes, directory};
use crate::assemble::assemble;
use crate::broker::{self, Broker, Connected};
use crate::client::Client;
use crate::hashing::Hashing;
use crate::login::{Patience, WrittenThrough};
use crate::lookups::Lookups;
use crate::mapped::Mapped;
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

/// One directory that is read, and two that are asked by name.
pub(crate) const ASKED_BY_NAME: &str = r#"
version = 1
[[directory]]
name = "corp"
kind = "crowd"
url = "https://crowd.example.org/crowd"
application = "linux"
password_file = "/etc/muster/secrets/crowd"
[[directory]]
name = "rubin"
kind = "gafaelfawr"
url = "https://data.example.org"
token_file = "/etc/muster/secrets/gafaelfawr"
[[directory]]
name = "usdf"
kind = "gafaelfawr"
namespace = "usdf"
url = "https://usdf.example.org"
token_file = "/etc/muster/secrets/usdf"
[access]
allow = ["group:rubin/astro"]
"#;

/// When the clock stands still.
pub(crate) const NOW: Time = Time::from_unix(1_800_000_000);

pub(crate) struct World {
    pub(crate) broker: Arc<Broker>,
    pub(crate) directories: Vec<Arc<Scripted>>,
    pub(crate) clock: Arc<ManualClock>,
    _folder: tempfile::TempDir,
}

impl World {
    /// One directory, corp, that has been read: ada and bob, only ada in linux-users.
    pub(crate) fn new() -> Self {
        Self::with("", "")
    }

    /// The same with these keys of the directory, and these sections.
    pub(crate) fn with(keys: &str, sections: &str) -> Self {
        let config = CONFIG.replace("[access]", &format!("{keys}\n[access]"));
        let world = Self::of(&(config + sections));
        world.serve(&["ada", "bob"]);
        world
    }

    /// The directories of this configuration, none of them read yet.
    pub(crate) fn of(config: &str) -> Self {
        let config = config::parse(config, Path::new("muster.toml")).unwrap();
        let clock = Arc::new(ManualClock::at(NOW));
        let directories: Vec<_> = config
            .directories
            .iter()
            .map(|directory| Arc::new(Scripted::new(&directory.name, &clock)))
            .collect();
        let asked = directories.iter().cloned();
        let asked = asked.map(|directory| directory as Arc<dyn Directory>);
        let asked = asked.collect();
        Self {
            directories,
            ..Self::at(clock, config, asked)
        }
    }

    /// A broker under this configuration that asks these directories.
    pub(crate) fn asking(config: config::Config, directories: Vec<Arc<dyn Directory>>) -> Self {
        Self::at(Arc::new(ManualClock::at(NOW)), config, directories)
    }

    fn at(
        clock: Arc<ManualClock>,
        config: config::Config,
        directories: Vec<Arc<dyn Directory>>,
    ) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for file in ["etc/passwd", "etc/group"] {
            let file = folder.path().join(file);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(file, "larry:x:1000:1000::/home/larry:/bin/sh\n").unwrap();
        }
        let connected = config.directories.iter().zip(directories);
        let connected = connected
            .map(|(config, directory)| Connected {
                config: config.clone(),
                client: Client::fixed(directory, Arc::clone(&clock) as Arc<dyn Clock>),
                sync: mpsc::channel(1).0,
            })
            .collect();
        let broker = Broker {
            config,
            places: broker::Places {
                host: folder.path().into(),
                snapshot: folder.path().join("snapshot"),
                snapshot_owner: rustix::process::geteuid().as_raw(),
                publish_socket: folder.path().join("publish.sock"),
            },
            store: Arc::new(Store::in_memory().unwrap()),
            connected,
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
            host_key: Arc::new(HostKey::from_bytes([7; 32])),
            hashing: Arc::new(Hashing::on(1)),
            publisher: Publisher::by(Box::new(install_beside)),
            lookups: Lookups::default(),
            mapped: Mapped::default(),
            written_through: WrittenThrough::default(),
            turns: Turns::default(),
            patience: Patience::of(Duration::ZERO),
            high_water: AtomicU64::new(0),
            started: Duration::ZERO,
            subordinate: vec![],
            standings: Mutex::new(HashMap::new()),
        };
        let world = Self {
            broker: Arc::new(broker),
            directories: Vec::new(),
            clock,
            _folder: folder,
        };
        world.publish();
        world
    }

    /// Publishes what the store says.
    pub(crate) fn publish(&self) {
        let Broker {
            store,
            config,
            places,
            ..
        } = &*self.broker;
        let local = LocalFiles::default();
        let assembly = assemble(store, config, &local, self.clock.now()).unwrap();
        let bytes = writer::write(&assembly.content, 1).unwrap();
        writer::install(&bytes, places.snapshot.parent().unwrap()).unwrap();
    }

    /// Syncs the first directory with these people and publishes them; only ada is in linux-users.
    pub(crate) fn serve(&self, people: &[&str]) {
        let team = Team {
            key: ImmutableKey::from_name("linux-users"),
            name: "linux-users".into(),
            active: true,
            gid: None,
            group_type: None,
        };
        let roster = Roster {
            team,
            members: vec!["ada".into()],
        };
        let people = people
            .iter()
            .map(|name| Person::named(ImmutableKey::given(name), name))
            .collect();
        let projection = Projection::of(people, vec![roster]);
        let name = &self.directories[0].name;
        self.broker
            .store
            .replace(name, &projection, self.clock.now())
            .unwrap();
        self.publish();
    }

    /// Keeps whom a directory knows now, and publishes them.
    pub(crate) fn see(&self, directory: usize) {
        let directory = &self.directories[directory];
        let renewal = Renewal {
            seen: directory.people.lock().unwrap().clone(),
            ..Renewal::default()
        };
        let (store, now) = (&self.broker.store, self.clock.now());
        store.renew(&directory.name, &renewal, now).unwrap();
        store.mark_synced(&directory.name, now).unwrap();
        self.publish();
    }

    /// How often the first directory was asked to verify.
    pub(crate) fn asked(&self) -> u32 {
        self.directories[0].asked()
    }

    /// What the first directory says from now on.
    pub(crate) fn mood(&self, mood: Mood) {
        self.directories[0].mood(mood);
    }
}
