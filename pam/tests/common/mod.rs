//! A host of its own for each test: passwd(5), a snapshot, a syslog and a fake
//! broker, all below one temporary folder.
#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    reason = "each test program uses its part; clippy's allowance for tests does not reach helpers"
)]

use std::io::{Read, Write};
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::{UnixDatagram, UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use muster_common::account::{Account, Gid, Uid};
use muster_common::clock::Time;
use muster_common::name::{DirectoryName, ServiceName, UserName};
use muster_common::snapshot::content::{
    Access, Content, DirectoryRecord, Forms, Misses, Tombstone, UserRecord,
};
use muster_common::snapshot::writer;
use muster_common::wire::codec;
use muster_common::wire::message::{Outcome, Step};
use tempfile::TempDir;

/// Ada's id.
pub const ADA: u32 = 1_900_000_001;
/// When the access decisions of [`content`] expire.
pub const EXPIRY: u64 = 2_000_000_000;

/// Ada may use everything but sudo, Bob nothing, Carl is gone; sudo has rules of its own.
pub fn content(misses: Misses) -> Content {
    Content {
        created: Time::from_unix(1_800_000_000),
        enumerate: true,
        forms: Forms::default(),
        id_ranges: vec![1_879_048_192..=2_147_352_575],
        directories: vec![DirectoryRecord {
            name: DirectoryName::new("corp").unwrap(),
            misses,
            synced: Some(Time::from_unix(1_800_000_000)),
        }],
        services: vec![ServiceName::new("sudo").unwrap()],
        users: vec![person("ada", ADA, 0b01), person("bob", ADA + 1, 0)],
        groups: vec![],
        group_types: Vec::new(),
        tombstones: vec![Tombstone {
            name: UserName::new("carl").unwrap(),
            uid: Uid::new(ADA + 2).unwrap(),
        }],
    }
}

fn person(name: &str, id: u32, allowed: u64) -> UserRecord {
    UserRecord {
        account: Account {
            name: UserName::new(name).unwrap(),
            uid: Uid::new(id).unwrap(),
            gid: Gid::new(id).unwrap(),
            gecos: name.to_owned(),
            home: format!("/home/{name}"),
            shell: "/bin/sh".into(),
        },
        groups: vec![Gid::new(id).unwrap()],
        directory: 0,
        access: Access {
            allowed,
            until: Time::from_unix(EXPIRY),
        },
        ssh_keys: vec![],
    }
}

/// The files and sockets of one host.
pub struct Ground {
    folder: TempDir,
    /// Whoever runs the tests.
    pub owner: u32,
    log: UnixDatagram,
}

impl Ground {
    /// With a complete snapshot and no broker.
    pub fn new() -> Self {
        let ground = Self::bare();
        ground.publish(&content(Misses::Final));
        ground
    }

    /// Without a snapshot.
    pub fn bare() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let owner = folder.path().metadata().unwrap().uid();
        std::fs::create_dir(folder.path().join("public")).unwrap();
        let log = UnixDatagram::bind(folder.path().join("log")).unwrap();
        log.set_nonblocking(true).unwrap();
        let passwd = "root:x:0:0::/root:/bin/sh\nlou:x:1000:1000::/home/lou:/bin/sh\n";
        std::fs::write(folder.path().join("passwd"), passwd).unwrap();
        Self { folder, owner, log }
    }

    /// A file or socket of this host.
    pub fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Puts `content` where the snapshot is looked for.
    pub fn publish(&self, content: &Content) {
        publish(content, &self.at("public"));
    }

    /// A broker that plays `scripts`, one for each request; what it was asked comes through the channel.
    pub fn broker(&self, scripts: Vec<Vec<u8>>) -> Receiver<String> {
        serve(&self.at("root.sock"), scripts)
    }

    /// All audit lines so far.
    pub fn audit(&self) -> String {
        let mut lines = String::new();
        let mut packet = [0; 2048];
        while let Ok(length) = self.log.recv(&mut packet) {
            lines.push_str(&String::from_utf8_lossy(packet.get(..length).unwrap()));
            lines.push('\n');
        }
        lines
    }
}

/// Puts `content` into `folder` as the snapshot.
pub fn publish(content: &Content, folder: &Path) {
    let bytes = writer::write(content, 1).unwrap();
    writer::install(&bytes, folder).unwrap();
}

/// A broker at `socket` for one connection.
pub fn serve(socket: &Path, scripts: Vec<Vec<u8>>) -> Receiver<String> {
    let listener = UnixListener::bind(socket).unwrap();
    let (asked, receiver) = channel();
    thread::spawn(move || play(&accepted(&listener), scripts, &asked));
    receiver
}

/// A broker at `socket` for several connections, one after the other, each with its scripts.
pub fn serve_each(socket: &Path, connections: Vec<Vec<Vec<u8>>>) -> Receiver<String> {
    let listener = UnixListener::bind(socket).unwrap();
    let (asked, receiver) = channel();
    thread::spawn(move || {
        for scripts in connections {
            play(&accepted(&listener), scripts, &asked);
        }
    });
    receiver
}

/// A broker at `socket` that says the same to whoever calls.
pub fn serve_all(socket: &Path, answer: Vec<u8>) -> Receiver<String> {
    let listener = UnixListener::bind(socket).unwrap();
    let (asked, receiver) = channel();
    thread::spawn(move || {
        loop {
            play(&accepted(&listener), vec![answer.clone()], &asked);
        }
    });
    receiver
}

/// The first peer. A descriptor table that the test has filled is waited for: it is the
/// module that shall meet it, not the broker.
fn accepted(listener: &UnixListener) -> UnixStream {
    loop {
        let accepted = listener.accept();
        if !matches!(&accepted, Err(error) if error.raw_os_error() == Some(libc::EMFILE)) {
            return accepted.unwrap().0;
        }
        thread::yield_now();
    }
}

/// A broker at `socket` for one call, which does something before it answers.
pub fn serve_when(
    socket: &Path,
    answer: Vec<u8>,
    first: impl FnOnce() + Send + 'static,
) -> thread::JoinHandle<()> {
    let listener = UnixListener::bind(socket).unwrap();
    thread::spawn(move || {
        let mut peer = listener.accept().unwrap().0;
        let mut byte = [1];
        while matches!(peer.read(&mut byte), Ok(1)) && byte != [0] {}
        first();
        let _ = peer.write_all(&answer);
    })
}

fn play(mut peer: &UnixStream, scripts: Vec<Vec<u8>>, asked: &Sender<String>) {
    for script in scripts {
        let mut frame = Vec::new();
        let mut byte = [0];
        while matches!(peer.read(&mut byte), Ok(1)) && byte != [0] {
            frame.extend_from_slice(&byte);
        }
        if frame.is_empty() {
            return;
        }
        let _ = asked.send(String::from_utf8(frame).unwrap());
        let _ = peer.write_all(&script);
    }
}

/// Steps as one stream: only the last one ends it.
pub fn steps(steps: &[Step]) -> Vec<u8> {
    let last = steps.len() - 1;
    let frame = |(i, step)| codec::encode_reply(step, i < last).unwrap().to_vec();
    steps.iter().enumerate().flat_map(frame).collect()
}

/// Acknowledged, then asked for the password.
pub fn prompt() -> Vec<u8> {
    let prompt = Step::Prompt {
        text: "Password: ".into(),
        echo: false,
    };
    steps(&[Step::Working, prompt])
}

/// A heartbeat, then the verdict.
pub fn verdict(outcome: Outcome) -> Vec<u8> {
    let verdict = Step::Verdict {
        outcome,
        message: None,
    };
    steps(&[Step::Working, verdict])
}
