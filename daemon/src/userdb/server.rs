//! The door: a few connections at once, each with a thread that waits for nobody for long.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use muster_common::local::LocalFiles;
use muster_common::snapshot::reader::Snapshot;
use muster_common::wire::codec::{self, Head};
use muster_common::wire::message::{REQUEST_MAX, error};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::INTERFACE;
use super::answer::{Answers, Ground, NoAnswer};

/// More callers at once wait in the socket's backlog.
const CONNECTIONS_MAX: usize = 32;
/// How long a caller may be silent, or not read.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long nobody need ask before the process ends; systemd starts it again.
const IDLE: Duration = Duration::from_secs(60);
/// How many bytes of answers are gathered before they are sent.
const GATHERED: usize = 64 << 10;

/// The interface as Varlink describes it.
const DESCRIPTION: &str = include_str!("io.systemd.UserDatabase.varlink");

/// Where answers come from; tests have places of their own.
#[derive(Debug, Clone)]
pub struct Places {
    /// The root of the host's files (`/`).
    pub host: PathBuf,
    /// The snapshot.
    pub snapshot: PathBuf,
    /// Who must own the snapshot (0; a test's own uid).
    pub owner: u32,
}

/// Serves until nobody has asked for [`IDLE`].
pub fn serve(listener: &UnixListener, places: &Places) -> io::Result<()> {
    let open = Arc::new(AtomicUsize::new(0));
    let places = Arc::new(places.clone());
    loop {
        let busy = open.load(Ordering::Acquire) > 0;
        if !is_called(listener, IDLE)? {
            match busy {
                true => continue,
                false => return Ok(()),
            }
        }
        let (stream, _) = listener.accept()?;
        if open.load(Ordering::Acquire) >= CONNECTIONS_MAX {
            // The caller hears nothing and asks the next service.
            continue;
        }
        let (open, places) = (Arc::clone(&open), Arc::clone(&places));
        open.fetch_add(1, Ordering::AcqRel);
        std::thread::Builder::new().spawn(move || {
            // A caller that hangs up, or says nonsense, is not spoken to any more.
            let _ended = Caller::new(&stream, &places).and_then(|mut caller| caller.serve());
            open.fetch_sub(1, Ordering::AcqRel);
        })?;
    }
}

fn is_called(listener: &UnixListener, within: Duration) -> io::Result<bool> {
    let mut listeners = [PollFd::new(listener, PollFlags::IN)];
    let within = Timespec {
        tv_sec: i64::try_from(within.as_secs()).unwrap_or(i64::MAX),
        tv_nsec: 0,
    };
    match poll(&mut listeners, Some(&within)) {
        Ok(ready) => Ok(ready > 0),
        Err(rustix::io::Errno::INTR) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

#[derive(Deserialize)]
struct Question<P> {
    #[serde(default = "Option::default")]
    parameters: Option<P>,
}

#[derive(Deserialize)]
struct Described {
    interface: String,
}

#[derive(Serialize)]
struct Info {
    vendor: &'static str,
    product: &'static str,
    version: &'static str,
    url: &'static str,
    interfaces: [&'static str; 2],
}

#[derive(Serialize)]
struct Description {
    description: &'static str,
}

/// One connection.
pub struct Caller<'a> {
    stream: &'a UnixStream,
    places: &'a Places,
    is_root: bool,
}

impl<'a> Caller<'a> {
    /// Takes `stream` on.
    pub fn new(stream: &'a UnixStream, places: &'a Places) -> io::Result<Self> {
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        let peer = rustix::net::sockopt::socket_peercred(stream)?;
        Ok(Self {
            stream,
            places,
            is_root: peer.uid.is_root(),
        })
    }

    /// Answers question after question until the caller hangs up.
    pub fn serve(&mut self) -> io::Result<()> {
        let mut input = BufReader::new(self.stream);
        let most = u64::try_from(REQUEST_MAX).unwrap_or(u64::MAX);
        loop {
            let mut frame = Vec::new();
            input.by_ref().take(most).read_until(0, &mut frame)?;
            if frame.pop() != Some(0) {
                return Ok(());
            }
            let head = codec::decode_head(&frame).map_err(io::Error::other)?;
            self.answer(&head, &frame)?;
        }
    }

    fn answer(&self, head: &Head, frame: &[u8]) -> io::Result<()> {
        let method = head.method.strip_prefix(INTERFACE);
        match (method, head.method.as_str()) {
            (Some(".GetUserRecord"), _) => {
                self.asked(head, frame, |ground, question| ground.users(&question))
            }
            (Some(".GetGroupRecord"), _) => {
                self.asked(head, frame, |ground, question| ground.groups(&question))
            }
            (Some(".GetMemberships"), _) => self.asked(head, frame, |ground, question| {
                ground.memberships(&question)
            }),
            (_, "org.varlink.service.GetInfo") => self.reply(&Info {
                vendor: "muster",
                product: "muster-userdb",
                version: env!("CARGO_PKG_VERSION"),
                url: env!("CARGO_PKG_REPOSITORY"),
                interfaces: ["org.varlink.service", INTERFACE],
            }),
            (_, "org.varlink.service.GetInterfaceDescription") => {
                let question: Question<Described> =
                    codec::decode_foreign(frame).map_err(io::Error::other)?;
                match question.parameters {
                    Some(asked) if asked.interface == INTERFACE => self.reply(&Description {
                        description: DESCRIPTION,
                    }),
                    _ => self.fail(error::INVALID_PARAMETER),
                }
            }
            _ => self.fail(error::METHOD_NOT_FOUND),
        }
    }

    fn asked<Q: DeserializeOwned + Default, R: Serialize>(
        &self,
        head: &Head,
        frame: &[u8],
        answer: impl for<'g> Fn(Ground<'g>, Q) -> Result<Answers<'g, R>, NoAnswer>,
    ) -> io::Result<()> {
        let question: Question<Q> = codec::decode_foreign(frame).map_err(io::Error::other)?;
        let question = question.parameters.unwrap_or_default();
        let (Ok(snapshot), Ok(local)) = (
            Snapshot::open_trusted_by(&self.places.snapshot, self.places.owner),
            LocalFiles::read(&self.places.host),
        ) else {
            return self.fail(&NoAnswer::NotAvailable.to_string());
        };
        let ground = Ground {
            snapshot: &snapshot,
            local: &local,
            to_root: self.is_root,
        };
        match answer(ground, question) {
            Ok(answers) => self.send(answers, head.more),
            Err(why) => self.fail(&why.to_string()),
        }
    }

    /// All but the last answer say that others follow; whoever wants one gets the first.
    fn send<R: Serialize>(&self, answers: Answers<'_, R>, more: bool) -> io::Result<()> {
        let mut answers = answers.peekable();
        if answers.peek().is_none() {
            return self.fail(&NoAnswer::NoRecord.to_string());
        }
        let mut gathered = Vec::new();
        while let Some(answer) = answers.next() {
            let answer = match answer {
                Ok(answer) => answer,
                Err(why) => {
                    self.write(&gathered)?;
                    return self.fail(&why.to_string());
                }
            };
            let follows = more && answers.peek().is_some();
            let frame = codec::encode_reply(&answer, follows).map_err(io::Error::other)?;
            gathered.extend_from_slice(&frame);
            if !follows {
                break;
            }
            if gathered.len() >= GATHERED {
                self.write(&gathered)?;
                gathered.clear();
            }
        }
        self.write(&gathered)
    }

    fn reply<R: Serialize>(&self, reply: &R) -> io::Result<()> {
        self.write(&codec::encode_reply(reply, false).map_err(io::Error::other)?)
    }

    fn fail(&self, name: &str) -> io::Result<()> {
        self.write(&codec::encode_error(name, None).map_err(io::Error::other)?)
    }

    fn write(&self, bytes: &[u8]) -> io::Result<()> {
        let mut stream = self.stream;
        stream.write_all(bytes)
    }
}

/// The socket at `path` in a folder that is there, open to everybody: only for tests and
/// hosts without systemd.
pub fn bind(path: &Path) -> io::Result<UnixListener> {
    use std::os::unix::fs::PermissionsExt;
    let listener = UnixListener::bind(path)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o666))?;
    Ok(listener)
}
