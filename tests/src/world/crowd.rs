//! The simulated Crowd in a world: started with a data set, made to fail, changed.

use super::World;

const SIMULATOR: &str = "/run/world/muster-sim";
const STATE: &str = "/run/world/crowd";
const CONTROL: &str = "/run/world/crowd/ctl";

impl World {
    /// Starts the simulator on the world's loopback with this data set.
    #[track_caller]
    pub fn start_crowd(&mut self, data: &str) {
        self.write("/run/world/crowd.json", data);
        std::fs::create_dir_all(self.path(STATE))
            .unwrap_or_else(|error| panic!("{STATE}: {error}"));
        let words = [
            "crowd",
            "--data",
            "/run/world/crowd.json",
            "--listen",
            "127.0.0.1:0",
            "--state-dir",
            STATE,
        ];
        self.spawn("muster-sim", &[&[SIMULATOR], words.as_slice()].concat());
        self.until("the simulator is ready", |world| {
            !world.crowd_url().is_empty()
        });
    }

    /// The simulator's base URL.
    pub fn crowd_url(&self) -> String {
        self.read(&format!("{STATE}/ready")).trim().to_owned()
    }

    /// The certificate of its throw-away authority.
    pub fn crowd_ca(&self) -> String {
        format!("{STATE}/ca.pem")
    }

    /// Tells the simulator what to do: `fault down`, `remove-user ada`.
    #[track_caller]
    pub fn tell_crowd(&self, words: &str) {
        self.run(
            [SIMULATOR, "ctl", CONTROL]
                .into_iter()
                .chain(words.split(' ')),
        )
        .said();
    }
}
