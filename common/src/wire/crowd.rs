//! Whether the machine has so much to do that a broker in good health cannot answer in time.
//!
//! A thousand people who log in at the same moment leave the broker, for a while, a thousandth of the machine. That is no
//! broker that is dead or stopped, and nobody who waits a little longer need be turned away.

use std::time::Duration;

/// Threads that want to run, for each processor, from which on a machine counts as crowded.
const A_PROCESSOR: usize = 4;

/// How much longer a reply is waited for while `holds` says that the machine is the reason.
#[derive(Debug, Clone, Copy)]
pub struct Grace {
    /// In all, over the replies to one call.
    pub most: Duration,
    /// Whether the reason holds now.
    pub holds: fn() -> bool,
}

impl Grace {
    /// For a machine that is crowded.
    pub const CROWDED: Self = Self {
        most: Duration::from_secs(5),
        holds: is_crowded,
    };
    /// Nothing is waited for longer.
    pub const NONE: Self = Self {
        most: Duration::ZERO,
        holds: || false,
    };
}

/// As /proc/loadavg says; where it cannot be read, nothing is said of a crowd.
fn is_crowded() -> bool {
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    std::fs::read_to_string("/proc/loadavg").is_ok_and(|text| shows_crowd(&text, processors))
}

/// Whether a text of loadavg's, `0.20 0.18 0.12 RUNNABLE/ALL LAST`, tells of a crowd.
fn shows_crowd(loadavg: &str, processors: usize) -> bool {
    let threads = loadavg.split(' ').nth(3).unwrap_or_default();
    let runnable = threads.split('/').next().unwrap_or_default();
    let most = processors.saturating_mul(A_PROCESSOR);
    runnable.parse::<usize>().is_ok_and(|count| count > most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crowd_is_more_than_four_that_want_to_run_on_each_processor() {
        assert!(shows_crowd("82.19 29.44 14.17 9/1201 4711\n", 2));
        assert!(!shows_crowd("82.19 29.44 14.17 8/1201 4711\n", 2));
        for nothing in ["", "0.00", "0.00 0.00 0.00 /3 1", "a b c d/e f"] {
            assert!(!shows_crowd(nothing, 1), "{nothing}");
        }
    }
}
