//! Any bytes as a snapshot: every way in has to come back, with an answer or with damage.
//!
//! The first byte says what is done to the rest: taken as it is, or given a
//! sound start of the header, so that the fuzzer need not guess the magic and the length.

#![no_main]

use std::mem::MaybeUninit;

use libfuzzer_sys::fuzz_target;
use muster_common::account::{Gid, Uid};
use muster_common::snapshot::content::Content;
use muster_common::snapshot::reader::Snapshot;
use muster_common::snapshot::text::{write_group, write_initgroups, write_passwd};
use muster_common::snapshot::writer::write;

fuzz_target!(|input: &[u8]| {
    let Some((how, bytes)) = input.split_first() else {
        return;
    };
    let mut bytes = bytes.to_vec();
    if how % 4 != 0 && bytes.len() >= 24 {
        bytes.resize(bytes.len().next_multiple_of(8), 0);
        let length = u64::try_from(bytes.len()).unwrap_or(0);
        bytes[..16].copy_from_slice(b"MUSTERSN\x01\0\0\0\0\0\0\0");
        bytes[16..24].copy_from_slice(&length.to_le_bytes());
    }
    if let Ok(snapshot) = Snapshot::from_bytes(&bytes) {
        by_name_and_id(&snapshot);
        into_a_buffer(&snapshot, usize::from(*how) * 8);
        whole(&snapshot, bytes.len());
    }
});

/// As the broker, the verification and the dump read it.
fn whole(snapshot: &Snapshot, length: usize) {
    let _ = (
        snapshot.directories(),
        snapshot.services(),
        snapshot.id_ranges(),
    );
    let _ = snapshot.could_serve(10_001);
    let _ = snapshot.users().take(64).filter(Result::is_ok).count();
    let _ = snapshot.groups().take(64).filter(Result::is_ok).count();
    let _ = snapshot.tombstones().take(64).filter(Result::is_ok).count();
    let _ = snapshot.says(&Content::default(), |own, said| own == said);
    let Ok(content) = snapshot.content() else {
        assert!(snapshot.verified().is_err());
        return;
    };
    let mut text = Vec::new();
    let _ = write_passwd(&content.users, &mut text);
    let _ = write_group(&content.groups, &mut text);
    let _ = write_initgroups(&content.users, &mut text);
    assert!(text.len() <= length * 4);
    if snapshot.verified().is_ok() {
        let again = write(&content, 1).expect("what is sound can be written");
        let again = Snapshot::from_bytes(&again).expect("and read");
        assert_eq!(again.verified(), Ok(content));
    }
}

fn by_name_and_id(snapshot: &Snapshot) {
    for name in ["ada", "bob", "engineers", "gone", ""] {
        let _ = snapshot.user_by_name(name);
        let _ = snapshot.group_by_name(name);
        let _ = snapshot.tombstone(name);
    }
    for id in [10_001, 10_002, 15_000] {
        let _ = Uid::new(id).map(|uid| snapshot.user_by_uid(uid));
        let _ = Gid::new(id).map(|gid| snapshot.group_by_gid(gid));
    }
}

/// As the NSS module does it, with a buffer that may be too small.
fn into_a_buffer(snapshot: &Snapshot, size: usize) {
    let mut room = vec![MaybeUninit::uninit(); size];
    for position in 0..snapshot.user_count().min(64) {
        let Ok(user) = snapshot.user_at(position) else {
            continue;
        };
        if let Some(Ok(text)) = user.copy_text(&mut room) {
            for border in [user.gecos, user.home, user.shell, user.length] {
                assert_eq!(text[border - 1], 0);
            }
        }
        if let Ok(gids) = snapshot.gids_of(&user) {
            gids.take(1000).for_each(drop);
        }
    }
    for position in 0..snapshot.group_count().min(64) {
        let Ok(group) = snapshot.group_at(position) else {
            continue;
        };
        if let Some(Ok(text)) = group.copy_text(&mut room) {
            for start in group.members(text).flatten() {
                assert!(text[start..].contains(&0));
            }
        }
    }
}
