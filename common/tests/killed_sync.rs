//! A broker that is killed while it keeps what a sync has read: afterwards the store holds
//! one reading whole, the former or the latter, and never a piece of each.

#![cfg(feature = "broker")]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "clippy's allowance for tests does not reach their helpers"
)]

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use muster_common::clock::Time;
use muster_common::directory::{
    Cursor, ImmutableKey, Membership, Person, Projection, Roster, Sighting, Team,
};
use muster_common::name::DirectoryName;
use muster_common::store::Store;
use muster_common::store::renewal::Renewal;

/// Set for the process that is going to be killed: where its store lies.
const VICTIM: &str = "MUSTER_TEST_STORE";
const PEOPLE: u32 = 400;

fn corp() -> DirectoryName {
    DirectoryName::new("corp").unwrap()
}

/// Everybody's shell, and the one group that holds everybody, are of this round.
fn reading(round: u32) -> Projection {
    let person = |nth: u32| Person {
        shell: Some(format!("/bin/{round}")),
        // Half of the people are others each time.
        ..Person::named(
            ImmutableKey::given(&(nth + round % 2 * PEOPLE / 2).to_string()),
            &format!("u{nth}"),
        )
    };
    let team = Team {
        key: ImmutableKey::given(&(round % 3).to_string()),
        name: format!("round-{round}"),
        active: true,
        gid: None,
        group_type: None,
    };
    let members = (0..PEOPLE).map(|nth| format!("u{nth}")).collect();
    Projection {
        until: Some(Cursor(round.to_string())),
        ..Projection::of(
            (0..PEOPLE).map(person).collect(),
            vec![Roster { team, members }],
        )
    }
}

/// The same of whom changes tell: the first hundred.
fn renewal(round: u32) -> Renewal {
    let projection = reading(round);
    let team = &projection.teams[0].entry;
    let seen = projection.people.into_iter().take(100).map(|one| Sighting {
        person: one.entry,
        groups: vec![Membership {
            key: team.key.clone(),
            name: team.name.clone(),
            gid: None,
            group_type: None,
        }],
    });
    Renewal {
        seen: seen.collect(),
        until: Some(Cursor(format!("changes {round}"))),
        ..Renewal::default()
    }
}

/// Writes round after round until it is killed.
fn write_for_ever(path: &Path) -> ! {
    let store = Store::open(path).unwrap();
    for round in 0.. {
        let now = Time::from_unix(u64::from(round));
        store.replace(&corp(), &reading(round), now).unwrap();
        store.renew(&corp(), &renewal(round), now).unwrap();
    }
    unreachable!()
}

fn victim(path: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "a_killed_sync_leaves_one_reading_whole"])
        .env(VICTIM, path)
        .stdout(Stdio::null())
        .spawn()
        .unwrap()
}

/// The round whose reading, or whose changes, the store holds whole.
fn round_in(store: &Store) -> u32 {
    let cursor = store.reading(&corp()).unwrap().unwrap().cursor.unwrap().0;
    let round: u32 = cursor.trim_start_matches("changes ").parse().unwrap();
    let people = store.people(&corp()).unwrap();
    assert_eq!(people.len(), PEOPLE as usize);
    let teams = store.teams(&corp()).unwrap();
    let [team] = teams.as_slice() else {
        panic!("{teams:?}");
    };
    assert_eq!(team.team.name, format!("round-{round}"));
    let shell = format!("/bin/{round}");
    for known in &people {
        assert_eq!(known.person.shell.as_ref(), Some(&shell), "{cursor}");
        assert_eq!(known.groups, [team.id]);
    }
    round
}

#[test]
fn a_killed_sync_leaves_one_reading_whole() {
    if let Some(path) = std::env::var_os(VICTIM) {
        write_for_ever(Path::new(&path));
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.sqlite");
    Store::open(&path)
        .unwrap()
        .replace(&corp(), &reading(0), Time::from_unix(0))
        .unwrap();
    let mut last = 0;
    for kill in 0..25u64 {
        let mut victim = victim(&path);
        std::thread::sleep(Duration::from_millis(120 + kill * 13 % 97));
        victim.kill().unwrap();
        victim.wait().unwrap();
        last = last.max(round_in(&Store::open(&path).unwrap()));
    }
    assert!(last > 0, "it was killed before it wrote anything");
}
