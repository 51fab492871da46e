//! Before the measuring, outside: the tree with the peers, the load programs, the people in every format.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;

use muster_common::snapshot::writer;

use crate::peers::PEERS;
use crate::people::People;
use crate::plan::{ASKED, SPREAD};
use crate::trouble::Trouble;
use crate::{floor, snapshot, text};

/// Makes the tree and enters it; plain enough to be tried by hand.
pub(crate) const TREE: &str = include_str!("../tree.sh");
const ROOMS: &str = include_str!("../rooms.sh");
/// The parts of the load program.
const LOAD: [(&str, &str); 5] = [
    ("load.h", include_str!("../load/load.h")),
    ("load.c", include_str!("../load/load.c")),
    ("calls.c", include_str!("../load/calls.c")),
    ("count.c", include_str!("../load/count.c")),
    ("time.c", include_str!("../load/time.c")),
];
/// Builds glibc's nss_db for the tree.
const NSS_DB: [(&str, &str); 2] = [
    ("nss_db.sh", include_str!("../nss_db.sh")),
    ("glibc.h", include_str!("../load/glibc.h")),
];
const FLOOR: &str = include_str!("../load/floor.c");
const ROUND_TRIP: &str = include_str!("../load/round_trip.c");
const LOGIN: &str = include_str!("../load/login.c");
/// What the tree needs besides the peers.
const PACKAGES: &str = "argon2 curl iproute2 passwd slapd valgrind whois";
/// Above so many people no LDAP server and no line reader is measured.
const LINES: u32 = 100_000;

/// The folders of a run, below target/bench.
#[derive(Debug)]
pub(crate) struct Folders {
    /// The peers' Debian.
    pub(crate) tree: PathBuf,
    /// What is `/bench` inside.
    pub(crate) work: PathBuf,
}

/// Runs a program and wants it to succeed.
pub(crate) fn run(command: &mut Command) -> Result<(), Trouble> {
    let name = command.get_program().to_string_lossy().into_owned();
    let status = command.status().map_err(Trouble::because(&name))?;
    match status.success() {
        true => Ok(()),
        false => Err(Trouble::new(format!("{name}: {status}"))),
    }
}

impl Folders {
    pub(crate) fn below(target: &Path) -> Self {
        let bench = target.join("bench");
        let mut hasher = DefaultHasher::new();
        (TREE, NSS_DB, PACKAGES, PEERS.map(|peer| peer.packages)).hash(&mut hasher);
        Self {
            tree: bench.join(format!("tree-{:08x}", hasher.finish() as u32)),
            work: bench.join("work"),
        }
    }

    /// The peers' Debian, made once; `release` names it, as `bookworm`.
    pub(crate) fn make_tree(&self, release: &str, mirror: &str) -> Result<(), Trouble> {
        if self.tree.exists() {
            return Ok(());
        }
        fs::create_dir_all(&self.work).map_err(Trouble::at(&self.work))?;
        self.remove_old_trees()?;
        for (name, text) in NSS_DB {
            self.script(name, text)?;
        }
        let script = self.script("tree.sh", TREE)?;
        let packages = PEERS.iter().map(|peer| peer.packages);
        let mut command = Command::new("unshare");
        command.args(["--mount", "--propagation", "private", "bash"]);
        command.arg(script).arg("make").arg(&self.tree);
        command
            .args([release, mirror])
            .arg(&self.work)
            .arg(PACKAGES);
        run(command.args(packages.filter(|packages| !packages.is_empty())))
    }

    /// A tree of another making, or one that was left half made.
    fn remove_old_trees(&self) -> Result<(), Trouble> {
        let bench = self.tree.parent().unwrap_or(&self.tree);
        for entry in fs::read_dir(bench).map_err(Trouble::at(bench))?.flatten() {
            if entry.file_name().to_string_lossy().starts_with("tree-") {
                fs::remove_dir_all(entry.path()).map_err(Trouble::at(&entry.path()))?;
            }
        }
        Ok(())
    }

    pub(crate) fn script(&self, name: &str, text: &str) -> Result<PathBuf, Trouble> {
        let path = self.work.join(name);
        fs::write(&path, text).map_err(Trouble::at(&path))?;
        Ok(path)
    }

    /// The programs of this tree and of muster, where `/bench` shows them.
    pub(crate) fn programs(&self, target: &Path) -> Result<(), Trouble> {
        let lib = self.work.join("lib");
        fs::create_dir_all(&lib).map_err(Trouble::at(&lib))?;
        self.script("rooms.sh", ROOMS)?;
        let mut sources = Vec::new();
        for (name, text) in LOAD {
            sources.push(self.script(name, text)?);
        }
        sources.retain(|source| source.extension().is_some_and(|end| end == "c"));
        let mut load = compiler(&self.work.join("load"));
        run(load
            .arg("-rdynamic")
            .args(sources)
            .args(["-ldl", "-lpthread"]))?;
        let source = self.script("round_trip.c", ROUND_TRIP)?;
        run(compiler(&self.work.join("round_trip")).arg(source))?;
        let source = self.script("login.c", LOGIN)?;
        run(compiler(&self.work.join("login")).arg(source).arg("-lpam"))?;
        let source = self.script("floor.c", FLOOR)?;
        run(compiler(&lib.join("libnss_floor.so.2"))
            .args(["-shared", "-fPIC"])
            .arg(source))?;
        let copy = |from: &Path, to: &Path| {
            // Removed first: the old one may be running or mapped.
            let _ = fs::remove_file(to);
            fs::copy(from, to).map_err(Trouble::at(from))
        };
        for (built, installed) in [
            ("libnss_muster.so", "libnss_muster.so.2"),
            ("libpam_muster.so", "pam_muster.so"),
        ] {
            copy(&target.join("release").join(built), &lib.join(installed))?;
        }
        copy(&own_program()?, &self.work.join("muster-bench"))?;
        copy(
            &target.join("release/muster-sim"),
            &self.work.join("muster-sim"),
        )?;
        for daemon in ["musterd", "muster-publish"] {
            copy(
                &target.join("release").join(daemon),
                &self.work.join(daemon),
            )?;
        }
        Ok(())
    }

    /// So many people in the formats of everybody who is measured with them, made once.
    pub(crate) fn people(&self, users: u32) -> Result<(), Trouble> {
        let folder = self.work.join("data").join(users.to_string());
        // Of another build, the formats may differ.
        let (done, build) = (folder.join("done"), digest(&own_program()?)?);
        if fs::read_to_string(&done).is_ok_and(|made| made == build) {
            return Ok(());
        }
        // LDAP's database is made from the people when it is wanted.
        let _ = fs::remove_dir_all(folder.join("slapd"));
        let people = People::new(users);
        self.snapshot(&folder.join("public"), &people)?;
        let write = |name: &str, bytes: &[u8]| {
            let path = folder.join(name);
            let parent = path.parent().unwrap_or(&folder);
            fs::create_dir_all(parent)
                .and_then(|()| fs::write(&path, bytes))
                .map_err(Trouble::at(&path))
        };
        write("asked", text::asked(&people, ASKED).as_bytes())?;
        write("spread", text::asked(&people, SPREAD).as_bytes())?;
        write("floor/file", &floor::file(&people))?;
        for (name, map) in [
            ("passwd", text::passwd_map(&people)),
            ("group", text::group_map(&people)),
        ] {
            let second = if name == "passwd" { "uid" } else { "gid" };
            let [lines, names, ids] = map;
            write(&format!("cache/{name}.cache"), lines.as_bytes())?;
            write(&format!("cache/{name}.cache.ixname"), names.as_bytes())?;
            write(&format!("cache/{name}.cache.ix{second}"), ids.as_bytes())?;
        }
        let (passwd, group) = (text::passwd(&people), text::group(&people));
        for (name, lines) in [("passwd", &passwd), ("group", &group)] {
            write(name, lines.as_bytes())?;
            write(&format!("extrausers/{name}"), lines.as_bytes())?;
        }
        if users <= LINES {
            write("ldif", text::ldif(&people).as_bytes())?;
        }
        write("done", build.as_bytes())
    }

    fn snapshot(&self, folder: &Path, people: &People) -> Result<(), Trouble> {
        fs::create_dir_all(folder).map_err(Trouble::at(folder))?;
        let content = snapshot::content(people)?;
        let written = writer::write(&content, 1).and_then(|bytes| writer::install(&bytes, folder));
        written.map_err(Trouble::because("the snapshot"))
    }
}

fn own_program() -> Result<PathBuf, Trouble> {
    std::env::current_exe().map_err(Trouble::because("our own program"))
}

/// Tells one file's content from another's.
fn digest(path: &Path) -> Result<String, Trouble> {
    let mut hasher = DefaultHasher::new();
    fs::read(path).map_err(Trouble::at(path))?.hash(&mut hasher);
    Ok(format!("{:016x}", hasher.finish()))
}

fn compiler(target: &Path) -> Command {
    let mut command = Command::new("cc");
    command.args(["-O2", "-Wall", "-Wextra", "-o"]).arg(target);
    command
}
