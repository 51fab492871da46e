//! The library as a host program meets it: loaded from its file, and through
//! glibc's own calls, on a private host with a snapshot in its place.

#![expect(
    clippy::unwrap_used,
    reason = "clippy lets only test functions unwrap, not what they call"
)]

mod common;

use std::ffi::{CString, c_char, c_int, c_void};
use std::os::unix::fs::{PermissionsExt, chown};
use std::process::Command;

use common::*;
use muster_common::paths;
use muster_common::snapshot::content::{Content, Misses};

type LookUp =
    unsafe extern "C" fn(*const c_char, *mut libc::passwd, *mut c_char, usize, *mut c_int) -> c_int;

/// The library, loaded as glibc does it.
struct Loaded(LookUp);

impl Loaded {
    fn new() -> Self {
        // SAFETY: a terminated name; the library runs no code when loaded.
        let handle = unsafe { libc::dlopen(c"libnss_muster.so.2".as_ptr(), libc::RTLD_NOW) };
        assert!(!handle.is_null());
        // SAFETY: an open handle and a terminated name.
        let found = unsafe { libc::dlsym(handle, c"_nss_muster_getpwnam_r".as_ptr()) };
        assert!(!found.is_null());
        // SAFETY: the library's function of this name has this type.
        Self(unsafe { std::mem::transmute::<*mut c_void, LookUp>(found) })
    }

    /// Status, errno and, with success, the uid.
    fn getpwnam(&self, name: &str) -> (c_int, c_int, Option<u32>) {
        let name = CString::new(name).unwrap();
        let mut buffer = [0 as c_char; 1024];
        let mut errno = libc::ERANGE;
        // SAFETY: all zero is a passwd.
        let mut user: libc::passwd = unsafe { std::mem::zeroed() };
        let (start, length) = (buffer.as_mut_ptr(), buffer.len());
        let Self(look_up) = self;
        // SAFETY: glibc's contract is kept.
        let status =
            unsafe { look_up(name.as_ptr(), &raw mut user, start, length, &raw mut errno) };
        (status, errno, (status == SUCCESS).then_some(user.pw_uid))
    }
}

const SUCCESS: c_int = 1;
const NOT_FOUND: c_int = 0;
const UNAVAILABLE: c_int = -1;

/// People with names that belong to the host itself, and with ids that do not.
fn hostile() -> Content {
    let users = [
        user("ada", 70_001, &[70_001, 71_000]),
        user("root", 70_002, &[70_002, 71_000]),
        user("daemon", 70_003, &[70_003, 71_000]),
    ];
    let engineers = ["ada", "root", "daemon"].map(str::to_owned);
    let groups = vec![
        group("ada", 70_001, []),
        group("engineers", 71_000, engineers),
    ];
    content(Misses::Final, users.to_vec(), groups)
}

#[test]
fn the_loaded_library_answers_and_always_sets_errno() {
    on_a_host(|| {
        let library = Loaded::new();
        let getpwnam = |name: &str| library.getpwnam(name);
        assert_eq!(getpwnam("ada"), (UNAVAILABLE, libc::EIO, None));
        publish(&hostile());
        assert_eq!(getpwnam("ada"), (SUCCESS, 0, Some(70_001)));
        assert_eq!(getpwnam("bob"), (NOT_FOUND, libc::ENOENT, None));
        assert_eq!(getpwnam(""), (NOT_FOUND, libc::ENOENT, None));
        let long = "a".repeat(100_000);
        assert_eq!(getpwnam(&long), (NOT_FOUND, libc::ENOENT, None));
    });
}

#[test]
fn what_root_alone_did_not_write_is_never_served() {
    on_a_host(|| {
        let library = Loaded::new();
        let unavailable = |why| {
            assert_eq!(
                library.getpwnam("ada"),
                (UNAVAILABLE, libc::EIO, None),
                "{why}"
            );
        };
        let mode = |path: &str, mode| {
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
        };
        let (file, folder) = (paths::SNAPSHOT, paths::PUBLIC_DIR);
        let bytes = bytes(&hostile());
        put(&bytes);
        chown(file, Some(65_534), None).unwrap();
        unavailable("foreign file");
        chown(file, Some(0), None).unwrap();
        chown(folder, Some(65_534), None).unwrap();
        unavailable("foreign folder");
        chown(folder, Some(0), None).unwrap();
        mode(file, 0o664);
        unavailable("a file that a group may write");
        mode(file, 0o646);
        unavailable("a file that all may write");
        mode(file, 0o644);
        mode(folder, 0o1777);
        unavailable("a folder that all may write");
        mode(folder, 0o755);
        std::fs::rename(file, "/var/lib/elsewhere").unwrap();
        std::os::unix::fs::symlink("/var/lib/elsewhere", file).unwrap();
        unavailable("a link");
        std::fs::remove_file(file).unwrap();
        let path = CString::new(file).unwrap();
        // SAFETY: a terminated path.
        assert_eq!(unsafe { libc::mkfifo(path.as_ptr(), 0o644) }, 0);
        unavailable("a FIFO");
        std::fs::remove_file(file).unwrap();
        std::fs::create_dir(file).unwrap();
        unavailable("a folder in its place");
        std::fs::remove_dir(file).unwrap();
        std::fs::write(file, &bytes[..bytes.len() - 64]).unwrap();
        unavailable("cut short");
        std::fs::write(file, vec![0xa7; 65_536]).unwrap();
        unavailable("random bytes");
        publish(&hostile());
        assert_eq!(library.getpwnam("ada"), (SUCCESS, 0, Some(70_001)));
    });
}

#[test]
fn a_full_descriptor_table_means_could_not_ask_and_hides_no_mapped_name() {
    on_a_host(|| {
        publish(&hostile());
        // loading takes a descriptor, so it comes first
        let library = Loaded::new();
        let mut taken = Vec::new();
        let full = |taken: &mut Vec<std::fs::File>| {
            let limit = libc::rlimit {
                rlim_cur: 64,
                rlim_max: 64,
            };
            // SAFETY: a valid limit for this process alone.
            unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limit) };
            taken.extend(std::iter::from_fn(|| std::fs::File::open("/dev/null").ok()));
        };
        full(&mut taken);
        assert_eq!(library.getpwnam("ada"), (UNAVAILABLE, libc::EIO, None));
        taken.clear();
        assert_eq!(library.getpwnam("ada"), (SUCCESS, 0, Some(70_001)));
        full(&mut taken);
        assert_eq!(library.getpwnam("ada"), (SUCCESS, 0, Some(70_001)));
    });
}

/// Runs `body` in a forked child and gives the status it ended with; 0 if `body` was true.
fn in_child(body: impl FnOnce() -> bool) -> c_int {
    // SAFETY: the child only runs `body` and leaves.
    let pid = unsafe { libc::fork() };
    if pid == 0 {
        let code = c_int::from(!body());
        // SAFETY: exit(2) itself, the one call that the strictest seccomp allows; it does not return.
        unsafe { libc::syscall(libc::SYS_exit, code) };
    }
    let mut status = 0;
    // SAFETY: our own child.
    assert_eq!(unsafe { libc::waitpid(pid, &raw mut status, 0) }, pid);
    status
}

#[test]
fn a_warm_look_up_makes_no_system_call_and_needs_no_path() {
    on_a_host(|| {
        publish(&hostile());
        let library = Loaded::new();
        let found = (SUCCESS, 0, Some(70_001));
        assert_eq!(library.getpwnam("ada"), found);
        let in_a_chroot = in_child(|| {
            // the child's first look-up takes a place of its own, without opening anything
            // SAFETY: a terminated path.
            unsafe { libc::chroot(c"/var/lib/muster/public".as_ptr()) };
            library.getpwnam("ada") == found
        });
        assert_eq!(in_a_chroot, 0);
        let under_strict_seccomp = in_child(|| {
            // SAFETY: from here on the kernel kills this child for any call but exit(2).
            unsafe { libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_STRICT) };
            library.getpwnam("ada") == found
        });
        assert_eq!(under_strict_seccomp, 0);
    });
}

#[test]
fn glibc_resolves_and_local_users_keep_their_groups_under_a_hostile_snapshot() {
    on_a_host(|| {
        let groups_of = |user: &str| tool("id", &["-G", user]);
        let before = [groups_of("root"), groups_of("daemon")];
        publish(&hostile());
        assert_eq!([groups_of("root"), groups_of("daemon")], before);
        assert_eq!(
            tool("getent", &["passwd", "ada"]),
            "ada:*:70001:70001:Dr. ada:/home/ada:/bin/sh\n"
        );
        assert_eq!(
            tool("getent", &["passwd", "70001"]),
            tool("getent", &["passwd", "ada"])
        );
        assert_eq!(
            tool("getent", &["group", "71000"]),
            "engineers:*:71000:ada,root,daemon\n"
        );
        assert_eq!(groups_of("ada"), "70001 71000\n");
        let listed = tool("getent", &["passwd"]);
        assert!(listed.contains("ada:*:70001:") && listed.contains("root:x:0:0:"));
        assert_eq!(tool("getent", &["passwd", "bob"]), "");
        let bytes = vec![0x5a; 100_000];
        std::fs::write("/var/lib/muster/public/noise", bytes).unwrap();
        std::fs::rename("/var/lib/muster/public/noise", paths::SNAPSHOT).unwrap();
        assert_eq!([groups_of("root"), groups_of("daemon")], before);
    });
}

/// What a host's tool prints.
fn tool(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}
