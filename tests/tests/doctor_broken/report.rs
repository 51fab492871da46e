//! What `muster --json doctor` says.

use std::collections::BTreeMap;

use muster_tests::world::{Output, World};
use serde_json::Value;

use crate::table::Breakage;

/// Every check with its findings.
#[derive(Debug, Clone)]
pub struct Report {
    checks: BTreeMap<String, Value>,
    /// What was said beside the document.
    pub aside: String,
}

/// Asks doctor, whose clock is wrong by `clock`.
pub fn ask(world: &World, clock: &str, options: &[&str]) -> Report {
    let faked = [
        "env".to_owned(),
        format!("LD_PRELOAD={}", crate::FAKETIME),
        format!("FAKETIME={clock}"),
        "FAKETIME_DONT_FAKE_MONOTONIC=1".to_owned(),
    ];
    let faked: &[String] = if clock.is_empty() { &[] } else { &faked };
    let words = faked.iter().map(String::as_str);
    let words = words.chain(["muster", "--json", "doctor"]);
    Report::of(&world.run(words.chain(options.iter().copied())))
}

impl Report {
    fn of(output: &Output) -> Self {
        let document: Value =
            serde_json::from_str(&output.out).unwrap_or_else(|error| panic!("{error}: {output}"));
        let code = match document["level"].as_str() {
            Some("error") => 5,
            Some("warning") => 1,
            _ => 0,
        };
        assert_eq!(output.code, code, "{output}");
        let checks = document["checks"].as_array().unwrap().iter();
        let named = checks.map(|one| (one["name"].as_str().unwrap().to_owned(), one.clone()));
        Self {
            checks: named.collect(),
            aside: output.err.clone(),
        }
    }

    /// The level of a check.
    pub fn level(&self, check: &str) -> &str {
        let found = self.checks.get(check);
        found.and_then(|one| one["level"].as_str()).unwrap_or("")
    }

    /// What is found by a check, for whoever reads a failed test.
    pub fn shown(&self, check: &str) -> String {
        let found = self.checks.get(check);
        found.map_or_else(String::new, |one| one["findings"].to_string())
    }

    /// Whether `--fix` would do something about a check.
    pub fn offers_to_fix(&self, check: &str) -> bool {
        let found = self.checks.get(check);
        let findings = found.and_then(|one| one["findings"].as_array());
        findings.is_some_and(|all| all.iter().any(|finding| finding["fixable"] == true))
    }

    /// The checks of which both do not say the same, and that nobody expects to differ.
    pub fn differing(&self, other: &Self, expected: impl Fn(&str) -> bool) -> Vec<String> {
        let names = self.checks.keys();
        let differing = names.filter(|name| {
            !expected(name.as_str()) && self.level(name.as_str()) != other.level(name.as_str())
        });
        differing.cloned().collect()
    }

    /// The checks that are not fine, with what they found: a sound host has none of them.
    pub fn not_fine(&self) -> Vec<String> {
        let names = self.checks.keys();
        let found = names.filter(|name| self.level(name.as_str()) != "fine");
        found
            .map(|name| format!("{name} is {}: {}", self.level(name), self.shown(name)))
            .collect()
    }

    /// Whether what was broken is found as its row says.
    pub fn tells_of(&self, broken: &Breakage) -> bool {
        let Some(check) = self.checks.get(broken.check) else {
            return false;
        };
        let mut findings = check["findings"].as_array().unwrap().iter();
        check["level"] == broken.level
            && findings.any(|finding| {
                let has = |text: &Value, part: &str| {
                    text.as_str()
                        .is_some_and(|text| !text.is_empty() && text.contains(part))
                };
                finding["level"] == broken.level
                    && has(&finding["says"], broken.says)
                    && has(&finding["evidence"]["place"], broken.seen)
                    && has(&finding["repair"], broken.repair)
            })
    }
}
