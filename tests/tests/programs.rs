//! Every program that asks PAM, in every state of server and broker: who gets in, who does not, and
//! that whoever needs no verdict about a password (a key, cron) needs no broker.
#![allow(
    clippy::unwrap_used,
    reason = "clippy's allowance for tests does not reach their helpers"
)]

#[path = "programs/credentials.rs"]
mod credentials;
#[path = "programs/flags.rs"]
mod flags;
#[path = "programs/hanging.rs"]
mod hanging;
#[path = "programs/kept_out.rs"]
mod kept_out;
#[path = "programs/lapsed.rs"]
mod lapsed;
#[path = "programs/lazy.rs"]
mod lazy;
#[path = "programs/old_names.rs"]
mod old_names;
#[path = "programs/shut_out.rs"]
mod shut_out;

use std::path::Path;

use muster_tests::world::usual::password;
use muster_tests::world::{Output, World};

/// The stack of a program that only wants to know who is there.
const LOCKER: &str = "auth include common-auth\naccount include common-account\n";

/// Ours is the only module.
const ALONE: &str = "auth required pam_muster.so\naccount required pam_muster.so\n";

/// Nothing but the password decides about these two.
const SUDOERS: &str = "Defaults passwd_tries=1\nada, charles ALL=(ALL) ALL\n";

/// The state of the world around a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Online,
    ServerDown,
    BrokerStopped,
    BrokerDead,
}

impl State {
    /// Whether somebody who has logged in before can prove a password.
    fn proves(self) -> bool {
        matches!(self, Self::Online | Self::ServerDown)
    }
}

/// A way in by password.
type Way = fn(&World, &str, &str) -> bool;

const WAYS: [(&str, Way); 8] = [
    ("ssh, password", |world, user, password| {
        is(user, &world.ssh(user, password, "id -un"))
    }),
    ("ssh, dialogue", |world, user, password| {
        is(user, &world.ssh_by_dialogue(user, password, "id -un"))
    }),
    ("su", |world, user, password| {
        is(user, &world.su_from_larry(user, password, "id -un"))
    }),
    ("sudo", by_sudo),
    ("login on a terminal", by_login),
    ("a screen locker of the user's own", by_locker),
    ("a program that forks", by_fork),
    ("a program under pam_wrapper", by_wrapper),
];

/// Some programs show what PAM says on their stdout first.
fn is(user: &str, output: &Output) -> bool {
    output.succeeded() && output.out.trim().lines().last() == Some(user)
}

/// login(1), which wants a terminal and types a user's first words there.
fn by_login(world: &World, user: &str, password: &str) -> bool {
    let script = format!(
        "set timeout 60\nspawn -noecho login {user}\nexpect assword: {{ send \"{password}\\r\" }}\n\
         expect {{\n  -re {{[$] $}} {{ send \"id -un >/tmp/by-login; exit\\r\" }}\n  incorrect {{ exit 1 }}\n  \
         eof {{ exit 1 }}\n  timeout {{ exit 2 }}\n}}\nexpect eof\n"
    );
    world.write("/tmp/by-login", "");
    world.run(["chmod", "666", "/tmp/by-login"]).said();
    let led = world.run_with(&script, ["expect", "-"]);
    assert_ne!(led.code, 2, "{user}: {led}");
    led.succeeded() && world.read("/tmp/by-login").trim() == user
}

/// A locker runs as its user and is not setuid: it asks over the socket for everybody.
fn by_locker(world: &World, user: &str, password: &str) -> bool {
    let locker = ["pamtester", "locker", user, "authenticate", "acct_mgmt"];
    let words = as_user(world, user, &locker);
    world.run_with(&format!("{password}\n"), words).succeeded()
}

/// sudo asks for the password of whoever calls it, and goes by sudoers afterwards.
fn by_sudo(world: &World, user: &str, password: &str) -> bool {
    let sudo = ["sudo", "-k", "-S", "-u", "larry", "id", "-un"];
    let became = world.run_with(&format!("{password}\n"), as_user(world, user, &sudo));
    is("larry", &became)
}

/// pam_wrapper stands between libpam and the module, in a process that is nobody's but the user's.
fn by_wrapper(world: &World, user: &str, password: &str) -> bool {
    let wrapped = [
        "env",
        "LD_PRELOAD=libpam_wrapper.so",
        "PAM_WRAPPER=1",
        "PAM_WRAPPER_SERVICE_DIR=/etc/wrapped",
        "pamtester",
        "wrapped",
        user,
        "authenticate",
        "acct_mgmt",
    ];
    let words = as_user(world, user, &wrapped);
    world.run_with(&format!("{password}\n"), words).succeeded()
}

/// The words that run `words` as `user` is known now.
fn as_user(world: &World, user: &str, words: &[&str]) -> Vec<String> {
    let uid = world.run(["id", "-u", user]).said().to_owned();
    let before = [
        "setpriv",
        "--reuid",
        &uid,
        "--regid",
        &uid,
        "--clear-groups",
    ];
    before
        .iter()
        .chain(words)
        .map(|word| (*word).to_owned())
        .collect()
}

/// The child asks, the parent has set everything up: nothing of the module may be tied to a process.
fn by_fork(world: &World, user: &str, password: &str) -> bool {
    let program = "( pamtester locker \"$0\" authenticate acct_mgmt )";
    let words = ["sh", "-c", program, user];
    world.run_with(&format!("{password}\n"), words).succeeded()
}

/// Jobs run once when cron starts; it asks the account stack alone.
fn cron_runs_for(world: &mut World, users: &[&str]) -> Vec<String> {
    world
        .run(["rm", "-rf", "/run/crond.reboot", "/run/world/jobs"])
        .said();
    world.run(["mkdir", "-m", "1777", "/run/world/jobs"]).said();
    // A name that cannot be resolved makes cron ignore the whole file: one each.
    for user in users {
        let job = format!("@reboot {user} id -un >/run/world/jobs/{user}\n");
        let file = user.replace('.', "-"); // cron passes over files with a dot
        world.write(&format!("/etc/cron.d/world-{file}"), job);
    }
    // cron waits for none of its jobs: whatever it starts has had a second when this is there.
    let end = "@reboot root sleep 1; touch /run/world/jobs/end\n";
    world.write("/etc/cron.d/world-zz-end", end);
    world.spawn("cron", &["cron", "-f", "-L", "15"]);
    world.until("cron has started its jobs", |world| {
        world.path("/run/world/jobs/end").exists()
    });
    world.kill("cron");
    let ran = |user: &&&str| world.read(&format!("/run/world/jobs/{user}")).trim() == **user;
    users
        .iter()
        .filter(ran)
        .map(|user| (*user).to_owned())
        .collect()
}

fn check(world: &mut World, state: State) {
    for (way, lets_in) in WAYS {
        let tries = [
            ("ada", password::ADA, state.proves()),
            ("ada", "wrong", false),
            ("charles", password::CHARLES, false),
        ];
        // Where not even the right password can be proved, the others need not be tried.
        let tries = tries.iter().take(if state.proves() { 3 } else { 1 });
        for &(user, password, gets_in) in tries {
            let got_in = lets_in(world, user, password);
            assert_eq!(
                got_in,
                gets_in,
                "{state:?}, {way}: {user}\n{}",
                world.logs()
            );
        }
        world.run(["muster", "throttle", "clear"]);
    }
    assert!(is("ada", &world.ssh_by_key("ada", "id -un")), "{state:?}");
    world.ssh_by_key("charles", "id -un").refused();
    assert_eq!(
        cron_runs_for(world, &["ada", "charles", "emil", "larry"]),
        ["ada", "larry"],
        "{state:?}"
    );
    assert!(
        is("root", &world.ssh("root", password::ROOT, "id -un")),
        "{state:?}"
    );
    assert!(by_login(world, "larry", password::LARRY), "{state:?}");
}

#[test]
fn whatever_program_asks_the_right_person_gets_in_and_nobody_else() {
    let Some(mut world) = World::usual() else {
        return;
    };
    check_in_every_state(&mut world);
}

/// Fedora and EL: what `authselect select custom/muster` makes of the profile, under Debian's libpam.
#[test]
fn the_same_holds_for_the_stacks_of_the_authselect_profile() {
    let Some(mut world) = World::usual() else {
        return;
    };
    use_authselect(&world);
    check_in_every_state(&mut world);
}

/// The profile's stacks in the place of Debian's.
fn use_authselect(world: &World) {
    for stack in ["system-auth", "password-auth"] {
        let template = Path::new(env!("CARGO_MANIFEST_DIR")).join("../packaging/authselect");
        let template = std::fs::read_to_string(template.join(stack)).unwrap();
        world.write(&format!("/etc/pam.d/{stack}"), without_features(&template));
    }
    world.write("/etc/pam.d/common-auth", "auth include password-auth\n");
    world.write("/etc/pam.d/common-account", "account include system-auth\n");
}

/// A template of authselect's with no feature selected; and nobody waits after a wrong password.
fn without_features(template: &str) -> String {
    let chosen = template
        .lines()
        .filter(|line| !line.contains("{include if"));
    let lines = chosen.map(|line| line.replace("delay=2000000", "delay=0") + "\n");
    lines.collect()
}

fn check_in_every_state(world: &mut World) {
    world.write("/etc/pam.d/locker", LOCKER);
    world.run(["mkdir", "/etc/wrapped"]).said();
    world.write("/etc/wrapped/wrapped", ALONE);
    world.write("/etc/sudoers.d/ways", SUDOERS);
    check(world, State::Online);
    world.tell_crowd("fault down");
    check(world, State::ServerDown);
    world.signal("musterd", "STOP");
    check(world, State::BrokerStopped);
    world.signal("musterd", "CONT");
    world.kill("musterd");
    check(world, State::BrokerDead);
}

#[test]
fn two_threads_of_a_program_log_in_two_people_at_the_same_time() {
    let Some(world) = World::usual() else {
        return;
    };
    world.write("/etc/pam.d/locker", LOCKER);
    world.compile("dialogue", &["-lpam", "-lpthread"]);
    let together = |of_grace| {
        let people = ["ada", password::ADA, "grace", of_grace];
        let words = ["dialogue", "together"].into_iter().chain(people);
        world.run(words).said().to_owned()
    };
    assert_eq!(together(password::GRACE), "0 0");
    assert_eq!(together("wrong"), "0 7", "each has the own verdict");
}

#[test]
fn a_program_that_is_killed_in_the_dialogue_leaves_nothing_behind() {
    let Some(mut world) = World::usual() else {
        return;
    };
    world.write("/etc/pam.d/locker", ALONE);
    world.compile("dialogue", &["-lpam", "-lpthread"]);
    // 03 is "connected": the broker's end of each dialogue.
    let count = "grep -c ' 03 .*/run/muster/root[.]sock' /proc/net/unix || true";
    let dialogues = |world: &World| world.run(["sh", "-c", count]).said().to_owned();
    assert_eq!(dialogues(&world), "0");
    for asked in ["/run/world/asked-1", "/run/world/asked-2"] {
        world.spawn("dialogue", &["dialogue", "wait", "ada", asked]);
        world.until("the password is asked for", |world| {
            world.path(asked).exists()
        });
        assert_eq!(dialogues(&world), "1", "with the broker");
        world.kill("dialogue");
        world.until("the broker has hung up, too", |world| {
            dialogues(world) == "0"
        });
    }
    assert_eq!(world.ssh("ada", password::ADA, "id -un").said(), "ada");
    let throttle = world.run(["muster", "throttle", "list"]);
    assert!(
        !throttle.said().contains("ada"),
        "no try was made: {throttle}"
    );
}

/// Invariant 8: what cannot be told is denied, and locals are not concerned.
#[test]
fn without_a_snapshot_that_can_be_believed_ours_are_kept_out_and_locals_are_not() {
    const SNAPSHOT: &str = "/var/lib/muster/public/snapshot";
    let Some(mut world) = World::usual() else {
        return;
    };
    assert!(is("ada", &world.ssh_by_key("ada", "id -un")));
    world.kill("musterd");
    world.kill("muster-publish");
    world
        .run(["cp", "-a", SNAPSHOT, "/run/world/snapshot"])
        .said();
    let restore = ["cp", "-a", "/run/world/snapshot", SNAPSHOT];
    for (state, words) in [
        ("missing", vec!["rm", SNAPSHOT]),
        ("of another owner", vec!["chown", "larry", SNAPSHOT]),
        ("writable for all", vec!["chmod", "666", SNAPSHOT]),
        ("a folder", vec!["sh", "-c", "rm $0 && mkdir $0", SNAPSHOT]),
        (
            "noise",
            vec!["sh", "-c", "head -c 9000 /dev/urandom >$0", SNAPSHOT],
        ),
        ("cut short", vec!["truncate", "-s", "100", SNAPSHOT]),
    ] {
        world.run(&words).said();
        assert_eq!(
            cron_runs_for(&mut world, &["ada", "larry"]),
            ["larry"],
            "{state}"
        );
        world.ssh_by_that_key("ada", "id -un").refused();
        world
            .su_from_larry("ada", password::ADA, "id -un")
            .refused();
        assert!(
            is("root", &world.ssh("root", password::ROOT, "id -un")),
            "{state}"
        );
        let larry = world.su_from_larry("larry", password::LARRY, "id -un");
        assert!(is("larry", &larry), "{state}: {larry}");
        world.run(["rm", "-rf", SNAPSHOT]).said();
        world.run(restore).said();
        assert_eq!(
            cron_runs_for(&mut world, &["ada"]),
            ["ada"],
            "after {state}"
        );
    }
}

/// docs/login.md, "Local groups for directory people".
#[test]
fn people_of_a_directory_join_a_local_group_by_pam_group_and_by_nothing_else() {
    let Some(world) = World::usual() else {
        return;
    };
    world.write(
        "/etc/security/group.conf",
        "*;*;%engineers;Al0000-2400;plugdev\n",
    );
    let stack = world.read("/etc/pam.d/su-l");
    let groups = |user| world.su(user, "id -Gn");
    assert!(!groups("ada").said().contains("plugdev"));
    world.write(
        "/etc/pam.d/su-l",
        format!("{stack}auth optional pam_group.so\n"),
    );
    let with = world.su_from_larry("ada", password::ADA, "id -Gn");
    let joined = |output: &Output| {
        output
            .said()
            .split_whitespace()
            .any(|name| name == "plugdev")
    };
    assert!(joined(&with), "{with}");
    let without = world.su_from_larry("grace", password::GRACE, "id -Gn");
    assert!(!joined(&without), "{without}");
    let elsewhere = world.run(["id", "-Gn", "ada"]);
    assert!(!joined(&elsewhere), "{elsewhere}");
}
