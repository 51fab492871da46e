//! Where and when a run was made, asked from the system: machine, versions, and who is missing.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::measure::present;
use crate::peers::PEERS;
use crate::plan::Pace;
use crate::trouble::Trouble;

/// Lines of a name and a text, in the order in which the document shows them.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Facts(pub(crate) Vec<(String, String)>);

/// How the fact is called that lists peers which did not start.
pub(crate) const UNMADE: &str = "installed, but did not start";
/// How the fact is called that tells a busy machine.
pub(crate) const LOAD_BEFORE: &str = "load average before";
/// How the fact is called that lists peers which could not be installed.
pub(crate) const MISSING: &str = "missing";

impl Facts {
    /// What is so in the tree now.
    pub(crate) fn gathered(pace: Pace) -> Self {
        let mut facts = Self::default();
        facts.add("date", &said("date", &["-u", "+%Y-%m-%d %H:%M UTC"]));
        facts.add("run", pace.word());
        facts.add("kernel", &said("uname", &["-sr"]));
        facts.add("processor", &processor());
        facts.add(LOAD_BEFORE, &load());
        facts.add(
            "Debian",
            fs::read_to_string("/etc/debian_version")
                .unwrap_or_default()
                .trim(),
        );
        facts.add("glibc", &version("libc6"));
        for peer in present().iter().filter(|peer| !peer.packages.is_empty()) {
            for package in peer.packages.split(' ') {
                facts.add(package, &version(package));
            }
        }
        facts.add("slapd", &version("slapd"));
        facts.add("valgrind", &version("valgrind"));
        let there = present();
        let missing = PEERS
            .iter()
            .filter(|peer| !there.iter().any(|other| other.name == peer.name));
        let missing: Vec<&str> = missing.map(|peer| peer.name).collect();
        if !missing.is_empty() {
            facts.add(MISSING, &missing.join(" "));
        }
        facts
    }

    pub(crate) fn add(&mut self, name: &str, text: &str) {
        self.0.push((name.to_owned(), text.to_owned()));
    }

    /// The text of a fact.
    pub(crate) fn of(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(other, _)| other == name);
        found.map(|(_, text)| text.as_str())
    }

    pub(crate) fn write(&self, path: &Path) -> Result<(), Trouble> {
        let lines = self
            .0
            .iter()
            .map(|(name, text)| format!("{name}\t{text}\n"));
        fs::write(path, lines.collect::<String>()).map_err(Trouble::at(path))
    }

    pub(crate) fn read(path: &Path) -> Result<Self, Trouble> {
        let text = fs::read_to_string(path).map_err(Trouble::at(path))?;
        let lines = text.lines().filter_map(|line| line.split_once('\t'));
        Ok(Self(
            lines
                .map(|(name, text)| (name.to_owned(), text.to_owned()))
                .collect(),
        ))
    }
}

/// The average number of processes that wanted a processor in the last minute.
pub(crate) fn load() -> String {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').next().unwrap_or_default().to_owned()
}

fn processor() -> String {
    let text = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let models: Vec<&str> = text
        .lines()
        .filter_map(|line| line.strip_prefix("model name"))
        .collect();
    let model = models.first().map_or("unknown", |model| {
        model.trim_start_matches([' ', '\t', ':'])
    });
    format!("{} × {model}", models.len())
}

fn version(package: &str) -> String {
    said(
        "dpkg-query",
        &["--show", "--showformat=${Version}", package],
    )
}

fn said(program: &str, words: &[&str]) -> String {
    let output = Command::new(program).args(words).output();
    output.map_or_else(
        |_| "unknown".to_owned(),
        |output| String::from_utf8_lossy(&output.stdout).trim().to_owned(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_survive_their_file() {
        let path = std::env::temp_dir().join(format!("muster-bench-facts-{}", std::process::id()));
        let mut facts = Facts::default();
        facts.add("kernel", "Linux 6.18");
        facts.add("processor", "2 × AMD EPYC");
        facts.write(&path).unwrap();
        assert_eq!(Facts::read(&path).unwrap(), facts);
        assert_eq!(facts.of("kernel"), Some("Linux 6.18"));
        assert_eq!(facts.of(MISSING), None);
        fs::remove_file(path).unwrap();
    }
}
