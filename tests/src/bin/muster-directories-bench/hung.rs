//! Who waits, and how long, for a server that takes every request and never answers.

use std::path::Path;
use std::time::{Duration, Instant};

use muster_tests::world::{Sim, World};

use crate::{configure, with_gafaelfawr};

/// How many programs ask at the same moment.
pub(crate) const CALLERS: usize = 20;
/// A token of the made-up users.
const TOKEN: &str = "gt-key-of-user00001------.secret-of-user00001---";

/// What one kind of caller waited.
#[derive(Debug)]
pub(crate) struct Waited {
    pub(crate) who: &'static str,
    /// Of each, in no order.
    pub(crate) each: Vec<Duration>,
}

pub(crate) fn measured(place: &Path) -> Vec<Waited> {
    println!("servers that never answer");
    let mut waited = of_gafaelfawr(place);
    waited.extend(of_fas(place));
    waited
}

fn of_gafaelfawr(place: &Path) -> Vec<Waited> {
    let world = with_gafaelfawr(place, "100");
    for known in ["user00000", "user00001"] {
        world.run(["getent", "passwd", known]).said();
    }
    world.tell(Sim::Gafaelfawr, "fault hang");
    vec![
        names(
            &world,
            "Gafaelfawr: names that nobody knows yet, the first who ask",
            "first",
        ),
        names(
            &world,
            "Gafaelfawr: other names, right after them",
            "second",
        ),
        logins(
            &world,
            "Gafaelfawr: logins with a token",
            "user00001",
            TOKEN,
        ),
        known(&world, "Gafaelfawr: a name that is known", "user00000"),
    ]
}

fn of_fas(place: &Path) -> Vec<Waited> {
    let mut world = World::at(place);
    world.start_generated(Sim::Fas, "1000x100");
    configure(&world, Sim::Fas, "muster-secret", "user = \"muster\"");
    world.start_muster();
    world.run(["muster", "sync"]).said();
    world.tell(Sim::Fas, "fault hang");
    vec![
        names(&world, "FAS: names that are nobody's", "nemo"),
        logins(
            &world,
            "FAS: logins with a password",
            "user00001",
            "password-user00001",
        ),
        known(&world, "FAS: a name that is known", "user00000"),
    ]
}

/// Programs that ask glibc for another name each, at the same moment.
fn names(world: &World, who: &'static str, prefix: &str) -> Waited {
    let asking = "getent passwd \"$1$caller\"";
    Waited {
        who,
        each: at_once(world, asking, prefix),
    }
}

fn known(world: &World, who: &'static str, name: &str) -> Waited {
    Waited {
        who,
        each: at_once(world, "getent passwd \"$1\"", name),
    }
}

/// How long each of the callers waited for a command that is given `argument`.
fn at_once(world: &World, command: &str, argument: &str) -> Vec<Duration> {
    let script = format!(
        "one() {{ began=$EPOCHREALTIME; {command} >/dev/null; ended=$EPOCHREALTIME; echo $((${{ended/./}} - ${{began/./}})); }}
         for caller in $(seq {CALLERS}); do one \"$1\" & done; wait"
    );
    let said = world.run(["bash", "-c", &script, "bash", argument]);
    let each = said.said().split_whitespace();
    each.filter_map(|microseconds| Some(Duration::from_micros(microseconds.parse().ok()?)))
        .collect()
}

/// Two logins of somebody who never logged in before, so that only the server could tell: the first, and the next.
fn logins(world: &World, who: &'static str, name: &str, secret: &str) -> Waited {
    let once = |_| {
        let began = Instant::now();
        let login = world.pam("sshd", name, secret, &["authenticate"]);
        assert!(!login.succeeded(), "nobody can have said yes: {login}");
        began.elapsed()
    };
    Waited {
        who,
        each: (0..2).map(once).collect(),
    }
}
