//! The module below its C door: every buffer size, every moment of a replacement.

use std::cell::{Cell, RefCell};
use std::ffi::{CStr, c_char, c_long};
use std::mem::MaybeUninit;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use libnss::group::CGroup;
use libnss::passwd::CPasswd;
use muster_common::account::{Account, Gid, Group, Uid};
use muster_common::snapshot::content::{
    Access, Content, DirectoryRecord, Forms, GroupRecord, Misses, UserRecord,
};
use muster_common::snapshot::reader::{GroupEntry, Snapshot, UserEntry};
use muster_common::snapshot::writer::{install, write};

use crate::answer;
use crate::caller::Refusal;
use crate::current::Current;
use crate::initgroups::{List, groups_of};
use crate::listing::Listing;

fn user(name: &str, id: u32, groups: &[u32]) -> UserRecord {
    UserRecord {
        account: Account {
            name: name.parse().unwrap(),
            uid: Uid::new(id).unwrap(),
            gid: Gid::new(id).unwrap(),
            gecos: format!("Dr. {name}"),
            home: format!("/home/{name}"),
            shell: "/bin/sh".to_owned(),
        },
        groups: groups.iter().map(|&gid| Gid::new(gid).unwrap()).collect(),
        directory: 0,
        access: Access::default(),
        ssh_keys: Vec::new(),
    }
}

fn group(name: &str, gid: u32, members: usize) -> GroupRecord {
    GroupRecord {
        group: Group {
            name: name.parse().unwrap(),
            gid: Gid::new(gid).unwrap(),
            members: (0..members)
                .map(|i| format!("member{i}").parse().unwrap())
                .collect(),
        },
        directory: 0,
    }
}

fn content(users: Vec<UserRecord>, groups: Vec<GroupRecord>) -> Content {
    Content {
        enumerate: true,
        directories: vec![DirectoryRecord {
            name: "corp".parse().unwrap(),
            misses: Misses::Final,
            synced: None,
        }],
        users,
        groups,
        ..Content::default()
    }
}

fn snapshot(content: &Content) -> Snapshot {
    Snapshot::from_bytes(&write(content, 1).unwrap()).unwrap()
}

/// A folder with a snapshot in it, in memory where the machine has such a place.
struct Host {
    folder: tempfile::TempDir,
}

impl Host {
    fn new() -> Self {
        let folder = tempfile::tempdir_in("/dev/shm")
            .or_else(|_| tempfile::tempdir())
            .unwrap();
        let mode = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(folder.path(), mode).unwrap();
        Self { folder }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("snapshot")
    }

    fn publish(&self, content: &Content, generation: u64) {
        install(&write(content, generation).unwrap(), self.folder.path()).unwrap();
    }

    fn current(&self) -> Current {
        let path = self.path().to_str().unwrap().to_owned().leak();
        Current::at(path, self.folder.path().metadata().unwrap().uid())
    }
}

/// All users' ids are the generation's, so that a mixture of two would show.
fn of_generation(generation: u32) -> Content {
    let users = (0..50).map(|i| user(&format!("u{i}"), 100_000 + generation * 100 + i, &[]));
    content(users.collect(), Vec::new())
}

fn uid_of(current: &Current, name: &str) -> Result<u32, Refusal> {
    current.with(&|snapshot: &Snapshot| uid_in(snapshot, name))
}

fn uid_in(snapshot: &Snapshot, name: &str) -> Result<u32, Refusal> {
    let mut buffer = [MaybeUninit::uninit(); 256];
    Ok(user_by_name(snapshot, name.as_bytes(), &mut buffer)?.uid)
}

type Buffer<'a> = &'a mut [MaybeUninit<u8>];

fn user_by_name(snapshot: &Snapshot, name: &[u8], buffer: Buffer) -> Result<CPasswd, Refusal> {
    passwd_of(&answer::user_named(snapshot, name)?, buffer)
}

fn user_by_id(snapshot: &Snapshot, uid: u32, buffer: Buffer) -> Result<CPasswd, Refusal> {
    passwd_of(&answer::user_with_id(snapshot, uid)?, buffer)
}

fn passwd_of(entry: &UserEntry<'_>, buffer: Buffer) -> Result<CPasswd, Refusal> {
    let mut target = MaybeUninit::uninit();
    answer::fill_user(entry, buffer, &mut target)?;
    // SAFETY: filled.
    Ok(unsafe { target.assume_init() })
}

fn group_by_name(snapshot: &Snapshot, name: &[u8], buffer: Buffer) -> Result<CGroup, Refusal> {
    group_of(&answer::group_named(snapshot, name)?, buffer)
}

fn group_by_id(snapshot: &Snapshot, gid: u32, buffer: Buffer) -> Result<CGroup, Refusal> {
    group_of(&answer::group_with_id(snapshot, gid)?, buffer)
}

fn group_of(entry: &GroupEntry<'_>, buffer: Buffer) -> Result<CGroup, Refusal> {
    let mut target = MaybeUninit::uninit();
    answer::fill_group(entry, buffer, &mut target)?;
    // SAFETY: filled.
    Ok(unsafe { target.assume_init() })
}

/// SAFETY: only for pointers that an answer gave, while its buffer lives.
fn text(pointer: *const c_char) -> String {
    // SAFETY: see above.
    let text = unsafe { CStr::from_ptr(pointer) };
    text.to_str().unwrap().to_owned()
}

fn line_of_user(user: &CPasswd) -> String {
    let CPasswd { uid, gid, .. } = user;
    let [name, passwd] = [user.name, user.passwd].map(|p| text(p));
    let [gecos, dir, shell] = [user.gecos, user.dir, user.shell].map(|p| text(p));
    format!("{name}:{passwd}:{uid}:{gid}:{gecos}:{dir}:{shell}")
}

fn line_of_group(group: &CGroup) -> String {
    assert!(group.members.is_aligned());
    let mut members = Vec::new();
    let mut next = group.members;
    loop {
        // SAFETY: the list is inside the buffer and ends with a null.
        let member = unsafe { *next };
        if member.is_null() {
            break;
        }
        members.push(text(member));
        next = next.wrapping_add(1);
    }
    let [name, passwd] = [group.name, group.passwd].map(|p| text(p));
    format!("{name}:{passwd}:{}:{}", group.gid, members.join(","))
}

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
        let names: Vec<&str> = record.group.members.iter().map(|m| m.as_str()).collect();
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

#[test]
fn without_a_snapshot_or_with_a_mistrusted_one_nothing_is_certain() {
    let host = Host::new();
    let ask = || uid_of(&host.current(), "u1");
    let unavailable = |why: &str| assert_eq!(ask(), Err(Refusal::Unavailable), "{why}");
    unavailable("no file");
    std::fs::create_dir(host.path()).unwrap();
    unavailable("a folder");
    std::fs::remove_dir(host.path()).unwrap();
    let path = std::ffi::CString::new(host.path().to_str().unwrap()).unwrap();
    // SAFETY: a terminated path.
    assert_eq!(unsafe { libc::mkfifo(path.as_ptr(), 0o644) }, 0);
    unavailable("a FIFO");
    host.publish(&of_generation(1), 1);
    assert!(ask().is_ok());
    let owner = host.folder.path().metadata().unwrap().uid();
    let foreign = Current::at(host.path().to_str().unwrap().to_owned().leak(), owner + 1);
    assert_eq!(uid_of(&foreign, "u1"), Err(Refusal::Unavailable));
    for bytes in [vec![], vec![0x5a; 100_000]] {
        std::fs::remove_file(host.path()).unwrap();
        std::fs::write(host.path(), bytes).unwrap();
        unavailable("no snapshot");
    }
}

#[test]
fn a_new_snapshot_is_served_as_soon_as_it_is_there() {
    let host = Host::new();
    let current = host.current();
    for generation in 1..50 {
        host.publish(&of_generation(generation), 1);
        assert_eq!(uid_of(&current, "u7"), Ok(100_007 + generation * 100));
    }
}

#[test]
fn a_good_mapping_goes_on_serving_when_what_follows_is_gone_or_broken() {
    let host = Host::new();
    let current = host.current();
    host.publish(&of_generation(1), 1);
    assert_eq!(uid_of(&current, "u0"), Ok(100_100));
    std::fs::rename(host.path(), host.folder.path().join("kept")).unwrap();
    std::fs::write(host.path(), "not a snapshot").unwrap();
    let told = |path: PathBuf| {
        use std::os::unix::fs::FileExt;
        let file = std::fs::OpenOptions::new().write(true).open(path);
        file.unwrap().write_all_at(&[1], 12).unwrap();
    };
    told(host.folder.path().join("kept"));
    assert_eq!(uid_of(&current, "u0"), Ok(100_100));
    std::fs::remove_file(host.path()).unwrap();
    assert_eq!(uid_of(&current, "u0"), Ok(100_100));
}

/// Mappings of files in `folder`, and open descriptors.
fn held(folder: &str) -> (usize, usize) {
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    let mapped = maps.lines().filter(|line| line.contains(folder)).count();
    let open = std::fs::read_dir("/proc/self/fd").unwrap();
    let open = open
        .filter_map(|entry| std::fs::read_link(entry.ok()?.path()).ok())
        .filter(|target| target.to_str().is_some_and(|t| t.contains(folder)));
    (mapped, open.count())
}

#[test]
fn ten_thousand_replacements_leak_no_mapping_and_no_descriptor() {
    let host = Host::new();
    let current = host.current();
    let folder = host.folder.path().to_str().unwrap();
    let generations: Vec<Content> = (0..2).map(of_generation).collect();
    let bytes: Vec<Vec<u8>> = generations.iter().map(|c| write(c, 1).unwrap()).collect();
    for round in 0..10_000 {
        let which = round % 2;
        install(&bytes[which], host.folder.path()).unwrap();
        let expected = 100_000 + u32::try_from(which).unwrap() * 100;
        assert_eq!(uid_of(&current, "u0"), Ok(expected));
    }
    assert_eq!(held(folder), (1, 0));
}

/// Lets the reading threads end, also when the test fails.
struct Done<'a>(&'a AtomicBool);

impl Drop for Done<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[test]
fn readers_see_one_generation_at_a_time_while_it_is_replaced() {
    let host = Host::new();
    let current = host.current();
    host.publish(&of_generation(1), 1);
    let newest = AtomicU64::new(1);
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    let least = newest.load(Ordering::SeqCst);
                    let ids = current
                        .with(&|snapshot: &Snapshot| {
                            let ids = (0..50).map(|i| uid_in(snapshot, &format!("u{i}")));
                            ids.collect::<Result<Vec<_>, _>>()
                        })
                        .unwrap();
                    let generation = (ids[0] - 100_000) / 100;
                    assert!(
                        u64::from(generation) >= least,
                        "never older than what stood before"
                    );
                    for (id, i) in ids.iter().zip(0..) {
                        assert_eq!(*id, 100_000 + generation * 100 + i);
                    }
                }
            });
        }
        let _at_the_end = Done(&done);
        for generation in 2..400 {
            host.publish(&of_generation(generation), 1);
            newest.store(u64::from(generation), Ordering::SeqCst);
        }
    });
    host.publish(&of_generation(500), 1);
    assert_eq!(uid_of(&current, "u0"), Ok(150_000));
    // whoever was the last to read an old mapping, the next exchange releases it
    host.publish(&of_generation(501), 1);
    assert_eq!(uid_of(&current, "u0"), Ok(150_100));
    assert_eq!(held(host.folder.path().to_str().unwrap()), (1, 0));
}

/// Runs `body` in a forked child; what it returns must not have allocated, as
/// after a fork in a program with threads nothing may.
fn in_child(body: impl FnOnce() -> bool) -> bool {
    // SAFETY: the child only runs `body` and leaves.
    let pid = unsafe { libc::fork() };
    assert!(pid >= 0);
    if pid == 0 {
        let status = if body() { 0 } else { 1 };
        // SAFETY: leaves without running anything of the parent's.
        unsafe { libc::_exit(status) };
    }
    let mut status = 0;
    // SAFETY: our own child.
    assert_eq!(unsafe { libc::waitpid(pid, &raw mut status, 0) }, pid);
    status == 0
}

#[test]
fn children_forked_while_threads_read_look_up_and_follow_replacements() {
    let host = Host::new();
    let current = host.current();
    host.publish(&of_generation(1), 1);
    let done = AtomicBool::new(false);
    let next = [of_generation(2), of_generation(3)].map(|c| write(&c, 1).unwrap());
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    uid_of(&current, "u3").unwrap();
                }
            });
        }
        let _at_the_end = Done(&done);
        for round in 0..40 {
            let in_parent = uid_of(&current, "u3");
            assert!(in_child(
                || (0..3).all(|_| uid_of(&current, "u3") == in_parent)
            ));
            install(&next[round % 2], host.folder.path()).unwrap();
        }
    });
}

#[test]
fn a_child_keeps_what_it_inherited_and_releases_what_it_mapped_itself() {
    let host = Host::new();
    let current = host.current();
    host.publish(&of_generation(1), 1);
    let folder = host.folder.path().to_str().unwrap();
    current
        .with(&|inherited: &Snapshot| {
            host.publish(&of_generation(2), 1);
            assert_eq!(uid_of(&current, "u0"), Ok(100_200));
            assert_eq!(held(folder).0, 2, "the old one is still being read");
            assert!(in_child(|| {
                let follows = (3..20).all(|generation| {
                    host.publish(&of_generation(generation), 1);
                    uid_of(&current, "u0") == Ok(100_000 + generation * 100)
                });
                let still_read = uid_in(inherited, "u0") == Ok(100_100);
                follows && still_read && held(folder) == (3, 0)
            }));
            Ok(())
        })
        .unwrap();
}

#[test]
fn children_of_children_follow_replacements_however_many_there_are() {
    fn descend(host: &Host, current: &Current, generation: u32) -> bool {
        host.publish(&of_generation(generation), 1);
        uid_of(current, "u0") == Ok(100_000 + generation * 100)
            && (generation == 20 || in_child(|| descend(host, current, generation + 1)))
    }
    let host = Host::new();
    assert!(descend(&host, &host.current(), 1));
}

#[test]
fn readers_that_never_leave_do_not_keep_others_from_the_newest() {
    let host = Host::new();
    let current = host.current();
    fn deeper(host: &Host, current: &Current, generation: u32) {
        if generation == 8 {
            return;
        }
        host.publish(&of_generation(generation), 1);
        current
            .with(&|snapshot: &Snapshot| {
                assert_eq!(uid_in(snapshot, "u0"), Ok(100_000 + generation * 100));
                deeper(host, current, generation + 1);
                Ok(())
            })
            .unwrap();
    }
    deeper(&host, &current, 1);
    host.publish(&of_generation(9), 1);
    assert_eq!(uid_of(&current, "u0"), Ok(100_900));
    assert_eq!(held(host.folder.path().to_str().unwrap()), (1, 0));
}

static INTERRUPTED: std::sync::OnceLock<Current> = std::sync::OnceLock::new();
static HEARD: AtomicU64 = AtomicU64::new(0);

extern "C" fn look_up_in_handler(_signal: libc::c_int) {
    if let Some(Ok(uid)) = INTERRUPTED.get().map(|current| uid_of(current, "u0")) {
        HEARD.store(uid.into(), Ordering::SeqCst);
    }
}

#[test]
fn a_signals_handler_looks_up_in_the_middle_of_a_look_up_and_of_an_exchange() {
    let host = Host::new();
    let current = INTERRUPTED.get_or_init(|| host.current());
    let handler: extern "C" fn(libc::c_int) = look_up_in_handler;
    // SAFETY: a handler that only reads and writes what handlers may.
    unsafe { libc::signal(libc::SIGUSR1, handler as libc::sighandler_t) };
    let heard = || {
        // SAFETY: the handler above is installed.
        unsafe { libc::raise(libc::SIGUSR1) };
        HEARD.load(Ordering::SeqCst)
    };
    host.publish(&of_generation(1), 1);
    current
        .with(&|_reading: &Snapshot| {
            assert_eq!(heard(), 100_100);
            Ok(())
        })
        .unwrap();
    host.publish(&of_generation(2), 1);
    let exchanging = current.page().and_then(|page| page.refreshing().take());
    assert!(exchanging.is_some());
    assert_eq!(heard(), 100_200, "mapped for that call alone");
}

fn next_user(users: &Listing, current: &Current, size: usize) -> Result<(String, u32), Refusal> {
    let room = RefCell::new(vec![MaybeUninit::uninit(); size]);
    let found = Cell::new((String::new(), 0));
    users.next(current, Snapshot::user_count, |snapshot, position| {
        let user = passwd_of(&snapshot.user_at(position)?, &mut room.borrow_mut())?;
        found.set((text(user.name), user.uid));
        Ok(())
    })?;
    Ok(found.take())
}

fn all_users(users: &Listing, current: &Current) -> Vec<u32> {
    std::iter::from_fn(|| next_user(users, current, 256).ok())
        .map(|(_, uid)| uid)
        .collect()
}

#[test]
fn a_walk_through_all_users_stays_with_its_snapshot_when_a_new_one_comes() {
    let host = Host::new();
    let current = host.current();
    let users = Listing::new(0);
    assert_eq!(users.begin(&current), Err(Refusal::Unavailable));
    assert_eq!(next_user(&users, &current, 256), Err(Refusal::Unavailable));
    host.publish(&of_generation(1), 1);
    users.begin(&current).unwrap();
    for i in 0..10 {
        assert_eq!(
            next_user(&users, &current, 8),
            Err(Refusal::TooSmall),
            "and the walk stays where it is"
        );
        assert_eq!(
            next_user(&users, &current, 256),
            Ok((format!("u{i}"), 100_100 + i))
        );
        host.publish(&of_generation(2 + i), 1);
    }
    assert_eq!(
        all_users(&users, &current),
        (100_110..100_150).collect::<Vec<_>>()
    );
    assert_eq!(next_user(&users, &current, 256), Err(Refusal::Absent));
    users.begin(&current).unwrap();
    assert_eq!(
        all_users(&users, &current),
        (101_100..101_150).collect::<Vec<_>>()
    );
    users.end(&current).unwrap();
    assert_eq!(held(host.folder.path().to_str().unwrap()), (0, 0));
    assert_eq!(all_users(&users, &current).len(), 50, "without setpwent");
    let inherited = in_child(|| next_user(&users, &current, 256) == Err(Refusal::Absent));
    assert!(inherited, "a child goes on where its parent was");
}

#[test]
fn nobody_is_listed_when_the_snapshot_says_so() {
    let host = Host::new();
    let current = host.current();
    let mut content = of_generation(1);
    content.enumerate = false;
    host.publish(&content, 1);
    let users = Listing::new(0);
    users.begin(&current).unwrap();
    assert_eq!(next_user(&users, &current, 256), Err(Refusal::Absent));
    assert!(uid_of(&current, "u0").is_ok());
}
