//! Directories that want a code of some people, lock accounts by themselves, and tell groups at
//! a login only.

use super::*;
use crate::sync::{Shrink, read_whole};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_code_is_asked_for_only_when_the_directory_wants_one_and_after_a_right_password() {
    let world = World::new();
    world.mood(Mood::WantsCode("right"));
    let (prompts, outcome) = world.dialogue(&["right", "123456"]).await;
    let password = ("Password: ".to_owned(), false);
    let code = ("One-time code: ".to_owned(), true);
    assert_eq!(prompts, [password.clone(), code]);
    assert_eq!(outcome, Some(Outcome::Granted));
    let (prompts, outcome) = world.dialogue(&["wrong", "123456"]).await;
    assert_eq!(prompts, [password]);
    assert_eq!(outcome, Some(Outcome::WrongSecret));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_code_is_a_try_and_a_password_that_waits_for_one_is_none() {
    let world = World::new();
    world.mood(Mood::WantsCode("right"));
    let failures = || {
        let owner = world
            .broker
            .store
            .owner(IdKind::User, "ada")
            .unwrap()
            .unwrap();
        let known = world
            .broker
            .store
            .attempts(&owner, "192.0.2.7", world.broker.clock.now());
        known.unwrap().failures
    };
    let (_, outcome) = world.dialogue(&["right"]).await;
    assert_eq!((outcome, failures()), (None, 0));
    let (_, outcome) = world.dialogue(&["right", "654321"]).await;
    assert_eq!((outcome, failures()), (Some(Outcome::WrongSecret), 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_password_that_waits_for_a_code_opens_nothing_offline() {
    let world = World::new();
    world.mood(Mood::WantsCode("right"));
    let (_, outcome) = world.dialogue(&["right"]).await;
    assert_eq!(outcome, None);
    world.mood(Mood::IsGone);
    assert_eq!(world.login("ada", "right").await, Outcome::Unavailable);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_that_anybody_can_lock_at_the_directory_is_told_so_and_keeps_its_verifier() {
    let world = World::new();
    assert_eq!(world.login("ada", "right").await, Outcome::Granted);
    world.mood(Mood::LocksOut);
    assert_eq!(world.login("ada", "right").await, Outcome::Throttled);
    world.mood(Mood::IsGone);
    assert_eq!(world.login("ada", "right").await, Outcome::GrantedOffline);
}

const APICRUD: &str = r#"
version = 1
[[directory]]
name = "corp"
kind = "apicrud"
url = "https://corp.example.org/api/v1"
people = []
[access]
allow = ["everyone"]
deny = ["group:corp/banned"]
"#;

impl World {
    /// What the snapshot says about `ada`: the decision, and groups.
    fn served(&self) -> (AccessAnswer, Vec<String>) {
        let snapshot = self.broker.snapshot().unwrap();
        let record = snapshot.user_by_name("ada").unwrap().unwrap();
        let groups = ["banned", "ops"].into_iter().filter(|name| {
            let group = snapshot.group_by_name(name).unwrap();
            group.is_some_and(|group| group.group.members.iter().any(|one| one == "ada"))
        });
        let answer = record.access.answer(None, self.broker.clock.now());
        (answer, groups.map(str::to_owned).collect())
    }

    async fn refreshed(&self, shrink: Shrink) {
        read_whole(&self.broker, &self.broker.connected[0], shrink)
            .await
            .unwrap();
        crate::publisher::publish_now(&self.broker).await;
    }
}

/// What a look-up says of groups there is nothing: neither that somebody has none, nor that
/// what was told is still so.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_groups_are_told_at_a_login_nothing_is_decided_before_and_a_refresh_changes_none() {
    let world = World::of(APICRUD);
    let corp = &world.directories[0];
    corp.lists(crate::fixture::Lists::Missing);
    corp.knows(&[("ada", 30_001, &[])]);
    lookups::user(&world.broker, 0, "ada").await.unwrap();
    assert_eq!(world.served(), (AccessAnswer::Expired, vec![]));
    corp.knows(&[("ada", 30_001, &[("ops", 31_000)])]);
    assert_eq!(world.login("ada", "right").await, Outcome::Granted);
    let told = (AccessAnswer::Allowed, vec!["ops".to_owned()]);
    assert_eq!(world.served(), told);
    corp.knows(&[("ada", 30_001, &[])]);
    world.refreshed(Shrink::Hold).await;
    assert_eq!(world.served(), told);
    world
        .clock
        .advance(world.broker.config.access_max_staleness + DAY);
    world.refreshed(Shrink::Hold).await;
    assert_eq!(
        world.served().0,
        AccessAnswer::Expired,
        "nobody is vouched for by a refresh"
    );
    corp.knows(&[("ada", 30_001, &[("banned", 31_001)])]);
    assert_eq!(world.login("ada", "right").await, Outcome::NotAllowed);
    corp.knows(&[]);
    world.refreshed(Shrink::Accept).await;
    let snapshot = world.broker.snapshot().unwrap();
    assert!(
        snapshot.user_by_name("ada").unwrap().is_none(),
        "whom the configuration names no more"
    );
}
