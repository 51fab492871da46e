//! The SELinux policy is compiled against the reference policy as Debian has it: Fedora's and EL's descend from it.

use super::tally::Tally;
use crate::dist;
use crate::program::{Failure, Outcome, execute, headline, program, target, tree};
use std::fs;
use std::path::{Path, PathBuf};

/// The interfaces, the compiler, what packs its output, and the macro processor. They are unpacked below target/, not
/// installed: hosts' tools for looking at a policy would come with them, and this machine stays as it is.
const PACKAGES: [&str; 4] = ["selinux-policy-dev", "checkpolicy", "semodule-utils", "m4"];

/// Compiles it as docs/packaging.md tells administrators to.
pub(crate) fn prove(tally: &mut Tally) {
    headline("the SELinux policy");
    match tools() {
        Ok(tools) => tally.judge("the SELinux policy compiles", compile(&tools)),
        Err(failure) => tally.skipped("the SELinux policy compiles", &failure.to_string()),
    }
}

fn compile(tools: &Path) -> Outcome {
    let folder = dist::empty_folder("policy")?;
    for name in ["muster.te", "muster.fc"] {
        let place = folder.join(name);
        fs::copy(tree().join("packaging/selinux").join(name), &place)
            .map_err(|error| Failure::at(&place, &error))?;
    }
    let usr = tools.join("usr");
    let named = |name: &str, place: &str| format!("{name}={}", usr.join(place).display());
    execute(
        program("make", ["--silent", "--file"])
            .arg(usr.join("share/selinux/devel/Makefile"))
            .args([named("SHAREDIR", "share/selinux"), named("BINDIR", "bin")])
            .args([named("M4", "bin/m4"), "NAME=default".to_owned()])
            .arg("muster.pp")
            .current_dir(&folder),
    )?;
    let made = folder.join("muster.pp");
    match fs::metadata(&made) {
        Ok(made) if made.len() > 0 => Ok(()),
        Ok(_) => Err(Failure::new("the compiled policy is empty")),
        Err(error) => Err(Failure::at(&made, &error)),
    }
}

/// The folder with the tools; fetched first where there is none.
fn tools() -> Result<PathBuf, Failure> {
    let place = target().join("packages/trees/policy");
    if place.exists() {
        return Ok(place);
    }
    let new = place.with_extension("new");
    if new.exists() {
        fs::remove_dir_all(&new).map_err(|error| Failure::at(&new, &error))?;
    }
    fs::create_dir_all(&new).map_err(|error| Failure::at(&new, &error))?;
    execute(
        program(
            "apt-get",
            ["-qq", "-o", "APT::Sandbox::User=root", "download"],
        )
        .args(PACKAGES)
        .current_dir(&new),
    )?;
    for package in dist::files_in(&new, &["deb"])? {
        execute(program("dpkg-deb", ["--extract"]).arg(&package).arg(&new))?;
    }
    fs::rename(&new, &place).map_err(|error| Failure::at(&place, &error))?;
    Ok(place)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(name: &str) -> String {
        fs::read_to_string(tree().join("packaging/selinux").join(name)).unwrap()
    }

    #[test]
    fn every_label_of_a_file_is_a_type_that_the_policy_declares() {
        let declared = policy("muster.te");
        let contexts = policy("muster.fc");
        let labels: Vec<&str> = contexts
            .split("object_r:")
            .skip(1)
            .filter_map(|rest| rest.split(',').next())
            .collect();
        assert!(labels.len() > 5, "{labels:?}");
        for label in labels {
            assert!(declared.contains(&format!("\ntype {label};\n")), "{label}");
        }
    }
}
