//! Logins judged in every state of the directory, the clock and the books.

mod asking;
mod hanging;
mod refusals;

use std::sync::Arc;
use std::time::Duration;

use muster_common::clock::Time;
use muster_common::secret::Secret;
use muster_common::store::ledger::IdKind;
use muster_common::store::verifiers::StoredVerifier;
use muster_common::wire::message::{ClearTries, ListTries, ResetClock, Revoke, Unrevoke};

use super::*;
use crate::administration::{clear_tries, list_tries, reset_clock, revoke, unrevoke};
use crate::fixture::{Mood, NOW, Takes, World};

const DAY: Duration = Duration::from_secs(24 * 3600);

impl World {
    async fn open(&self, user: &str) -> Opening {
        let begin = Begin {
            service: "sshd".into(),
            user: user.into(),
            tty: None,
            remote_host: Some("192.0.2.7".into()),
            calling_uid: 0,
        };
        open(&self.broker, 0, &begin).await
    }

    async fn login(&self, user: &str, password: &str) -> Outcome {
        let Opening::Ask(pending, _) = self.open(user).await else {
            panic!("{user} is not asked")
        };
        let judged = judge(&self.broker, *pending, typed(password).into()).await;
        self.settled().await;
        over(judged).outcome
    }

    /// Waits for what happens after the answer: each task of it holds the broker.
    async fn settled(&self) {
        while Arc::strong_count(&self.broker) > 1 {
            tokio::task::yield_now().await;
        }
    }

    async fn refused_at_once(&self, user: &str) -> Option<Outcome> {
        match self.open(user).await {
            Opening::Over(Step::Verdict { outcome, .. }) => Some(outcome),
            _ => None,
        }
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
    assert_eq!(world.refused_at_once("root").await, Some(Outcome::NotOurs));
    assert_eq!(world.refused_at_once("Ada").await, Some(Outcome::NotOurs));
    assert_eq!(world.refused_at_once("ada\0").await, Some(Outcome::NotOurs));
    world.serve(&["bob"]);
    assert_eq!(world.refused_at_once("ada").await, Some(Outcome::Gone));
    std::fs::remove_file(&world.broker.places.snapshot).unwrap();
    assert_eq!(
        world.refused_at_once("ada").await,
        Some(Outcome::Unavailable)
    );
    assert_eq!(
        world.refused_at_once("stranger").await,
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
async fn a_boot_in_1970_opens_nothing_offline_and_one_in_2038_nothing_that_is_too_old() {
    let world = World::new();
    assert_eq!(world.login("ada", "right").await, Outcome::Granted);
    world.mood(Mood::IsGone);
    for wrong in [
        Time::from_unix(0),
        Time::from_unix(i32::MAX.unsigned_abs().into()),
    ] {
        world.clock.set(wrong);
        assert_eq!(world.login("ada", "right").await, Outcome::Unavailable);
    }
    world.clock.set(NOW);
    assert_eq!(
        world.login("ada", "right").await,
        Outcome::GrantedOffline,
        "the clock is right again"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_login_online_waits_for_no_hashing_slot() {
    let world = World::new();
    let hashing = &world.broker.hashing;
    let all = (
        hashing.login_from("somebody else's").await.unwrap(),
        hashing.afterwards.acquire().await.unwrap(),
        hashing.queue.acquire_many(256).await.unwrap(),
    );
    assert_eq!(world.login("ada", "right").await, Outcome::Granted);
    drop(all);
    world.mood(Mood::IsGone);
    assert_eq!(
        world.login("ada", "right").await,
        Outcome::Unavailable,
        "no verifier was made"
    );
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
async fn what_cannot_be_a_secret_is_refused_before_it_counts_as_a_try() {
    let world = World::new();
    for _ in 0..50 {
        assert_eq!(
            world.login("ada", "implausible").await,
            Outcome::WrongSecret
        );
    }
    assert_eq!(world.login("ada", "right").await, Outcome::Granted);
    world.mood(Mood::IsGone);
    assert_eq!(
        world.login("ada", "implausible").await,
        Outcome::WrongSecret
    );
}

const RUBIN: &str = r#"
version = 1
[[directory]]
name = "rubin"
kind = "gafaelfawr"
url = "https://data.example.org"
token_file = "/etc/muster/secrets/gafaelfawr"
[access]
allow = ["everyone"]
"#;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_online_refusal_of_a_token_removes_its_verifier_and_its_expiry_ends_it() {
    let world = World::of(RUBIN);
    world.directories[0].knows(&[("vera", 60_001, &[])]);
    world.see(0);
    let good = Mood::KnowsUntil("token", NOW.after(3 * DAY));
    world.mood(good);
    assert_eq!(world.login("vera", "token").await, Outcome::Granted);
    world.mood(Mood::IsGone);
    assert_eq!(world.login("vera", "token").await, Outcome::GrantedOffline);
    world.mood(Mood::Revokes);
    assert_eq!(world.login("vera", "another").await, Outcome::WrongSecret);
    world.mood(Mood::IsGone);
    assert_eq!(
        world.login("vera", "token").await,
        Outcome::GrantedOffline,
        "another token's refusal says nothing about this one"
    );
    world.mood(Mood::Revokes);
    assert_eq!(world.login("vera", "token").await, Outcome::WrongSecret);
    world.mood(Mood::IsGone);
    assert_eq!(world.login("vera", "token").await, Outcome::Unavailable);

    world.clock.advance(DAY);
    world.mood(good);
    assert_eq!(world.login("vera", "token").await, Outcome::Granted);
    world.mood(Mood::IsGone);
    world.clock.advance(DAY);
    assert_eq!(world.login("vera", "token").await, Outcome::GrantedOffline);
    world.clock.advance(DAY);
    assert_eq!(
        world.login("vera", "token").await,
        Outcome::Unavailable,
        "the token has expired, long before offline.max_age"
    );
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
    let Opening::Ask(pending, _) = world.open("ada").await else {
        panic!()
    };
    world
        .broker
        .store
        .release_name(IdKind::User, "ada")
        .unwrap();
    let answered = answer(&world.broker, *pending, typed("right").into()).await;
    let Answered::Over(judgement) = answered else {
        panic!("something else is asked for")
    };
    assert_eq!(judgement.outcome, Outcome::Gone);
    assert_eq!(world.asked(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_snapshot_lost_while_the_password_was_typed_is_no_statement_about_the_person() {
    let world = World::new();
    let Opening::Ask(pending, _) = world.open("ada").await else {
        panic!()
    };
    std::fs::remove_file(&world.broker.places.snapshot).unwrap();
    let answered = answer(&world.broker, *pending, typed("right").into()).await;
    let Answered::Over(judgement) = answered else {
        panic!("something else is asked for")
    };
    assert_eq!(judgement.outcome, Outcome::Unavailable);
    assert_eq!(world.asked(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_verifier_that_cannot_be_read_is_not_a_wrong_password_and_costs_no_try() {
    let world = World::new();
    let store = &world.broker.store;
    let owner = store.owner(IdKind::User, "ada").unwrap().unwrap();
    let damaged = StoredVerifier {
        text: "$muster-argon2id$damaged".into(),
        written: NOW,
        expires: None,
        refusals: 0,
    };
    store
        .keep_verifier(&owner, store.next_sequence(), &damaged)
        .unwrap();
    world.mood(Mood::IsGone);
    for _ in 0..10 {
        assert_eq!(world.login("ada", "right").await, Outcome::Unavailable);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn news_that_cannot_be_served_are_never_decided_by_the_old_state() {
    let world = World::of(
        r#"
version = 1
[[directory]]
name = "fedora"
kind = "fas"
url = "https://fas.example.org/"
user = "hosts"
password_file = "/x"
[access]
allow = ["group:fedora/ops"]
"#,
    );
    let fedora = &world.directories[0];
    fedora.knows(&[("ada", 30_001, &[("ops", 31_000)])]);
    world.see(0);
    assert_eq!(world.login("ada", "right").await, Outcome::Granted);
    fedora.knows(&[("ada", 30_001, &[])]);
    let in_the_way = world.broker.places.host.join("snapshot.new");
    std::fs::create_dir(&in_the_way).unwrap();
    for _ in 0..3 {
        assert_eq!(world.login("ada", "right").await, Outcome::Unavailable);
    }
    std::fs::remove_dir(&in_the_way).unwrap();
    assert_eq!(world.login("ada", "right").await, Outcome::NotAllowed);
}

fn over(judged: Judged) -> Judgement {
    match judged {
        Judged::Over(judgement) => judgement,
        Judged::CodeWanted(_) => panic!("a code is asked for"),
    }
}

fn typed(text: &str) -> Secret {
    Secret::typed(text.as_bytes()).unwrap()
}

impl World {
    async fn change(&self, user: &str, wanted: NewPassword) -> Judgement {
        let begin = Begin {
            service: "passwd".into(),
            user: user.into(),
            tty: Some("pts/0".into()),
            remote_host: None,
            calling_uid: 0,
        };
        let judgement = change(&self.broker, 0, &begin, wanted).await;
        self.settled().await;
        judgement
    }

    async fn changed(&self, old: &str, new: &str) -> Judgement {
        let (old, new) = (typed(old), typed(new));
        self.change("ada", NewPassword::Wanted { old, new }).await
    }

    /// What `ada` is asked for in turn, and the outcome when these are typed.
    async fn dialogue(&self, answers: &[&str]) -> (Vec<(String, bool)>, Option<Outcome>) {
        let Opening::Ask(mut pending, mut step) = self.open("ada").await else {
            panic!("ada is not asked")
        };
        let mut prompts = vec![];
        for said in answers {
            let Step::Prompt { text, echo } = step else {
                panic!("not a prompt")
            };
            prompts.push((text, echo));
            match hear(&self.broker, pending, typed(said)) {
                Heard::Ask(next, prompt) => (pending, step) = (next, prompt),
                Heard::All(asked, proof) => {
                    let answered = answer(&self.broker, *asked, proof).await;
                    self.settled().await;
                    match answered {
                        Answered::Ask(next, prompt) => (pending, step) = (next, prompt),
                        Answered::Over(judgement) => return (prompts, Some(judgement.outcome)),
                    }
                }
            }
        }
        (prompts, None)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_one_time_code_is_asked_for_visibly_after_the_password_where_it_is_wanted() {
    let world = World::new();
    let (prompts, outcome) = world.dialogue(&["right"]).await;
    assert_eq!(prompts, [("Password: ".to_owned(), false)]);
    assert_eq!(outcome, Some(Outcome::Granted));
    world.directories[0].wants_code("123456");
    let (prompts, outcome) = world.dialogue(&["right", "123456"]).await;
    assert_eq!(prompts[1], ("One-time code: ".to_owned(), true));
    assert_eq!(outcome, Some(Outcome::Granted));
    let (_, outcome) = world.dialogue(&["right", "654321"]).await;
    assert_eq!(outcome, Some(Outcome::WrongSecret));
    let asked = world.asked();
    let (_, outcome) = world.dialogue(&["right"]).await;
    assert_eq!(
        (outcome, world.asked()),
        (None, asked),
        "nobody is asked without a code"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_password_counts_here_and_offline_and_the_old_one_no_more() {
    let world = World::new();
    world.directories[0].takes(Takes::Anything);
    assert_eq!(world.login("ada", "right").await, Outcome::Granted);
    assert_eq!(
        world.changed("right", "new").await.outcome,
        Outcome::Granted
    );
    assert_eq!(world.login("ada", "right").await, Outcome::WrongSecret);
    world.mood(Mood::IsGone);
    assert_eq!(world.login("ada", "right").await, Outcome::WrongSecret);
    assert_eq!(world.login("ada", "new").await, Outcome::GrantedOffline);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_present_password_is_proved_by_the_directory_alone() {
    let world = World::new();
    world.directories[0].takes(Takes::Anything);
    let proved = |old| NewPassword::Proved(typed(old));
    assert_eq!(world.login("ada", "right").await, Outcome::Granted);
    assert_eq!(
        world.change("ada", proved("right")).await.outcome,
        Outcome::Granted
    );
    assert_eq!(
        world.change("ada", proved("wrong")).await.outcome,
        Outcome::WrongSecret
    );
    world.mood(Mood::IsGone);
    let unreached = world.change("ada", proved("right")).await;
    assert_eq!(unreached.outcome, Outcome::Unavailable);
    assert_eq!(
        world.changed("right", "new").await.outcome,
        Outcome::Unavailable
    );
    assert_eq!(world.login("ada", "right").await, Outcome::GrantedOffline);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_or_doubtful_new_password_says_so_and_leaves_no_wrong_verifier() {
    let world = World::new();
    let directory = &world.directories[0];
    assert_eq!(world.login("ada", "right").await, Outcome::Granted);
    directory.takes(Takes::Nothing("at least\x1b[31m 12 characters"));
    let unfit = world.changed("right", "short").await;
    assert_eq!(unfit.outcome, Outcome::Unfit);
    let message = unfit.message.unwrap();
    assert!(
        message.contains("at least") && !message.contains('\x1b'),
        "{message}"
    );
    directory.takes(Takes::AndIsSilent);
    assert_eq!(
        world.changed("right", "new").await.outcome,
        Outcome::InDoubt
    );
    world.mood(Mood::IsGone);
    assert_eq!(
        world.login("ada", "right").await,
        Outcome::Unavailable,
        "no verifier is left"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn guesses_at_the_old_password_are_throttled_as_logins_are() {
    let world = World::new();
    world.directories[0].takes(Takes::Anything);
    for _ in 0..3 {
        assert_eq!(
            world.changed("guess", "new").await.outcome,
            Outcome::WrongSecret
        );
    }
    let asked = world.asked();
    assert_eq!(
        world.changed("guess", "new").await.outcome,
        Outcome::Throttled
    );
    assert_eq!(world.asked(), asked);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_a_password_cannot_be_changed_from_here_the_page_is_named() {
    let page = "password_page = \"https://id.example.org/password\"";
    let world = World::with(page, "");
    let possible = world.change("ada", NewPassword::Possible).await;
    assert_eq!(possible.outcome, Outcome::CannotChange);
    assert!(
        possible
            .message
            .unwrap()
            .ends_with("https://id.example.org/password")
    );
    assert_eq!(
        world.change("larry", NewPassword::Possible).await.outcome,
        Outcome::NotOurs
    );
    world.mood(Mood::Expired);
    let Opening::Ask(pending, _) = world.open("ada").await else {
        panic!()
    };
    let expired = over(judge(&world.broker, *pending, typed("right").into()).await);
    assert_eq!(expired.outcome, Outcome::SecretExpired);
    assert!(
        expired
            .message
            .unwrap()
            .ends_with("https://id.example.org/password")
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_directory_or_a_service_can_be_left_out_of_logging_in_offline() {
    let check = |keys: &'static str, sections: &'static str| async move {
        let world = World::with(keys, sections);
        assert_eq!(world.login("ada", "right").await, Outcome::Granted);
        world.mood(Mood::IsGone);
        world.login("ada", "right").await
    };
    assert_eq!(check("", "").await, Outcome::GrantedOffline);
    assert_eq!(check("offline = false", "").await, Outcome::Unavailable);
    let sshd = "[offline]\nnot_for = [\"sshd\"]\n";
    assert_eq!(check("", sshd).await, Outcome::Unavailable);
    let sudo = "[offline]\nnot_for = [\"sudo\"]\n";
    assert_eq!(check("", sudo).await, Outcome::GrantedOffline);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_login_offline_says_until_when_that_works() {
    let world = World::new();
    assert_eq!(world.login("ada", "right").await, Outcome::Granted);
    world.mood(Mood::IsGone);
    let Opening::Ask(pending, _) = world.open("ada").await else {
        panic!()
    };
    let judgement = over(judge(&world.broker, *pending, typed("right").into()).await);
    let message = judgement.message.unwrap();
    assert!(
        message.ends_with("until Fri, 22 Jan 2027 08:00:00 GMT."),
        "{message}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_is_shut_out_is_refused_at_once_online_and_offline_until_it_is_taken_back() {
    let world = World::new();
    assert_eq!(world.login("ada", "right").await, Outcome::Granted);
    let call = || Revoke { user: "ada".into() };
    let reply = revoke(Arc::clone(&world.broker), call()).await.unwrap();
    assert!(reply.changed && reply.unpublished.is_none());
    let again = revoke(Arc::clone(&world.broker), call()).await.unwrap();
    assert!(!again.changed);
    let asked = world.asked();
    assert_eq!(world.login("ada", "right").await, Outcome::NotAllowed);
    assert_eq!(world.login("ada", "wrong").await, Outcome::NotAllowed);
    assert_eq!(world.asked(), asked, "the secret is not looked at");
    let snapshot = world.broker.snapshot().unwrap();
    let record = snapshot.user_by_name("ada").unwrap().unwrap();
    assert_eq!(record.access.allowed, 0, "logins by key are refused, too");
    world.serve(&["ada", "bob"]);
    world.mood(Mood::IsGone);
    assert_eq!(world.login("ada", "right").await, Outcome::NotAllowed);
    let back = Unrevoke { user: "ada".into() };
    assert!(
        unrevoke(Arc::clone(&world.broker), back)
            .await
            .unwrap()
            .changed
    );
    assert_eq!(
        world.login("ada", "right").await,
        Outcome::Unavailable,
        "the verifier is gone"
    );
    world.mood(Mood::Knows("right"));
    assert_eq!(world.login("ada", "right").await, Outcome::Granted);
    let nobody = Revoke {
        user: "nobody-here".into(),
    };
    assert!(revoke(Arc::clone(&world.broker), nobody).await.is_err());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wrong_tries_are_shown_with_the_next_moment_and_forgotten_by_root() {
    let world = World::new();
    for _ in 0..3 {
        assert_eq!(world.login("ada", "wrong").await, Outcome::WrongSecret);
    }
    assert_eq!(world.login("ada", "right").await, Outcome::Throttled);
    let listed = list_tries(&world.broker, &ListTries::default()).unwrap();
    let [tries] = listed.tries.as_slice() else {
        panic!("{listed:?}")
    };
    assert_eq!(
        (tries.user.as_str(), tries.source.as_str()),
        ("ada", "192.0.2.7")
    );
    assert_eq!((tries.failures, tries.this_hour), (3, 3));
    assert!(tries.not_before > NOW.unix());
    let ada = ClearTries {
        user: Some("ada".into()),
    };
    assert_eq!(clear_tries(&world.broker, &ada).unwrap().sources, 1);
    assert_eq!(
        list_tries(&world.broker, &ListTries::default())
            .unwrap()
            .tries,
        []
    );
    assert_eq!(world.login("ada", "right").await, Outcome::Granted);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mark_that_a_wrong_clock_left_in_the_future_is_taken_back_by_root() {
    let world = World::new();
    world.clock.advance(40 * 365 * DAY);
    world.serve(&["ada", "bob"]);
    assert_eq!(world.login("ada", "right").await, Outcome::Granted);
    world.clock.set(NOW);
    world.mood(Mood::IsGone);
    assert_eq!(world.login("ada", "right").await, Outcome::Unavailable);
    let reset = reset_clock(Arc::clone(&world.broker), ResetClock {})
        .await
        .unwrap();
    assert!(reset.before > reset.now && reset.now == NOW.unix());
    let record = world.broker.snapshot().unwrap().user_by_name("ada");
    let until = record.unwrap().unwrap().access.until;
    assert_eq!(
        until,
        NOW.after(7 * DAY),
        "no decision counts for forty years"
    );
    assert_eq!(
        world.login("ada", "right").await,
        Outcome::Unavailable,
        "how old the verifier is cannot be told"
    );
    world.mood(Mood::Knows("right"));
    assert_eq!(world.login("ada", "right").await, Outcome::Granted);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_restricted_to_a_command_cannot_open_the_shell_with_a_password() {
    let table = "[[restricted]]\ngroups = [\"user:bob\", \"user:ada\"]\n";
    let world = World::with("", &format!("{table}command = \"git-shell\"\n"));
    assert_eq!(world.login("bob", "right").await, Outcome::NotAllowed);
    assert_eq!(world.login("ada", "right").await, Outcome::Granted);
    let world = World::with("", &format!("{table}shell = \"/bin/sh\"\n"));
    assert_eq!(world.login("bob", "right").await, Outcome::Granted);
}
