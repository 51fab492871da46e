//! Story *password change*: passwd(1) → password → dispatch → directory → verifier.

use muster_tests::world::usual::{PEOPLE, password};
use muster_tests::world::{Output, Sim, World};

const NEW: &str = "difference is no engine";

/// The usual people at a Crowd whose application may change them, and wants 12 characters.
fn powerful() -> String {
    let powers = r#""permissions": ["MODIFY_USER"]}], "shortest_password": 12,"#;
    PEOPLE.replacen(r#""permissions": []}],"#, powers, 1)
}

/// passwd(1) as `user` runs it, with what is typed in turn.
fn passwd(world: &World, user: &str, typed: &[&str]) -> Output {
    let uid = world.run(["id", "-u", user]);
    let become_user = ["setpriv", "--reuid", uid.said(), "--regid", uid.said()];
    let words = become_user.iter().chain(&["--clear-groups", "passwd"]);
    world.run_with(&(typed.join("\n") + "\n"), words)
}

#[test]
fn people_change_their_passwords_with_passwd_and_log_in_with_the_new_one() {
    let Some(mut world) = World::new() else {
        return;
    };
    world.start_simulator(Sim::Crowd, &powerful());
    let pages = "password_page = \"https://id.example.org/me\"\n";
    world.configure_directory(&format!("change_passwords = true\n{pages}"));
    world.start_muster();
    world.sync().said();
    world.start_sshd();
    assert_eq!(world.ssh("ada", password::ADA, "id -un").said(), "ada");

    let wrong = passwd(&world, "ada", &["wrong", NEW, NEW]);
    wrong.refused();
    let short = passwd(&world, "ada", &[password::ADA, "short", "short"]);
    assert!(short.refused().contains("complexity"), "{short}");
    passwd(&world, "ada", &[password::ADA, NEW, "something else"]).refused();
    assert_eq!(world.ssh("ada", password::ADA, "id -un").said(), "ada");

    passwd(&world, "ada", &[password::ADA, NEW, NEW]).said();
    assert_eq!(world.ssh("ada", NEW, "id -un").said(), "ada");
    world.ssh("ada", password::ADA, "id -un").refused();

    world.tell_crowd("fault down");
    passwd(&world, "ada", &[NEW, password::ADA, password::ADA]).refused();
    assert_eq!(world.ssh("ada", NEW, "id -un").said(), "ada");
    world.ssh("ada", password::ADA, "id -un").refused();

    let local = "another-local-secret";
    passwd(&world, "larry", &[password::LARRY, local, local]).said();
    assert_eq!(world.ssh("larry", local, "id -un").said(), "larry");
    let logs = world.logs();
    assert!(
        !logs.contains(NEW) && !logs.contains(password::ADA),
        "{logs}"
    );
}

#[test]
fn where_passwords_are_not_changed_from_hosts_passwd_names_the_page() {
    let Some(mut world) = World::new() else {
        return;
    };
    world.start_simulator(Sim::Crowd, PEOPLE);
    world.configure_directory("password_page = \"https://id.example.org/me\"\n");
    world.start_muster();
    world.sync().said();
    let refused = passwd(&world, "ada", &[password::ADA, NEW, NEW]);
    let said = format!("{refused}");
    assert!(
        refused.code != 0 && said.contains("https://id.example.org/me"),
        "{said}"
    );
}

/// A world with a Crowd that takes new passwords, where Ada has logged in once.
fn started() -> Option<World> {
    let mut world = World::new()?;
    world.start_simulator(Sim::Crowd, &powerful());
    world.configure_directory("change_passwords = true\n");
    world.start_muster();
    world.sync().said();
    world.start_sshd();
    assert_eq!(world.ssh("ada", password::ADA, "id -un").said(), "ada");
    Some(world)
}

/// What is typed before the terminal is told to show nothing is thrown away: a person is slower than that.
const SECRETLY: &str = "
proc secretly {text} {
    global spawn_out
    set tries 0
    while {![string match {* -echo *} [exec stty -a <$spawn_out(slave,name)]]} {
        if {[incr tries] > 200} { exit 104 }
        after 20
    }
    send \"$text\\r\"
}
proc asked {what} {
    expect -nocase $what {} timeout { exit 101 } eof { exit 102 }
}
proc signal {name pid} {
    exec kill -s $name $pid
    set tries 0
    while {![catch {exec cat /proc/$pid/status} status] && ![regexp {State:\\s+T} $status]} {
        if {[regexp {State:\\s+Z} $status] && [llength [glob -nocomplain /proc/$pid/task/*]] <= 1} { return }
        if {[incr tries] > 500} { exit 105 }
        after 20
    }
}
set timeout 10
";

/// passwd(1) of Ada's on a terminal; `signal` reaches the broker between the two passes, when the present password
/// is proved and the new one is asked for.
fn passwd_while(world: &World, signal: &str) -> Output {
    let uid = world.run(["id", "-u", "ada"]);
    let (uid, old) = (uid.said(), password::ADA);
    let broker = world.process("musterd").pid;
    let script = format!(
        "{SECRETLY}
spawn -noecho setpriv --reuid {uid} --regid {uid} --clear-groups passwd
asked {{current password:}}
secretly {{{old}}}
asked {{new password:}}
signal {signal} {broker}
secretly {{{NEW}}}
asked {{new password:}}
secretly {{{NEW}}}
expect timeout {{ exit 103 }} eof {{}}
lassign [wait] pid spawned os code
exit $code
"
    );
    let changed = world.run_with(&script, ["expect", "-"]);
    assert!(changed.code < 100, "it did not come to the end: {changed}");
    changed
}

/// The present password counts, online and by the verifier, and the one that was wanted does not.
fn nothing_has_changed(world: &World) {
    for fault in ["fault none", "fault down"] {
        world.tell_crowd(fault);
        assert_eq!(
            world.ssh("ada", password::ADA, "id -un").said(),
            "ada",
            "{fault}"
        );
        world.ssh("ada", NEW, "id -un").refused();
        world.run(["muster", "throttle", "clear"]).said();
    }
    world.tell_crowd("fault none");
}

/// What /etc/passwd has is changed whatever becomes of muster; and back again for the next one.
fn locals_change_theirs(world: &World) {
    let other = "another-local-secret";
    passwd(world, "larry", &[password::LARRY, other, other]).said();
    let back = format!("larry:{}\n", password::LARRY);
    world.run_with(&back, ["chpasswd"]).said();
}

#[test]
fn a_password_that_cannot_be_changed_now_stays_as_it_is_and_says_so_in_time() {
    let Some(mut world) = started() else {
        return;
    };
    let all = [password::ADA, NEW, NEW];
    world.tell_crowd("fault down");
    passwd(&world, "ada", &all).refused();
    locals_change_theirs(&world);
    nothing_has_changed(&world);

    world.signal("musterd", "STOP");
    let stopped = passwd(&world, "ada", &all).refused();
    assert!(stopped.contains("cannot be asked now"), "{stopped}");
    locals_change_theirs(&world);
    world.signal("musterd", "CONT");
    nothing_has_changed(&world);

    world.kill("musterd");
    let dead = passwd(&world, "ada", &all).refused();
    assert!(dead.contains("cannot be asked now"), "{dead}");
    locals_change_theirs(&world);
    world.start_broker();
    nothing_has_changed(&world);
}

/// In the second pass the new password may be under way: where that cannot be told, it is said.
#[test]
fn a_broker_that_is_gone_or_hangs_between_the_two_passes_leaves_the_password_as_it_is() {
    let Some(mut world) = started() else {
        return;
    };
    let stopped = passwd_while(&world, "STOP").refused();
    assert!(stopped.contains("try the new one first"), "{stopped}");
    locals_change_theirs(&world);
    world.signal("musterd", "CONT");
    nothing_has_changed(&world);

    let dead = passwd_while(&world, "KILL").refused();
    assert!(dead.contains("cannot be asked now"), "{dead}");
    world.wait_for_end("musterd");
    locals_change_theirs(&world);
    world.start_broker();
    nothing_has_changed(&world);
}
