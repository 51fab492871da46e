//! Invariant 8, people of directories that are asked by name: whoever may not stays out while the broker is dead,
//! whether the host has heard of the person or not, once decisions have lapsed, and
//! once the person is gone.

use muster_tests::world::three::{GAFAELFAWR_PEOPLE, secret};
use muster_tests::world::{Sim, World};

use super::kept_out::{ALL, NONE, Person, WITHOUT_SECRET, ways_of};
use super::lapsed::let_decisions_lapse;
use super::use_authselect;

const CLUB: &str = r#"{"users": [
  {"uid": "u-ada", "username": "ada.l", "password": "Enchantre55",
   "memberships": [{"resource": "list", "id": "3f", "level": "member"}]},
  {"uid": "u-eve", "username": "eve.e", "password": "Eav3sdrop"}],
 "lockout_delay": 0}"#;

/// One directory of each of the two kinds. `stranger` is somebody of Gafaelfawr's whom nobody asks for in time.
fn started() -> Option<World> {
    let mut world = World::new()?;
    let stranger = r#""users": [
    {"username": "stranger", "name": "Not asked for yet", "uid": 60009, "gid": 61000},"#;
    let rubin = GAFAELFAWR_PEOPLE.replacen(r#""users": ["#, stranger, 1);
    world.start_simulator(Sim::Gafaelfawr, &rubin);
    world.start_simulator(Sim::Apicrud, CLUB);
    let token = world.secret("gafaelfawr", secret::SERVICE_TOKEN);
    let server = |sim: Sim| {
        let (kind, url, ca) = (sim.kind(), world.url_of(sim), sim.ca());
        format!("kind = \"{kind}\"\nurl = \"{url}\"\nca_file = \"{ca}\"")
    };
    let (gafaelfawr, apicrud) = (server(Sim::Gafaelfawr), server(Sim::Apicrud));
    world.write_config(&format!(
        r#"version = 1

[[directory]]
name = "rubin"
{gafaelfawr}
token_file = "{token}"
lists = "never"

[[directory]]
name = "club"
{apicrud}
people = ["ada.l=u-ada", "eve.e=u-eve"]
roles = ["list-3f-member=readers"]

[access]
allow = ["group:rubin/g_astro", "group:club/readers"]
"#
    ));
    world.start_muster();
    world.start_sshd();
    Some(world)
}

/// Two who may, two who may not, as `(may, person)`.
fn people(world: &World) -> Vec<(bool, Person)> {
    // A role is told at a login alone.
    assert_eq!(world.ssh("ada.l", "Enchantre55", "id -un").said(), "ada.l");
    let known = [
        (true, "rosalind", secret::ROSALIND),
        (true, "ada.l", "Enchantre55"),
        (false, "jocelyn", secret::JOCELYN),
        (false, "eve.e", "Eav3sdrop"),
    ];
    let known = known.map(|(may, name, secret)| (may, Person::known(world, name, secret, may)));
    known.into()
}

fn check(world: &mut World, people: &[(bool, Person)], stack: &str, ways: &[&str]) {
    let all: Vec<_> = people.iter().map(|(_, person)| person).collect();
    for ((may, person), found) in people.iter().zip(ways_of(world, &all)) {
        let (wanted, name) = (if *may { ways } else { &NONE }, person.name());
        assert_eq!(found, wanted, "{stack}: {name}\n{}", world.logs());
    }
}

/// Whom the host has never heard of cannot be told from somebody who may not.
fn strangers_stay_out(world: &World, stack: &str) {
    for command in [
        world.ssh("stranger", secret::ROSALIND, "id -un"),
        world.ssh_by_dialogue("stranger", secret::ROSALIND, "id -un"),
        world.ssh_by_that_key("stranger", "id -un"),
        world.su_from_larry("stranger", secret::ROSALIND, "id -un"),
        world.pam("cron", "stranger", "", &["acct_mgmt"]),
        world.pam(
            "sudo",
            "stranger",
            secret::ROSALIND,
            &["authenticate", "acct_mgmt"],
        ),
    ] {
        assert!(!command.succeeded(), "{stack}: {command}");
    }
}

#[test]
fn whoever_may_not_stays_out_of_a_host_whose_directories_are_asked_by_name() {
    let Some(mut world) = started() else {
        return;
    };
    let people = people(&world);
    let debian = ["common-auth", "common-account"].map(|file| {
        let file = format!("/etc/pam.d/{file}");
        let text = world.read(&file);
        (file, text)
    });
    for stack in ["pam-auth-update's", "authselect's"] {
        check(&mut world, &people, stack, &ALL);
        world.kill("musterd");
        check(&mut world, &people, stack, &WITHOUT_SECRET);
        strangers_stay_out(&world, stack);
        world.start_broker();
        use_authselect(&world);
    }
    world.kill("musterd");
    let_decisions_lapse(&world);
    check(&mut world, &people, "lapsed", &NONE);
    world.start_broker();
    world.tell(Sim::Gafaelfawr, "remove-user rosalind");
    world
        .run(["muster", "sync", "--accept-shrink", "rubin"])
        .said();
    world.kill("musterd");
    let (_, rosalind) = &people[0];
    assert_eq!(world.run(["getent", "passwd", "rosalind"]).code, 2);
    assert_eq!(rosalind.ways(&mut world), NONE, "a tombstone, authselect's");
    for (file, text) in debian {
        world.write(&file, text);
    }
    assert_eq!(
        rosalind.ways(&mut world),
        NONE,
        "a tombstone, pam-auth-update's"
    );
}
