//! Measuring inside the tree: rooms are opened side by side, and every round asks each in turn.

use crate::figures::{Figures, key};
use crate::peers::{Cost, FLOOR, Length, MUSTER, PEERS, Peer, QUESTIONS, Question, SSSD, TEN};
use crate::place::{Place, doors};
use crate::plan::{CROWDS, Pace, SIZES, USERS};
use crate::trouble::Trouble;

/// A run: its pace, and what it has found so far.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) pace: Pace,
    pub(crate) figures: Figures,
    /// The peers that did not start, with the number of people.
    pub(crate) unmade: Vec<String>,
}

/// Says what goes on.
pub(crate) fn say(text: &str) {
    eprintln!("   {text}");
}

impl Run {
    /// Keeps a figure; one that could not be taken is said and stays empty in the tables.
    fn keep<const N: usize>(
        &mut self,
        place: &Place,
        way: &str,
        what: &str,
        measures: [&str; N],
        found: Result<Vec<f64>, Trouble>,
    ) {
        match found {
            Ok(numbers) => {
                for (measure, number) in measures.into_iter().zip(numbers) {
                    self.figures.add(
                        key(place.peer.name, way, what, place.users, measure),
                        number,
                    );
                }
            }
            Err(trouble) => say(&format!("{} {way} {what}: {trouble}", place.peer.name)),
        }
    }

    /// Everybody with the same people, in turn.
    pub(crate) fn side_by_side(&mut self, present: &[&'static Peer]) {
        let places: Vec<Place> = present
            .iter()
            .filter_map(|peer| self.place(peer, USERS, "asked"))
            .collect();
        for place in &places {
            say(&format!("counting: {}", place.peer.name));
            self.count(place);
        }
        for round in 1..=self.pace.rounds() {
            say(&format!(
                "side by side: round {round} of {}",
                self.pace.rounds()
            ));
            for place in &places {
                self.time(place, &|_| true);
            }
        }
        self.programs(&places);
        self.crowds(&places);
    }

    fn place(&mut self, peer: &'static Peer, users: u32, asked: &str) -> Option<Place> {
        say(&format!("a room for {} with {users} people", peer.name));
        let place = Place::new(peer, users, asked);
        let unmade = |trouble: Trouble| {
            say(&trouble.to_string());
            self.unmade.push(format!("{} ({users} people)", peer.title));
        };
        place.map_err(unmade).ok()
    }

    fn count(&mut self, place: &Place) {
        for question in place.questions() {
            for (way, door) in doors(place.peer, question) {
                // What glibc adds to a call is the same whatever is asked.
                let telling = way == "module" || question.length == Length::Short;
                if telling && self.has_time_to_count(place.peer, question) {
                    let found = self.instructions(place, door, question);
                    let found = found.map(|number| vec![number]);
                    self.keep(place, way, question.name, ["instructions"], found);
                }
                let words = place.load("entries", "2", door, question);
                self.keep(
                    place,
                    way,
                    question.name,
                    ["allocations", "system calls"],
                    place.room.numbers(&words),
                );
            }
        }
    }

    /// A quick run does not count again and again how many lines a file has.
    fn has_time_to_count(&self, peer: &Peer, question: &Question) -> bool {
        self.pace == Pace::Full || peer.cost == Cost::Stepped || question.name == "name"
    }

    fn instructions(&self, place: &Place, door: &str, question: &Question) -> Result<f64, Trouble> {
        if question.is_stepped(place.peer) {
            let words = place.load("instructions", &question.calls.to_string(), door, question);
            return Ok(place
                .room
                .numbers(&words)?
                .first()
                .copied()
                .unwrap_or(f64::NAN));
        }
        let count = |calls| {
            place
                .room
                .callgrind(&place.load("calls", calls, door, question))
        };
        let answers = if question.name == "list" {
            f64::from(place.users)
        } else {
            1.0
        };
        Ok((count("6")? - count("2")?) / 4.0 / answers)
    }

    fn time(&mut self, place: &Place, wanted: &dyn Fn(&Question) -> bool) {
        let milliseconds = self.pace.milliseconds().to_string();
        for question in place.questions().filter(|question| wanted(question)) {
            for (way, door) in doors(place.peer, question) {
                let words = place.load("time", &milliseconds, door, question);
                self.keep(
                    place,
                    way,
                    question.name,
                    ["ns", "best ns"],
                    place.room.numbers(&words),
                );
            }
        }
    }

    /// `getent` and `id` as whole processes.
    fn programs(&mut self, places: &[Place]) {
        let programs = [
            ("getent", vec!["getent", "passwd", "in20"]),
            ("id", vec!["id", "in20"]),
            ("id200", vec!["id", "in200"]),
        ];
        let places = || places.iter().filter(|place| place.peer.name != TEN);
        say("whole processes");
        for (what, words) in &programs {
            for place in places() {
                let counted = place.room.callgrind(words);
                self.keep(
                    place,
                    "program",
                    what,
                    ["instructions"],
                    counted.map(|number| vec![number]),
                );
                let load = [&["/bench/load", "program", "1"], words.as_slice()].concat();
                self.keep(
                    place,
                    "program",
                    what,
                    ["system calls"],
                    place.room.numbers(&load),
                );
            }
            for _ in 0..self.pace.rounds() {
                for place in places() {
                    let rounds = self.pace.spawns().to_string();
                    let load = [&["/bench/load", "spawn", &rounds], words.as_slice()].concat();
                    self.keep(
                        place,
                        "program",
                        what,
                        ["ns", "best ns"],
                        place.room.numbers(&load),
                    );
                }
            }
        }
    }

    /// Threads and processes at once.
    fn crowds(&mut self, places: &[Place]) {
        let [by_name, ..] = &QUESTIONS;
        let places = || {
            places
                .iter()
                .filter(|place| matches!(place.peer.name, MUSTER | FLOOR | SSSD))
        };
        say("many at once");
        for _ in 0..self.pace.rounds() {
            for callers in CROWDS {
                for (kind, place) in ["threads", "processes"]
                    .iter()
                    .flat_map(|kind| places().map(move |place| (kind, place)))
                {
                    let number = format!("{callers}:{}", self.pace.milliseconds());
                    let words = place.load(
                        kind,
                        &number,
                        place.peer.module.unwrap_or_default(),
                        by_name,
                    );
                    self.keep(
                        place,
                        kind,
                        "name",
                        [&format!("calls a second of {callers}")],
                        place.room.numbers(&words),
                    );
                }
            }
        }
        for place in places() {
            let words = place.load("futex", "8", place.peer.module.unwrap_or_default(), by_name);
            self.keep(
                place,
                "threads",
                "name",
                ["futex calls"],
                place.room.numbers(&words),
            );
        }
    }

    /// The same questions with more and more people.
    pub(crate) fn growth(&mut self, present: &[&'static Peer]) {
        const ASKED: [&str; 3] = ["name", "unknown", "groups20"];
        let wanted = |question: &Question| ASKED.contains(&question.name);
        for users in SIZES {
            let suits = |peer: &&&'static Peer| {
                peer.name != TEN && users <= self.pace.largest(peer.most, peer.is_ours())
            };
            let suited: Vec<&'static Peer> = present.iter().filter(suits).copied().collect();
            let places: Vec<Place> = suited
                .into_iter()
                .filter_map(|peer| self.place(peer, users, "spread"))
                .collect();
            for place in places
                .iter()
                .filter(|place| place.peer.is_ours() && users != USERS)
            {
                for question in place.questions().filter(|question| wanted(question)) {
                    let (way, door) = ("module", place.peer.module.unwrap_or_default());
                    let found = self.instructions(place, door, question);
                    self.keep(
                        place,
                        way,
                        question.name,
                        ["instructions"],
                        found.map(|number| vec![number]),
                    );
                }
            }
            for _ in 0..self.pace.rounds() {
                for place in &places {
                    self.grown(place, &wanted);
                }
            }
        }
    }

    /// Times on the curve stand apart from those side by side: other people are asked for.
    fn grown(&mut self, place: &Place, wanted: &dyn Fn(&Question) -> bool) {
        let milliseconds = self.pace.milliseconds().to_string();
        for question in place.questions().filter(|question| wanted(question)) {
            for (way, door) in doors(place.peer, question) {
                let words = place.load("time", &milliseconds, door, question);
                let grown = format!("{} grown", question.name);
                self.keep(
                    place,
                    way,
                    &grown,
                    ["ns", "best ns"],
                    place.room.numbers(&words),
                );
            }
        }
    }
}

/// Those whose files are in the tree.
pub(crate) fn present() -> Vec<&'static Peer> {
    let there =
        |peer: &&Peer| peer.needs.is_empty() || std::path::Path::new("/").join(peer.needs).exists();
    PEERS.iter().filter(there).collect()
}
