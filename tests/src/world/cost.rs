//! What a daemon of a world costs, and how much a simulator was asked: for benchmarks.

use std::time::Duration;

use super::{Sim, World};

/// What a daemon has in memory, in kB.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Memory {
    /// Of its own, now.
    pub anonymous: u64,
    /// Of files, now.
    pub file: u64,
    /// Of both together, at the most.
    pub peak: u64,
}

impl World {
    /// The processor time that a daemon has taken, in steps of 10 ms; nothing once it is gone.
    #[track_caller]
    pub fn cpu_of(&self, name: &str) -> Duration {
        let stat = self.read(&format!("/proc/{}/stat", self.process(name).pid));
        let fields = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
        // utime and stime are the 14th and 15th field, in hundredths of a second.
        let ticks: u64 = fields
            .split_whitespace()
            .skip(11)
            .take(2)
            .filter_map(|field| field.parse::<u64>().ok())
            .sum();
        Duration::from_millis(ticks.saturating_mul(10))
    }

    /// What a daemon has in memory; nothing once it is gone.
    #[track_caller]
    pub fn memory_of(&self, name: &str) -> Memory {
        let status = self.read(&format!("/proc/{}/status", self.process(name).pid));
        let number = |what: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(what))?;
            line.split_whitespace().next()?.parse().ok()
        };
        Memory {
            anonymous: number("RssAnon:").unwrap_or(0),
            file: number("RssFile:").unwrap_or(0),
            peak: number("VmHWM:").unwrap_or(0),
        }
    }

    /// How many requests a simulator has had since this was asked last.
    #[track_caller]
    pub fn requests_of(&self, sim: Sim) -> usize {
        let shown = self.order(sim, "requests");
        let count = shown.said().matches("\"method\"").count();
        self.order(sim, "forget-requests").said();
        count
    }
}
