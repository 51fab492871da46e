//! What a command in a world said, and how it ended.

use std::io::{Read, Write};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

/// How long after its deadline a killed command may take to be gone.
const GRACE: Duration = Duration::from_secs(10);
/// `timeout` killed the command.
const KILLED: i32 = 137;

/// A finished command.
#[derive(Debug, Clone)]
pub struct Output {
    /// The command as it was called.
    pub shown: String,
    /// Its exit code.
    pub code: i32,
    /// Its stdout.
    pub out: String,
    /// Its stderr.
    pub err: String,
}

impl Output {
    /// Whether it succeeded.
    pub fn succeeded(&self) -> bool {
        self.code == 0
    }

    /// What it said on stdout, without the last newline; it must have succeeded.
    #[track_caller]
    pub fn said(&self) -> &str {
        if !self.succeeded() {
            panic!("{self}");
        }
        self.out.trim_end()
    }

    /// Both that it failed and what it said, on stderr and stdout together.
    #[track_caller]
    pub fn refused(&self) -> String {
        if self.succeeded() {
            panic!("should have failed, but did not: {self}");
        }
        format!("{}{}", self.out, self.err)
    }
}

impl std::fmt::Display for Output {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            shown,
            code,
            out: stdout,
            err,
        } = self;
        write!(
            out,
            "`{shown}` ended with {code}\nstdout: {stdout}\nstderr: {err}"
        )
    }
}

/// Runs a command to its end.
#[track_caller]
pub(super) fn wait_for(mut command: Command, input: &str, deadline: Duration) -> Output {
    let shown = shown(&command);
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command
        .spawn()
        .unwrap_or_else(|error| panic!("`{shown}`: {error}"));
    if let Some(mut stdin) = child.stdin.take() {
        // A command that does not read its input is no failure by itself.
        let _ = stdin.write_all(input.as_bytes());
    }
    let (out, err) = (collect(child.stdout.take()), collect(child.stderr.take()));
    let texts = [out, err].map(|text| text.recv_timeout(deadline + GRACE));
    let [Ok(out), Ok(err)] = texts else {
        end(child);
        panic!("`{shown}` hangs: its output is still open after {deadline:?}");
    };
    let status = child
        .wait()
        .unwrap_or_else(|error| panic!("`{shown}`: {error}"));
    let output = Output {
        shown,
        code: status.code().unwrap_or(KILLED),
        out,
        err,
    };
    if output.code == KILLED {
        panic!("hangs, killed after {deadline:?}: {output}");
    }
    output
}

/// Reads a stream to its end beside us, so that neither of two streams can fill up.
fn collect(stream: Option<impl Read + Send + 'static>) -> Receiver<String> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut stream) = stream {
            // What was read until an error is what the command said.
            let _ = stream.read_to_end(&mut bytes);
        }
        // Nobody listens any more after a hang.
        let _ = sender.send(String::from_utf8_lossy(&bytes).into_owned());
    });
    receiver
}

fn end(mut child: Child) {
    // The panic that follows says what matters.
    let _ = child.kill();
    let _ = child.wait();
}

/// The command without the words that bring it into the world.
fn shown(command: &Command) -> String {
    let words: Vec<_> = command
        .get_args()
        .map(|word| word.to_string_lossy())
        .collect();
    let own = words
        .iter()
        .position(|word| word.starts_with("--signal"))
        .map_or(0, |at| at + 2);
    words.get(own..).unwrap_or_default().join(" ")
}
