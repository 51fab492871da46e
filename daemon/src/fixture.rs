//! A broker without sockets for tests: a directory that says what the test wants, a
//! real snapshot and a real store in a folder of their own, a clock that stands still.

use std::collections::HashMap;
use std::path::Path;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use muster_common::clock::{Clock, ManualClock, Time};
use muster_common::config;
use muster_common::directory::passwords::{Change, Passwords};
use muster_common::directory::questions::{QuestionError, Questions};
use muster_common::directory::sessions::{Factors, Session, Sessions};
use muster_common::directory::{
    Directory, DirectoryError, ImmutableKey, Listing, Membership, Person, Projection, Refusal,
    Roster, ServerVersion, Sighting, Team, Verified,
};
use muster_common::local::LocalFiles;
use muster_common::name::{DirectoryName, UserName};
use muster_common::secret::Secret;
use muster_common::snapshot::reader::Snapshot;
use muster_common::snapshot::writer;
use muster_common::store::Store;
use muster_common::store::renewal::Renewal;
use muster_common::verifier::HostKey;
use muster_common::wire::publish::{Offer, PublishError, Published};
use muster_daemon::publish::check;
use tokio::sync::{Semaphore, mpsc};

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

/// What the directory says to a login.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mood {
    Knows(&'static str),
    /// Knows this token, which expires then.
    KnowsUntil(&'static str, Time),
    /// Takes no token, for certain.
    Revokes,
    AnswersForSomebodyElse,
    Locks,
    /// Takes no more tries for a while.
    LocksOut,
    /// Knows this password, and wants a code of whoever types it.
    WantsCode(&'static str),
    Expired,
    IsGone,
    /// Keeps silent until the deadline of its client, ten seconds.
    TimesOut,
    RefusesUs,
    TalksNonsense,
    NeverAnswers,
}

/// What the directory answers to a new password, if the old one is right.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Takes {
    Anything,
    Nothing(&'static str),
    AndIsSilent,
}

/// A person: name, uid, and the names and ids of groups.
type Described<'a> = (&'a str, u32, &'a [(&'a str, u32)]);

/// A directory that says what the test wants.
pub(crate) struct Scripted {
    name: DirectoryName,
    mood: Mutex<Mood>,
    asked: AtomicU32,
    people: Mutex<Vec<Sighting>>,
    looked_up: AtomicU32,
    /// Whether it takes new passwords, and what it said to the last one.
    passwords: Mutex<Option<Takes>>,
    /// The one-time code that it wants.
    code: Mutex<Option<&'static str>>,
    /// Look-ups are answered one for each permit, if there is a gate.
    gate: Mutex<Option<Arc<Semaphore>>>,
    /// Secrets are judged one for each permit, if it holds them back.
    held_back: Mutex<Option<Arc<Semaphore>>>,
    /// Passes while it keeps silent.
    clock: Arc<ManualClock>,
    /// Whether it lists everybody whom it knows.
    lists: Mutex<Lists>,
}

/// How a directory is about listing people.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lists {
    /// It cannot, and says so.
    Missing,
    Whole,
    Broken,
}

impl Scripted {
    fn new(name: &DirectoryName, clock: &Arc<ManualClock>) -> Self {
        Self {
            name: name.clone(),
            mood: Mutex::new(Mood::Knows("right")),
            asked: AtomicU32::new(0),
            people: Mutex::new(Vec::new()),
            looked_up: AtomicU32::new(0),
            passwords: Mutex::new(None),
            code: Mutex::new(None),
            gate: Mutex::new(None),
            held_back: Mutex::new(None),
            clock: Arc::clone(clock),
            lists: Mutex::new(Lists::Missing),
        }
    }

    /// It takes new passwords from now on, and answers so.
    pub(crate) fn takes(&self, takes: Takes) {
        *self.passwords.lock().unwrap() = Some(takes);
    }

    /// It wants this code beside the secret from now on.
    pub(crate) fn wants_code(&self, code: &'static str) {
        *self.code.lock().unwrap() = Some(code);
    }

    /// What it says to everything from now on.
    pub(crate) fn mood(&self, mood: Mood) {
        *self.mood.lock().unwrap() = mood;
    }

    /// Whom it knows from now on, each with a uid and the names and ids of groups.
    pub(crate) fn knows(&self, people: &[Described<'_>]) {
        let sighting = |(name, uid, groups): &Described<'_>| Sighting {
            person: Person {
                uid: Some(*uid),
                ..Person::named(ImmutableKey::given(&uid.to_string()), name)
            },
            groups: groups
                .iter()
                .map(|(name, gid)| Membership {
                    key: ImmutableKey::given(&gid.to_string()),
                    name: (*name).to_owned(),
                    gid: Some(*gid),
                    group_type: None,
                })
                .collect(),
        };
        *self.people.lock().unwrap() = people.iter().map(sighting).collect();
    }

    /// How often it was asked about a name.
    pub(crate) fn looked_up(&self) -> u32 {
        self.looked_up.load(Ordering::SeqCst)
    }

    /// What it is called.
    pub(crate) fn name(&self) -> DirectoryName {
        self.name.clone()
    }

    /// How it lists people from now on.
    pub(crate) fn lists(&self, lists: Lists) {
        *self.lists.lock().unwrap() = lists;
    }

    /// Look-ups wait from now on until the semaphore lets them go.
    pub(crate) fn gate(&self) -> Arc<Semaphore> {
        let gate = Arc::new(Semaphore::new(0));
        *self.gate.lock().unwrap() = Some(Arc::clone(&gate));
        gate
    }

    /// Secrets wait from now on until the semaphore lets them be judged.
    pub(crate) fn holds_back(&self) -> Arc<Semaphore> {
        let held_back = Arc::new(Semaphore::new(0));
        *self.held_back.lock().unwrap() = Some(Arc::clone(&held_back));
        held_back
    }

    fn sighting(&self, name: &str) -> Option<Sighting> {
        let people = self.people.lock().unwrap();
        people.iter().find(|one| one.person.name == name).cloned()
    }

    /// The error of a directory in this mood, whatever it is asked.
    fn silence(&self) -> Option<DirectoryError> {
        match *self.mood.lock().unwrap() {
            Mood::IsGone | Mood::TimesOut => Some(DirectoryError::Unreachable {
                reason: "down".into(),
                retry_after: None,
                source: None,
            }),
            Mood::RefusesUs => Some(DirectoryError::Misconfigured {
                reason: "401".into(),
            }),
            Mood::TalksNonsense => Some(DirectoryError::Nonsense {
                reason: "html".into(),
                source: None,
            }),
            _ => None,
        }
    }
}

#[async_trait::async_trait]
impl Directory for Scripted {
    async fn probe(&self) -> Result<ServerVersion, DirectoryError> {
        self.silence()
            .map_or(Ok(ServerVersion("Crowd/5".into())), Err)
    }
    async fn find(&self, name: &UserName) -> Result<Sighting, DirectoryError> {
        self.looked_up.fetch_add(1, Ordering::SeqCst);
        let gate = self.gate.lock().unwrap().clone();
        if let Some(gate) = gate {
            gate.acquire().await.unwrap().forget();
        }
        match self.silence() {
            Some(error) => Err(error),
            None => self.sighting(name.as_str()).ok_or(DirectoryError::NotFound),
        }
    }
    async fn verify(&self, name: &UserName, secret: &Secret) -> Result<Verified, DirectoryError> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let held_back = self.held_back.lock().unwrap().clone();
        if let Some(held_back) = held_back {
            held_back.acquire().await.unwrap().forget();
        }
        if *self.mood.lock().unwrap() == Mood::TimesOut {
            self.clock.advance(Duration::from_secs(10));
        }
        if let Some(error) = self.silence() {
            return Err(error);
        }
        let mood = *self.mood.lock().unwrap();
        let sighting = self.sighting(name.as_str());
        let own = sighting.as_ref().map(|seen| seen.person.key.clone());
        let verified = |key| Verified {
            key,
            name: name.to_string(),
            expires: None,
            sighting,
        };
        match mood {
            Mood::Knows(password) if secret.expose() == password.as_bytes() => Ok(verified(
                own.unwrap_or_else(|| ImmutableKey::given(name.as_str())),
            )),
            Mood::KnowsUntil(token, expires) if secret.expose() == token.as_bytes() => {
                Ok(Verified {
                    expires: Some(expires),
                    ..verified(own.unwrap_or_else(|| ImmutableKey::given(name.as_str())))
                })
            }
            Mood::Revokes => Err(DirectoryError::Refused(Refusal::certain("revoked"))),
            Mood::AnswersForSomebodyElse => Ok(verified(ImmutableKey::given("mallory"))),
            Mood::Locks => Err(DirectoryError::Locked),
            Mood::LocksOut => Err(DirectoryError::TooManyTries),
            Mood::WantsCode(password) if secret.expose() == password.as_bytes() => {
                Err(DirectoryError::CodeWanted)
            }
            Mood::Expired => Err(DirectoryError::SecretExpired),
            Mood::NeverAnswers => std::future::pending().await,
            _ => Err(DirectoryError::Refused(Refusal::doubtful("wrong"))),
        }
    }

    async fn verify_with_code(
        &self,
        name: &UserName,
        secret: &Secret,
        code: &Secret,
    ) -> Result<Verified, DirectoryError> {
        let wanted = *self.code.lock().unwrap();
        if wanted.is_some_and(|wanted| wanted.as_bytes() != code.expose()) {
            return Err(DirectoryError::Refused(Refusal::doubtful("wrong code")));
        }
        match (self.verify(name, secret).await, code.expose()) {
            (Err(DirectoryError::CodeWanted), b"123456") => Ok(Verified {
                key: ImmutableKey::given(name.as_str()),
                name: name.to_string(),
                expires: None,
                sighting: self.sighting(name.as_str()),
            }),
            (Err(DirectoryError::CodeWanted), _) => {
                Err(DirectoryError::Refused(Refusal::doubtful("wrong code")))
            }
            (verified, _) => verified,
        }
    }

    fn code_prompt(&self) -> Option<&'static str> {
        self.code.lock().unwrap().map(|_| "One-time code: ")
    }

    fn plausible(&self, _name: &UserName, secret: &Secret) -> Result<(), Refusal> {
        match secret.expose() {
            b"implausible" => Err(Refusal::certain("no secret looks so")),
            _ => Ok(()),
        }
    }

    async fn introduce(&self, secret: &Secret) -> Result<Sighting, DirectoryError> {
        if let Some(error) = self.silence() {
            return Err(error);
        }
        // Whoever's token is the name itself.
        let name = secret.expose_text().unwrap();
        let refused = || DirectoryError::Refused(Refusal::certain("the token is not taken"));
        self.sighting(name).ok_or_else(refused)
    }

    fn introduces(&self) -> bool {
        self.name.as_str() == "rubin"
    }

    fn listing(&self) -> Option<&dyn Listing> {
        Some(self)
    }

    fn passwords(&self) -> Option<&dyn Passwords> {
        let takes = *self.passwords.lock().unwrap();
        takes.map(|_| self as &dyn Passwords)
    }

    fn sessions(&self) -> Option<&dyn Sessions> {
        Some(self)
    }

    fn questions(&self) -> Option<&dyn Questions> {
        Some(self)
    }
}

/// Answers `long` with a text that fills several replies.
#[async_trait::async_trait]
impl Questions for Scripted {
    async fn answer(
        &self,
        question: &str,
        arguments: &[String],
    ) -> Result<serde_json::Value, QuestionError> {
        match (question, arguments) {
            ("long", []) => Ok(serde_json::Value::from("\u{e4}".repeat(600_000))),
            ("unknown", []) => Err(DirectoryError::NotFound.into()),
            _ => Err(QuestionError::Unfit("not that")),
        }
    }
}

#[async_trait::async_trait]
impl Listing for Scripted {
    async fn missing(&self) -> Result<Option<&'static str>, DirectoryError> {
        let lists = *self.lists.lock().unwrap();
        Ok((lists == Lists::Missing).then_some("no lists"))
    }

    async fn everybody(&self) -> Result<Projection, DirectoryError> {
        if *self.lists.lock().unwrap() == Lists::Broken {
            return Err(DirectoryError::Nonsense {
                reason: "broken off".into(),
                source: None,
            });
        }
        let known = self.people.lock().unwrap().clone();
        let people = known.into_iter().map(|one| one.person).collect();
        Ok(Projection::of(people, Vec::new()))
    }
}

#[async_trait::async_trait]
impl Passwords for Scripted {
    async fn change(
        &self,
        name: &UserName,
        key: &ImmutableKey,
        old: &Secret,
        new: &Secret,
    ) -> Result<Change, DirectoryError> {
        let verified = self.verify(name, old).await?;
        if verified.key != *key {
            return Ok(Change::SomebodyElse);
        }
        let takes = *self.passwords.lock().unwrap();
        Ok(match takes {
            Some(Takes::Nothing(message)) => Change::Unfit {
                message: message.to_owned(),
            },
            Some(Takes::AndIsSilent) => Change::InDoubt(DirectoryError::Unreachable {
                reason: "cut".into(),
                retry_after: None,
                source: None,
            }),
            _ => {
                let new = new.expose_text().unwrap().to_owned();
                self.mood(Mood::Knows(Box::leak(new.into_boxed_str())));
                Change::Done
            }
        })
    }
}

/// A directory of its own, called `name`.
pub(crate) fn directory(name: &str) -> Arc<dyn Directory> {
    let clock = Arc::new(ManualClock::at(NOW));
    Arc::new(Scripted::new(&DirectoryName::new(name).unwrap(), &clock))
}

/// One session: ada's, `token-of-ada`, bound to 192.0.2.7 until 1000 seconds from now.
#[async_trait::async_trait]
impl Sessions for Scripted {
    async fn validate(&self, token: &Secret, factors: &Factors) -> Result<Session, DirectoryError> {
        if let Some(error) = self.silence() {
            return Err(error);
        }
        let bound = Factors::remote_address([192, 0, 2, 7].into());
        if token.expose() != b"token-of-ada" || *factors != bound {
            return Err(DirectoryError::Refused(Refusal::doubtful("no session")));
        }
        Ok(Session {
            key: ImmutableKey::given("ada"),
            name: "Ada".to_owned(),
            created: None,
            expires: Some(NOW.after(Duration::from_secs(1000))),
        })
    }

    async fn end(&self, _token: &Secret) -> Result<(), DirectoryError> {
        self.silence().map_or(Ok(()), Err)
    }
}

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
        self.directories[0].asked.load(Ordering::SeqCst)
    }

    /// What the first directory says from now on.
    pub(crate) fn mood(&self, mood: Mood) {
        self.directories[0].mood(mood);
    }
}

impl World {
    /// From now on root's own publisher admits and writes what is served, under `config`. The
    /// host has the shells `/bin/bash`, `/bin/sh` and `/bin/0` to `/bin/7`.
    pub(crate) fn publish_by_root(&mut self, config: &str) -> Root {
        let broker = Arc::get_mut(&mut self.broker).unwrap();
        let etc = broker.places.host.join("etc");
        let numbered = (0..8).map(|nth| format!("/bin/{nth}\n"));
        let shells = numbered.chain(["/bin/bash\n/bin/sh\n".to_owned()]);
        std::fs::write(etc.join("shells"), shells.collect::<String>()).unwrap();
        std::fs::write(etc.join("muster.toml"), config).unwrap();
        let places = check::Places {
            config: etc.join("muster.toml"),
            host: broker.places.host.clone(),
            public: broker.places.host.join("public"),
            owner: broker.places.snapshot_owner,
        };
        broker.places.snapshot = places.public.join("snapshot");
        let root = Root {
            publisher: Arc::new(Mutex::new(admitting(places, &self.clock))),
            taken: Arc::default(),
            clock: Arc::clone(&self.clock),
        };
        let (publisher, taken) = (Arc::clone(&root.publisher), Arc::clone(&root.taken));
        broker.publisher = Publisher::by(Box::new(move |_socket, offer, candidate, _deadline| {
            let mut publisher = publisher.lock().unwrap();
            let answer = match offer {
                Offer::Whole => publisher.publish(candidate.to_vec()),
                Offer::Amendment => publisher.amend(candidate.to_vec()),
            };
            let answer = answer.map_err(|error| PublishError::Refused(error.to_string()))?;
            taken.lock().unwrap().push(offer);
            Ok(answer)
        }));
        root
    }
}

/// The publisher in this process.
pub(crate) struct Root {
    publisher: Arc<Mutex<check::Publisher>>,
    taken: Arc<Mutex<Vec<Offer>>>,
    clock: Arc<ManualClock>,
}

impl Root {
    /// What was handed over and taken since this was asked last.
    pub(crate) fn taken(&self) -> Vec<Offer> {
        std::mem::take(&mut *self.taken.lock().unwrap())
    }

    /// Another publisher in the place of this one.
    pub(crate) fn restart(&self) {
        let mut publisher = self.publisher.lock().unwrap();
        *publisher = admitting(publisher.places().clone(), &self.clock);
    }
}

fn admitting(places: check::Places, clock: &Arc<ManualClock>) -> check::Publisher {
    check::Publisher::new(places, Box::new(Arc::clone(clock)))
}

/// In the publisher's place: what is handed over is written anew, as the snapshot beside the socket.
fn install_beside(
    socket: &Path,
    offer: Offer,
    candidate: &[u8],
    _deadline: Duration,
) -> Result<Published, PublishError> {
    if offer == Offer::Amendment {
        return Err(PublishError::Refused("everybody is needed".to_owned()));
    }
    let failed = |error: writer::WriteError| PublishError::Refused(error.to_string());
    write_anew(candidate, socket.parent().unwrap()).map_err(failed)?;
    Ok(Published {
        generation: 1,
        ..Published::default()
    })
}

fn write_anew(candidate: &[u8], folder: &Path) -> Result<(), writer::WriteError> {
    let content = Snapshot::from_bytes(candidate)?.content()?;
    writer::install(&writer::write(&content, 1)?, folder)
}
