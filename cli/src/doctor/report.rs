//! What the checks found, for people and for programs.

use std::fmt::Write;

use serde_json::{Value, json};

use super::catalogue::{Check, SUBJECTS};
use super::finding::{Finding, Level};
use super::host::Host;

/// The version of the JSON document; it grows only by keys.
const DOCUMENT_VERSION: u32 = 1;

/// What one check found.
pub struct Examined {
    /// The subject's heading.
    pub subject: &'static str,
    /// The check.
    pub check: &'static Check,
    /// What it found; never empty.
    pub findings: Vec<Finding>,
}

/// Runs every check.
pub fn examine(host: &Host) -> Vec<Examined> {
    let of_subject = SUBJECTS.iter().flat_map(|subject| {
        let checks = subject.checks.iter();
        checks.map(|check| (subject.heading, check))
    });
    of_subject
        .map(|(subject, check)| Examined {
            subject,
            check,
            findings: (check.run)(host),
        })
        .collect()
}

impl Examined {
    /// The worst of it.
    pub fn level(&self) -> Level {
        let levels = self.findings.iter().map(|finding| finding.level);
        levels.max().unwrap_or(Level::Skipped)
    }

    fn repair<'a>(&'a self, finding: &'a Finding) -> &'a str {
        finding.repair.as_deref().unwrap_or(self.check.repair)
    }
}

/// The worst of all.
pub fn worst(all: &[Examined]) -> Level {
    let levels = all.iter().map(Examined::level);
    levels.max().unwrap_or(Level::Skipped)
}

fn count(all: &[Examined], level: Level) -> usize {
    all.iter().filter(|one| one.level() == level).count()
}

/// The document of `--json`.
pub fn json(all: &[Examined]) -> Value {
    let checks: Vec<Value> = all.iter().map(of_check).collect();
    json!({
        "version": DOCUMENT_VERSION,
        "level": worst(all),
        "counts": {
            "error": count(all, Level::Error),
            "warning": count(all, Level::Warning),
            "note": count(all, Level::Note),
            "fine": count(all, Level::Fine),
            "skipped": count(all, Level::Skipped),
        },
        "checks": checks,
    })
}

fn of_check(one: &Examined) -> Value {
    let findings = one.findings.iter().map(|finding| {
        let mut value = json!({
            "level": finding.level,
            "says": finding.says,
            "evidence": finding.evidence,
        });
        if let (true, Some(object)) = (finding.level >= Level::Note, value.as_object_mut()) {
            object.insert("repair".to_owned(), json!(one.repair(finding)));
            object.insert("fixable".to_owned(), json!(finding.fix.is_some()));
        }
        value
    });
    json!({
        "name": one.check.name,
        "subject": one.subject,
        "examines": one.check.examines,
        "risk": one.check.risk,
        "level": one.level(),
        "findings": findings.collect::<Vec<_>>(),
    })
}

/// Whether escape sequences for colours are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Colours {
    /// Yes: a terminal reads it.
    On,
    /// No.
    Off,
}

/// What is shown of checks that found nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fine {
    /// One line each.
    Shown,
    /// Only their number.
    Counted,
}

/// The text for people.
pub fn text(all: &[Examined], colours: Colours, fine: Fine) -> String {
    let mut text = String::new();
    let mut heading = "";
    for one in all {
        let findings: Vec<&Finding> = one
            .findings
            .iter()
            .filter(|finding| finding.level >= Level::Note || fine == Fine::Shown)
            .collect();
        if findings.is_empty() {
            continue;
        }
        if heading != one.subject {
            heading = one.subject;
            _ = writeln!(text, "{}{heading}", if text.is_empty() { "" } else { "\n" });
        }
        for finding in findings {
            text.push_str(&paragraph(one, finding, colours));
        }
    }
    let summary: Vec<String> = [
        Level::Error,
        Level::Warning,
        Level::Note,
        Level::Fine,
        Level::Skipped,
    ]
    .into_iter()
    .map(|level| (count(all, level), level))
    .filter(|(count, _)| *count > 0)
    .map(|(count, level)| format!("{count} {}", level.word()))
    .collect();
    let gap = if text.is_empty() { "" } else { "\n" };
    _ = writeln!(text, "{gap}{} checks: {}", all.len(), summary.join(", "));
    text
}

fn paragraph(one: &Examined, finding: &Finding, colours: Colours) -> String {
    let mut text = format!(
        "  {} {}: {}\n",
        painted(finding.level, colours),
        one.check.name,
        finding.says
    );
    let evidence = &finding.evidence;
    if !evidence.place.is_empty() {
        let line = evidence
            .line
            .map(|line| format!(":{line}"))
            .unwrap_or_default();
        let value = match evidence.value.as_str() {
            "" => String::new(),
            value => format!(": {value}"),
        };
        _ = writeln!(text, "          seen    {}{line}{value}", evidence.place);
    }
    if finding.level >= Level::Note {
        _ = writeln!(text, "          risk    {}", one.check.risk);
        let fixable = if finding.fix.is_some() {
            " (--fix)"
        } else {
            ""
        };
        _ = writeln!(text, "          repair  {}{fixable}", one.repair(finding));
    }
    text
}

fn painted(level: Level, colours: Colours) -> String {
    let word = format!("{:7}", level.word());
    let colour = match level {
        Level::Skipped => "2",
        Level::Fine => "32",
        Level::Note => "36",
        Level::Warning => "33",
        Level::Error => "1;31",
    };
    match colours {
        Colours::On => format!("\x1b[{colour}m{word}\x1b[0m"),
        Colours::Off => word,
    }
}
