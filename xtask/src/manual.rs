//! `cargo xtask man`: man pages and completions below target/manual, from the tables that the programs use.

use crate::layout::{Distribution, Layout, Package, Put};
use crate::program::{Outcome, cargo, execute, headline, target};
use crate::{no_words, requirements};
use std::path::PathBuf;

/// Each man page with its section and the package of what it is about.
const PAGES: [(&str, &str, Package); 7] = [
    ("muster", "1", Package::Broker),
    ("muster.toml", "5", Package::Broker),
    ("musterd", "8", Package::Broker),
    ("muster-publish", "8", Package::Broker),
    ("muster-userdb", "8", Package::Broker),
    ("nss_muster", "8", Package::Nss),
    ("pam_muster", "8", Package::Pam),
];

/// Each completion's file and where, below PREFIX/share, its shell looks for it.
const COMPLETIONS: [(&str, &str); 3] = [
    ("muster.bash", "bash-completion/completions/muster"),
    ("_muster", "zsh/vendor-completions/_muster"),
    ("muster.fish", "fish/vendor_completions.d/muster.fish"),
];

/// Writes them.
pub(crate) fn run(words: &[String]) -> Outcome {
    no_words("man", words)?;
    requirements::for_building()?;
    headline("man pages and completions");
    write()?;
    println!("{}", folder().display());
    Ok(())
}

/// Writes every page and every completion.
pub(crate) fn write() -> Outcome {
    execute(cargo(["run", "--quiet", "-p", "muster-manual", "--"]).arg(folder()))
}

/// What of it is installed.
pub(crate) fn files(layout: &Layout) -> Vec<Put> {
    let prefix = &layout.prefix;
    let pages = PAGES.iter().map(|(name, section, package)| {
        let file = format!("{name}.{section}");
        let to = format!("{prefix}/share/man/man{section}/{file}");
        Put::new(*package, folder().join(file), to)
    });
    let completions = COMPLETIONS.iter().map(|(file, place)| {
        let place = match layout.distribution {
            Distribution::Debian => (*place).to_owned(),
            Distribution::Fedora => place.replace("vendor-completions", "site-functions"),
        };
        Put::new(
            Package::Broker,
            folder().join(file),
            format!("{prefix}/share/{place}"),
        )
    });
    pages.chain(completions).collect()
}

fn folder() -> PathBuf {
    target().join("manual")
}
