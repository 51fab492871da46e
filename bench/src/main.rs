//! muster-bench: what names cost with muster and with its peers, measured side by side in private namespaces.
//!
//! `cargo xtask bench nss` builds and runs it: outside, `setup` makes the peers' tree and the people; inside,
//! `measure` asks everybody in turn; outside again, `report` and `plot` write the document from the figures.
#![expect(
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "a benchmark is not shipped, and reads nothing but its own tables"
)]

mod aims;
mod broker;
mod facts;
mod figures;
mod floor;
mod logins;
mod measure;
mod peers;
mod people;
mod place;
mod plan;
mod plot;
mod report;
mod room;
mod setup;
mod shown;
mod snapshot;
mod text;
mod trouble;

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use facts::Facts;
use figures::Figures;
use measure::{Run, present, say};
use plan::{Pace, SIZES};
use setup::Folders;
use trouble::Trouble;

const USAGE: &str = "usage: muster-bench nss|logins quick|full TARGET RELEASE MIRROR DOCUMENTS
       muster-bench report nss|logins TARGET DOCUMENTS
(cargo xtask bench makes everything ready for it and calls it)";

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Subject {
    Names,
    Logins,
}

impl Subject {
    fn said(word: &str) -> Result<Self, Trouble> {
        match word {
            "nss" => Ok(Self::Names),
            "logins" => Ok(Self::Logins),
            _ => Err(Trouble::new(USAGE)),
        }
    }

    const fn word(self) -> &'static str {
        match self {
            Self::Names => "nss",
            Self::Logins => "logins",
        }
    }

    /// The file of its figures or facts, below `/bench`.
    fn file(self, what: &str) -> String {
        match self {
            Self::Names => what.to_owned(),
            Self::Logins => format!("logins-{what}"),
        }
    }
}

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match dispatch(&words) {
        Ok(()) => ExitCode::SUCCESS,
        Err(trouble) => {
            eprintln!("muster-bench: {trouble}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(words: &[&str]) -> Result<(), Trouble> {
    let pace = |word| Pace::said(word).ok_or_else(|| Trouble::new(USAGE));
    match words {
        ["inside", subject, word] => inside(Subject::said(subject)?, pace(word)?),
        ["report", subject, target, documents] => {
            let folders = Folders::below(Path::new(target));
            written(Subject::said(subject)?, &folders, Path::new(documents))
        }
        [subject, word, target, release, mirror, documents] => {
            let (subject, pace) = (Subject::said(subject)?, pace(word)?);
            let folders = Folders::below(Path::new(target));
            folders.make_tree(release, mirror)?;
            measured(subject, pace, &folders, Path::new(target))?;
            written(subject, &folders, Path::new(documents))
        }
        _ => Err(Trouble::new(USAGE)),
    }
}

/// Makes programs and people ready, and measures in the tree.
fn measured(subject: Subject, pace: Pace, folders: &Folders, target: &Path) -> Result<(), Trouble> {
    folders.programs(target)?;
    let sizes: &[u32] = match subject {
        Subject::Names => &SIZES,
        Subject::Logins => &[10, logins::PEOPLE],
    };
    for &users in sizes {
        say(&format!("{users} people in every format"));
        folders.people(users)?;
    }
    let mut command = Command::new("unshare");
    command
        .args([
            "--mount",
            "--pid",
            "--net",
            "--ipc",
            "--fork",
            "--kill-child",
            "--propagation",
            "private",
            "bash",
        ])
        .arg(folders.script("tree.sh", setup::TREE)?)
        .arg("enter")
        .args([&folders.tree, &folders.work])
        .args(["/bench/muster-bench", "inside", subject.word(), pace.word()])
        .stdin(Stdio::piped());
    let mut child = command.spawn().map_err(Trouble::because("unshare"))?;
    // While we have our end of its stdin it goes on; when we end, however we end, it takes all that it started with it.
    let _lifeline = child.stdin.take();
    let status = child.wait().map_err(Trouble::because("unshare"))?;
    match status.success() {
        true => Ok(()),
        false => Err(Trouble::new(format!(
            "the run in the tree failed: {status}"
        ))),
    }
}

/// Writes the document, and the plot beside it.
fn written(subject: Subject, folders: &Folders, documents: &Path) -> Result<(), Trouble> {
    let figures = Figures::read(&folders.work.join(subject.file(FIGURES)))?;
    let facts = Facts::read(&folders.work.join(subject.file(FACTS)))?;
    let written = match subject {
        Subject::Names => vec![
            ("nss.md", report::document(&figures, &facts)),
            ("nss.svg", report::plot(&figures)),
        ],
        Subject::Logins => vec![("logins.md", logins::document(&figures, &facts))],
    };
    for (name, text) in written {
        let path = documents.join(name);
        std::fs::write(&path, text).map_err(Trouble::at(&path))?;
        say(&format!("{} is written", path.display()));
    }
    Ok(())
}

const FIGURES: &str = "figures.tsv";
const FACTS: &str = "facts.tsv";

/// What runs in the tree.
fn inside(subject: Subject, pace: Pace) -> Result<(), Trouble> {
    end_with_our_parent();
    install_modules()?;
    let bench = Path::new(room::BENCH);
    let local = bench.join("data/local");
    std::fs::write(&local, local_users()?).map_err(Trouble::at(&local))?;
    let mut facts = Facts::gathered(pace);
    let figures = bench.join(subject.file(FIGURES));
    match subject {
        Subject::Names => names(pace, &mut facts, &figures)?,
        Subject::Logins => logins::measured(pace)?.write(&figures)?,
    }
    facts.add("load average afterwards, ours included", &facts::load());
    facts.write(&bench.join(subject.file(FACTS)))
}

/// Names, of everybody there is.
fn names(pace: Pace, facts: &mut Facts, figures: &Path) -> Result<(), Trouble> {
    let mut run = Run {
        pace,
        figures: Figures::default(),
        unmade: Vec::new(),
    };
    let present = present();
    run.side_by_side(&present);
    run.figures.write(figures)?;
    run.broker();
    run.daemons();
    run.growth(&present);
    if !run.unmade.is_empty() {
        facts.add(facts::UNMADE, &run.unmade.join(", "));
    }
    run.figures.write(figures)
}

/// Our stdin is a pipe from whoever started us. As the first process here we take everybody with us.
fn end_with_our_parent() {
    std::thread::spawn(|| {
        let mut nothing = [0];
        while std::io::stdin()
            .read(&mut nothing)
            .is_ok_and(|count| count > 0)
        {}
        std::process::exit(1);
    });
}

/// The ten lines of `files`, as the load program wants them.
fn local_users() -> Result<String, Trouble> {
    let local = std::fs::read_to_string("/etc/passwd").map_err(Trouble::because("/etc/passwd"))?;
    let asked = local.lines().take(10).filter_map(|line| {
        let mut fields = line.split(':');
        Some(format!("{} {}\n", fields.next()?, fields.nth(1)?))
    });
    Ok(asked.collect())
}

/// Puts the modules where glibc looks, in the tree's throw-away layer.
fn install_modules() -> Result<(), Trouble> {
    let folders = std::fs::read_dir("/usr/lib").map_err(Trouble::because("/usr/lib"))?;
    let mut folders = folders.flatten().map(|entry| entry.path());
    let own: PathBuf = folders
        .find(|path| path.join("libc.so.6").exists())
        .ok_or_else(|| Trouble::new("the tree has no glibc"))?;
    for module in ["libnss_floor.so.2", "libnss_muster.so.2"] {
        let from = Path::new("/bench/lib").join(module);
        std::fs::copy(&from, own.join(module)).map_err(Trouble::at(&from))?;
    }
    Ok(())
}
