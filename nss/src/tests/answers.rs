//! Every buffer size, every kind of miss, every length of a list.

use std::ffi::c_long;
use std::mem::MaybeUninit;

use muster_common::snapshot::content::{Content, Forms, Misses};
use muster_common::snapshot::reader::Snapshot;

use super::*;
use crate::initgroups::{List, groups_of};

/// Asks with every size from none to enough, at every alignment: too small must
/// be said, nothing beyond the buffer touched, and the answer right as soon as it fits.
fn at_every_size(
    enough: usize,
    step: usize,
    expected: &str,
    ask: impl Fn(&mut [MaybeUninit<u8>]) -> Result<String, Refusal>,
) {
    for skew in 0..8 {
        let mut fitted = false;
        for size in (0..=enough).step_by(step) {
            let mut room = vec![MaybeUninit::new(0xa5); enough + 32];
            let answer = ask(&mut room[skew..skew + size]);
            // SAFETY: all of it was initialised above.
            let canary = |byte: &MaybeUninit<u8>| unsafe { byte.assume_init() } == 0xa5;
            assert!(room[..skew].iter().all(canary), "before, at size {size}");
            assert!(room[skew + size..].iter().all(canary), "beyond {size}");
            match answer {
                Err(Refusal::TooSmall) => assert!(!fitted, "{size} was enough before"),
                Err(other) => panic!("{other:?} at size {size}"),
                Ok(line) => {
                    assert_eq!(line, expected);
                    fitted = true;
                }
            }
        }
        assert!(fitted, "{enough} must be enough");
    }
}

#[test]
fn a_user_is_answered_or_refused_as_too_large_at_every_buffer_size() {
    let snapshot = snapshot(&content(vec![user("ada", 10_001, &[])], Vec::new()));
    let expected = "ada:*:10001:10001:Dr. ada:/home/ada:/bin/sh";
    at_every_size(64, 1, expected, |buffer| {
        user_by_name(&snapshot, b"ada", buffer).map(|user| line_of_user(&user))
    });
    at_every_size(64, 1, expected, |buffer| {
        user_by_id(&snapshot, 10_001, buffer).map(|user| line_of_user(&user))
    });
    let exactly = "ada\0*\0Dr. ada\0/home/ada\0/bin/sh\0".len();
    let mut room = vec![MaybeUninit::uninit(); exactly];
    assert!(user_by_name(&snapshot, b"ada", &mut room).is_ok());
    let (_, shorter) = room.split_at_mut(1);
    assert_eq!(
        user_by_name(&snapshot, b"ada", shorter).err(),
        Some(Refusal::TooSmall)
    );
}

#[test]
fn a_group_is_answered_or_refused_as_too_large_at_every_buffer_size() {
    for (members, step) in [(0, 1), (1, 1), (1000, 61)] {
        let record = group("team", 20_000, members);
        let names: Vec<&str> = record.group.members.iter().collect();
        let expected = format!("team:*:20000:{}", names.join(","));
        let snapshot = snapshot(&content(Vec::new(), vec![record.clone()]));
        let enough = 8 + 8 * (members + 1) + expected.len() + 8;
        let enough = enough.next_multiple_of(step);
        at_every_size(enough, step, &expected, |buffer| {
            group_by_name(&snapshot, b"team", buffer).map(|group| line_of_group(&group))
        });
        at_every_size(enough, step, &expected, |buffer| {
            group_by_id(&snapshot, 20_000, buffer).map(|group| line_of_group(&group))
        });
    }
}

#[test]
fn a_miss_is_certain_only_when_every_directory_is_complete() {
    let mut content = content(vec![user("ada", 10_001, &[])], Vec::new());
    let ask = |content: &Content, name: &[u8]| {
        let mut room = [MaybeUninit::uninit(); 256];
        user_by_name(&snapshot(content), name, &mut room).err()
    };
    for name in [&b"bob"[..], b"", b"ada\0", b"\xff\xfe", b"ADA"] {
        assert_eq!(ask(&content, name), Some(Refusal::Absent));
    }
    content.directories[0].misses = Misses::AskByName;
    assert_eq!(ask(&content, b"bob"), Some(Refusal::Askable));
    content.directories[0].misses = Misses::Unclear;
    assert_eq!(ask(&content, b"bob"), Some(Refusal::Unavailable));
    assert_eq!(ask(&content, b"ada"), None);
}

#[test]
fn another_form_of_a_name_finds_the_person_under_the_canonical_one() {
    let mut content = content(vec![user("ada", 10_001, &[10_001, 5000])], Vec::new());
    let ask = |content: &Content, typed: &str| {
        let mut room = [MaybeUninit::uninit(); 256];
        user_by_name(&snapshot(content), typed.as_bytes(), &mut room)
            .map(|user| line_of_user(&user))
    };
    assert_eq!(ask(&content, "Ada"), Err(Refusal::Absent));
    content.forms = Forms {
        fold_case: true,
        suffixes: vec!["@example.org".to_owned()],
    };
    let ada = "ada:*:10001:10001:Dr. ada:/home/ada:/bin/sh";
    for typed in ["ada", "Ada", "ADA@Example.org"] {
        assert_eq!(ask(&content, typed).as_deref(), Ok(ada));
    }
    let groups = Groups::with_primary(10_001).ask(&snapshot(&content), "Ada", 10_001, -1);
    assert_eq!(groups.unwrap(), [10_001, 5000]);
    assert_eq!(ask(&content, "Bob@example.org"), Err(Refusal::Absent));
    content.directories[0].misses = Misses::AskByName;
    assert_eq!(ask(&content, "Bob@example.org"), Err(Refusal::Askable));
    let to_ask = |typed: &[u8]| answer::name_to_ask(&snapshot(&content), typed);
    assert_eq!(to_ask(b"Bob@example.org").unwrap().as_str(), "bob");
    for no_name in [&b""[..], b"a:b", b"-v", b"4711", b"\xff", b"a b"] {
        assert_eq!(to_ask(no_name), Err(Refusal::Absent));
    }
}

#[test]
fn shadow_says_that_no_password_is_right_at_every_buffer_size() {
    let snapshot = snapshot(&content(vec![user("ada", 10_001, &[])], Vec::new()));
    let entry = answer::user_named(&snapshot, b"ada").unwrap();
    at_every_size(
        8,
        1,
        "ada:*:-1:-1:-1:-1:-1:-1:18446744073709551615",
        |buffer| {
            let mut target = MaybeUninit::uninit();
            answer::fill_shadow(&entry, buffer, &mut target)?;
            // SAFETY: filled.
            let shadow = unsafe { target.assume_init() };
            let [name, passwd] = [shadow.name, shadow.passwd].map(|p| text(p));
            let days = [
                shadow.last_change,
                shadow.change_min_days,
                shadow.change_max_days,
                shadow.change_warn_days,
                shadow.change_inactive_days,
                shadow.expire_date,
            ];
            let days = days.map(|day| day.to_string()).join(":");
            Ok(format!("{name}:{passwd}:{days}:{}", shadow.reserved))
        },
    );
}

#[test]
fn ids_and_groups_cannot_be_asked_about_and_are_unknown_where_that_is_certain() {
    let mut content = content(vec![user("ada", 10_001, &[])], Vec::new());
    content.id_ranges = vec![10_000..=20_000];
    let check = |content: &Content, inside: Refusal, outside: Refusal, group: Refusal| {
        let snapshot = snapshot(content);
        let mut room = [MaybeUninit::uninit(); 256];
        assert_eq!(user_by_id(&snapshot, 10_002, &mut room).err(), Some(inside));
        assert_eq!(
            group_by_id(&snapshot, 10_002, &mut room).err(),
            Some(inside)
        );
        assert_eq!(user_by_id(&snapshot, 33, &mut room).err(), Some(outside));
        assert_eq!(group_by_id(&snapshot, 33, &mut room).err(), Some(outside));
        assert_eq!(
            group_by_name(&snapshot, b"video", &mut room).err(),
            Some(group)
        );
    };
    check(&content, Refusal::Absent, Refusal::Absent, Refusal::Absent);
    content.directories[0].misses = Misses::AskByName;
    check(
        &content,
        Refusal::Unavailable,
        Refusal::Absent,
        Refusal::Absent,
    );
    content.directories[0].misses = Misses::Unclear;
    check(
        &content,
        Refusal::Unavailable,
        Refusal::Absent,
        Refusal::Unavailable,
    );
}

/// A list as glibc hands it over, with one group in it.
struct Groups {
    start: c_long,
    size: c_long,
    list: *mut libc::gid_t,
}

impl Groups {
    fn with_primary(primary: u32) -> Self {
        // SAFETY: room for one gid.
        let list = unsafe { libc::malloc(4) }.cast::<libc::gid_t>();
        // SAFETY: just allocated.
        unsafe { list.write(primary) };
        Self {
            start: 1,
            size: 1,
            list,
        }
    }

    fn ask(
        &mut self,
        snapshot: &Snapshot,
        name: &str,
        primary: u32,
        limit: c_long,
    ) -> Result<Vec<u32>, Refusal> {
        let list = List {
            start: &mut self.start,
            size: &mut self.size,
            groups: &mut self.list,
            limit,
        };
        groups_of(snapshot, name.as_bytes(), primary, list)?;
        let length = usize::try_from(self.start).unwrap();
        // SAFETY: `start` places of the list are taken.
        Ok(unsafe { std::slice::from_raw_parts(self.list, length) }.to_vec())
    }
}

impl Drop for Groups {
    fn drop(&mut self) {
        // SAFETY: malloc's, or what realloc made of it.
        unsafe { libc::free(self.list.cast()) };
    }
}

#[test]
fn ten_thousand_groups_of_one_user_are_listed_once_each_and_within_the_limit() {
    let gids: Vec<u32> = (0..10_000).map(|i| 1_000_000 + i).collect();
    let mut groups = vec![10_001];
    groups.extend(&gids);
    let snapshot = snapshot(&content(vec![user("ada", 10_001, &groups)], Vec::new()));
    let ask = |limit| Groups::with_primary(10_001).ask(&snapshot, "ada", 10_001, limit);
    assert_eq!(ask(-1).unwrap(), groups);
    assert_eq!(ask(0).unwrap(), groups);
    assert_eq!(ask(1).unwrap(), groups[..1]);
    assert_eq!(ask(65).unwrap(), groups[..65]);
    assert_eq!(ask(20_000).unwrap(), groups);
}

#[test]
fn groups_are_only_for_who_has_the_primary_group_of_the_snapshot() {
    let snapshot = snapshot(&content(vec![user("ada", 10_001, &[10_001, 5000])], vec![]));
    let ask = |name, primary| {
        let mut groups = Groups::with_primary(primary);
        let answer = groups.ask(&snapshot, name, primary, -1);
        assert!(answer.is_ok() || groups.start == 1);
        answer
    };
    assert_eq!(ask("ada", 10_001), Ok(vec![10_001, 5000]));
    assert_eq!(ask("ada", 1000), Err(Refusal::Absent));
    assert_eq!(ask("ada", 0), Err(Refusal::Absent));
    assert_eq!(ask("root", 0), Err(Refusal::Absent));
    let whoever = ask("ada", u32::MAX).unwrap();
    assert_eq!(whoever, [u32::MAX, 10_001, 5000], "getent initgroups");
}
