//! A directory that takes questions and keeps silent: one login pays for it, the others are
//! not kept waiting, and nobody gets in who would not have otherwise.

use super::*;

const CLOCK_RUNS: Duration = Duration::from_secs(30);

impl World {
    /// Judges without waiting for what happens after the answer.
    async fn judged(&self, user: &str, password: &str) -> Outcome {
        let Opening::Ask(pending, _) = self.open(user).await else {
            panic!("{user} is not asked")
        };
        over(judge(&self.broker, *pending, typed(password).into()).await).outcome
    }

    fn is_hurried(&self) -> bool {
        let (patience, now) = (&self.broker.patience, self.broker.clock.since_boot());
        patience.limit(&self.directories[0].name(), now).is_some()
    }

    /// Ada has logged in, and again when the directory had begun to be silent.
    async fn silent() -> Self {
        let world = Self::new();
        assert_eq!(world.login("ada", "right").await, Outcome::Granted);
        world.mood(Mood::TimesOut);
        assert_eq!(world.login("ada", "right").await, Outcome::GrantedOffline);
        assert!(world.is_hurried());
        world
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_one_silence_a_person_with_a_verifier_is_not_kept_waiting() {
    let world = World::silent().await;
    let held = world.directories[0].holds_back();
    let asked = world.asked();
    assert_eq!(world.judged("ada", "right").await, Outcome::GrantedOffline);
    assert_eq!(world.judged("ada", "right").await, Outcome::GrantedOffline);
    assert_eq!(world.judged("ada", "wrong").await, Outcome::WrongSecret);
    assert_eq!(world.asked(), asked + 3, "each try goes out once");
    held.add_permits(1);
    world.settled().await;
    assert_eq!(world.asked(), asked + 3, "and never again");
    world.clock.advance(Duration::from_secs(59));
    assert!(world.is_hurried(), "silent again: remembered for longer");
    world.clock.advance(Duration::from_secs(1));
    assert!(!world.is_hurried());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_in_time_decides_and_ends_the_hurry() {
    let yes = (Mood::Knows("changed"), "changed", Outcome::Granted);
    let wrong = (Mood::Knows("changed"), "right", Outcome::WrongSecret);
    let locked = (Mood::Locks, "right", Outcome::Locked);
    for (mood, password, outcome) in [yes, wrong, locked] {
        let world = World::silent().await;
        world.mood(mood);
        assert_eq!(world.login("ada", password).await, outcome);
        assert!(!world.is_hurried());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_comes_too_late_ends_the_hurry_and_a_no_the_verifier() {
    let yes = (Mood::Knows("right"), "right", Outcome::GrantedOffline);
    let locked = (Mood::Locks, "right", Outcome::Unavailable);
    let revoked = (Mood::Revokes, "right", Outcome::Unavailable);
    let guess = (Mood::Revokes, "a guess", Outcome::GrantedOffline);
    for (mood, password, next) in [yes, locked, revoked, guess] {
        let world = World::silent().await;
        let held = world.directories[0].holds_back();
        world.judged("ada", password).await;
        assert!(world.is_hurried());
        world.mood(mood);
        held.add_permits(1);
        world.settled().await;
        assert!(!world.is_hurried());
        world.mood(Mood::IsGone);
        held.add_permits(1);
        assert_eq!(world.login("ada", "right").await, next);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_late_yes_neither_lets_in_nor_makes_a_verifier() {
    let world = World::silent().await;
    let held = world.directories[0].holds_back();
    assert_eq!(world.judged("ada", "changed").await, Outcome::WrongSecret);
    world.mood(Mood::Knows("changed"));
    held.add_permits(1);
    world.settled().await;
    world.mood(Mood::IsGone);
    held.add_permits(2);
    assert_eq!(world.login("ada", "changed").await, Outcome::WrongSecret);
    assert_eq!(world.login("ada", "right").await, Outcome::GrantedOffline);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_has_no_verifier_to_use_waits_for_the_directory_as_long_as_ever() {
    for (sections, user, outcome) in [
        ("", "bob", Outcome::NotAllowed),
        ("[offline]\nnot_for = [\"sshd\"]\n", "ada", Outcome::Granted),
    ] {
        let world = World::with("", sections);
        assert_eq!(world.login("ada", "right").await, Outcome::Granted);
        world.mood(Mood::TimesOut);
        world.login("ada", "right").await;
        assert!(world.is_hurried());
        let held = world.directories[0].holds_back();
        world.mood(Mood::Knows("right"));
        // Whoever hurries asks once and gives up: here it is judged by the directory's word.
        let judged = world.judged(user, "right");
        let released = async { held.add_permits(1) };
        assert_eq!(tokio::join!(judged, released).0, outcome);
        assert!(!world.is_hurried());
        world.settled().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_is_shut_out_stays_so_and_wrong_tries_are_counted_as_ever() {
    let world = World::silent().await;
    let held = world.directories[0].holds_back();
    for _ in 0..3 {
        assert_eq!(world.judged("ada", "wrong").await, Outcome::WrongSecret);
    }
    assert_eq!(world.judged("ada", "right").await, Outcome::Throttled);
    held.add_permits(9);
    world.settled().await;
    let ada = ClearTries {
        user: Some("ada".into()),
    };
    clear_tries(&world.broker, &ada).unwrap();
    let call = Revoke { user: "ada".into() };
    revoke(Arc::clone(&world.broker), call).await.unwrap();
    let asked = world.asked();
    assert_eq!(world.judged("ada", "right").await, Outcome::NotAllowed);
    assert_eq!(world.asked(), asked);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_gone_at_once_hurries_nobody_and_time_forgets_a_silence() {
    let world = World::new();
    assert_eq!(world.login("ada", "right").await, Outcome::Granted);
    world.mood(Mood::IsGone);
    assert_eq!(world.login("ada", "right").await, Outcome::GrantedOffline);
    assert!(!world.is_hurried());
    world.mood(Mood::TimesOut);
    assert_eq!(world.login("ada", "right").await, Outcome::GrantedOffline);
    assert!(world.is_hurried());
    world.clock.set(Time::from_unix(0));
    assert!(world.is_hurried(), "the wall clock is nothing to it");
    world.clock.advance(CLOCK_RUNS);
    assert!(!world.is_hurried());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_directory_that_may_take_longer_than_a_login_leaves_time_for_the_verifier() {
    let mut world = World::new();
    assert_eq!(world.login("ada", "right").await, Outcome::Granted);
    // What is left of so short a time for the directory is nothing.
    let broker = Arc::get_mut(&mut world.broker).unwrap();
    broker.config.login.timeout = Duration::from_secs(3);
    let _held = world.directories[0].holds_back();
    assert_eq!(world.login("ada", "right").await, Outcome::GrantedOffline);
}
