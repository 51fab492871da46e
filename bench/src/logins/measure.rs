//! Measuring logins inside the tree.

use std::fs;
use std::path::Path;

use super::{CALLERS, MODULES, NSLCD, PEOPLE, STACKS, Stack, login};
use crate::broker::write_generated;
use crate::figures::Figures;
use crate::measure::say;
use crate::peers::{MUSTER, SSSD};
use crate::plan::Pace;
use crate::room::{BENCH, Room};
use crate::trouble::Trouble;

/// The first login of somebody may cost more than the later ones.
const WARMED: u32 = 20;
/// One of the generated people beyond those who log in.
const STRANGER: &str = "user01005";
/// Calls of the server alone.
const REQUESTS: u32 = 300;

/// A stack in its room.
#[derive(Debug)]
struct Place {
    stack: &'static Stack,
    room: Room,
}

impl Place {
    fn new(stack: &'static Stack) -> Option<Self> {
        say(&format!("a room for {}", stack.title));
        match Room::of(stack.room, PEOPLE) {
            Ok(room) => Some(Self { stack, room }),
            Err(trouble) => {
                say(&trouble.to_string());
                None
            }
        }
    }

    /// The words that make the login program do something with the people of the place.
    fn numbers(&self, mode: &str, more: &[u32]) -> Result<Vec<f64>, Trouble> {
        let mut words = vec![
            format!("{BENCH}/login"),
            mode.to_owned(),
            self.stack.service(),
            format!("{BENCH}/{}", self.stack.people),
        ];
        words.extend(more.iter().map(u32::to_string));
        self.room.numbers(&words)
    }

    /// One login: the codes and nanoseconds of authentication and account management.
    fn once(&self, name: &str, password: &str) -> Result<Vec<f64>, Trouble> {
        let program = format!("{BENCH}/login");
        let service = self.stack.service();
        self.room
            .numbers(&[&program, "once", &service, name, password])
    }

    /// Somebody of the people.
    fn somebody(&self, place: usize) -> Result<String, Trouble> {
        let path = Path::new(BENCH).join(self.stack.people);
        let text = fs::read_to_string(&path).map_err(Trouble::at(&path))?;
        let name = text
            .lines()
            .nth(place)
            .and_then(|line| line.split(' ').next());
        name.map(str::to_owned)
            .ok_or_else(|| Trouble::new("too few people"))
    }
}

/// Everything there is to measure; what fails is said, and stays empty.
pub(crate) fn measured(pace: Pace) -> Result<Figures, Trouble> {
    install()?;
    write_generated()?;
    let mut figures = Figures::default();
    let present = STACKS
        .iter()
        .filter(|stack| stack.needs.is_empty() || Path::new("/").join(stack.needs).exists());
    let places: Vec<Place> = present.filter_map(Place::new).collect();
    side_by_side(pace, &places, &mut figures);
    for place in &places {
        let done = match place.stack.name {
            MUSTER => of_muster(pace, place, &mut figures),
            SSSD | NSLCD => of_peer(pace, place, &mut figures),
            _ => Ok(()),
        };
        if let Err(trouble) = done {
            say(&format!("{}: {trouble}", place.stack.title));
        }
    }
    Ok(figures)
}

/// Module and services, in the tree's throw-away layer.
fn install() -> Result<(), Trouble> {
    let from = Path::new(BENCH).join("lib/pam_muster.so");
    let to = Path::new(MODULES).join("pam_muster.so");
    fs::copy(&from, to).map_err(Trouble::at(&from))?;
    for stack in &STACKS {
        let path = Path::new("/etc/pam.d").join(stack.service());
        fs::write(&path, stack.text()).map_err(Trouble::at(&path))?;
    }
    Ok(())
}

/// Everybody in turn, once everybody has logged in before.
fn side_by_side(pace: Pace, places: &[Place], figures: &mut Figures) {
    for place in places {
        // A file of ten lines has no more people than that.
        let many = if place.stack.people == "data/local" {
            10
        } else {
            WARMED
        };
        if let Err(trouble) = place.numbers("crowd", &[many]) {
            say(&format!("{}: {trouble}", place.stack.title));
        }
    }
    for round in 1..=pace.rounds() {
        say(&format!("side by side: round {round} of {}", pace.rounds()));
        for callers in CALLERS {
            for place in places {
                rate(pace, place, "running", callers, figures);
            }
        }
        for place in places {
            let refused = place
                .somebody(0)
                .and_then(|name| place.once(&name, "wrong-password"));
            if let Ok([_, took, ..]) = refused.as_deref() {
                let key = login(place.stack.name, "running", "refused ns", 1);
                figures.add(key, *took);
            }
        }
    }
}

fn rate(pace: Pace, place: &Place, state: &str, callers: u32, figures: &mut Figures) {
    let milliseconds = pace.milliseconds().saturating_mul(10);
    match place.numbers("rate", &[milliseconds, callers]) {
        Ok(numbers) => {
            for (measure, number) in ["a second", "ns", "99 % ns", "failed"].iter().zip(numbers) {
                figures.add(login(place.stack.name, state, measure, callers), number);
            }
        }
        Err(trouble) => say(&format!("{} {state}: {trouble}", place.stack.title)),
    }
}

/// A thousand people log in at the same moment.
fn crowd(place: &Place, figures: &mut Figures) -> Result<(), Trouble> {
    let numbers = place.numbers("crowd", &[PEOPLE])?;
    for (measure, number) in ["got in", "crowd ns", "crowd median ns"]
        .iter()
        .zip(numbers)
    {
        figures.add(login(place.stack.name, "running", measure, PEOPLE), number);
    }
    Ok(())
}

/// What only muster is asked: the server alone, memory, every state that it has to live through.
fn of_muster(pace: Pace, place: &Place, figures: &mut Figures) -> Result<(), Trouble> {
    say("muster: the server alone, memory, a thousand at once");
    for number in the_server_alone(place)? {
        figures.add(login(MUSTER, "server", "ns", 1), number);
    }
    for _ in 0..pace.rounds() {
        figures.add(login(MUSTER, "hash", "ns", 1), the_hash_alone(place)?);
    }
    figures.add(login(MUSTER, "running", "peak KB", 64), peak(place)?);
    crowd(place, figures)?;
    say("muster: a server that hangs, one that is gone, a broker that is stopped");
    let control = format!("{}/sim/ctl", place.room.folder());
    let simulator = format!("{BENCH}/muster-sim");
    let fault = |kind: &str| {
        let words = [&simulator, "ctl", &control, "fault", kind];
        place.room.run(&words).map(drop)
    };
    fault("hang")?;
    // They have logged in before, and have a verifier; the broker learns that the server hangs from the first.
    let known = place.somebody(0)?;
    entry(place, "server hung, first", &known, figures)?;
    entry(place, "server hung, next", &known, figures)?;
    refusal(place, "server hung", figures)?;
    fault("none")?;
    place.room.signal("muster-sim", "KILL")?;
    entry(place, "server gone", &known, figures)?;
    for _ in 0..pace.rounds() {
        rate(pace, place, "offline", 1, figures);
        rate(pace, place, "offline", 8, figures);
    }
    refusal(place, "server gone", figures)?;
    place.room.signal("musterd", "STOP")?;
    entry(place, "broker stopped", &known, figures)?;
    place.room.signal("musterd", "KILL")?;
    entry(place, "broker killed", &known, figures)
}

/// How long one login of somebody takes, and what the account management of it says.
fn entry(place: &Place, state: &str, name: &str, figures: &mut Figures) -> Result<(), Trouble> {
    let numbers = place.once(name, &format!("password-{name}"))?;
    let measures = ["code", "authentication ns", "account code", "account ns"];
    for (measure, number) in measures.iter().zip(numbers) {
        figures.add(login(place.stack.name, state, measure, 1), number);
    }
    Ok(())
}

/// The same of somebody who never logged in here, so that there is no verifier.
fn refusal(place: &Place, state: &str, figures: &mut Figures) -> Result<(), Trouble> {
    entry(place, &format!("{state}, stranger"), STRANGER, figures)
}

/// What the peers are asked besides: a thousand at once, and without their server.
fn of_peer(pace: Pace, place: &Place, figures: &mut Figures) -> Result<(), Trouble> {
    say(&format!("{}: a thousand at once", place.stack.title));
    crowd(place, figures)?;
    if place.stack.name == SSSD {
        say("SSSD: offline");
        place.room.signal("slapd", "TERM")?;
        // It learns that from the first ones.
        place.numbers("crowd", &[WARMED])?;
        for _ in 0..pace.rounds() {
            rate(pace, place, "offline", 1, figures);
            rate(pace, place, "offline", 8, figures);
        }
    }
    Ok(())
}

/// Nanoseconds of the server's own answers, over one connection.
fn the_server_alone(place: &Place) -> Result<Vec<f64>, Trouble> {
    let folder = format!("{}/sim", place.room.folder());
    let script = format!(
        "name=$(head -1 {BENCH}/data/generated | cut -d' ' -f1)
         curl --silent --show-error --cacert {folder}/ca.pem --user muster:muster-secret \
         --header 'Content-Type: application/json' --header 'Accept: application/json' \
         --data \"{{\\\"value\\\":\\\"password-$name\\\"}}\" --output /dev/null --fail \
         --write-out '%{{time_total}}\\n' \
         \"$(cat {folder}/ready)/rest/usermanagement/1/authentication?username=$name&again=[1-{REQUESTS}]\""
    );
    let seconds = place.room.numbers(&["sh", "-c", &script])?;
    Ok(seconds.into_iter().map(|number| number * 1e9).collect())
}

/// Nanoseconds of one argon2id hash as the broker's verifiers have it, by the reference's own program.
fn the_hash_alone(place: &Place) -> Result<f64, Trouble> {
    let script =
        "printf password | argon2 saltsaltsalt -id -t 2 -k 19456 -p 1 | sed -n 's/ seconds$//p'";
    let seconds = place.room.numbers(&["sh", "-c", script])?;
    seconds
        .first()
        .map(|number| number * 1e9)
        .ok_or_else(|| Trouble::new("argon2 does not say how long it took"))
}

/// The most memory that the broker ever had, in KB.
fn peak(place: &Place) -> Result<f64, Trouble> {
    let script = format!(
        "sed -n 's/^VmHWM:[^0-9]*\\([0-9]*\\).*/\\1/p' /proc/$(cat {}/musterd.pid)/status",
        place.room.folder()
    );
    let numbers = place.room.numbers(&["sh", "-c", &script])?;
    numbers
        .first()
        .copied()
        .ok_or_else(|| Trouble::new("the broker is not there"))
}
