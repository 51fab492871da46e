//! One peer's connection: reads a call, looks it up in the table, answers.

#[cfg(test)]
mod tests;
mod tokens;

use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use muster_common::wire::codec::{self, Frame};
use muster_common::wire::message::{
    AcceptName, Answer, Begin, Call, ChangePassword, ClearTries, CommitImport, EndSession, Explain,
    FasAsk, GetGroup, GetUser, Introduce, ListIds, ListNames, ListTries, Outcome, Password, PinId,
    ResetClock, Revoke, StageImport, Status, Step, Sync, UnpinId, Unrevoke, ValidateSession, error,
};
use rustix::net::SendFlags;
use serde::Serialize;
use tokio::io::AsyncWriteExt;
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::time::{Instant, MissedTickBehavior, interval_at, timeout};
use tokio_util::bytes::BytesMut;
use tokio_util::codec::{Decoder, FramedRead};
use zeroize::Zeroize;

use muster_common::text::with_causes;

use crate::administration::Staged;
use crate::broker::Broker;
use crate::dispatch::{self, Permission, permission};
use crate::frames::Frames;
use crate::introspect;
use crate::login::{self, Answered, Heard, Judgement, NewPassword, Opening, Pending};
use crate::peer::{Door, Peer};
use crate::questions::{self, Held};
use crate::resolve::{self, ResolveError};
use crate::sessions::{self, SessionError};
use crate::{administration, explain, lookups, status};

/// How long a peer may be silent between calls; a person typing a password is.
const IDLE: Duration = Duration::from_secs(120);
/// How long a peer may take to accept a reply.
const WRITE: Duration = Duration::from_secs(5);
/// How often a login that takes long says that it is alive.
const HEARTBEAT: Duration = Duration::from_secs(1);

/// Why a connection ends before its peer hangs up. Nothing but the connection is lost.
#[derive(Debug, thiserror::Error)]
enum End {
    /// The peer hung up, or does not read what it asked for.
    #[error("the peer is gone")]
    Gone,
    /// A frame that is not what was agreed on.
    #[error(transparent)]
    Codec(#[from] codec::CodecError),
}

/// A connection and what is going on on it.
pub struct Connection {
    broker: Arc<Broker>,
    peer: Peer,
    frames: FramedRead<OwnedReadHalf, Frames>,
    out: OwnedWriteHalf,
    pending: Option<Box<Pending>>,
    /// An import that has not been committed.
    staged: Staged,
    /// An answer that has not been given whole.
    held: Held,
}

impl Connection {
    /// Takes `stream`, on which `peer` calls.
    pub fn new(broker: Arc<Broker>, peer: Peer, stream: UnixStream) -> Self {
        let (input, out) = stream.into_split();
        Self {
            broker,
            peer,
            frames: FramedRead::new(input, Frames::default()),
            out,
            pending: None,
            staged: Staged::default(),
            held: Held::default(),
        }
    }

    /// `bytes` is what the peer has said already.
    pub fn having_heard(mut self, bytes: BytesMut) -> Self {
        *self.frames.read_buffer_mut() = bytes;
        self
    }

    /// Serves until the peer hangs up, is silent for too long or talks nonsense.
    pub async fn serve(mut self) {
        while let Some(mut frame) = self.request().await {
            let answered = self.call(&frame).await;
            // The request may hold a password: this is where its bytes arrived.
            frame.zeroize();
            if let Err(end) = answered {
                log::debug!("uid {}: {end}", self.peer.uid);
                return;
            }
        }
    }

    /// The next request; `None`: the peer has hung up, is silent for too long or talks nonsense.
    async fn request(&mut self) -> Option<BytesMut> {
        match self.request_at_hand() {
            Ok(None) => timeout(IDLE, self.frames.next()).await.ok()??.ok(),
            Ok(request) => request,
            Err(_nonsense) => None,
        }
    }

    /// Waits for whatever comes next from the peer: a request, nonsense, or the end.
    async fn anything(&mut self) {
        if let Ok(None) = self.request_at_hand() {
            self.frames.next().await;
        }
    }

    /// A request that has been read already.
    fn request_at_hand(&mut self) -> io::Result<Option<BytesMut>> {
        let mut buffer = std::mem::take(self.frames.read_buffer_mut());
        let request = self.frames.decoder_mut().decode(&mut buffer);
        *self.frames.read_buffer_mut() = buffer;
        request
    }

    async fn call(&mut self, frame: &[u8]) -> Result<(), End> {
        let head = codec::decode_head(frame)?;
        match permission(self.peer, &head.method) {
            Permission::Granted => {}
            Permission::IfOneself if self.is_oneself(frame, &head.method).await? => {}
            Permission::IfOneself | Permission::Denied => {
                return self.fail(error::PERMISSION_DENIED, None).await;
            }
            Permission::Unknown => return self.fail(error::METHOD_NOT_FOUND, None).await,
        }
        match head.method.as_str() {
            GetUser::METHOD => self.get_user(codec::decode_parameters(frame)?).await,
            GetGroup::METHOD => {
                self.blocking(frame, |broker, call: GetGroup| {
                    resolve::get_group(broker, &call)
                })
                .await
            }
            Explain::METHOD => {
                self.blocking(frame, |broker, call: Explain| {
                    explain::explain(broker, &call)
                })
                .await
            }
            Status::METHOD => {
                self.blocking(frame, |broker, _: Status| Ok(status::status(broker)))
                    .await
            }
            Sync::METHOD => self.sync(codec::decode_parameters(frame)?).await,
            AcceptName::METHOD => self.change(frame, administration::accept_name).await,
            ListNames::METHOD => {
                self.blocking(frame, |broker, call: ListNames| {
                    administration::list_names(broker, &call)
                })
                .await
            }
            ListIds::METHOD => {
                self.blocking(frame, |broker, call: ListIds| {
                    administration::list_ids(broker, &call)
                })
                .await
            }
            PinId::METHOD => self.change(frame, administration::pin_id).await,
            UnpinId::METHOD => self.change(frame, administration::unpin_id).await,
            StageImport::METHOD => self.stage_import(&codec::decode_parameters(frame)?).await,
            CommitImport::METHOD => self.commit_import(&codec::decode_parameters(frame)?).await,
            Revoke::METHOD => self.change(frame, administration::revoke).await,
            Unrevoke::METHOD => self.change(frame, administration::unrevoke).await,
            ListTries::METHOD => {
                self.blocking(frame, |broker, call: ListTries| {
                    administration::list_tries(broker, &call)
                })
                .await
            }
            ClearTries::METHOD => {
                self.blocking(frame, |broker, call: ClearTries| {
                    administration::clear_tries(broker, &call)
                })
                .await
            }
            ResetClock::METHOD => self.change(frame, administration::reset_clock).await,
            ValidateSession::METHOD => {
                let call = codec::decode_parameters(frame)?;
                let validated = sessions::validate(&self.broker, &call).await;
                self.about_session(validated).await
            }
            EndSession::METHOD => {
                let call = codec::decode_parameters(frame)?;
                let ended = sessions::end(&self.broker, &call).await;
                self.about_session(ended).await
            }
            FasAsk::METHOD => self.fas_ask(&codec::decode_parameters(frame)?).await,
            Introduce::METHOD => {
                let call = codec::decode_parameters(frame)?;
                match administration::introduce(&self.broker, &call).await {
                    Ok(reply) => self.reply(&reply, false).await,
                    Err(why) => self.fail(why.name(), Some(&with_causes(&why))).await,
                }
            }
            Begin::METHOD => self.begin(codec::decode_parameters(frame)?).await,
            Answer::METHOD => self.answer(codec::decode_parameters(frame)?).await,
            ChangePassword::METHOD => self.change_password(codec::decode_parameters(frame)?).await,
            dispatch::GET_INFO => self.reply(&introspect::info(), false).await,
            dispatch::GET_DESCRIPTION => match introspect::description(frame) {
                Some(description) => self.reply(&description, false).await,
                None => self.fail(error::INVALID_PARAMETER, None).await,
            },
            other => self.about_tokens(other, frame).await,
        }
    }

    /// Whether the user that a call names has the peer's own uid.
    async fn is_oneself(&self, frame: &[u8], method: &str) -> Result<bool, End> {
        let name = match method {
            Begin::METHOD => codec::decode_parameters::<Begin>(frame)?.user,
            ChangePassword::METHOD => codec::decode_parameters::<ChangePassword>(frame)?.user,
            _ => codec::decode_parameters::<Explain>(frame)?.user,
        };
        let (broker, uid) = (Arc::clone(&self.broker), self.peer.uid);
        let looked_up = blocking(move || broker.snapshot().ok()?.user_by_name(&name).ok()?).await;
        Ok(looked_up
            .flatten()
            .is_some_and(|record| record.account.uid.get() == uid))
    }

    /// Answers a call that reads files and the store, off the event loop.
    async fn blocking<C, R>(
        &mut self,
        frame: &[u8],
        answer: fn(&Broker, C) -> Result<R, ResolveError>,
    ) -> Result<(), End>
    where
        C: Call + Send + 'static,
        R: Serialize + Send + 'static,
    {
        let call: C = codec::decode_parameters(frame)?;
        let broker = Arc::clone(&self.broker);
        match blocking(move || answer(&broker, call)).await {
            Some(answer) => self.tell(answer).await,
            None => self.fail(error::UNAVAILABLE, None).await,
        }
    }

    /// Answers a call that changes something: the answer comes when the change is served.
    async fn change<C: Call, R: Serialize, W>(
        &mut self,
        frame: &[u8],
        work: fn(Arc<Broker>, C) -> W,
    ) -> Result<(), End>
    where
        W: Future<Output = Result<R, ResolveError>>,
    {
        let call = codec::decode_parameters(frame)?;
        let answer = work(Arc::clone(&self.broker), call).await;
        self.tell(answer).await
    }

    async fn tell<R: Serialize>(&mut self, answer: Result<R, ResolveError>) -> Result<(), End> {
        match answer {
            Ok(reply) => self.reply(&reply, false).await,
            Err(why) => self.fail(error_name(&why), Some(&with_causes(&why))).await,
        }
    }

    async fn get_user(&mut self, call: GetUser) -> Result<(), End> {
        let broker = Arc::clone(&self.broker);
        let account = broker.account_of(self.peer.uid);
        let answer = match (call.name, call.uid) {
            (Some(name), None) => {
                let asked = async move { lookups::user(&broker, account, &name).await };
                // Whoever hangs up is not answered; what was asked on the way is kept for others.
                let served = self.unless_hung_up(asked).await?;
                served.and_then(|served| resolve::user_reply(&served))
            }
            (None, Some(uid)) => blocking(move || resolve::user_with_id(&broker, uid))
                .await
                .unwrap_or(Err(ResolveError::Unclear)),
            _ => Err(ResolveError::Invalid),
        };
        self.tell(answer).await
    }

    async fn unless_hung_up<T>(&mut self, work: impl Future<Output = T>) -> Result<T, End> {
        tokio::select! {
            done = work => Ok(done),
            // Nothing may come before the answer.
            () = self.anything() => Err(End::Gone),
        }
    }

    async fn sync(&mut self, call: Sync) -> Result<(), End> {
        let reply = administration::sync(&self.broker, &call).await;
        match reply {
            Some(reply) => self.reply(&reply, false).await,
            None => {
                self.fail(
                    error::NOT_FOUND,
                    Some("no directory of this name is configured"),
                )
                .await
            }
        }
    }

    async fn stage_import(&mut self, call: &StageImport) -> Result<(), End> {
        match self.staged.stage(call) {
            Ok(reply) => self.reply(&reply, false).await,
            Err(why) => {
                self.staged = Staged::default();
                self.fail(error::INVALID_PARAMETER, Some(&with_causes(&why)))
                    .await
            }
        }
    }

    async fn fas_ask(&mut self, call: &FasAsk) -> Result<(), End> {
        match questions::ask(&self.broker, call, &mut self.held).await {
            Ok(reply) => self.reply(&reply, false).await,
            Err(why) => self.fail(why.name(), Some(&with_causes(&why))).await,
        }
    }

    async fn about_session<R: Serialize>(
        &mut self,
        answer: Result<R, SessionError>,
    ) -> Result<(), End> {
        match answer {
            Ok(reply) => self.reply(&reply, false).await,
            Err(why) => self.fail(why.name(), Some(&with_causes(&why))).await,
        }
    }

    async fn commit_import(&mut self, call: &CommitImport) -> Result<(), End> {
        let staged = std::mem::take(&mut self.staged);
        let answer = administration::commit_import(&self.broker, staged, call).await;
        self.tell(answer).await
    }

    async fn begin(&mut self, call: Begin) -> Result<(), End> {
        self.pending = None;
        self.reply(&Step::Working, true).await?;
        let broker = Arc::clone(&self.broker);
        let account = broker.account_of(self.peer.uid);
        let opening = async move { login::open(&broker, account, &call).await };
        let step = match self.with_heartbeat(opening).await? {
            Opening::Ask(pending, step) => {
                self.pending = Some(pending);
                step
            }
            Opening::Over(step) => step,
        };
        self.reply(&step, false).await
    }

    async fn answer(&mut self, call: Answer) -> Result<(), End> {
        let Some(pending) = self.pending.take() else {
            return self
                .fail(error::INVALID_PARAMETER, Some("nothing was asked"))
                .await;
        };
        let Ok(typed) = call.open() else {
            return self
                .reply(&Judgement::new(Outcome::WrongSecret, "").step(), false)
                .await;
        };
        drop(call);
        match login::hear(&self.broker, pending, typed) {
            Heard::Ask(pending, step) => {
                self.pending = Some(pending);
                self.reply(&step, false).await
            }
            Heard::All(pending, proof) => {
                let broker = Arc::clone(&self.broker);
                self.judged(async move { login::answer(&broker, *pending, proof).await })
                    .await
            }
        }
    }

    async fn change_password(&mut self, call: ChangePassword) -> Result<(), End> {
        self.pending = None;
        let opened =
            |password: Option<Password>| password.map(|password| password.open()).transpose();
        let wanted = match (opened(call.old), opened(call.new)) {
            (Ok(None), Ok(None)) => NewPassword::Possible,
            (Ok(Some(old)), Ok(None)) => NewPassword::Proved(old),
            (Ok(Some(old)), Ok(Some(new))) => NewPassword::Wanted { old, new },
            _ => return self.fail(error::INVALID_PARAMETER, None).await,
        };
        let begin = Begin {
            service: call.service,
            user: call.user,
            tty: call.tty,
            remote_host: call.remote_host,
            calling_uid: call.calling_uid,
        };
        let broker = Arc::clone(&self.broker);
        let account = broker.account_of(self.peer.uid);
        let changing = async move { login::change(&broker, account, &begin, wanted).await };
        self.judged(async move { Answered::Over(changing.await) })
            .await
    }

    /// Acknowledges, waits for the judgement and tells it, or what is asked for further.
    async fn judged(
        &mut self,
        judging: impl Future<Output = Answered> + Send + 'static,
    ) -> Result<(), End> {
        self.reply(&Step::Working, true).await?;
        let cap = self.broker.config.login.timeout;
        // A task of its own: a peer that hangs up early must not take its wrong try off the books.
        let judging = tokio::spawn(timeout(cap, judging));
        let judging = async {
            let judged = judging.await.ok().and_then(Result::ok);
            judged.unwrap_or_else(|| {
                Answered::Over(Judgement::new(Outcome::Unavailable, "took too long"))
            })
        };
        let step = match self.with_heartbeat(judging).await? {
            Answered::Ask(pending, step) => {
                self.pending = Some(pending);
                step
            }
            Answered::Over(judgement) => judgement.step(),
        };
        self.reply(&step, false).await
    }

    /// Waits for `work`, tells the peer each second that it goes on, and waits no longer when the peer hangs up.
    async fn with_heartbeat<T>(&mut self, work: impl Future<Output = T>) -> Result<T, End> {
        tokio::pin!(work);
        let mut beat = interval_at(Instant::now() + HEARTBEAT, HEARTBEAT);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let step = codec::encode_reply(&Step::Working, true)?;
        loop {
            tokio::select! {
                done = &mut work => return Ok(done),
                _ = beat.tick() => write(&mut self.out, &step).await?,
                // Nothing may come before the verdict: a hang-up, or a peer that breaks the dialogue.
                () = self.anything() => return Err(End::Gone),
            }
        }
    }

    async fn reply<R: Serialize>(&mut self, reply: &R, continues: bool) -> Result<(), End> {
        let frame = codec::encode_reply(reply, continues)?;
        write(&mut self.out, &frame).await
    }

    async fn fail(&mut self, name: &str, reason: Option<&str>) -> Result<(), End> {
        // Strangers learn that, not why.
        let reason = reason.filter(|_| self.peer.door == Door::Root);
        let frame = codec::encode_error(name, reason)?;
        write(&mut self.out, &frame).await
    }
}

async fn write(out: &mut OwnedWriteHalf, frame: &Frame) -> Result<(), End> {
    let rest = frame.get(sent_at_once(out, frame)..).unwrap_or_default();
    if rest.is_empty() {
        return Ok(());
    }
    match timeout(WRITE, out.write_all(rest)).await {
        Ok(Ok(())) => Ok(()),
        _ => Err(End::Gone),
    }
}

/// How much of `bytes` the kernel takes without anybody waiting: all of a usual reply.
fn sent_at_once(out: &OwnedWriteHalf, bytes: &[u8]) -> usize {
    let stream: &UnixStream = out.as_ref();
    let flags = SendFlags::DONTWAIT | SendFlags::NOSIGNAL;
    rustix::net::send(stream, bytes, flags).unwrap_or_default()
}

/// Runs `work` where it may block; `None` if it could not be finished.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    tokio::task::spawn_blocking(work).await.ok()
}

/// "Could not ask" is never "not found".
fn error_name(why: &ResolveError) -> &'static str {
    match why {
        ResolveError::NotFound | ResolveError::Gone => error::NOT_FOUND,
        ResolveError::Invalid | ResolveError::Unfit(_) => error::INVALID_PARAMETER,
        ResolveError::Busy => error::BUSY,
        _ => error::UNAVAILABLE,
    }
}
