//! Story *a host of a service built on apicrud*: a password and, of some, a code by real ssh; groups by roles; passwd(1); an
//! account that somebody else has locked.

use muster_tests::world::{Output, Sim, World};

const ADA: &str = "Enchantre55";
const BOB: &str = "Turing-c0de";
const NEW: &str = "Difference-3ngine";
const CODES: [&str; 2] = ["123456", "234567"];

const PEOPLE: &str = r#"{"users": [
  {"uid": "u-ada", "username": "ada.l", "name": "Ada Lovelace", "password": "Enchantre55",
   "memberships": [{"resource": "list", "id": "3f", "level": "member"}]},
  {"uid": "u-bob", "username": "bob.l", "password": "Turing-c0de", "is_admin": true, "codes": ["123456", "234567"],
   "memberships": [{"resource": "list", "id": "3f", "level": "secret"}]},
  {"uid": "u-new", "username": "carol.n", "password": "Reborn-2day"},
  {"uid": "u-eve", "username": "eve.e", "password": "Eav3sdrop"}],
 "lockout_delay": 0}"#;

fn configured(world: &World) {
    let (url, ca) = (world.url_of(Sim::Apicrud), Sim::Apicrud.ca());
    world.write_config(&format!(
        r#"version = 1

[[directory]]
name = "club"
kind = "apicrud"
url = "{url}"
ca_file = "{ca}"
people = ["ada.l=u-ada", "bob.l=u-bob", "carol.n=u-old"]
roles = ["admin=apicrud-admins", "list-3f-member=readers"]

[access]
allow = ["group:club/readers", "user:club/carol.n"]
"#
    ));
}

fn started() -> Option<World> {
    let mut world = World::new()?;
    world.start_simulator(Sim::Apicrud, PEOPLE);
    configured(&world);
    world.start_muster();
    world.start_sshd();
    Some(world)
}

/// Answers sshd's questions, as a person at a terminal does: a second one only if it is put.
fn ssh_with_code(world: &World, user: &str, password: &str, code: &str) -> Output {
    let script = format!(
        "set timeout 30\nlog_user 0\nspawn ssh -F/dev/null -oStrictHostKeyChecking=no -oUserKnownHostsFile=/dev/null \
         -oLogLevel=ERROR -oNumberOfPasswordPrompts=1 -oPreferredAuthentications=keyboard-interactive -l {user} 127.0.0.1 {{echo I am `id -un`}}\n\
         expect assword: {{ send \"{password}\\r\" }}\n\
         expect {{\n  code: {{ send \"{code}\\r\"; exp_continue }}\n  {{I am {user}}} {{ puts in; exit 0 }}\n  eof {{ exit 1 }}\n  timeout {{ exit 2 }}\n}}\n"
    );
    let output = world.run_with(&script, ["expect", "-"]);
    assert_ne!(output.code, 2, "{output}");
    output
}

/// passwd(1) as `user` runs it, with what is typed in turn.
fn passwd(world: &World, user: &str, typed: &[&str]) -> Output {
    let uid = world.run(["id", "-u", user]);
    let become_user = ["setpriv", "--reuid", uid.said(), "--regid", uid.said()];
    let words = become_user.iter().chain(&["--clear-groups", "passwd"]);
    world.run_with(&(typed.join("\n") + "\n"), words)
}

#[test]
fn people_log_in_with_a_password_and_with_a_code_where_they_have_set_one_up() {
    let Some(world) = started() else {
        return;
    };
    assert_eq!(ssh_with_code(&world, "ada.l", ADA, "000000").said(), "in");
    ssh_with_code(&world, "ada.l", "wrong", "000000").refused();
    let groups = |user: &str| world.run(["id", "-Gn", user]).said().to_owned();
    assert!(groups("ada.l").contains("readers"), "{}", groups("ada.l"));

    ssh_with_code(&world, "bob.l", BOB, "000000").refused();
    assert_eq!(ssh_with_code(&world, "bob.l", BOB, CODES[0]).said(), "in");
    ssh_with_code(&world, "bob.l", BOB, CODES[0]).refused();
    ssh_with_code(&world, "bob.l", "Wr0ng-word", CODES[1]).refused();
    assert_eq!(ssh_with_code(&world, "bob.l", BOB, CODES[1]).said(), "in");
    assert!(
        groups("bob.l").contains("apicrud-admins"),
        "{}",
        groups("bob.l")
    );

    let logs = world.logs();
    for secret in [ADA, BOB, CODES[0], CODES[1]] {
        assert!(!logs.contains(secret), "{logs}");
    }
}

/// A role that is gone is seen at the next login; who is not named is nobody; another id is
/// another person.
#[test]
fn only_who_is_named_with_the_right_id_and_has_the_role_is_let_in() {
    let Some(world) = started() else {
        return;
    };
    assert_eq!(world.ssh("ada.l", ADA, "id -un").said(), "ada.l");
    world.tell(Sim::Apicrud, "remove-memberships ada.l");
    world.ssh("ada.l", ADA, "id -un").refused();
    world.ssh("eve.e", "Eav3sdrop", "id -un").refused();
    assert_eq!(world.run(["id", "eve.e"]).code, 1);
    world.ssh("carol.n", "Reborn-2day", "id -un").refused();
}

#[test]
fn a_password_is_changed_with_passwd_by_apicruds_rules() {
    let Some(world) = started() else {
        return;
    };
    assert_eq!(world.ssh("ada.l", ADA, "id -un").said(), "ada.l");
    passwd(&world, "ada.l", &["Wr0ng-word", NEW, NEW]).refused();
    let weak = "onlysmallletters";
    let weak = passwd(&world, "ada.l", &[ADA, weak, weak]);
    assert!(weak.refused().contains("three of these"), "{weak}");
    assert_eq!(world.ssh("ada.l", ADA, "id -un").said(), "ada.l");
    passwd(&world, "ada.l", &[ADA, NEW, NEW]).said();
    world.ssh("ada.l", ADA, "id -un").refused();
    assert_eq!(world.ssh("ada.l", NEW, "id -un").said(), "ada.l");
    // A code is no part of a new password there.
    passwd(&world, "bob.l", &[BOB, NEW, NEW]).said();
    assert_eq!(ssh_with_code(&world, "bob.l", NEW, CODES[0]).said(), "in");
}

#[test]
fn an_account_that_somebody_has_locked_at_the_service_opens_again_and_is_known_offline() {
    let Some(world) = started() else {
        return;
    };
    assert_eq!(world.ssh("ada.l", ADA, "id -un").said(), "ada.l");
    world.tell(Sim::Apicrud, "lock ada.l");
    world.ssh("ada.l", ADA, "id -un").refused();
    assert!(
        world.journal().contains("too many wrong tries"),
        "{}",
        world.journal()
    );
    world.tell(Sim::Apicrud, "unlock ada.l");
    assert_eq!(world.ssh("ada.l", ADA, "id -un").said(), "ada.l");
    world.tell(Sim::Apicrud, "fault down");
    assert_eq!(world.ssh("ada.l", ADA, "id -un").said(), "ada.l");
}
