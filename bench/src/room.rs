//! Rooms: private views of the tree, one for each peer (`rooms.sh`), and programs run in them.

use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdin, Command, Stdio};

use crate::trouble::Trouble;

/// Where the folder with data and programs lies inside.
pub(crate) const BENCH: &str = "/bench";
/// Seconds after which a command counts as hanging; the slowest peer needs one for a call.
const PATIENCE: &str = "180";

/// A room. It ends, with the daemons in it, when its stdin is closed: when this is dropped, or we end.
#[derive(Debug)]
pub(crate) struct Room {
    first: Child,
    lifeline: Option<ChildStdin>,
    pid: String,
    folder: String,
}

impl Room {
    /// A room in which names come from this peer with so many people.
    pub(crate) fn of(peer: &str, users: u32) -> Result<Self, Trouble> {
        let mut command = Command::new("unshare");
        command
            .args(["--mount", "--propagation", "private", "bash"])
            .arg(format!("{BENCH}/rooms.sh"))
            .args([peer, &users.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        let mut first = command.spawn().map_err(Trouble::because("unshare"))?;
        let lifeline = first.stdin.take();
        let mut said = String::new();
        if let Some(stdout) = first.stdout.take() {
            let mut lines = BufReader::new(stdout);
            lines.read_line(&mut said).map_err(Trouble::because(peer))?;
        }
        let mut words = said.split_whitespace().skip(1).map(str::to_owned);
        let room = Self {
            first,
            lifeline,
            pid: words.next().unwrap_or_default(),
            folder: words.next().unwrap_or_default(),
        };
        match room.folder.is_empty() {
            false => Ok(room),
            true => Err(Trouble::new(format!(
                "the room of {peer} could not be made (see above)"
            ))),
        }
    }

    /// Where the room keeps what is its own.
    pub(crate) fn folder(&self) -> &str {
        &self.folder
    }

    /// Sends a signal to a daemon of the room's.
    pub(crate) fn signal(&self, daemon: &str, signal: &str) -> Result<(), Trouble> {
        let path = std::path::Path::new(&self.folder).join(format!("{daemon}.pid"));
        let pid = std::fs::read_to_string(&path).map_err(Trouble::at(&path))?;
        // The shell's own: the tree has no kill(1).
        let kill = format!("kill -s {signal} {}", pid.trim());
        self.run(&["sh", "-c", &kill]).map(drop)
    }

    /// What a command in the room says on stdout and stderr.
    pub(crate) fn run<W: AsRef<str>>(&self, words: &[W]) -> Result<(String, String), Trouble> {
        let words: Vec<&str> = words.iter().map(AsRef::as_ref).collect();
        let mut command = Command::new("timeout");
        command
            .args([
                "--signal=KILL",
                PATIENCE,
                "nsenter",
                "--target",
                &self.pid,
                "--mount",
                "--",
            ])
            .args(&words)
            .stdin(Stdio::null());
        let output = command.output().map_err(Trouble::because("nsenter"))?;
        let [said, errors] =
            [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
        match output.status.success() {
            true => Ok((said, errors)),
            false => Err(Trouble::new(format!(
                "{}: {}: {}",
                words.join(" "),
                output.status,
                errors.lines().last().unwrap_or_default()
            ))),
        }
    }

    /// The numbers that a command in the room prints.
    pub(crate) fn numbers<W: AsRef<str>>(&self, words: &[W]) -> Result<Vec<f64>, Trouble> {
        let (said, _) = self.run(words)?;
        let numbers = said.split_whitespace().map(str::parse);
        numbers
            .collect::<Result<_, _>>()
            .map_err(Trouble::because(&said))
    }

    /// Instructions of a whole program with all its children, counted by callgrind.
    pub(crate) fn callgrind<W: AsRef<str>>(&self, words: &[W]) -> Result<f64, Trouble> {
        let tool = [
            "valgrind",
            "--tool=callgrind",
            "--callgrind-out-file=/dev/null",
        ];
        let all: Vec<&str> = tool
            .into_iter()
            .chain(words.iter().map(AsRef::as_ref))
            .collect();
        let (_, errors) = self.run(&all)?;
        let counted = errors
            .lines()
            .rev()
            .find_map(|line| line.split_once("Collected : "));
        let number = counted.and_then(|(_, number)| number.trim().parse().ok());
        number.ok_or_else(|| {
            Trouble::new(format!(
                "callgrind does not say what it collected: {errors}"
            ))
        })
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        drop(self.lifeline.take());
        // It ends by itself now; waiting makes sure that its daemons and ports are gone.
        let _ = self.first.wait();
    }
}
