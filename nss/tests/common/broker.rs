//! Brokers that are not well, at the place where the library asks them.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use super::{compiled, run};

/// Stands where the broker listens until it is dropped; its socket stays.
pub struct Broker(Child);

impl Broker {
    /// Starts `programs/broker.c` and waits until it listens.
    #[track_caller]
    pub fn that(words: &[&str]) -> Self {
        let program = compiled("broker");
        let mut child = Command::new(program)
            .args(words)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = String::new();
        let stdout = child.stdout.take().unwrap();
        BufReader::new(stdout).read_line(&mut said).unwrap();
        assert_eq!(said, "ready\n");
        Self(child)
    }

    /// Stops it as SIGSTOP does.
    pub fn stop(&self) {
        run(Command::new("kill").args(["-STOP", &self.0.id().to_string()]));
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}
