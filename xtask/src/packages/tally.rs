//! Counts what was proved and says it as a test run does.

use crate::program::{Failure, Outcome};
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

/// What was proved so far.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    passed: usize,
    failed: Vec<String>,
    skipped: Vec<String>,
}

impl Tally {
    /// One thing, as it came out.
    pub(crate) fn judge(&mut self, what: &str, outcome: Outcome) {
        match outcome {
            Ok(()) => self.ok(what),
            Err(failure) => {
                println!("{failure}");
                self.fail(what);
            }
        }
    }

    /// What cannot be proved here, and why.
    pub(crate) fn skipped(&mut self, what: &str, why: &str) {
        println!("test packages::{what} ... SKIPPED: {why}");
        self.skipped.push(what.to_owned());
    }

    /// Runs a proof that says `ok WHAT`, `FAILED WHAT` and `SKIPPED WHAT: WHY`, a line each; the rest is shown as it is.
    pub(crate) fn take_from(&mut self, of: &str, proof: &mut Command) -> Outcome {
        let mut running = proof
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| Failure::new(format!("{of}: {error}")))?;
        let before = self.said();
        for line in running
            .stdout
            .take()
            .into_iter()
            .flat_map(|out| BufReader::new(out).lines())
        {
            self.hear(of, &line.unwrap_or_default());
        }
        let status = running
            .wait()
            .map_err(|error| Failure::new(format!("{of}: {error}")))?;
        if !status.success() || self.said() == before {
            self.fail(&format!("{of}: the proof came to its end ({status})"));
        }
        Ok(())
    }

    fn hear(&mut self, of: &str, line: &str) {
        match line.split_once(' ') {
            Some(("ok", what)) => self.ok(&format!("{of}: {what}")),
            Some(("FAILED", what)) => self.fail(&format!("{of}: {what}")),
            Some(("SKIPPED", said)) => {
                let (what, why) = said
                    .split_once(": ")
                    .unwrap_or((said, "no reason was said"));
                self.skipped(&format!("{of}: {what}"), why);
            }
            _ => println!("{line}"),
        }
    }

    fn said(&self) -> usize {
        self.passed + self.failed.len() + self.skipped.len()
    }

    fn ok(&mut self, what: &str) {
        println!("test packages::{what} ... ok");
        self.passed += 1;
    }

    fn fail(&mut self, what: &str) {
        println!("test packages::{what} ... FAILED");
        self.failed.push(what.to_owned());
    }

    /// The closing lines.
    pub(crate) fn end(self) -> Outcome {
        if !self.failed.is_empty() {
            println!("\nfailures:\n    {}", self.failed.join("\n    "));
        }
        println!("\n{}", self.result());
        match self.failed.is_empty() {
            true => Ok(()),
            false => Err(Failure::new("the packages are not proved")),
        }
    }

    fn result(&self) -> String {
        let word = match self.failed.is_empty() {
            true => "ok",
            false => "FAILED",
        };
        format!(
            "test result: {word}. {} passed; {} failed; {} ignored; 0 measured; 0 filtered out",
            self.passed,
            self.failed.len(),
            self.skipped.len()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::program::program;

    #[test]
    fn what_a_proof_says_is_counted() {
        let mut tally = Tally::default();
        let says = "echo ok one; echo FAILED two; echo '    because'; echo ok three";
        tally
            .take_from("here", &mut program("sh", ["-c", says]))
            .unwrap();
        assert!(
            tally.result().contains("FAILED. 2 passed; 1 failed"),
            "{tally:?}"
        );
        assert!(tally.end().is_err());
    }

    #[test]
    fn what_a_machine_cannot_prove_is_told_and_is_no_failure() {
        let mut tally = Tally::default();
        let says = "echo SKIPPED systemd as process 1: no cgroup2: none";
        tally
            .take_from("here", &mut program("sh", ["-c", says]))
            .unwrap();
        assert!(
            tally.result().contains("ok. 0 passed; 0 failed; 1 ignored"),
            "{tally:?}"
        );
        assert_eq!(tally.skipped, ["here: systemd as process 1"]);
        assert!(tally.end().is_ok());
    }

    #[test]
    fn a_proof_that_says_nothing_or_breaks_off_has_failed() {
        for script in ["true", "echo ok one; exit 3"] {
            let mut tally = Tally::default();
            tally
                .take_from("here", &mut program("sh", ["-c", script]))
                .unwrap();
            assert!(tally.end().is_err(), "{script}");
        }
    }
}
