//! A host in a temporary folder, with a publisher that listens.

use std::io::{Read, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use muster_common::account::{Account, Gid, Group, Uid};
use muster_common::clock::{ManualClock, Time};
use muster_common::name::{DirectoryName, GroupName, UserName};
use muster_common::snapshot::content::{
    Access, Content, DirectoryRecord, GroupRecord, Misses, UserRecord,
};
use muster_common::snapshot::reader::Snapshot;
use muster_common::snapshot::writer;
use muster_common::wire::publish::{self, Offer, PublishError, Published};
use muster_daemon::publish::check::{Places, Publisher};
use muster_daemon::publish::server;
use tempfile::TempDir;

pub const START: Time = Time::from_unix(1_700_000_000);
/// How long the publisher waits for a silent peer.
pub const PATIENCE: Duration = Duration::from_secs(2);
pub const WAIT: Duration = Duration::from_secs(20);

pub const CONFIG: &str = r#"version = 1
[ids]
accept = [20000, 59999]
[[directory]]
name = "corp"
kind = "crowd"
url = "https://crowd.example.org/crowd"
application = "a"
password_file = "/nowhere"
[access]
allow = ["everyone"]
"#;

/// A host in a temporary folder, with a publisher that listens.
pub struct Host {
    pub folder: TempDir,
    pub clock: Arc<ManualClock>,
}

impl Host {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let host = Self {
            folder,
            clock: Arc::new(ManualClock::at(START)),
        };
        std::fs::create_dir_all(host.path("etc")).unwrap();
        std::fs::create_dir(host.path("lib")).unwrap();
        host.write(
            "etc/passwd",
            "root:x:0:0::/root:/bin/sh\nbob:x:20999:20999::/home/bob:/bin/sh\n",
        );
        host.write("etc/group", "root:x:0:\nbob:x:20999:\n");
        host.write("etc/subuid", "bob:30000:1000\n");
        host.write("etc/shells", "/bin/sh\n/bin/bash\n");
        host.write("etc/muster.toml", CONFIG);
        host.listen();
        host
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    }

    pub fn listen(&self) {
        let places = Places {
            config: self.path("etc/muster.toml"),
            host: self.folder.path().to_owned(),
            public: self.path("lib/public"),
            owner: rustix::process::geteuid().as_raw(),
        };
        let mut publisher = Publisher::new(places, Box::new(Arc::clone(&self.clock)));
        let listener = UnixListener::bind(self.socket()).unwrap();
        // Ends with the test's process; each connection is served as the publisher does.
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                server::attend(&stream.unwrap(), &mut publisher, PATIENCE);
            }
        });
    }

    pub fn socket(&self) -> PathBuf {
        self.path("publish.sock")
    }

    pub fn publish(&self, content: &Content) -> Published {
        let candidate = writer::write(content, 99).unwrap();
        publish::publish(&self.socket(), Offer::Whole, &candidate, WAIT).unwrap()
    }

    /// Hands over these users only, who are other than in the snapshot `generation`.
    pub fn amend(&self, content: &Content, generation: u64) -> Result<Published, PublishError> {
        let candidate = writer::candidate_upon(content, generation).unwrap();
        publish::publish(&self.socket(), Offer::Amendment, &candidate, WAIT)
    }

    pub fn refused(&self, candidate: &[u8]) -> String {
        match publish::publish(&self.socket(), Offer::Whole, candidate, WAIT) {
            Err(PublishError::Refused(error)) => error,
            other => panic!("{other:?}"),
        }
    }

    pub fn snapshot(&self) -> PathBuf {
        self.path("lib/public/snapshot")
    }

    pub fn served(&self) -> Content {
        let owner = rustix::process::geteuid().as_raw();
        let snapshot = Snapshot::open_trusted_by(&self.snapshot(), owner).unwrap();
        snapshot.content().unwrap()
    }

    /// Sends raw bytes and perhaps a descriptor, and gives the answer's text.
    pub fn say(&self, bytes: &[u8], descriptor: Option<&dyn AsFd>) -> String {
        let mut stream = UnixStream::connect(self.socket()).unwrap();
        stream.set_read_timeout(Some(WAIT)).unwrap();
        match descriptor {
            Some(descriptor) => {
                publish::hand_over(&stream, Offer::Whole, descriptor.as_fd()).unwrap();
            }
            None => stream.write_all(bytes).unwrap(),
        }
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }
}

pub fn user(name: &str, uid: u32) -> UserRecord {
    UserRecord {
        account: Account {
            name: UserName::new(name).unwrap(),
            uid: Uid::new(uid).unwrap(),
            gid: Gid::new(uid).unwrap(),
            gecos: "Somebody".to_owned(),
            home: format!("/home/{name}"),
            shell: "/bin/bash".to_owned(),
        },
        groups: vec![Gid::new(uid).unwrap()],
        directory: 0,
        access: Access {
            allowed: 1,
            until: START.after(Duration::from_secs(86_400)),
        },
        ssh_keys: Vec::new(),
    }
}

pub fn group(name: &str, gid: u32, members: &[&str]) -> GroupRecord {
    GroupRecord {
        group: Group {
            name: GroupName::new(name).unwrap(),
            gid: Gid::new(gid).unwrap(),
            members: members
                .iter()
                .map(|name| UserName::new(name).unwrap())
                .collect(),
        },
        directory: 0,
    }
}

/// The users with their private groups.
pub fn content(users: &[(&str, u32)]) -> Content {
    Content {
        created: START,
        directories: vec![DirectoryRecord {
            name: DirectoryName::new("corp").unwrap(),
            misses: Misses::Final,
            synced: Some(START),
        }],
        users: users.iter().map(|(name, uid)| user(name, *uid)).collect(),
        groups: users
            .iter()
            .map(|(name, uid)| group(name, *uid, &[]))
            .collect(),
        ..Content::default()
    }
}

pub fn user_names(content: &Content) -> Vec<&str> {
    content
        .users
        .iter()
        .map(|user| user.account.name.as_str())
        .collect()
}
