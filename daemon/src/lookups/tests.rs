//! What comes of asking for names that are not in the snapshot.

use super::*;
use muster_common::snapshot::content::Misses;

use crate::fixture::{ASKED_BY_NAME, Lists, Mood, World};
use crate::sync::{Shrink, SyncError, read_whole};

/// Who asks; not root.
const ANYBODY: u32 = 20_001;

impl World {
    /// corp has been read and has ada and bob; rubin and usdf are asked by name.
    fn lazy() -> Self {
        let world = Self::of(ASKED_BY_NAME);
        world.serve(&["ada", "bob"]);
        world
    }

    async fn look_up(&self, name: &str) -> Result<u32, ResolveError> {
        let served = user(&self.broker, ANYBODY, name).await?;
        Ok(served.record.account.uid.get())
    }

    async fn refresh(&self, shrink: Shrink) -> Result<(u64, u64), SyncError> {
        let renewed = read_whole(&self.broker, &self.broker.connected[1], shrink).await;
        publish_now(&self.broker).await;
        renewed.map(|synced| (synced.counts.people, synced.counts.teams))
    }

    fn group(&self, name: &str) -> Option<(u32, Vec<String>)> {
        let snapshot = self.broker.snapshot().unwrap();
        let group = snapshot.group_by_name(name).unwrap()?.group;
        let members = group.members.iter().map(ToString::to_string).collect();
        Some((group.gid.get(), members))
    }
}

/// `Unknown` is what callers may take for "no such user".
fn said(answer: &Result<u32, ResolveError>) -> &'static str {
    match answer {
        Ok(_) => "known",
        Err(ResolveError::NotFound) => "unknown",
        Err(ResolveError::Gone) => "gone",
        Err(ResolveError::Busy) => "busy",
        Err(_) => "cannot tell",
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_asked_for_is_published_and_needs_no_asking_any_more() {
    let world = World::lazy();
    let rubin = &world.directories[1];
    rubin.knows(&[("vera", 60_001, &[("astro", 61_000)])]);
    assert_eq!(world.look_up("vera").await.unwrap(), 60_001);
    assert_eq!(world.look_up("vera").await.unwrap(), 60_001);
    assert_eq!(rubin.looked_up(), 1);
    assert_eq!(
        world.group("astro"),
        Some((61_000, vec!["vera".to_owned()]))
    );
    assert_eq!(
        world.look_up("ada").await.unwrap(),
        world.look_up("ada").await.unwrap()
    );
    assert_eq!(
        rubin.looked_up(),
        1,
        "who is in the snapshot is not asked about"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_hundred_who_want_one_name_make_one_question_and_one_publication() {
    let world = Arc::new(World::lazy());
    let rubin = Arc::clone(&world.directories[1]);
    rubin.knows(&[("vera", 60_001, &[])]);
    let gate = rubin.gate();
    let tasks: Vec<_> = (0..500)
        .map(|nth| {
            let world = Arc::clone(&world);
            // Root and others at the same time.
            tokio::spawn(async move { user(&world.broker, nth % 50, "vera").await.is_ok() })
        })
        .collect();
    while rubin.looked_up() == 0 {
        tokio::task::yield_now().await;
    }
    gate.add_permits(500);
    for task in tasks {
        assert!(task.await.unwrap());
    }
    assert_eq!(rubin.looked_up(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn that_nobody_has_a_name_is_believed_for_a_while() {
    let world = World::lazy();
    for _ in 0..3 {
        assert_eq!(said(&world.look_up("nemo").await), "unknown");
    }
    assert_eq!(world.directories[1].looked_up(), 1);
    assert_eq!(world.directories[2].looked_up(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn could_not_ask_is_never_unknown_and_the_directory_is_left_alone_for_a_while() {
    for mood in [Mood::IsGone, Mood::RefusesUs, Mood::TalksNonsense] {
        let world = World::lazy();
        let rubin = &world.directories[1];
        rubin.mood(mood);
        assert_eq!(said(&world.look_up("vera").await), "cannot tell");
        assert_eq!(
            world.directories[2].looked_up(),
            0,
            "rubin could be the owner"
        );
        assert_eq!(said(&world.look_up("mario").await), "cannot tell");
        let asked = if mood == Mood::TalksNonsense { 2 } else { 1 };
        assert_eq!(rubin.looked_up(), asked);
        rubin.mood(Mood::Knows("right"));
        rubin.knows(&[("vera", 60_001, &[])]);
        world.clock.advance(PAUSE);
        assert_eq!(said(&world.look_up("vera").await), "known");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_directory_that_has_never_been_read_makes_every_miss_uncertain() {
    let world = World::of(ASKED_BY_NAME);
    assert_eq!(said(&world.look_up("nemo").await), "cannot tell");
    world.directories[1].knows(&[("vera", 60_001, &[])]);
    assert_eq!(said(&world.look_up("vera").await), "known");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn names_that_cannot_be_served_are_nobodys_and_asked_of_nobody() {
    let world = World::lazy();
    for name in [
        "root",
        "larry",
        "Vera",
        "vera ",
        "",
        "systemd-x",
        "4711",
        "véra",
    ] {
        assert_eq!(said(&world.look_up(name).await), "unknown", "{name:?}");
    }
    assert_eq!(world.directories[1].looked_up(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_first_directory_in_order_has_the_name_and_then_only_the_owner_is_asked() {
    let world = World::lazy();
    let [_, rubin, usdf] = world.directories.as_slice() else {
        panic!()
    };
    rubin.knows(&[("vera", 60_001, &[])]);
    usdf.knows(&[("vera", 70_001, &[]), ("nia", 70_002, &[])]);
    assert_eq!(world.look_up("vera").await.unwrap(), 60_001);
    assert_eq!(world.look_up("nia").await.unwrap(), 70_002);
    rubin.knows(&[]);
    world.refresh(Shrink::Accept).await.unwrap();
    assert_eq!(said(&world.look_up("vera").await), "gone");
    assert_eq!(usdf.looked_up(), 1, "vera is never usdf's by herself");
    assert_eq!(said(&world.look_up("ada").await), "known");
    world.serve(&["bob"]);
    assert_eq!(said(&world.look_up("ada").await), "gone");
    assert_eq!(rubin.looked_up(), 4, "ada is corp's, also when she is gone");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refresh_asks_about_everybody_known_and_takes_away_who_is_gone() {
    let world = World::lazy();
    let rubin = &world.directories[1];
    rubin.knows(&[
        ("vera", 60_001, &[("astro", 61_000)]),
        ("mario", 60_002, &[("astro", 61_000)]),
    ]);
    world.look_up("vera").await.unwrap();
    world.look_up("mario").await.unwrap();
    rubin.knows(&[("vera", 60_001, &[("ops", 61_001)])]);
    assert_eq!(world.refresh(Shrink::Hold).await.unwrap(), (1, 2));
    assert_eq!(world.group("ops"), Some((61_001, vec!["vera".to_owned()])));
    assert_eq!(world.group("astro"), Some((61_000, vec![])));
    assert_eq!(said(&world.look_up("mario").await), "gone");
    rubin.knows(&[("mario", 60_002, &[]), ("vera", 60_001, &[])]);
    world.broker.lookups.forget();
    assert_eq!(world.look_up("mario").await.unwrap(), 60_002, "and is back");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refresh_without_every_answer_changes_nothing_and_an_empty_one_is_held() {
    let world = World::lazy();
    let rubin = &world.directories[1];
    rubin.knows(&[("vera", 60_001, &[])]);
    world.look_up("vera").await.unwrap();
    rubin.mood(Mood::IsGone);
    assert!(matches!(
        world.refresh(Shrink::Hold).await,
        Err(SyncError::Directory(_))
    ));
    rubin.mood(Mood::Knows("right"));
    rubin.knows(&[]);
    assert!(matches!(
        world.refresh(Shrink::Hold).await,
        Err(SyncError::Shrink { .. })
    ));
    assert_eq!(said(&world.look_up("vera").await), "known");
    world.refresh(Shrink::Accept).await.unwrap();
    assert_eq!(said(&world.look_up("vera").await), "gone");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_name_with_another_uid_is_another_person_and_held() {
    let world = World::lazy();
    let rubin = &world.directories[1];
    rubin.knows(&[("vera", 60_001, &[])]);
    world.look_up("vera").await.unwrap();
    rubin.knows(&[("vera", 60_009, &[])]);
    world.refresh(Shrink::Hold).await.unwrap();
    assert_eq!(said(&world.look_up("vera").await), "gone");
    let problems = world.broker.publisher.last().problems.join("\n");
    assert!(
        problems.contains("muster name accept user vera"),
        "{problems}"
    );
    world
        .broker
        .store
        .release_name(IdKind::User, "vera")
        .unwrap();
    world.publish();
    assert_eq!(world.look_up("vera").await.unwrap(), 60_009);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ids_that_this_host_does_not_accept_are_not_replaced_by_others() {
    let world = World::lazy();
    let rubin = &world.directories[1];
    rubin.knows(&[
        ("early", 51, &[]),
        (
            "vera",
            60_001,
            &[("zero", 0), ("adm2", 4), ("astro", 61_000)],
        ),
    ]);
    assert_eq!(said(&world.look_up("early").await), "unknown");
    assert_eq!(world.look_up("vera").await.unwrap(), 60_001);
    assert_eq!((world.group("zero"), world.group("adm2")), (None, None));
    assert!(world.group("astro").is_some());
    let problems = world.broker.publisher.last().problems.join("\n");
    for name in ["user early", "group zero", "group adm2"] {
        assert!(problems.contains(name), "{name}: {problems}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_peer_can_only_cause_so_many_questions() {
    let world = World::lazy();
    let mut answers = Vec::new();
    for nth in 0..120 {
        answers.push(said(&world.look_up(&format!("nobody{nth}")).await));
    }
    assert_eq!(
        answers.iter().filter(|said| **said == "unknown").count(),
        100
    );
    assert_eq!(answers.last(), Some(&"busy"));
    assert_eq!(
        said(&world.look_up("nobody1").await),
        "unknown",
        "kept answers are free"
    );
    assert!(matches!(
        user(&world.broker, 0, "somebody").await,
        Err(ResolveError::NotFound)
    ));
}

impl World {
    /// What the snapshot says about who is missing from rubin.
    fn misses(&self) -> Misses {
        let directories = self.broker.snapshot().unwrap().directories().unwrap();
        directories[1].misses
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_directory_is_complete_only_while_its_last_listing_has_succeeded() {
    let world = World::lazy();
    let rubin = &world.directories[1];
    rubin.knows(&[("vera", 60_001, &[])]);
    assert_eq!(
        world.misses(),
        Misses::AskByName,
        "nothing has been listed yet"
    );

    rubin.lists(Lists::Whole);
    world.refresh(Shrink::Hold).await.unwrap();
    assert_eq!(world.misses(), Misses::Final);
    assert_eq!(world.look_up("vera").await.unwrap(), 60_001);
    rubin.knows(&[("vera", 60_001, &[]), ("carol", 60_002, &[])]);
    assert_eq!(said(&world.look_up("carol").await), "unknown");
    assert_eq!(
        rubin.looked_up(),
        0,
        "everybody is known: nobody is asked about"
    );

    rubin.lists(Lists::Broken);
    world.refresh(Shrink::Hold).await.unwrap_err();
    assert_eq!(
        world.misses(),
        Misses::AskByName,
        "a failed listing proves nobody's absence"
    );
    assert_eq!(
        world.look_up("vera").await.unwrap(),
        60_001,
        "who is known stays"
    );
    world.broker.lookups.forget();
    assert_eq!(world.look_up("carol").await.unwrap(), 60_002);
    rubin.mood(Mood::IsGone);
    world.refresh(Shrink::Hold).await.unwrap_err();
    assert_eq!(said(&world.look_up("jocelyn").await), "cannot tell");

    rubin.mood(Mood::Knows("right"));
    rubin.lists(Lists::Whole);
    world.refresh(Shrink::Hold).await.unwrap();
    assert_eq!(world.misses(), Misses::Final);
    rubin.lists(Lists::Missing);
    world.refresh(Shrink::Hold).await.unwrap();
    assert_eq!(
        world.misses(),
        Misses::AskByName,
        "a server that lists nobody any more"
    );
    let standing = world.broker.standing(&rubin.name());
    assert_eq!(standing.remarks, ["no lists"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_listing_that_is_held_makes_nobody_unknown() {
    let world = World::lazy();
    let rubin = &world.directories[1];
    let many: Vec<String> = (0..20).map(|nth| format!("vera{nth}")).collect();
    let all: Vec<_> = many
        .iter()
        .zip(60_001..)
        .map(|(name, uid)| (name.as_str(), uid, &[][..]))
        .collect();
    rubin.knows(&all);
    rubin.lists(Lists::Whole);
    world.refresh(Shrink::Hold).await.unwrap();
    rubin.knows(&all[..2]);
    let held = world.refresh(Shrink::Hold).await.unwrap_err();
    assert!(matches!(held, SyncError::Shrink { .. }), "{held}");
    assert_eq!(world.misses(), Misses::AskByName);
    assert_eq!(world.look_up("vera19").await.unwrap(), 60_020);
}
