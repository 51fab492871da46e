//! Logins against a directory that says what the test wants, a real snapshot and
//! a real store, by a clock that stands still.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use muster_common::clock::{Clock, ManualClock};
use muster_common::config;
use muster_common::directory::{
    Abilities, Directory, DirectoryError, ImmutableKey, Person, Projection, SecretKind,
    ServerVersion, Team, Verified,
};
use muster_common::local::LocalFiles;
use muster_common::name::{DirectoryName, UserName};
use muster_common::snapshot::writer;
use muster_common::store::Store;
use muster_common::store::ledger::IdKind;
use muster_common::verifier::HostKey;
use tokio::sync::mpsc;

use super::*;
use crate::assemble::assemble;
use crate::broker::{self, Connected};
use crate::publisher::Publisher;

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

const DAY: Duration = Duration::from_secs(24 * 3600);
const NOW: Time = Time::from_unix(1_800_000_000);

/// What the directory says to a login.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mood {
    Knows(&'static str),
    AnswersForSomebodyElse,
    Locks,
    IsGone,
    RefusesUs,
    TalksNonsense,
}

struct Scripted {
    name: DirectoryName,
    mood: Mutex<Mood>,
    asked: Mutex<u32>,
}

#[async_trait::async_trait]
impl Directory for Scripted {
    fn name(&self) -> &DirectoryName {
        &self.name
    }
    fn kind(&self) -> &'static str {
        "crowd"
    }
    fn url(&self) -> String {
        "https://crowd.example.org/crowd".into()
    }
    fn abilities(&self) -> Abilities {
        Abilities {
            complete: true,
            secret: SecretKind::Password,
        }
    }
    async fn probe(&self) -> Result<ServerVersion, DirectoryError> {
        Ok(ServerVersion("Crowd/5".into()))
    }
    async fn sync(&self) -> Result<Projection, DirectoryError> {
        Ok(Projection::default())
    }
    async fn verify(&self, name: &UserName, secret: &Secret) -> Result<Verified, DirectoryError> {
        *self.asked.lock().unwrap() += 1;
        let mood = *self.mood.lock().unwrap();
        let key = |key| Verified {
            key: ImmutableKey::given(key),
            name: name.to_string(),
            expires: None,
        };
        match mood {
            Mood::Knows(password) if secret.expose() == password.as_bytes() => {
                Ok(key(name.as_str()))
            }
            Mood::Knows(_) => Err(DirectoryError::Refused),
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
            Mood::TalksNonsense => Err(DirectoryError::Nonsense {
                reason: "html".into(),
                source: None,
            }),
        }
    }
}

struct World {
    broker: Arc<Broker>,
    directory: Arc<Scripted>,
    clock: Arc<ManualClock>,
    _folder: tempfile::TempDir,
}

fn person(name: &str) -> Person {
    Person {
        key: ImmutableKey::given(name),
        name: name.into(),
        display_name: name.into(),
        active: true,
        uid: None,
        gid: None,
        shell: None,
        home: None,
        ssh_keys: vec![],
    }
}

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let directory = Arc::new(Scripted {
            name: DirectoryName::new("corp").unwrap(),
            mood: Mutex::new(Mood::Knows("right")),
            asked: Mutex::new(0),
        });
        let clock = Arc::new(ManualClock::at(NOW));
        let (sync, _queue) = mpsc::channel(1);
        let connected = Connected {
            directory: Arc::clone(&directory) as Arc<dyn Directory>,
            sync,
        };
        let broker = Broker {
            config: config::parse(CONFIG, Path::new("muster.toml")).unwrap(),
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
    fn serve(&self, people: &[&str]) {
        let team = Team {
            key: ImmutableKey::from_name("linux-users"),
            name: "linux-users".into(),
            active: true,
            gid: None,
            members: vec!["ada".into()],
        };
        let people = people.iter().map(|name| person(name)).collect();
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

    fn mood(&self, mood: Mood) {
        *self.directory.mood.lock().unwrap() = mood;
    }

    fn open(&self, user: &str) -> Opening {
        let begin = Begin {
            service: "sshd".into(),
            user: user.into(),
            tty: None,
            remote_host: Some("192.0.2.7".into()),
            calling_uid: 0,
        };
        open(&self.broker, &begin)
    }

    async fn login(&self, user: &str, password: &str) -> Outcome {
        let Opening::Ask(pending, _) = self.open(user) else {
            panic!("{user} is not asked")
        };
        let judgement = judge(
            &self.broker,
            &pending,
            Secret::typed(password.as_bytes()).unwrap(),
        )
        .await;
        self.settled().await;
        judgement.outcome
    }

    /// Waits for what happens after the answer: each task of it holds the broker.
    async fn settled(&self) {
        while Arc::strong_count(&self.broker) > 1 {
            tokio::task::yield_now().await;
        }
    }

    fn refused_at_once(&self, user: &str) -> Option<Outcome> {
        match self.open(user) {
            Opening::Over(Step::Verdict { outcome, .. }) => Some(outcome),
            _ => None,
        }
    }

    fn asked(&self) -> u32 {
        *self.directory.asked.lock().unwrap()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_directorys_word_decides_and_the_rules_after_it() {
    let world = World::new();
    assert_eq!(world.login("ada", "right").await, Outcome::Granted);
    assert_eq!(world.login("ada", "wrong").await, Outcome::WrongSecret);
    assert_eq!(world.login("bob", "right").await, Outcome::NotAllowed);
    assert_eq!(world.login("bob", "wrong").await, Outcome::WrongSecret);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn names_that_are_not_ours_or_gone_are_never_asked_for_a_password() {
    let world = World::new();
    assert_eq!(world.refused_at_once("root"), Some(Outcome::NotOurs));
    assert_eq!(world.refused_at_once("Ada"), Some(Outcome::NotOurs));
    assert_eq!(world.refused_at_once("ada\0"), Some(Outcome::NotOurs));
    world.serve(&["bob"]);
    assert_eq!(world.refused_at_once("ada"), Some(Outcome::Gone));
    std::fs::remove_file(&world.broker.places.snapshot).unwrap();
    assert_eq!(world.refused_at_once("ada"), Some(Outcome::Unavailable));
    assert_eq!(
        world.refused_at_once("stranger"),
        Some(Outcome::Unavailable)
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_about_somebody_else_opens_nothing_and_leaves_no_verifier() {
    let world = World::new();
    world.mood(Mood::AnswersForSomebodyElse);
    assert_eq!(world.login("ada", "right").await, Outcome::Mismatch);
    world.mood(Mood::IsGone);
    assert_eq!(world.login("ada", "right").await, Outcome::Unavailable);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_logged_in_online_can_log_in_offline_for_max_age_and_not_longer() {
    let world = World::new();
    world.mood(Mood::IsGone);
    assert_eq!(world.login("ada", "right").await, Outcome::Unavailable);
    world.mood(Mood::Knows("right"));
    assert_eq!(world.login("ada", "right").await, Outcome::Granted);
    world.mood(Mood::IsGone);
    assert_eq!(world.login("ada", "right").await, Outcome::GrantedOffline);
    assert_eq!(world.login("ada", "wrong").await, Outcome::WrongSecret);
    world.clock.advance(6 * DAY);
    assert_eq!(world.login("ada", "right").await, Outcome::GrantedOffline);
    world.clock.advance(2 * DAY);
    assert_eq!(world.login("ada", "right").await, Outcome::Unavailable);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_silence_leads_offline() {
    let world = World::new();
    assert_eq!(world.login("ada", "right").await, Outcome::Granted);
    world.mood(Mood::RefusesUs);
    assert_eq!(world.login("ada", "right").await, Outcome::Misconfigured);
    world.mood(Mood::TalksNonsense);
    assert_eq!(world.login("ada", "right").await, Outcome::Unavailable);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clock_that_went_back_opens_nothing_offline() {
    let world = World::new();
    assert_eq!(world.login("ada", "right").await, Outcome::Granted);
    world.mood(Mood::IsGone);
    world.clock.set(Time::from_unix(NOW.unix() - 301));
    assert_eq!(world.login("ada", "right").await, Outcome::Unavailable);
    world.clock.set(Time::from_unix(NOW.unix() - 299));
    assert_eq!(world.login("ada", "right").await, Outcome::GrantedOffline);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_locked_account_is_refused_offline() {
    let world = World::new();
    assert_eq!(world.login("ada", "right").await, Outcome::Granted);
    world.mood(Mood::Locks);
    assert_eq!(world.login("ada", "right").await, Outcome::Locked);
    world.mood(Mood::IsGone);
    assert_eq!(world.login("ada", "right").await, Outcome::Unavailable);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_changed_password_ends_the_old_one_offline_and_a_strangers_guess_ends_nothing() {
    let world = World::new();
    assert_eq!(world.login("ada", "right").await, Outcome::Granted);
    assert_eq!(world.login("ada", "a guess").await, Outcome::WrongSecret);
    world.mood(Mood::IsGone);
    assert_eq!(world.login("ada", "right").await, Outcome::GrantedOffline);
    world.mood(Mood::Knows("changed"));
    assert_eq!(world.login("ada", "right").await, Outcome::WrongSecret);
    world.mood(Mood::IsGone);
    assert_eq!(
        world.login("ada", "right").await,
        Outcome::GrantedOffline,
        "one refusal can mean a sick back end"
    );
    world.mood(Mood::Knows("changed"));
    assert_eq!(world.login("ada", "right").await, Outcome::WrongSecret);
    world.mood(Mood::IsGone);
    assert_eq!(world.login("ada", "right").await, Outcome::Unavailable);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wrong_tries_are_throttled_without_asking_the_server_and_forgiven_after_a_right_one() {
    let world = World::new();
    for _ in 0..3 {
        assert_eq!(world.login("ada", "wrong").await, Outcome::WrongSecret);
    }
    let asked = world.asked();
    assert_eq!(world.login("ada", "right").await, Outcome::Throttled);
    assert_eq!(world.asked(), asked);
    world.clock.advance(Duration::from_secs(60));
    assert_eq!(world.login("ada", "right").await, Outcome::Granted);
    assert_eq!(world.login("ada", "wrong").await, Outcome::WrongSecret);
    assert_eq!(world.login("ada", "right").await, Outcome::Granted);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dead_server_costs_no_tries() {
    let world = World::new();
    world.mood(Mood::IsGone);
    for _ in 0..10 {
        assert_eq!(world.login("ada", "right").await, Outcome::Unavailable);
    }
    world.mood(Mood::Knows("right"));
    assert_eq!(world.login("ada", "right").await, Outcome::Granted);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_access_decision_that_is_too_old_lets_nobody_in() {
    let world = World::new();
    world.clock.advance(8 * DAY);
    assert_eq!(world.login("ada", "right").await, Outcome::Unavailable);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_name_that_changed_hands_while_the_password_was_typed_is_refused() {
    let world = World::new();
    let Opening::Ask(pending, _) = world.open("ada") else {
        panic!()
    };
    world
        .broker
        .store
        .release_name(IdKind::User, "ada")
        .unwrap();
    let judgement = answer(&world.broker, *pending, Secret::typed(b"right").unwrap()).await;
    assert_eq!(judgement.outcome, Outcome::Gone);
    assert_eq!(world.asked(), 0);
}
