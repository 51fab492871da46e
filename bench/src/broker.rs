//! Names while the broker works, is gone, or does not answer, and while the directory's server hangs: the real
//! musterd and muster-publish with a simulated directory.

use crate::figures::key;
use crate::measure::{Run, say};
use crate::peers::{MUSTER, SSSD};
use crate::plan::Pace;
use crate::room::{BENCH, Room};
use crate::trouble::Trouble;

/// How many people the simulated directories have.
const PEOPLE: u32 = 1_000;

/// What the broker or the server does meanwhile.
#[derive(Debug, Clone, Copy)]
enum State {
    Running,
    Hung,
    Stopped,
    Killed,
}

/// In this order: nobody comes back from the last.
const STATES: [State; 4] = [State::Running, State::Hung, State::Stopped, State::Killed];

impl State {
    /// As the figures call it.
    const fn word(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Hung => "hung",
            Self::Stopped => "stopped",
            Self::Killed => "killed",
        }
    }

    /// Makes it so, coming from the state before.
    fn enter(self, room: &Room) -> Result<(), Trouble> {
        let control = format!("{}/sim/ctl", room.folder());
        let simulator = format!("{BENCH}/muster-sim");
        match self {
            Self::Running => Ok(()),
            Self::Hung => room
                .run(&[&simulator, "ctl", &control, "fault", "hang"])
                .map(drop),
            Self::Stopped => {
                room.run(&[&simulator, "ctl", &control, "fault", "none"])?;
                room.signal("musterd", "STOP")
            }
            Self::Killed => room.signal("musterd", "KILL"),
        }
    }
}

fn load<const N: usize>(words: [&str; N]) -> Vec<String> {
    let program = [format!("{BENCH}/load")];
    let words = words.iter().map(|word| (*word).to_owned());
    program.into_iter().chain(words).collect()
}

/// Who is asked for of the generated people of a simulated directory.
pub(crate) fn write_generated() -> Result<(), Trouble> {
    let people = (0..PEOPLE).map(|number| format!("user{number:05} {}\n", 20_000 + number));
    let path = std::path::Path::new(BENCH).join("data/generated");
    std::fs::write(&path, people.collect::<String>()).map_err(Trouble::at(&path))
}

impl Run {
    /// Every row about the broker.
    pub(crate) fn broker(&mut self) {
        say("a complete directory, a broker at work");
        if let Err(trouble) = self.complete() {
            say(&trouble.to_string());
        }
        say("a lazy directory, a broker at work");
        if let Err(trouble) = self.lazy() {
            say(&trouble.to_string());
        }
    }

    fn note(&mut self, peer: &str, way: &str, what: &str, measure: &str, figure: f64) {
        self.figures.add(key(peer, way, what, 0, measure), figure);
    }

    fn first(room: &Room, words: &[String]) -> Result<f64, Trouble> {
        let numbers = room.numbers(words)?;
        numbers
            .first()
            .copied()
            .ok_or_else(|| Trouble::new("the load program says nothing"))
    }

    /// Hits and unknown names of a directory that is read whole.
    fn complete(&mut self) -> Result<(), Trouble> {
        let room = Room::of("complete", PEOPLE)?;
        write_generated()?;
        for state in STATES {
            state.enter(&room)?;
            self.hits(&room, state)?;
            let unknown = ["instructions", "64", "muster", "unknown", "nosuchuser"];
            self.note(
                MUSTER,
                state.word(),
                "unknown",
                "instructions",
                Self::first(&room, &load(unknown))?,
            );
            let unknown = ["time", "100", "glibc", "unknown", "nosuchuser"];
            self.note(
                MUSTER,
                state.word(),
                "unknown",
                "ns",
                Self::first(&room, &load(unknown))?,
            );
        }
        Ok(())
    }

    fn hits(&mut self, room: &Room, state: State) -> Result<(), Trouble> {
        let asked = format!("{BENCH}/data/generated");
        let words = load(["instructions", "50", "muster", "name", &asked]);
        self.note(
            MUSTER,
            state.word(),
            "name",
            "instructions",
            Self::first(room, &words)?,
        );
        let words = load(["time", "100", "glibc", "name", &asked]);
        self.note(
            MUSTER,
            state.word(),
            "name",
            "ns",
            Self::first(room, &words)?,
        );
        Ok(())
    }

    /// Misses of a directory that is asked by name.
    fn lazy(&mut self) -> Result<(), Trouble> {
        let room = Room::of("lazy", PEOPLE)?;
        for _ in 0..self.pace.rounds() {
            // The first call makes it known that there is nobody; then it is kept.
            let known = load(["time", "200", "muster", "unknown", "nosuchuser"]);
            self.note(
                MUSTER,
                "running",
                "lazy negative",
                "ns",
                Self::first(&room, &known)?,
            );
            let bare = [format!("{BENCH}/round_trip"), "200".to_owned()];
            self.note(
                "socket",
                "running",
                "round trip",
                "ns",
                Self::first(&room, &bare)?,
            );
        }
        for state in STATES {
            state.enter(&room)?;
            for round in 0..3 {
                let name = format!("new-{}-{round}", state.word());
                // A process of its own each time: one that waited in vain does not wait again for a while.
                let words = match state {
                    State::Running => load(["once", "1", "muster", "unknown", &name]),
                    State::Hung | State::Stopped => {
                        load(["once", "1", "muster", "unanswered", &name])
                    }
                    State::Killed => load(["time", "100", "muster", "unanswered", &name]),
                };
                self.note(
                    MUSTER,
                    state.word(),
                    "lazy miss",
                    "ns",
                    Self::first(&room, &words)?,
                );
            }
        }
        Ok(())
    }

    /// The same of the peers that have daemons, where that is cheap: a server that hangs, daemons that are gone.
    pub(crate) fn daemons(&mut self) {
        if self.pace == Pace::Quick {
            return;
        }
        // SSSD calls a name unknown that it could not ask for.
        for (peer, module, heard) in [(SSSD, "sss", "unknown"), ("nslcd", "ldap", "unanswered")] {
            say(&format!(
                "{peer} with its server hung, then without its daemon"
            ));
            if let Err(trouble) = self.daemon(peer, module, heard) {
                say(&trouble.to_string());
            }
        }
    }

    fn daemon(&mut self, peer: &str, module: &str, heard: &str) -> Result<(), Trouble> {
        let room = Room::of(peer, PEOPLE)?;
        room.signal("slapd", "STOP")?;
        let words = load(["once", "1", module, heard, "new-hung"]);
        let hung = Self::first(&room, &words)?;
        self.note(peer, "hung", "lazy miss", "ns", hung);
        room.signal("slapd", "CONT")?;
        room.signal(if peer == SSSD { "sssd" } else { peer }, "TERM")?;
        std::thread::sleep(std::time::Duration::from_secs(2));
        let words = load(["time", "100", module, "unanswered", "new-gone"]);
        self.note(
            peer,
            "killed",
            "lazy miss",
            "ns",
            Self::first(&room, &words)?,
        );
        let asked = format!("{BENCH}/data/{PEOPLE}/asked");
        let words = load(["time", "100", "glibc", "name", &asked]);
        if let Ok(hit) = Self::first(&room, &words) {
            self.note(peer, "killed", "name", "ns", hit);
        }
        Ok(())
    }
}
