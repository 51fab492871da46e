//! Real snapshots torn at: whatever is done to one's bytes, every way in comes back, with an answer
//! or with damage, and an answer is never larger than the file that it came from.

#![cfg(feature = "writer")]

use std::mem::MaybeUninit;

use proptest::prelude::*;
use proptest::sample::Index;

use super::build::{Sources, build};
use super::content::{AccessAnswer, Content, Tombstone};
use super::format::{SECTIONS, header};
use super::reader::{Damaged, Snapshot};
use super::text::{write_group, write_initgroups, write_passwd};
use super::writer::write;
use crate::account::{Gid, Uid};
use crate::clock::Time;
use crate::name::NameRule;

const CASES: u32 = if cfg!(miri) { 6 } else { 4000 };

/// One change of a snapshot's bytes.
#[derive(Debug, Clone)]
enum Change {
    /// A byte becomes another one.
    Byte(Index, u8),
    /// A bit is turned.
    Bit(Index, u8),
    /// An aligned number becomes another one: of the records' offsets, lengths, ids and counts, most often.
    Number(Index, u32),
    /// An aligned number becomes what another one is, and a little more or less.
    Neighbour(Index, Index, i8),
    /// A part is copied over another one.
    Splice(Index, Index, u8),
    /// A section begins elsewhere, or has another number of entries.
    Table(u8, Half, u32),
    /// The rest is gone.
    Cut(Index),
    /// There is more.
    Extend(Vec<u8>),
    /// The length in the header is made true.
    Length,
}

/// Of an entry of the table of sections.
#[derive(Debug, Clone, Copy)]
enum Half {
    Unit,
    Count,
}

fn change() -> impl Strategy<Value = Change> {
    let at = any::<Index>;
    // Small numbers are plausible ones.
    let number = || (any::<u32>(), 0u32..32).prop_map(|(number, shift)| number >> shift);
    let half = prop_oneof![Just(Half::Unit), Just(Half::Count)];
    prop_oneof![
        (at(), any::<u8>()).prop_map(|(at, byte)| Change::Byte(at, byte)),
        (at(), 0u8..8).prop_map(|(at, bit)| Change::Bit(at, bit)),
        (at(), number()).prop_map(|(at, number)| Change::Number(at, number)),
        (at(), at(), -9i8..9).prop_map(|(to, from, more)| Change::Neighbour(to, from, more)),
        (at(), at(), any::<u8>()).prop_map(|(to, from, length)| Change::Splice(to, from, length)),
        (0..11u8, half, number()).prop_map(|(section, half, to)| Change::Table(section, half, to)),
        at().prop_map(Change::Cut),
        prop::collection::vec(any::<u8>(), 0..80).prop_map(Change::Extend),
        Just(Change::Length),
    ]
}

impl Change {
    fn make(&self, bytes: &mut Vec<u8>) {
        let length = bytes.len();
        if length < 200 {
            return;
        }
        let word = |at: &Index| at.index(length / 4) * 4;
        match self {
            Self::Byte(at, byte) => bytes[at.index(length)] = *byte,
            Self::Bit(at, bit) => bytes[at.index(length)] ^= 1 << bit,
            Self::Number(at, number) => put(bytes, word(at), *number),
            Self::Neighbour(to, from, more) => {
                let near = number_at(bytes, word(from)).wrapping_add_signed((*more).into());
                put(bytes, word(to), near);
            }
            Self::Splice(to, from, count) => {
                let (to, from) = (word(to), word(from));
                let count = usize::from(*count).min(length - to.max(from));
                bytes.copy_within(from..from + count, to);
            }
            Self::Table(section, half, number) => {
                let half = match half {
                    Half::Unit => 0,
                    Half::Count => 4,
                };
                let section = usize::from(*section) % SECTIONS;
                put(bytes, header::SECTIONS + section * 8 + half, *number);
            }
            Self::Cut(at) => bytes.truncate(at.index(length)),
            Self::Extend(more) => bytes.extend(more),
            Self::Length => {
                bytes.resize(length.next_multiple_of(8), 0);
                let length = bytes.len() as u64;
                bytes[header::LENGTH..header::LENGTH + 8].copy_from_slice(&length.to_le_bytes());
            }
        }
    }
}

fn number_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap())
}

fn put(bytes: &mut [u8], at: usize, number: u32) {
    bytes[at..at + 4].copy_from_slice(&number.to_le_bytes());
}

/// A snapshot with something of everything.
fn real() -> Content {
    let passwd: String = (1..9)
        .map(|i| {
            let gecos = "ü".repeat(i);
            format!("user{i}:*:1000{i}:1500{}:{gecos}:/home/u:/bin/sh\n", i % 3)
        })
        .collect();
    let group =
        "team:*:15000:user1,user2,stranger\nempty:*:15001:\nall-of-us:*:15002:user1,user3,user8\n";
    let sources = Sources {
        passwd: passwd.as_bytes(),
        group: group.as_bytes(),
        names: &NameRule::default(),
    };
    let mut content = build(sources, Time::from_unix(5)).unwrap().content;
    content.users[0].ssh_keys = vec!["ssh-ed25519 AAAA".to_owned(), "x".to_owned()];
    content.services = vec!["sudo".parse().unwrap(), "sshd".parse().unwrap()];
    content.tombstones = ["gone", "gone", "left"]
        .into_iter()
        .zip(10_050..)
        .map(|(name, id)| Tombstone {
            name: name.parse().unwrap(),
            uid: Uid::new(id).unwrap(),
        })
        .collect();
    content
}

/// Every public way in by a key.
fn look_up(snapshot: &Snapshot) {
    for name in [
        "user1", "user8", "team", "empty", "gone", "root", "", "sudo",
    ] {
        let _ = snapshot.user_by_name(name);
        let _ = snapshot.group_by_name(name);
        let _ = snapshot.tombstone(name);
        assert!(snapshot.tombstones_named(name.as_bytes()).count() <= 8);
    }
    for id in [1000, 10_001, 10_008, 15_000, 15_002, u32::MAX - 1] {
        let _ = snapshot.user_by_uid(Uid::new(id).unwrap());
        let _ = snapshot.group_by_gid(Gid::new(id).unwrap());
        let _ = snapshot.could_serve(id);
    }
}

/// As the modules and the dump go through all of it.
fn walk(snapshot: &Snapshot, length: usize) {
    let mut room = [MaybeUninit::uninit(); 700];
    for position in 0..snapshot.user_count().min(200) {
        let Ok(user) = snapshot.user_at(position) else {
            continue;
        };
        for size in [0, user.length.saturating_sub(1), user.length, 700] {
            let Some(target) = room.get_mut(..size) else {
                continue;
            };
            if let Some(Ok(text)) = user.copy_text(target) {
                let ends = [user.gecos, user.home, user.shell, user.length];
                assert!(ends.iter().all(|end| text[end - 1] == 0));
            }
            let _ = user.copy_name_and_password(target);
        }
        if let Ok(gids) = snapshot.gids_of(&user) {
            assert!(gids.len() * 4 <= length);
            gids.for_each(drop);
        }
    }
    for position in 0..snapshot.group_count().min(200) {
        let Ok(group) = snapshot.group_at(position) else {
            continue;
        };
        assert!(group.members * 2 <= length);
        if let Some(Ok(text)) = group.copy_text(&mut room) {
            for start in group.members(text).flatten() {
                assert!(text[start..].contains(&0));
            }
        }
    }
    let _ = snapshot.users().take(200).filter(Result::is_ok).count();
    let _ = snapshot.groups().take(200).filter(Result::is_ok).count();
    let _ = snapshot
        .tombstones()
        .take(200)
        .filter(Result::is_ok)
        .count();
    let _ = (
        snapshot.directories(),
        snapshot.services(),
        snapshot.id_ranges(),
    );
    let _ = (snapshot.complete(), snapshot.unclear(), snapshot.asks());
    let _ = (
        snapshot.enumerate(),
        snapshot.created(),
        snapshot.looks_stale(),
    );
}

/// What whole content takes at least, as text.
fn dumped(content: &Content) -> usize {
    let mut text = Vec::new();
    write_passwd(&content.users, &mut text).unwrap();
    write_group(&content.groups, &mut text).unwrap();
    write_initgroups(&content.users, &mut text).unwrap();
    text.len()
}

/// Everything, and what must hold of whatever comes back.
fn read_all(bytes: &[u8]) -> Result<(), Damaged> {
    let Ok(snapshot) = Snapshot::from_bytes(bytes) else {
        return Ok(());
    };
    look_up(&snapshot);
    walk(&snapshot, bytes.len());
    let _ = snapshot.says(&real(), |own, said| own == said);
    let content = snapshot.content()?;
    for user in &content.users {
        let answer = user.access.answer(None, Time::from_unix(7));
        assert!(answer != AccessAnswer::Allowed || user.access.allowed != 0);
    }
    // Ids, counts and lengths of eight bytes are at most eleven digits and a space.
    assert!(dumped(&content) <= bytes.len() * 4);
    let sound = snapshot.verified()?;
    assert_eq!(sound, content);
    let again = write(&sound, 1).unwrap();
    assert_eq!(Snapshot::from_bytes(&again).unwrap().verified()?, sound);
    Ok(())
}

#[test]
fn a_real_snapshot_is_verified() {
    let bytes = write(&real(), 1).unwrap();
    assert_eq!(read_all(&bytes), Ok(()));
    let snapshot = Snapshot::from_bytes(&bytes).unwrap();
    assert_eq!(snapshot.verified(), Ok(real()));
}

#[test]
fn a_key_whose_index_leads_elsewhere_is_found_by_the_verification() {
    let content = real();
    let bytes = write(&content, 1).unwrap();
    let verified = |bytes: &[u8]| Snapshot::from_bytes(bytes).unwrap().verified();
    for section in 0..5 {
        let mut torn = bytes.clone();
        let unit = number_at(&torn, header::SECTIONS + section * 8) as usize;
        let places = number_at(&torn, header::SECTIONS + section * 8 + 4) as usize;
        let slots = unit * 8..(unit + places + 8) * 8;
        torn[slots].fill(0);
        assert!(verified(&bytes).is_ok());
        assert!(verified(&torn).is_err(), "section {section}");
    }
}

#[test]
fn a_record_that_is_listed_twice_is_found_by_the_verification() {
    let bytes = write(&real(), 1).unwrap();
    for section in 5..8 {
        let mut torn = bytes.clone();
        let list = number_at(&torn, header::SECTIONS + section * 8) as usize * 8;
        torn.copy_within(list..list + 4, list + 4);
        let torn = Snapshot::from_bytes(&torn).unwrap();
        assert!(torn.verified().is_err(), "section {section}");
    }
}

/// Opening takes memory for each directory, in every process that resolves a name.
#[test]
fn more_records_than_the_file_has_room_for_are_damage() {
    let sound = write(&real(), 1).unwrap();
    for section in 5..10 {
        let mut torn = sound.clone();
        let entry = header::SECTIONS + section * 8;
        let list = number_at(&torn, entry) as usize * 8;
        let first = number_at(&torn, list);
        let unit = u32::try_from(torn.len() / 8).unwrap();
        for _ in 0..1000 {
            torn.extend(first.to_le_bytes());
        }
        put(&mut torn, entry, unit);
        put(&mut torn, entry + 4, 1000);
        Change::Length.make(&mut torn);
        assert!(Snapshot::from_bytes(&torn).is_err(), "section {section}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(CASES))]

    #[test]
    fn a_torn_snapshot_gives_answers_or_damage(changes in prop::collection::vec(change(), 1..7)) {
        let mut bytes = write(&real(), 1).unwrap();
        for change in &changes {
            change.make(&mut bytes);
        }
        let _ = read_all(&bytes);
    }
}

#[test]
fn every_single_byte_of_a_snapshot_may_be_wrong() {
    let sound = write(&real(), 1).unwrap();
    let step = if cfg!(miri) { 997 } else { 1 };
    for at in (0..sound.len()).step_by(step) {
        for value in [0, 1, 0x7f, 0x80, 0xff, !sound[at]] {
            let mut bytes = sound.clone();
            bytes[at] = value;
            let _ = read_all(&bytes);
        }
    }
}
