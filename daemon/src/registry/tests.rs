//! Logins by the registry, without sockets.

use std::time::Duration;

use muster_common::clock::{ManualClock, Time};
use muster_common::config::{self, Config};
use muster_common::directory::ImmutableKey;
use muster_common::registry::{Terms, fixie};
use muster_common::store::registry::NewAccount;
use muster_common::verifier::Cost;

use super::*;
use crate::fixture::World;
use crate::sync::{Shrink, read_whole};

const CONFIG: &str = "version = 1\n[[directory]]\nname = \"local\"\nkind = \"local\"\nlock_after = 3\n\
                      [access]\nallow = [\"everyone\"]\n";
const NOW: Time = Time::from_unix(1000);

struct Here {
    registry: Registry,
    clock: Arc<ManualClock>,
    config: Config,
    ada: UserName,
}

fn secret(text: &str) -> Secret {
    Secret::typed(text.as_bytes()).unwrap()
}

impl Here {
    fn new() -> Self {
        let config = config::parse(CONFIG, std::path::Path::new("muster.toml")).unwrap();
        let clock = Arc::new(ManualClock::at(NOW));
        let host = Host {
            store: Arc::new(Store::in_memory().unwrap()),
            host_key: Arc::new(HostKey::from_bytes([7; 32])),
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
            hashing: Arc::new(Hashing::on(1)),
        };
        Self {
            registry: Registry::of(&config.directories[0], &host).unwrap(),
            clock,
            config,
            ada: UserName::new("ada").unwrap(),
        }
    }

    fn binding<'a>(&'a self, key: &'a ImmutableKey) -> Binding<'a> {
        Binding {
            directory: self.registry.name(),
            key,
        }
    }

    fn key() -> ImmutableKey {
        ImmutableKey::given("1")
    }

    /// Registers ada and gives the token.
    fn register(&self, terms: Terms) -> String {
        let typed = token::generate().unwrap().to_string();
        let key = Self::key();
        let host_key = &self.registry.host.host_key;
        let kept = Proof::of_token(host_key, &self.binding(&key), &secret(&typed));
        self.keep(terms, kept.unwrap());
        typed
    }

    fn keep(&self, terms: Terms, token: Proof) {
        let account = Account {
            name: self.ada.clone(),
            key: Self::key(),
            email: "ada@example.org".to_owned(),
            full_name: String::new(),
            uid: None,
            groups: Vec::new(),
            registered: NOW,
            last_used: None,
            failures: 0,
            token: Some(terms),
            has_password: false,
        };
        let new = NewAccount { account, token };
        let name = self.registry.name();
        assert!(self.registry.host.store.register(name, &new).unwrap());
    }

    fn set_password(&self, password: &str) {
        let (key, cheap) = (Self::key(), Cost::new(64, 1, 1).unwrap());
        let host_key = &self.registry.host.host_key;
        let (binding, room) = (self.binding(&key), &mut Room::new());
        let kept = Proof::of_password(host_key, &binding, &secret(password), cheap, room);
        let (place, kept) = (self.registry.place(&self.ada), kept.unwrap());
        let set = self
            .registry
            .host
            .store
            .set_password(place, &key, Some(&kept));
        assert!(set.unwrap());
    }

    async fn login(&self, typed: &str) -> &'static str {
        match self.registry.verify(&self.ada, &secret(typed)).await {
            Ok(verified) if verified.key == Self::key() => "in",
            Ok(_) => "somebody else",
            Err(DirectoryError::Refused(_)) => "refused",
            Err(DirectoryError::Locked) => "locked",
            Err(DirectoryError::NotFound) => "unknown",
            Err(error) => panic!("{error}"),
        }
    }

    fn plausible(&self, typed: &str) -> bool {
        self.registry.plausible(&self.ada, &secret(typed)).is_ok()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_lets_its_owner_in_until_it_expires() {
    let here = Here::new();
    let token = here.register(Terms {
        expires: Some(NOW.after(Duration::from_secs(60))),
        uses_left: None,
    });
    let other = token::generate().unwrap();
    assert_eq!(here.login(&token).await, "in");
    assert_eq!(here.login(&other).await, "refused");
    here.clock.advance(Duration::from_secs(60));
    assert_eq!(here.login(&token).await, "refused");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_who_come_at_once_with_a_token_for_one_use_one_is_let_in() {
    let here = Arc::new(Here::new());
    let token: Arc<str> = here
        .register(Terms {
            expires: None,
            uses_left: Some(1),
        })
        .into();
    let tries = (0..8).map(|_| {
        let (here, token) = (Arc::clone(&here), Arc::clone(&token));
        tokio::spawn(async move { here.login(&token).await })
    });
    let mut told = Vec::new();
    for one in tries.collect::<Vec<_>>() {
        told.push(one.await.unwrap());
    }
    told.sort_unstable();
    assert_eq!(told[..2], ["in", "refused"]);
    assert!(told[1..].iter().all(|one| *one == "refused"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_lets_in_at_a_login_and_is_no_token() {
    let here = Here::new();
    here.register(Terms::default());
    assert!(!here.plausible("correct horse"));
    here.set_password("correct horse");
    assert!(here.plausible("correct horse"));
    assert_eq!(here.login("correct horse").await, "in");
    assert_eq!(here.login("wrong horse").await, "refused");
    let typed = secret("correct horse");
    let as_token = here.registry.try_secret(&here.ada, &typed, Taken::Token);
    assert_eq!(as_token.await.unwrap().decision, Decision::Invalid);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mistyped_token_is_no_try_and_wrong_ones_lock_where_that_is_configured() {
    let here = Here::new();
    let token = here.register(Terms::default());
    let mistyped = token.replacen("mst_", "mst_x", 1);
    assert!(!here.plausible(&mistyped));
    assert!(here.plausible(&token));
    let other = token::generate().unwrap();
    for _ in 0..3 {
        assert_eq!(here.login(&other).await, "refused");
    }
    assert_eq!(here.login(&token).await, "locked");
    let place = here.registry.place(&here.ada);
    assert!(here.registry.host.store.unlock(place).unwrap());
    assert_eq!(here.login(&token).await, "in");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_of_fixie_creds_lets_in_and_whoever_is_deregistered_is_unknown() {
    let here = Here::new();
    let token = "46685257bdd640fb06671ad11c80317fa3b1799d";
    here.keep(
        Terms::default(),
        Proof::Fixie(fixie::hash(token.as_bytes()).unwrap()),
    );
    assert!(here.plausible(token) && !here.plausible("correct horse"));
    assert_eq!(here.login(token).await, "in");
    let projection = here.registry.everybody().await.unwrap();
    assert_eq!(projection.people.len(), 1);
    let place = here.registry.place(&here.ada);
    assert!(here.registry.host.store.deregister(place).unwrap());
    assert_eq!(here.login(token).await, "unknown");
    assert!(here.registry.find(&here.ada).await.is_err());
    assert!(here.registry.everybody().await.unwrap().people.is_empty());
}

#[test]
fn the_registry_is_never_asked_offline_and_wants_no_server() {
    let here = Here::new();
    let name = here.registry.name();
    assert!(!here.config.logs_in_offline(name));
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_that_root_takes_away_is_held_and_no_host_vouches_for_its_own_clock() {
    let here = Here::new();
    here.register(Terms::default());
    let Here {
        registry,
        config,
        ada,
        ..
    } = here;
    let registry = Arc::new(registry);
    let directory = Arc::clone(&registry) as Arc<dyn Directory>;
    let world = World::asking(config, vec![directory]);
    let connected = &world.broker.connected[0];
    let read = || read_whole(&world.broker, connected, Shrink::Hold);
    assert_eq!(read().await.unwrap().counts.people, 1);
    let gone = registry.host.store.deregister(registry.place(&ada));
    assert!(gone.unwrap());
    assert_eq!(read().await.unwrap().counts.people, 0);
    let mark = world.broker.store.high_water().unwrap();
    assert_eq!(mark, Time::from_unix(0));
}
