//! The built module in the real libpam, at the paths of a real host: each test
//! runs itself again in a private mount namespace with folders of its own over
//! /run, /var/lib and /dev. Needs root, or user namespaces.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "clippy's allowance for tests does not reach their helpers"
)]

mod common;
mod libpam;

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::net::{UnixDatagram, UnixListener};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::mpsc::Receiver;

use common::{content, prompt, verdict};
use libpam::{Call, Program};
use muster_common::snapshot::content::Misses;
use muster_common::wire::message::Outcome;

/// Set in the inner run of a test.
const INSIDE: &str = "MUSTER_TEST_INSIDE";

const SUCCESS: i32 = 0;
const PERM_DENIED: i32 = 6;
const AUTH_ERR: i32 = 7;
const AUTHINFO_UNAVAIL: i32 = 9;
const USER_UNKNOWN: i32 = 10;
const ACCT_EXPIRED: i32 = 13;

/// Runs `body` in a world of its own: `name` is the test's.
fn world(name: &str, body: fn(&World)) {
    if std::env::var_os(INSIDE).is_some() {
        return body(&World::make());
    }
    let mut unshare = Command::new("unshare");
    if !is_root() {
        unshare.arg("--map-root-user");
    }
    let output = unshare
        .args(["--mount", "--propagation", "private"])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", name, "--nocapture", "--test-threads=1"])
        .env(INSIDE, "1")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let complained = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{}\n{said}\n{complained}",
        output.status
    );
    assert!(said.contains("1 passed"), "{said}");
}

fn is_root() -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let uids = status
        .lines()
        .find(|line| line.starts_with("Uid:"))
        .unwrap();
    uids.split_whitespace().nth(2) == Some("0")
}

fn run(program: &str, arguments: &[&str]) {
    let status = Command::new(program).args(arguments).status().unwrap();
    assert!(status.success(), "{program} {arguments:?}");
}

struct World {
    log: UnixDatagram,
}

impl World {
    fn make() -> Self {
        run("mount", &["-t", "tmpfs", "-o", "mode=755", "tmpfs", "/run"]);
        run(
            "mount",
            &["-t", "tmpfs", "-o", "mode=755", "tmpfs", "/var/lib"],
        );
        // A /dev of its own, so that no line reaches the host's syslog.
        for folder in [
            "/run/dev",
            "/run/muster",
            "/run/pam.d",
            "/var/lib/muster/public",
        ] {
            fs::create_dir_all(folder).unwrap();
        }
        for device in ["null", "zero", "urandom"] {
            let place = format!("/run/dev/{device}");
            fs::write(&place, "").unwrap();
            run("mount", &["--bind", &format!("/dev/{device}"), &place]);
        }
        run("mount", &["--rbind", "/run/dev", "/dev"]);
        common::publish(&content(Misses::Final), Path::new("/var/lib/muster/public"));
        let log = UnixDatagram::bind("/dev/log").unwrap();
        log.set_nonblocking(true).unwrap();
        let world = Self { log };
        // Without it libpam complains to syslog at each start, and waits for it.
        fs::write("/run/pam.d/other", "auth required pam_deny.so\n").unwrap();
        world.stack("muster", "", "");
        world.stack("first_pass", "use_first_pass", "");
        world.stack(
            "lenient",
            "",
            "auth required pam_permit.so\naccount required pam_permit.so\n",
        );
        world
    }

    /// A stack of this module alone, or with `more` behind it in the manner of pam-auth-update.
    fn stack(&self, service: &str, arguments: &str, more: &str) {
        let module = module().display().to_string();
        let (auth, account) = if more.is_empty() {
            ("required", "required")
        } else {
            (
                "[success=done default=ignore]",
                "[default=bad success=done user_unknown=ignore]",
            )
        };
        let lines = format!(
            "auth {auth} {module} {arguments}\naccount {account} {module}\n\
             password required {module}\nsession required {module}\n{more}"
        );
        fs::write(format!("/run/pam.d/{service}"), lines).unwrap();
    }

    fn broker(&self, scripts: Vec<Vec<u8>>) -> Receiver<String> {
        common::serve(Path::new("/run/muster/root.sock"), scripts)
    }

    fn program(&self, service: &str, user: &str, typed: &[u8]) -> Program {
        Program::start(Path::new("/run/pam.d"), service, user, typed)
    }

    /// The module's lines so far.
    fn audit(&self) -> String {
        let mut lines = String::new();
        let mut packet = [0; 2048];
        while let Ok(length) = self.log.recv(&mut packet) {
            let line = String::from_utf8_lossy(packet.get(..length).unwrap()).into_owned();
            if line.contains(" pam_muster[") {
                lines.push_str(&line);
            }
        }
        lines
    }
}

/// The module as cargo built it beside this test.
fn module() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let module = test.with_file_name("libpam_muster.so");
    assert!(module.exists(), "{} is not built", module.display());
    module
}

fn open_files() -> BTreeSet<PathBuf> {
    let entries = fs::read_dir("/proc/self/fd").unwrap();
    let targets = entries.filter_map(|entry| fs::read_link(entry.unwrap().path()).ok());
    targets.collect()
}

fn tasks() -> usize {
    fs::read_dir("/proc/self/task").unwrap().count()
}

#[test]
fn a_login_goes_through_all_stacks() {
    world("a_login_goes_through_all_stacks", |world| {
        let asked = world.broker(vec![prompt(), verdict(Outcome::Granted)]);
        let mut login = world.program("muster", "ada", b"correct horse");
        assert_eq!(login.call(Call::Authenticate), SUCCESS);
        assert!(
            asked
                .recv()
                .unwrap()
                .contains(r#""service":"muster","user":"ada""#)
        );
        assert!(asked.recv().unwrap().contains("Y29ycmVjdCBob3JzZQ=="));
        for call in [
            Call::SetCredentials,
            Call::Account,
            Call::OpenSession,
            Call::CloseSession,
        ] {
            assert_eq!(login.call(call), SUCCESS, "{call:?}");
        }
        assert_eq!(login.person().prompts, ["Password: "]);
        assert_eq!(login.person().shown, [""; 0]);
        let line = world.audit();
        assert!(
            line.starts_with("<85>") && line.contains("auth: granted"),
            "{line}"
        );
    });
}

#[test]
fn refusals_reach_the_program_and_the_person() {
    world("refusals_reach_the_program_and_the_person", |world| {
        let _asked = world.broker(vec![prompt(), verdict(Outcome::NotAllowed)]);
        let mut login = world.program("muster", "ada", b"correct horse");
        assert_eq!(login.call(Call::Authenticate), PERM_DENIED);
        assert_eq!(
            login.person().shown,
            ["You are not allowed to log in here."]
        );
        assert_eq!(
            world.program("muster", "bob", b"").call(Call::Account),
            PERM_DENIED
        );
        assert_eq!(
            world.program("muster", "carl", b"").call(Call::Account),
            ACCT_EXPIRED
        );
    });
}

#[test]
fn root_logs_in_whatever_state_muster_is_in() {
    world("root_logs_in_whatever_state_muster_is_in", |world| {
        let check = |world: &World| {
            let mut login = world.program("lenient", "root", b"");
            for call in [Call::Authenticate, Call::SetCredentials, Call::Account] {
                assert_eq!(login.call(call), SUCCESS, "{call:?}");
            }
            assert_eq!(login.call(Call::OpenSession), SUCCESS);
            assert_eq!(login.person().prompts, [""; 0]);
            let mut strict = world.program("muster", "root", b"");
            assert_eq!(strict.call(Call::Authenticate), USER_UNKNOWN);
        };
        check(world);
        let _silent = UnixListener::bind("/run/muster/root.sock").unwrap();
        check(world);
        fs::write("/var/lib/muster/public/snapshot", [0xa5; 9999]).unwrap();
        check(world);
        fs::remove_file("/var/lib/muster/public/snapshot").unwrap();
        run("mkfifo", &["/var/lib/muster/public/snapshot"]);
        check(world);
        fs::remove_dir_all("/var/lib/muster").unwrap();
        fs::remove_dir_all("/run/muster").unwrap();
        check(world);
    });
}

#[test]
fn sshds_junk_and_empty_passwords_go_to_nobody() {
    world("sshds_junk_and_empty_passwords_go_to_nobody", |world| {
        for typed in [&b"\x08\n\r\x7fI"[..], b""] {
            let asked = world.broker(vec![prompt(), verdict(Outcome::Granted)]);
            let mut login = world.program("muster", "ada", typed);
            assert_eq!(login.call(Call::Authenticate), AUTH_ERR);
            asked.recv().unwrap();
            assert!(asked.recv().is_err());
            fs::remove_file("/run/muster/root.sock").unwrap();
        }
    });
}

#[test]
fn with_use_first_pass_nobody_is_asked() {
    world("with_use_first_pass_nobody_is_asked", |world| {
        let _asked = world.broker(vec![prompt(), verdict(Outcome::Granted)]);
        let mut login = world.program("first_pass", "ada", b"correct horse");
        assert_eq!(login.call(Call::Authenticate), AUTH_ERR);
        assert_eq!(login.person().prompts, [""; 0]);
        assert!(world.audit().contains("no earlier module"));
    });
}

#[test]
fn a_user_changed_by_the_conversation_is_refused() {
    world("a_user_changed_by_the_conversation_is_refused", |world| {
        let asked = world.broker(vec![prompt(), verdict(Outcome::Granted)]);
        let mut login = world.program("muster", "ada", b"correct horse");
        login.person().turns_into = Some(c"root".to_owned());
        assert_eq!(login.call(Call::Authenticate), AUTH_ERR);
        asked.recv().unwrap();
        assert!(asked.recv().is_err());
    });
}

#[test]
fn a_broker_that_hangs_up_raises_no_sigpipe() {
    world("a_broker_that_hangs_up_raises_no_sigpipe", |world| {
        libpam::die_of_sigpipe();
        // The broker is gone before the answer is sent.
        let asked = world.broker(vec![prompt()]);
        let mut login = world.program("muster", "ada", b"correct horse");
        assert_eq!(login.call(Call::Authenticate), AUTHINFO_UNAVAIL);
        drop(asked);
    });
}

#[test]
fn a_broker_that_accepts_and_never_answers_is_given_up_by_libpam_too() {
    world(
        "a_broker_that_accepts_and_never_answers_is_given_up_by_libpam_too",
        |world| {
            let _silent = UnixListener::bind("/run/muster/root.sock").unwrap();
            let mut login = world.program("muster", "ada", b"correct horse");
            assert_eq!(login.call(Call::Authenticate), AUTHINFO_UNAVAIL);
            assert_eq!(login.person().prompts, [""; 0]);
            assert!(world.audit().contains("did not answer in time"));
        },
    );
}

#[test]
fn a_new_password_is_asked_for_twice_and_a_person_who_cannot_change_it_hears_it_once() {
    world(
        "a_new_password_is_asked_for_twice_and_a_person_who_cannot_change_it_hears_it_once",
        |_| {
            let socket = Path::new("/run/muster/root.sock");
            let granted = || verdict(Outcome::Granted);
            let passes = vec![vec![granted(), granted()], vec![granted()]];
            let asked = common::serve_each(socket, passes);
            let start =
                |user, typed| Program::start(Path::new("/run/pam.d"), "muster", user, typed);
            let mut passwd = start("ada", b"correct horse");
            assert_eq!(passwd.call(Call::ChangePassword), SUCCESS);
            let prompts = passwd.person().prompts.clone();
            assert_eq!(prompts.len(), 3, "{prompts:?}");
            let both = asked.recv().unwrap() + &asked.recv().unwrap();
            assert!(!both.contains("\"new\""), "{both}");
            assert!(asked.recv().unwrap().contains("\"new\""));

            fs::remove_file(socket).unwrap();
            let _asked = common::serve(socket, vec![verdict(Outcome::CannotChange)]);
            let mut passwd = start("ada", b"");
            assert_eq!(passwd.call(Call::ChangePassword), PERM_DENIED);
            let shown = passwd.person().shown.clone();
            assert_eq!(shown.len(), 1, "{shown:?}");
            assert!(shown.concat().contains("own pages"), "{shown:?}");
            let mut local = start("root", b"");
            assert_eq!(local.call(Call::ChangePassword), USER_UNKNOWN);
        },
    );
}

#[test]
fn nothing_stays_open_and_no_thread_is_started() {
    world("nothing_stays_open_and_no_thread_is_started", |world| {
        let (files, threads) = (open_files(), tasks());
        for outcome in Outcome::ALL {
            let asked = world.broker(vec![prompt(), verdict(outcome)]);
            let mut login = world.program("muster", "ada", b"correct horse");
            login.call(Call::Authenticate);
            login.call(Call::Account);
            // The fake broker's thread ends when it has hung up.
            while asked.recv().is_ok() {}
            fs::remove_file("/run/muster/root.sock").unwrap();
        }
        world.program("muster", "ada", b"").call(Call::Authenticate);
        assert_eq!(open_files(), files);
        assert!(
            tasks() <= threads + 1,
            "one of the fake broker's may be ending"
        );
    });
}

#[test]
fn a_full_descriptor_table_is_could_not_ask_and_root_is_unaffected() {
    world(
        "a_full_descriptor_table_is_could_not_ask_and_root_is_unaffected",
        |world| {
            let _asked = world.broker(vec![prompt(), verdict(Outcome::Granted)]);
            let mut ada = world.program("muster", "ada", b"correct horse");
            let mut root = world.program("lenient", "root", b"");
            libpam::limit_open_files(64);
            let mut taken = vec![];
            while let Ok(file) = fs::File::open("/dev/null") {
                taken.push(file);
            }
            let codes = [ada.module_alone(), root.module_alone()];
            drop(taken);
            assert_eq!(codes, [[AUTHINFO_UNAVAIL; 2], [USER_UNKNOWN; 2]]);
            assert_eq!(ada.person().prompts, [""; 0]);
            assert_eq!(ada.call(Call::Authenticate), SUCCESS);
            assert_eq!(root.call(Call::Authenticate), SUCCESS);
        },
    );
}
