//! The simulated directories in a world: started with a data set each, made to fail, changed.

use std::time::Duration;

use super::{Output, World};

const SIMULATOR: &str = "/run/world/muster-sim";
/// How long one may take to make up a million people.
const READY_WITHIN: Duration = Duration::from_secs(300);

/// A simulated service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sim {
    /// Atlassian Crowd.
    Crowd,
    /// The Fedora Account System.
    Fas,
    /// Gafaelfawr.
    Gafaelfawr,
    /// A service built on apicrud.
    Apicrud,
}

impl Sim {
    /// Those of a host of three services.
    pub const ALL: [Self; 3] = [Self::Crowd, Self::Fas, Self::Gafaelfawr];

    /// As `muster-sim` and muster's configuration spell it.
    pub const fn kind(self) -> &'static str {
        match self {
            Self::Crowd => "crowd",
            Self::Fas => "fas",
            Self::Gafaelfawr => "gafaelfawr",
            Self::Apicrud => "apicrud",
        }
    }

    /// The name of its process in a world.
    pub const fn process(self) -> &'static str {
        match self {
            Self::Crowd => "sim-crowd",
            Self::Fas => "sim-fas",
            Self::Gafaelfawr => "sim-gafaelfawr",
            Self::Apicrud => "sim-apicrud",
        }
    }

    fn state(self) -> String {
        format!("/run/world/{}", self.kind())
    }

    /// The certificate of its throw-away authority.
    pub fn ca(self) -> String {
        format!("{}/ca.pem", self.state())
    }
}

impl World {
    /// Starts a simulator on the world's loopback with this data set.
    #[track_caller]
    pub fn start_simulator(&mut self, sim: Sim, data: &str) {
        let file = format!("{}.json", sim.state());
        self.write(&file, data);
        self.start_with(sim, &["--data", &file]);
    }

    /// The same, with a certificate of this kind (`sound`, `expired`, `other-name`, as `muster-sim` calls them).
    #[track_caller]
    pub fn start_simulator_showing(&mut self, sim: Sim, data: &str, certificate: &str) {
        let file = format!("{}.json", sim.state());
        self.write(&file, data);
        self.start_with(sim, &["--data", &file, "--certificate", certificate]);
    }

    /// Starts a simulator with made-up people: so many users and, where it takes that, groups.
    #[track_caller]
    pub fn start_generated(&mut self, sim: Sim, size: &str) {
        self.start_with(sim, &["--generate", size]);
    }

    /// Starts a simulated Crowd with made-up people, each in up to so many groups.
    #[track_caller]
    pub fn start_company(&mut self, size: &str, groups_each: u32) {
        let groups_each = groups_each.to_string();
        let options = ["--generate", size, "--groups-each", &groups_each];
        self.start_with(Sim::Crowd, &options);
    }

    #[track_caller]
    fn start_with(&mut self, sim: Sim, people: &[&str]) {
        let (state, kind) = (sim.state(), sim.kind());
        std::fs::create_dir_all(self.path(&state))
            .unwrap_or_else(|error| panic!("{state}: {error}"));
        let place = ["--listen", "127.0.0.1:0", "--state-dir", &state];
        let words = [&[SIMULATOR, kind], people, &place].concat();
        self.spawn(sim.process(), &words);
        self.until_within(READY_WITHIN, "the simulator is ready", |world| {
            !world.url_of(sim).is_empty()
        });
    }

    /// A simulator's base URL.
    pub fn url_of(&self, sim: Sim) -> String {
        self.read(&format!("{}/ready", sim.state()))
            .trim()
            .to_owned()
    }

    /// Tells a simulator what to do: `fault down`, `remove-user ada`.
    #[track_caller]
    pub fn tell(&self, sim: Sim, words: &str) {
        self.order(sim, words).said();
    }

    /// The same, with what it answers.
    #[track_caller]
    pub(super) fn order(&self, sim: Sim, words: &str) -> Output {
        let control = format!("{}/ctl", sim.state());
        let words = words.split(' ');
        self.run([SIMULATOR, "ctl", &control].into_iter().chain(words))
    }

    /// The same to the simulated Crowd.
    #[track_caller]
    pub fn tell_crowd(&self, words: &str) {
        self.tell(Sim::Crowd, words);
    }

    /// The same to all of them.
    #[track_caller]
    pub fn tell_all(&self, words: &str) {
        for sim in Sim::ALL {
            self.tell(sim, words);
        }
    }
}
