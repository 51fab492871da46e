//! Packages for Fedora and EL, by rpmbuild, from packaging/rpm.

use super::deb::quietly;
use super::{Surroundings, empty_folder, files_in, word};
use crate::artifacts::Speed;
use crate::program::{Failure, Outcome, execute, own, program, tree};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Where Fedora keeps libraries, and what its other macros say: this machine's rpm may be another distribution's.
const FEDORA: [(&str, &str); 8] = [
    ("_libdir", "/usr/lib64"),
    ("_sharedstatedir", "/var/lib"),
    ("_unitdir", "/usr/lib/systemd/system"),
    ("_sysusersdir", "/usr/lib/sysusers.d"),
    ("_tmpfilesdir", "/usr/lib/tmpfiles.d"),
    ("_pam_moduledir", "/usr/lib64/security"),
    ("_build_id_links", "none"),
    ("_binary_payload", "w19.zstdio"),
];

/// Makes them from what has been built.
pub(crate) fn rpms(speed: Speed, surroundings: Surroundings) -> Result<Vec<PathBuf>, Failure> {
    let folder = empty_folder("rpm")?;
    let mut build = surroundings.program("rpmbuild", &["-bb"]);
    as_fedora(&mut build, &folder);
    build
        .arg("--define")
        .arg(format!("muster_xtask {}", own().display()))
        .arg("--define")
        .arg(format!("muster_speed {}", word(speed)))
        .arg("--define")
        .arg(format!("muster_tree {}", tree().display()))
        .arg(tree().join("packaging/rpm/muster.spec"))
        .env("CARGO_MANIFEST_DIR", tree().join("xtask"));
    quietly(&mut build, &folder.join("build.log"))?;
    made(&folder)
}

/// Makes them from a source package, as a distribution does; `rpmbuild` is that program in the surroundings of the build.
/// Its requirements are Fedora's packages, by whose names another distribution's rpm knows nothing.
pub(crate) fn rebuilt(mut rpmbuild: Command, source: &Path) -> Result<Vec<PathBuf>, Failure> {
    let folder = empty_folder("rpm-rebuilt")?;
    rpmbuild.args(["--rebuild", "--nodeps"]);
    as_fedora(&mut rpmbuild, &folder);
    quietly(rpmbuild.arg(source), &folder.join("build.log"))?;
    made(&folder)
}

fn as_fedora(build: &mut Command, folder: &Path) {
    for (name, value) in FEDORA {
        build.arg("--define").arg(format!("{name} {value}"));
    }
    build
        .arg("--define")
        .arg(format!("_topdir {}", folder.display()));
}

/// What rpmbuild left below its folder.
fn made(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let made = folder.join("RPMS");
    let mut packages = Vec::new();
    for entry in fs::read_dir(&made).map_err(|error| Failure::at(&made, &error))? {
        let entry = entry.map_err(|error| Failure::at(&made, &error))?;
        packages.extend(files_in(&entry.path(), &["rpm"])?);
    }
    packages.sort();
    Ok(packages)
}

/// rpmlint's errors are failures; what is filtered says why in packaging/rpm/rpmlint.toml.
pub(crate) fn lint(packages: &[PathBuf]) -> Outcome {
    let config = tree().join("packaging/rpm/rpmlint.toml");
    execute(program("rpmlint", ["--config"]).arg(config).args(packages))
}
