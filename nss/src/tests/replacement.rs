//! Snapshots that come, go and break while they are read: by threads, by children, by signals' handlers.

use std::cell::{Cell, RefCell};
use std::mem::MaybeUninit;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use muster_common::snapshot::content::Content;
use muster_common::snapshot::reader::Snapshot;
use muster_common::snapshot::writer::{install, write};

use super::*;
use crate::current::Current;
use crate::listing::Listing;

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
