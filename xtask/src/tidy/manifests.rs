//! Rules about the manifests: reasons, licences, one place for versions.

use crate::program::{Failure, tree};
use std::fs;

/// The packages that enter every process; whoever links them need not be GPL.
const LESSER: &[&str] = &["common", "nss"];
const MEMBERS: &[&str] = &[
    "bench", "cli", "common", "daemon", "manual", "nss", "pam", "tests", "xtask",
];

/// What is wrong with the manifests.
pub(super) fn findings() -> Result<Vec<String>, Failure> {
    let root = tree();
    let read = |name: &str| {
        let path = root.join(name);
        fs::read_to_string(&path).map_err(|error| Failure::at(&path, &error))
    };
    let mut findings = without_reason(&read("Cargo.toml")?);
    for member in MEMBERS
        .iter()
        .filter(|member| root.join(member).join("Cargo.toml").exists())
    {
        let name = format!("{member}/Cargo.toml");
        findings.extend(of_member(member, &name, &read(&name)?));
    }
    Ok(findings)
}

/// Each foreign crate has its reason behind it.
fn without_reason(manifest: &str) -> Vec<String> {
    section(manifest, "[workspace.dependencies]")
        .filter(|line| {
            line.contains('=')
                && !line.contains("path =")
                && !line.contains("} #")
                && !line.contains(" #")
        })
        .map(|line| format!("Cargo.toml: no reason is given for: {line}"))
        .collect()
}

fn of_member(member: &str, name: &str, manifest: &str) -> Vec<String> {
    let mut findings = Vec::new();
    let licence = match LESSER.contains(&member) {
        true => "license = \"LGPL-3.0-or-later\"",
        false => "license = \"GPL-3.0-or-later\"",
    };
    if !manifest.lines().any(|line| line == licence) {
        findings.push(format!("{name}: wants {licence}"));
    }
    if section(manifest, "[lints]").next() != Some("workspace = true") {
        findings.push(format!("{name}: wants [lints] workspace = true"));
    }
    for kind in [
        "[dependencies]",
        "[dev-dependencies]",
        "[build-dependencies]",
    ] {
        let own = section(manifest, kind)
            .filter(|line| line.contains('=') && !line.contains("workspace"));
        findings.extend(
            own.map(|line| format!("{name}: versions belong in the workspace's list: {line}")),
        );
    }
    findings
}

/// The lines of a section, without blank ones and comments.
fn section<'a>(manifest: &'a str, header: &'a str) -> impl Iterator<Item = &'a str> {
    manifest
        .lines()
        .skip_while(move |line| *line != header)
        .skip(1)
        .take_while(|line| !line.starts_with('['))
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dependency_without_a_reason_is_found() {
        let manifest =
            "[workspace.dependencies]\na = \"1\" # says why\nb = \"1\"\n\n[other]\nc = 1\n";
        assert_eq!(
            without_reason(manifest),
            ["Cargo.toml: no reason is given for: b = \"1\""]
        );
    }

    #[test]
    fn a_wrong_licence_and_an_own_version_are_found() {
        let manifest = "license = \"MIT\"\n[dependencies]\na = \"1\"\nb.workspace = true\n[lints]\nworkspace = true\n";
        assert_eq!(of_member("nss", "nss/Cargo.toml", manifest).len(), 2);
    }
}
