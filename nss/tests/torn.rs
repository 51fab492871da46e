//! The loaded library over snapshots that are torn at, before they are mapped and while they are: every
//! function comes back with an answer or says that it cannot tell, and stays inside the caller's buffer.
//!
//! Needs root for a private mount namespace; without it the test says SKIPPED and passes.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "clippy's allowance for tests does not reach their helpers"
)]

mod common;

use std::ffi::{CStr, c_char, c_int, c_long, c_void};
use std::fs::OpenOptions;
use std::os::unix::fs::FileExt;
use std::path::Path;

use common::on_a_host;
use muster_common::clock::Time;
use muster_common::name::NameRule;
use muster_common::paths::{PUBLIC_DIR, SNAPSHOT};
use muster_common::snapshot::build::{Sources, build};
use muster_common::snapshot::writer::{install, write};

/// Bytes of a snapshot's header, which is read once.
const HEADER: usize = 192;

const PASSWD: &str = "\
ada:*:70001:70001:Ada Lovelace:/home/ada:/bin/sh
bob:*:70002:71000:::
carol:*:70003:71000:Carol:/home/carol:/bin/sh
";
const GROUP: &str = "ada:*:70001:\nteam:*:71000:ada,bob,carol,stranger\nempty:*:72000:\n";

fn sound() -> Vec<u8> {
    let sources = Sources {
        passwd: PASSWD.as_bytes(),
        group: GROUP.as_bytes(),
        names: &NameRule::default(),
    };
    let built = build(sources, Time::from_unix(5)).unwrap();
    write(&built.content, 1).unwrap()
}

type ByName<T> =
    unsafe extern "C" fn(*const c_char, *mut T, *mut c_char, usize, *mut c_int) -> c_int;
type ById<T> = unsafe extern "C" fn(u32, *mut T, *mut c_char, usize, *mut c_int) -> c_int;
type Next<T> = unsafe extern "C" fn(*mut T, *mut c_char, usize, *mut c_int) -> c_int;
type Begin = unsafe extern "C" fn(c_int) -> c_int;
type End = unsafe extern "C" fn() -> c_int;
type Groups = unsafe extern "C" fn(
    *const c_char,
    u32,
    *mut c_long,
    *mut c_long,
    *mut *mut u32,
    c_long,
    *mut c_int,
) -> c_int;

/// The library's functions.
struct Library {
    user_by_name: ByName<libc::passwd>,
    user_by_id: ById<libc::passwd>,
    group_by_name: ByName<libc::group>,
    group_by_id: ById<libc::group>,
    walk_users: (Begin, Next<libc::passwd>, End),
    walk_groups: (Begin, Next<libc::group>, End),
    groups_of: Groups,
}

impl Library {
    fn load() -> Self {
        // SAFETY: a terminated name, as glibc itself asks for it; the library runs no code when loaded.
        let handle = unsafe { libc::dlopen(c"libnss_muster.so.2".as_ptr(), libc::RTLD_NOW) };
        assert!(!handle.is_null());
        macro_rules! function {
            ($name:literal, $kind:ty) => {{
                let name = concat!("_nss_muster_", $name, "\0");
                // SAFETY: an open handle and a terminated name.
                let found = unsafe { libc::dlsym(handle, name.as_ptr().cast()) };
                assert!(!found.is_null(), "{}", $name);
                // SAFETY: glibc calls the function of this name by the type that it is stored as.
                unsafe { std::mem::transmute::<*mut c_void, $kind>(found) }
            }};
        }
        Self {
            user_by_name: function!("getpwnam_r", ByName<libc::passwd>),
            user_by_id: function!("getpwuid_r", ById<libc::passwd>),
            group_by_name: function!("getgrnam_r", ByName<libc::group>),
            group_by_id: function!("getgrgid_r", ById<libc::group>),
            walk_users: (
                function!("setpwent", Begin),
                function!("getpwent_r", Next<libc::passwd>),
                function!("endpwent", End),
            ),
            walk_groups: (
                function!("setgrent", Begin),
                function!("getgrent_r", Next<libc::group>),
                function!("endgrent", End),
            ),
            groups_of: function!("initgroups_dyn", Groups),
        }
    }

    /// Calls everything there is, with room enough and with too little.
    fn ask_everything(&self) {
        for size in [0, 17, 40, 700] {
            for name in [c"ada", c"bob", c"team", c"empty", c"nobody-here", c""] {
                let name = name.as_ptr();
                // SAFETY: glibc's contract, here and below: what is pointed to is there.
                answer(
                    size,
                    |user, at, n, errno| unsafe { (self.user_by_name)(name, user, at, n, errno) },
                    check_user,
                );
                // SAFETY: see above.
                answer(
                    size,
                    |group, at, n, errno| unsafe {
                        (self.group_by_name)(name, group, at, n, errno)
                    },
                    check_group,
                );
            }
            for id in [0, 1000, 70_001, 70_002, 71_000, 72_000, u32::MAX] {
                // SAFETY: see above.
                answer(
                    size,
                    |user, at, n, errno| unsafe { (self.user_by_id)(id, user, at, n, errno) },
                    check_user,
                );
                // SAFETY: see above.
                answer(
                    size,
                    |group, at, n, errno| unsafe { (self.group_by_id)(id, group, at, n, errno) },
                    check_group,
                );
            }
        }
        walk(self.walk_users, check_user);
        walk(self.walk_groups, check_group);
        for (name, gid) in [(c"ada", 70_001), (c"bob", 71_000), (c"carol", 71_000)] {
            self.list(name, gid);
        }
    }

    fn list(&self, name: &CStr, gid: u32) {
        // SAFETY: room for one gid.
        let mut list = unsafe { libc::malloc(4) }.cast::<u32>();
        // SAFETY: just allocated.
        unsafe { list.write(gid) };
        let (mut taken, mut size, mut errno) = (1, 1, 0);
        let (start, room) = (&raw mut taken, &raw mut size);
        // SAFETY: glibc's contract: a list from malloc with its two numbers.
        let status = unsafe {
            (self.groups_of)(
                name.as_ptr(),
                gid,
                start,
                room,
                &raw mut list,
                -1,
                &raw mut errno,
            )
        };
        check_status(status, errno);
        assert!((1..=size).contains(&taken) && size < 1000);
        // SAFETY: malloc's, or what realloc made of it.
        unsafe { libc::free(list.cast()) };
    }
}

const SUCCESS: c_int = 1;

fn check_status(status: c_int, errno: c_int) {
    let known = [
        (SUCCESS, 0),
        (0, libc::ENOENT),
        (-1, libc::EIO),
        (-2, libc::ERANGE),
    ];
    assert!(
        known.contains(&(status, errno)),
        "{status} with errno {errno}"
    );
}

/// One call with a buffer of `size` bytes between two margins, and what it left behind.
fn answer<T>(
    size: usize,
    call: impl FnOnce(*mut T, *mut c_char, usize, *mut c_int) -> c_int,
    check: impl FnOnce(&T, &[u8]),
) -> c_int {
    const MARGIN: usize = 32;
    let mut room = vec![0xa5; MARGIN + size + MARGIN];
    let mut errno = libc::ERANGE;
    // SAFETY: all zero is a passwd and a group.
    let mut record: T = unsafe { std::mem::zeroed() };
    let start = room[MARGIN..].as_mut_ptr().cast();
    let status = call(&raw mut record, start, size, &raw mut errno);
    check_status(status, errno);
    let (before, rest) = room.split_at(MARGIN);
    let (buffer, behind) = rest.split_at(size);
    assert!(before.iter().chain(behind).all(|byte| *byte == 0xa5));
    if status == SUCCESS {
        check(&record, buffer);
    }
    status
}

fn walk<T: Copy>((begin, next, end): (Begin, Next<T>, End), check: fn(&T, &[u8])) {
    // SAFETY: may be called at any time.
    unsafe { begin(0) };
    let mut left = 50;
    let call = |record, at, n, errno| {
        // SAFETY: glibc's contract.
        unsafe { next(record, at, n, errno) }
    };
    // More records than the snapshot has would be a walk without an end.
    while answer(700, call, check) == SUCCESS {
        left -= 1;
        assert!(left > 0);
    }
    // SAFETY: as above.
    unsafe { end() };
}

/// A text that starts and ends inside the buffer.
fn check_text(text: *const c_char, buffer: &[u8]) {
    let at = text.addr().wrapping_sub(buffer.as_ptr().addr());
    let text = buffer.get(at..).unwrap();
    assert!(text.contains(&0));
}

fn check_user(user: &libc::passwd, buffer: &[u8]) {
    assert!(user.pw_uid >= 1000 && user.pw_gid >= 1000);
    for text in [
        user.pw_name,
        user.pw_passwd,
        user.pw_gecos,
        user.pw_dir,
        user.pw_shell,
    ] {
        check_text(text, buffer);
    }
}

fn check_group(group: &libc::group, buffer: &[u8]) {
    assert!(group.gr_gid >= 1000);
    check_text(group.gr_name, buffer);
    check_text(group.gr_passwd, buffer);
    let mut member = group.gr_mem;
    for _ in 0..=buffer.len() / size_of::<usize>() {
        let at = member.addr().wrapping_sub(buffer.as_ptr().addr());
        assert!(buffer.get(at..at + size_of::<usize>()).is_some());
        // SAFETY: aligned, and inside the buffer by the line above.
        let text = unsafe { member.read() };
        if text.is_null() {
            return;
        }
        check_text(text, buffer);
        member = member.wrapping_add(1);
    }
    std::process::abort();
}

/// Numbers as good as random, and the same each time.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 16).unwrap()
    }

    /// `sound` with one to four numbers changed from `first` on.
    fn tear(&mut self, sound: &[u8], first: usize) -> Vec<u8> {
        let mut torn = sound.to_vec();
        for _ in 0..=self.next() % 4 {
            let at = first + self.next() % ((torn.len() - first) / 4) * 4;
            let number = match self.next() % 3 {
                0 => self.next(),
                1 => self.next() % torn.len(),
                _ => usize::from(torn[at]) ^ (1 << (self.next() % 8)),
            };
            torn[at..at + 4].copy_from_slice(&number.to_le_bytes()[..4]);
        }
        torn
    }
}

#[test]
fn no_function_is_harmed_by_a_torn_snapshot() {
    on_a_host(|| {
        let library = Library::load();
        let sound = sound();
        let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15);

        // Each in a child, which has not mapped anything yet.
        for _ in 0..400 {
            let torn = numbers.tear(&sound, 0);
            let length = if numbers.next().is_multiple_of(8) {
                numbers.next() % torn.len()
            } else {
                torn.len()
            };
            install(&torn[..length], Path::new(PUBLIC_DIR)).unwrap();
            // SAFETY: this process has one thread besides the test runner's, which holds no lock of ours.
            let child = unsafe { libc::fork() };
            if child == 0 {
                let harmed = std::panic::catch_unwind(|| library.ask_everything()).is_err();
                // SAFETY: leaves without running anything of the test runner's.
                unsafe { libc::_exit(c_int::from(harmed)) };
            }
            let mut status = 0;
            // SAFETY: our own child.
            assert_eq!(unsafe { libc::waitpid(child, &raw mut status, 0) }, child);
            assert_eq!(status, 0, "{torn:?}");
        }

        // Under a mapping that was good when it was made.
        install(&sound, Path::new(PUBLIC_DIR)).unwrap();
        library.ask_everything();
        let file = OpenOptions::new().write(true).open(SNAPSHOT).unwrap();
        for _ in 0..3000 {
            file.write_all_at(&numbers.tear(&sound, HEADER), 0).unwrap();
            library.ask_everything();
        }
        file.write_all_at(&sound, 0).unwrap();
        let ada = c"ada".as_ptr();
        // SAFETY: glibc's contract.
        let status = answer(
            700,
            |user, at, n, errno| unsafe { (library.user_by_name)(ada, user, at, n, errno) },
            check_user,
        );
        assert_eq!(status, SUCCESS);
    });
}
