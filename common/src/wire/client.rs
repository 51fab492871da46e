//! The calling side of the wire: std and libc only, no thread, and one deadline
//! that covers connecting, sending and waiting. It runs inside sshd, sudo and su.

use std::fmt;
use std::io;
use std::marker::PhantomData;
use std::path::Path;
use std::time::Duration;

use super::codec::{self, CodecError, Frame};
pub use super::crowd::Grace;
pub use super::deadline::Deadline;
use super::message::{Call, REPLY_MAX, Reply, error};
pub use super::place::Absence;
use super::place::connect;
use super::socket::Socket;
use crate::{local, paths};

/// How long a broker may take to accept and to acknowledge.
pub const ACKNOWLEDGE: Duration = Duration::from_millis(500);
/// How long a broker that sends heartbeats each second may be silent.
pub const SILENCE: Duration = Duration::from_secs(3);

/// How long a stream of replies is waited for.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// For sending the call and for the first reply.
    pub first: Deadline,
    /// For each further reply.
    pub silence: Duration,
    /// For a reply that has reason to be late.
    pub grace: Grace,
    /// For all of them.
    pub overall: Deadline,
}

impl Patience {
    /// The design's: acknowledged within [`ACKNOWLEDGE`] from now, never silent for [`SILENCE`].
    pub fn until(overall: Deadline) -> Self {
        Self {
            first: Deadline::after(ACKNOWLEDGE),
            silence: SILENCE,
            grace: Grace::CROWDED,
            overall,
        }
    }
}

/// Why a call has no reply, by what the caller does about it.
#[derive(Debug, thiserror::Error)]
pub enum WireError {
    /// Nobody to ask (no socket, nobody listening, not to be trusted, no descriptor left): could not ask.
    #[error("the broker is not there")]
    NotThere(#[source] Absence),
    /// The broker did not accept, acknowledge or answer in time: could not ask.
    #[error("the broker did not answer in time")]
    Silent,
    /// What came is not a reply, or the connection broke: could not ask; the connection is of no further use.
    #[error("the broker's reply cannot be believed")]
    Broken(#[source] Nonsense),
    /// This process may not ask that.
    #[error("this user may not ask the broker for that")]
    Denied,
    /// There is no such thing, and that is certain.
    #[error("the broker knows no such name or id")]
    NotFound,
    /// The broker cannot tell now: could not ask.
    #[error("the broker cannot tell now{}", Because(.0))]
    Unavailable(Option<String>),
    /// The call does not fit what is configured, for this reason.
    #[error("the broker does not take that: {0}")]
    Unfit(String),
    /// Too many calls: could not ask, try again later.
    #[error("the broker has too many calls at once")]
    Busy,
}

/// Why a reply cannot be believed.
#[derive(Debug, thiserror::Error)]
pub enum Nonsense {
    /// The connection broke.
    #[error("the connection broke")]
    Connection(#[source] io::Error),
    /// The broker hung up.
    #[error("the broker hung up in the middle")]
    HungUp,
    /// A frame that cannot be read or made.
    #[error(transparent)]
    Frame(#[from] CodecError),
    /// An error that no method of ours has: the versions differ.
    #[error("the broker answered with the error {0}")]
    Error(String),
    /// A reply that nobody asked for, or one that is neither parameters nor an error.
    #[error("a reply out of turn")]
    OutOfTurn,
}

/// A reason, where there is one.
struct Because<'a>(&'a Option<String>);

impl fmt::Display for Because<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(reason) => write!(f, ": {}", crate::text::safe(reason, 200)),
            None => Ok(()),
        }
    }
}

impl From<Nonsense> for WireError {
    fn from(nonsense: Nonsense) -> Self {
        Self::Broken(nonsense)
    }
}

impl From<CodecError> for WireError {
    fn from(error: CodecError) -> Self {
        Self::Broken(error.into())
    }
}

impl From<Absence> for WireError {
    fn from(absence: Absence) -> Self {
        match &absence {
            Absence::System(error) if error.kind() == io::ErrorKind::TimedOut => Self::Silent,
            Absence::System(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                Self::Denied
            }
            _ => Self::NotThere(absence),
        }
    }
}

fn while_talking(error: io::Error) -> WireError {
    match error.kind() {
        io::ErrorKind::TimedOut => WireError::Silent,
        _ => Nonsense::Connection(error).into(),
    }
}

/// A connection to the broker. Dropping it cancels what is under way.
pub struct Connection {
    socket: Socket,
    /// What has arrived and is no whole frame yet.
    received: Vec<u8>,
    /// Set while a reply is awaited: after a failure the next one would not be ours.
    in_doubt: bool,
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection").finish_non_exhaustive()
    }
}

impl Connection {
    /// Connects to the broker's socket at `path` in root's folder.
    pub fn open(path: &Path, deadline: Deadline) -> Result<Self, WireError> {
        Self::open_owned_by(path, 0, deadline)
    }

    /// Connects where the folder must be `owner`'s: for worlds that are not root's.
    pub fn open_owned_by(path: &Path, owner: u32, deadline: Deadline) -> Result<Self, WireError> {
        Ok(Self {
            socket: connect(path, owner, deadline, is_broker)?,
            received: Vec::new(),
            in_doubt: false,
        })
    }

    /// Makes a call that has one reply.
    pub fn call<C: Call>(&mut self, call: &C, deadline: Deadline) -> Result<C::Reply, WireError> {
        self.send(&codec::encode_call(call, false)?, deadline)?;
        let (reply, continues) = self.reply::<C>(deadline)?;
        if continues {
            return Err(Nonsense::OutOfTurn.into());
        }
        self.in_doubt = false;
        Ok(reply)
    }

    /// Makes a call that has a stream of replies.
    pub fn stream<C: Call>(
        &mut self,
        call: &C,
        patience: Patience,
    ) -> Result<Replies<'_, C>, WireError> {
        let deadline = patience.first.or_earlier(patience.overall);
        self.send(&codec::encode_call(call, true)?, deadline)?;
        Ok(Replies {
            connection: self,
            patience,
            next: Some(deadline),
            call: PhantomData,
        })
    }

    fn send(&mut self, frame: &Frame, deadline: Deadline) -> Result<(), WireError> {
        if self.in_doubt || !self.received.is_empty() {
            return Err(Nonsense::OutOfTurn.into());
        }
        self.in_doubt = true;
        self.socket.send_all(frame, deadline).map_err(while_talking)
    }

    /// The next reply, and whether more follow.
    fn reply<C: Call>(&mut self, deadline: Deadline) -> Result<(C::Reply, bool), WireError> {
        let frame = self.frame(deadline)?;
        let reply: Reply<C::Reply> = codec::decode_reply(&frame)?;
        match (reply.error, reply.parameters) {
            (None, Some(parameters)) => Ok((parameters, reply.continues)),
            (None, None) => Err(Nonsense::OutOfTurn.into()),
            (Some(name), _) => {
                self.in_doubt = false;
                Err(said_by(&name, &frame))
            }
        }
    }

    /// The next frame without its NUL. What is there already is taken even after
    /// the deadline (a person may have been reading a message meanwhile), but the
    /// deadline is the whole frame's: dripping bytes gain no time.
    fn frame(&mut self, deadline: Deadline) -> Result<Vec<u8>, WireError> {
        let mut searched = 0;
        loop {
            let fresh = self.received.get(searched..).unwrap_or_default();
            if let Some(place) = fresh.iter().position(|&byte| byte == 0) {
                return Ok(self.take_frame(searched.saturating_add(place)));
            }
            if searched > 0 {
                deadline.remaining().map_err(while_talking)?;
            }
            searched = self.received.len();
            if searched >= REPLY_MAX {
                return Err(CodecError::TooLong { most: REPLY_MAX }.into());
            }
            self.receive(deadline)?;
        }
    }

    /// The first `length` received bytes; the NUL behind them is dropped.
    fn take_frame(&mut self, length: usize) -> Vec<u8> {
        let behind = self.received.split_off(length.saturating_add(1));
        let mut frame = std::mem::replace(&mut self.received, behind);
        frame.truncate(length);
        frame
    }

    fn receive(&mut self, deadline: Deadline) -> Result<(), WireError> {
        let mut chunk = [0; 4096];
        match self.socket.receive(&mut chunk, deadline) {
            Ok(0) => Err(Nonsense::HungUp.into()),
            Ok(count) => {
                let arrived = chunk.get(..count).unwrap_or_default();
                self.received.extend_from_slice(arrived);
                Ok(())
            }
            Err(error) => Err(while_talking(error)),
        }
    }
}

/// The replies to one call, in order. Ends after the last one and after an error.
pub struct Replies<'a, C> {
    connection: &'a mut Connection,
    patience: Patience,
    /// The deadline of the next reply; `None` once there is none.
    next: Option<Deadline>,
    call: PhantomData<C>,
}

impl<C: Call> Iterator for Replies<'_, C> {
    type Item = Result<C::Reply, WireError>;

    fn next(&mut self) -> Option<Self::Item> {
        let deadline = self.next.take()?;
        Some(self.wait(deadline))
    }
}

impl<C: Call> Replies<'_, C> {
    fn wait(&mut self, deadline: Deadline) -> Result<C::Reply, WireError> {
        // Also where replies lie ready: heartbeats for ever must end some time.
        self.patience.overall.remaining().map_err(while_talking)?;
        let (reply, continues) = self.awaited(deadline)?;
        if continues {
            let patient = Deadline::after(self.patience.silence);
            self.next = Some(patient.or_earlier(self.patience.overall));
        } else {
            self.connection.in_doubt = false;
        }
        Ok(reply)
    }

    /// The next reply, with grace where there is reason for it.
    fn awaited(&mut self, mut deadline: Deadline) -> Result<(C::Reply, bool), WireError> {
        loop {
            let reply = self.connection.reply::<C>(deadline);
            let Patience { grace, overall, .. } = &mut self.patience;
            if !matches!(reply, Err(WireError::Silent)) || grace.most.is_zero() || !(grace.holds)()
            {
                return reply;
            }
            overall.remaining().map_err(while_talking)?;
            let more = grace.most.min(ACKNOWLEDGE);
            grace.most = grace.most.saturating_sub(more);
            deadline = Deadline::after(more).or_earlier(*overall);
        }
    }

    /// Whether the broker has said that nothing more follows.
    pub fn ended(&self) -> bool {
        self.next.is_none()
    }
}

/// passwd(5) is read only in the rare case that a listener is neither root nor the socket's owner.
fn is_broker(uid: u32) -> bool {
    let ids = local::ids_of_user(Path::new(paths::PASSWD), paths::BROKER_USER);
    matches!(ids, Ok(Some((broker, _))) if broker == uid)
}

fn said_by(name: &str, frame: &[u8]) -> WireError {
    match name {
        error::NOT_FOUND => WireError::NotFound,
        error::UNAVAILABLE => WireError::Unavailable(codec::error_reason(frame)),
        error::PERMISSION_DENIED => WireError::Denied,
        error::BUSY => WireError::Busy,
        _ => match codec::error_reason(frame) {
            Some(reason) if name == error::INVALID_PARAMETER => {
                WireError::Unfit(crate::text::safe(&reason, 200))
            }
            _ => Nonsense::Error(crate::text::safe(name, 100)).into(),
        },
    }
}
