//! `cargo xtask dist`: muster as packages below target/packages, from what has been built once.

mod deb;
mod rpm;
mod source;

use crate::artifacts::{self, Speed};
use crate::program::{Failure, Outcome, headline, program, target, tree};
use crate::{manual, requirements};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

pub(crate) use deb::{Deb, debs, lint as lint_debs};
pub(crate) use rpm::{lint as lint_rpms, rebuilt, rpms};
pub(crate) use source::{Source, make as source};

/// What is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Order {
    speed: Speed,
    /// Everything has been built already.
    built: bool,
    deb: bool,
    rpm: bool,
    source: bool,
}

/// What of the machine must not show in a package.
#[derive(Clone, Copy)]
pub(crate) enum Surroundings {
    Own,
    /// Another mask, clock and language.
    Strange,
}

impl Surroundings {
    /// A program that is run in them.
    fn program(self, name: &str, arguments: &[&str]) -> Command {
        match self {
            Self::Own => program(name, arguments),
            Self::Strange => {
                let script = ["-c", "umask 027; exec \"$@\"", "sh", name];
                let mut command = program("sh", script);
                command
                    .args(arguments)
                    .env("TZ", "Pacific/Chatham")
                    .env("LC_ALL", "C.UTF-8");
                command
            }
        }
    }
}

/// Builds muster and packs it.
pub(crate) fn run(words: &[String]) -> Outcome {
    let order = parse(words)?;
    if order.source {
        requirements::for_source_packages()?;
        headline("packing the source with its crates");
        let source = source("source")?;
        list(&[source.archive, source.dsc, source.rpm]);
    }
    if !(order.deb || order.rpm) {
        return Ok(());
    }
    if !order.built {
        requirements::for_building()?;
        headline("building");
        build(order.speed)?;
    }
    if order.deb {
        requirements::for_debs()?;
        headline("packing for Debian");
        list(&debs(order.speed, &Deb::current()?)?);
    }
    if order.rpm {
        requirements::for_rpms()?;
        headline("packing for Fedora and EL");
        list(&rpms(order.speed, Surroundings::Own)?);
    }
    Ok(())
}

/// Builds everything that packages carry.
pub(crate) fn build(speed: Speed) -> Outcome {
    match speed {
        Speed::Shipped => artifacts::build_shipped()?,
        Speed::Release => {
            artifacts::build_modules()?;
            artifacts::build_programs()?;
        }
        Speed::Dev => {
            artifacts::build_modules()?;
            artifacts::build_everything_for_tests()?;
        }
    }
    manual::write()
}

fn parse(words: &[String]) -> Result<Order, Failure> {
    let mut order = Order {
        speed: Speed::Shipped,
        built: false,
        deb: false,
        rpm: false,
        source: false,
    };
    for word in words {
        match word.as_str() {
            "--dev" => order.speed = Speed::Dev,
            "--built" => order.built = true,
            "deb" => order.deb = true,
            "rpm" => order.rpm = true,
            "source" => order.source = true,
            other => return Err(Failure::new(format!("dist does not know {other:?}"))),
        }
    }
    if !(order.deb || order.rpm || order.source) {
        (order.deb, order.rpm) = (true, true);
    }
    Ok(order)
}

fn list(packages: &[PathBuf]) {
    for package in packages {
        let bytes = fs::metadata(package).map_or(0, |metadata| metadata.len());
        println!("{:>10}  {}", bytes, package.display());
    }
}

/// The word by which `cargo xtask install` knows how the programs were built.
fn word(speed: Speed) -> &'static str {
    match speed {
        Speed::Shipped => "--shipped",
        Speed::Release => "",
        Speed::Dev => "--dev",
    }
}

/// An empty folder below target/packages.
pub(crate) fn empty_folder(name: &str) -> Result<PathBuf, Failure> {
    let folder = target().join("packages").join(name);
    if folder.exists() {
        fs::remove_dir_all(&folder).map_err(|error| Failure::at(&folder, &error))?;
    }
    fs::create_dir_all(&folder).map_err(|error| Failure::at(&folder, &error))?;
    Ok(folder)
}

/// The files of a folder that end so, in order.
pub(crate) fn files_in(folder: &Path, endings: &[&str]) -> Result<Vec<PathBuf>, Failure> {
    let entries = fs::read_dir(folder).map_err(|error| Failure::at(folder, &error))?;
    let mut files: Vec<PathBuf> = entries
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| {
            let extension = path.extension().unwrap_or_default();
            endings.iter().any(|ending| extension == *ending)
        })
        .collect();
    files.sort();
    Ok(files)
}

/// The version that Cargo.toml says.
fn version() -> Result<String, Failure> {
    let path = tree().join("Cargo.toml");
    let text = fs::read_to_string(&path).map_err(|error| Failure::at(&path, &error))?;
    text.lines()
        .find_map(|line| line.strip_prefix("version = \"")?.strip_suffix('"'))
        .map(str::to_owned)
        .ok_or_else(|| Failure::new("Cargo.toml says no version"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn both_kinds_of_packages_are_made_unless_one_is_named() {
        let both = parse(&[]).unwrap();
        assert!(both.deb && both.rpm && both.speed == Speed::Shipped);
        let one = parse(&words("--dev deb")).unwrap();
        assert!(one.deb && !one.rpm && one.speed == Speed::Dev);
        let source = parse(&words("source")).unwrap();
        assert!(source.source && !source.deb && !source.rpm);
        assert!(parse(&words("apk")).is_err());
    }

    #[test]
    fn changelog_and_spec_say_the_version_that_cargo_says() {
        let version = version().unwrap();
        let read = |name: &str| fs::read_to_string(tree().join("packaging").join(name)).unwrap();
        assert!(read("debian/changelog").starts_with(&format!("muster ({version}-")));
        assert!(read("rpm/muster.spec").contains(&format!("\nVersion:        {version}\n")));
    }
}
