//! Every way in for somebody who may not: password, dialogue, key, su, sudo and cron.

use std::thread;

use muster_tests::world::World;

use super::{cron_runs_for, is};

/// Somebody, as the host knew the person while all was well.
pub(super) struct Person {
    name: &'static str,
    secret: &'static str,
    uid: String,
}

impl Person {
    /// Keeps the person's id and puts the key into the home, which a key login proves where the person `may`.
    #[track_caller]
    pub(super) fn known(
        world: &World,
        name: &'static str,
        secret: &'static str,
        may: bool,
    ) -> Self {
        let uid = world.run(["id", "-u", name]).said().to_owned();
        let by_key = world.ssh_by_key(name, "id -un");
        assert_eq!(is(name, &by_key), may, "{by_key}");
        let sudoers = format!("Defaults passwd_tries=1\n{name} ALL=(ALL) ALL\n");
        let file = format!("/etc/sudoers.d/{}", name.replace('.', "-"));
        world.write(&file, sudoers);
        Self { name, secret, uid }
    }

    pub(super) fn name(&self) -> &str {
        self.name
    }

    /// sudo asks for the caller's own password.
    fn by_sudo(&self, world: &World) -> bool {
        let sudo = [
            "setpriv",
            "--reuid",
            &self.uid,
            "--regid",
            &self.uid,
            "--clear-groups",
            "sudo",
            "-k",
            "-S",
            "-u",
            "larry",
            "id",
            "-un",
        ];
        is(
            "larry",
            &world.run_with(&format!("{}\n", self.secret), sudo),
        )
    }

    /// The ways by which the person gets in with what is right.
    pub(super) fn ways(&self, world: &mut World) -> Vec<&'static str> {
        ways_of(world, &[self]).concat()
    }

    /// The same where cron is left alone: all at the same time, since a refusal takes its time.
    pub(super) fn ways_but_cron(&self, world: &World) -> Vec<&'static str> {
        let (name, secret) = (self.name, self.secret);
        let ways: [(&str, &(dyn Fn() -> bool + Sync)); 5] = [
            ("password", &|| is(name, &world.ssh(name, secret, "id -un"))),
            ("dialogue", &|| {
                is(name, &world.ssh_by_dialogue(name, secret, "id -un"))
            }),
            ("key", &|| is(name, &world.ssh_by_that_key(name, "id -un"))),
            ("su", &|| {
                is(name, &world.su_from_larry(name, secret, "id -un"))
            }),
            ("sudo", &|| self.by_sudo(world)),
        ];
        let open = thread::scope(|scope| {
            let tried = ways.map(|(way, lets_in)| (way, scope.spawn(lets_in)));
            let open = tried.map(|(way, lets_in)| lets_in.join().unwrap().then_some(way));
            open.into_iter().flatten().collect()
        });
        // Nobody's tries but these, each with the right secret.
        world.run(["muster", "throttle", "clear"]);
        open
    }
}

/// The ways by which each of `people` gets in with what is right.
pub(super) fn ways_of(world: &mut World, people: &[&Person]) -> Vec<Vec<&'static str>> {
    let names: Vec<_> = people.iter().map(|person| person.name).collect();
    let ran = cron_runs_for(world, &[names.as_slice(), &["larry"]].concat());
    let runs_for = |name| ran.iter().any(|who| who == name);
    assert!(runs_for("larry"), "locals are not concerned: {ran:?}");
    let ways = people.iter().map(|person| {
        let mut ways = person.ways_but_cron(world);
        ways.extend(runs_for(person.name).then_some("cron"));
        ways
    });
    ways.collect()
}

/// All of them.
pub(super) const ALL: [&str; 6] = ["password", "dialogue", "key", "su", "sudo", "cron"];
/// Those that need no verdict about a secret.
pub(super) const WITHOUT_SECRET: [&str; 2] = ["key", "cron"];
/// None.
pub(super) const NONE: [&str; 0] = [];
