//! A login: the dialogue's halves. `Begin` finds out whose login it is and asks for the
//! secret; `Answer` brings it, and a one-time code where the directory wants one, and has
//! them judged. `ChangePassword` has no dialogue: the module has asked already.

mod aftermath;
mod change;
mod judge;
mod offline;
mod patience;
mod question;
mod renewal;
#[cfg(test)]
mod tests;
mod tries;

use std::sync::Arc;
use std::time::Duration;

use muster_common::access::{Directories, Memberships};
use muster_common::name::ServiceName;
use muster_common::secret::Secret;
use muster_common::snapshot::content::AccessAnswer;
use muster_common::snapshot::reader::Damaged;
use muster_common::text;
use muster_common::wire::message::{Begin, Outcome, Step};

use muster_common::text::with_causes;

use crate::broker::Broker;
use crate::lookups;
use crate::resolve::{ResolveError, Served, served_user};

pub use change::{NewPassword, change};
pub use judge::{Judged, judge};
pub use patience::Patience;
pub use renewal::WrittenThrough;

/// A refusal takes at least this long, so that nothing is learnt from the time it takes.
pub const LEAST_REFUSAL: Duration = Duration::from_millis(500);

/// What people are asked for whose directory wants a code of some only.
const CODE_PROMPT: &str = "One-time code: ";

/// A login whose person is known and whose secret is being asked for.
pub struct Pending {
    /// Who.
    pub served: Served,
    /// Where to.
    pub service: ServiceName,
    /// Where from: the remote host, or the terminal.
    pub source: String,
    /// The secret, while a one-time code is asked for.
    secret: Option<Arc<Secret>>,
}

/// What a person proves to be who they are by.
#[derive(Debug)]
pub struct Proof {
    /// The password or token.
    pub secret: Arc<Secret>,
    /// The one-time code, where the directory wants one.
    pub code: Option<Secret>,
}

impl From<Secret> for Proof {
    fn from(secret: Secret) -> Self {
        Self {
            secret: Arc::new(secret),
            code: None,
        }
    }
}

/// What follows what was typed.
pub enum Heard {
    /// Something else is asked for.
    Ask(Box<Pending>, Step),
    /// Nothing else: it is judged.
    All(Box<Pending>, Proof),
}

/// How an answer that is judged ends.
pub enum Answered {
    /// The directory wants a one-time code as well.
    Ask(Box<Pending>, Step),
    /// It is over.
    Over(Judgement),
}

/// How `Begin` ends.
pub enum Opening {
    /// Ask for the secret.
    Ask(Box<Pending>, Step),
    /// It is over already.
    Over(Step),
}

/// What a judgement says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judgement {
    /// The outcome.
    pub outcome: Outcome,
    /// What the person is told.
    pub message: Option<String>,
    /// What the log says.
    pub reason: String,
}

impl Judgement {
    /// A judgement that tells the person nothing beyond its outcome.
    pub fn new(outcome: Outcome, reason: impl Into<String>) -> Self {
        Self {
            outcome,
            message: None,
            reason: reason.into(),
        }
    }

    /// The step that ends the dialogue.
    pub fn step(&self) -> Step {
        Step::Verdict {
            outcome: self.outcome,
            message: self.message.clone(),
        }
    }
}

/// Finds out whose login it is, on account of `account`.
pub async fn open(broker: &Arc<Broker>, account: u32, begin: &Begin) -> Opening {
    match whose(broker, account, begin).await {
        Ok(pending) => {
            let prompt = Step::Prompt {
                text: prompt(broker, &pending.served),
                echo: false,
            };
            Opening::Ask(Box::new(pending), prompt)
        }
        Err(judgement) => {
            log_ending(begin, &judgement);
            Opening::Over(judgement.step())
        }
    }
}

async fn whose(broker: &Arc<Broker>, account: u32, begin: &Begin) -> Result<Pending, Judgement> {
    let Ok(service) = ServiceName::new(&begin.service) else {
        return Err(Judgement::new(
            Outcome::NotAllowed,
            "the service's name does not fit",
        ));
    };
    match lookups::user(broker, account, &begin.user).await {
        Ok(served) => Ok(Pending {
            served,
            service,
            source: source_of(begin),
            secret: None,
        }),
        Err(error) => Err(nobody_to_ask(&error)),
    }
}

fn nobody_to_ask(error: &ResolveError) -> Judgement {
    match error {
        // Read or asked, every directory has said that it knows nobody of this name.
        ResolveError::NotFound => Judgement::new(Outcome::NotOurs, "not a name of ours"),
        ResolveError::Gone => Judgement::new(Outcome::Gone, "was served once and is gone"),
        ResolveError::Admission(_) | ResolveError::Unknown(_) => {
            Judgement::new(Outcome::Mismatch, with_causes(error))
        }
        _ => Judgement::new(Outcome::Unavailable, with_causes(error)),
    }
}

/// What was typed at the last prompt.
pub fn hear(broker: &Broker, mut pending: Box<Pending>, typed: Secret) -> Heard {
    if let Some(secret) = pending.secret.take() {
        let code = Some(typed);
        return Heard::All(pending, Proof { secret, code });
    }
    let owner = pending.served.user.owner();
    let connected = broker.connected(&owner.directory);
    let prompt = connected.and_then(|connected| connected.directory().code_prompt());
    match prompt {
        Some(text) => {
            pending.secret = Some(Arc::new(typed));
            Heard::Ask(pending, code_step(text))
        }
        None => Heard::All(pending, typed.into()),
    }
}

/// Visible, so that a program that answers every hidden prompt with the password cannot.
fn code_step(text: &str) -> Step {
    let text = text.to_owned();
    Step::Prompt { text, echo: true }
}

fn prompt(broker: &Broker, served: &Served) -> String {
    let connected = broker.connected(&served.user.owner().directory);
    let prompt = connected.map_or("Password: ", |connected| connected.config.kind.prompt());
    prompt.to_owned()
}

fn source_of(begin: &Begin) -> String {
    let source = begin
        .remote_host
        .as_deref()
        .filter(|host| !host.is_empty())
        .or(begin.tty.as_deref());
    text::safe(source.unwrap_or("local"), 128)
}

/// Judges what was typed, and logs what came of it if that is the end.
pub async fn answer(broker: &Arc<Broker>, pending: Pending, proof: Proof) -> Answered {
    let started = tokio::time::Instant::now();
    let name = pending.served.user.name().clone();
    let (service, source) = (pending.service.clone(), pending.source.clone());
    let judgement = match still_served(broker, pending) {
        Ok(pending) => match judge(broker, pending, proof).await {
            Judged::Over(judgement) => judgement,
            Judged::CodeWanted(pending) => return Answered::Ask(pending, code_step(CODE_PROMPT)),
        },
        Err(judgement) => judgement,
    };
    log_decision(service.as_str(), name.as_str(), &source, &judgement);
    hold_refusal(started, &judgement).await;
    Answered::Over(judgement)
}

/// Keeps a refusal back until [`LEAST_REFUSAL`] after `started`.
async fn hold_refusal(started: tokio::time::Instant, judgement: &Judgement) {
    if !matches!(
        judgement.outcome,
        Outcome::Granted | Outcome::GrantedOffline
    ) {
        tokio::time::sleep_until(started + LEAST_REFUSAL).await;
    }
}

/// The same person as the snapshot says it now: typing takes time. What cannot be
/// read is no statement about the person (invariant 3).
fn still_served(broker: &Broker, pending: Pending) -> Result<Pending, Judgement> {
    let name = pending.served.user.name();
    match tokio::task::block_in_place(|| served_user(broker, name.as_str())) {
        Ok(served) if served.user == pending.served.user => Ok(Pending { served, ..pending }),
        Ok(_) | Err(ResolveError::NotFound | ResolveError::Gone | ResolveError::Unknown(_)) => {
            Err(Judgement::new(
                Outcome::Gone,
                "has changed or gone while the password was typed",
            ))
        }
        Err(error @ ResolveError::Admission(_)) => {
            Err(Judgement::new(Outcome::Mismatch, with_causes(&error)))
        }
        Err(error) => Err(Judgement::new(Outcome::Unavailable, with_causes(&error))),
    }
}

fn log_ending(begin: &Begin, judgement: &Judgement) {
    let shown = text::safe(&begin.user, 64);
    log_decision(&begin.service, &shown, &source_of(begin), judgement);
}

fn log_decision(service: &str, user: &str, source: &str, judgement: &Judgement) {
    let service = text::safe(service, 64);
    let Judgement {
        outcome, reason, ..
    } = judgement;
    log::info!("login service={service} user={user} from={source} outcome={outcome:?}: {reason}");
}

/// What the compiled rules make of a right secret: `granted`, or a refusal. A
/// snapshot whose services cannot be read must not let the default rules decide.
fn by_rules(broker: &Broker, pending: &Pending, granted: Judgement) -> Judgement {
    let now = broker.clock.now();
    let services = match pending.served.snapshot.services() {
        Ok(services) => services,
        Err(damaged) => return Judgement::new(Outcome::Unavailable, with_causes(&damaged)),
    };
    let position = services
        .iter()
        .position(|service| *service == pending.service);
    match pending.served.record.access.answer(position, now) {
        AccessAnswer::Allowed => match needs_key(broker, pending) {
            Ok(false) => granted,
            Ok(true) => Judgement::new(
                Outcome::NotAllowed,
                "the password is right, but the person is restricted to a command, and logs in by SSH key",
            ),
            Err(damaged) => Judgement::new(Outcome::Unavailable, with_causes(&damaged)),
        },
        AccessAnswer::Denied => Judgement::new(
            Outcome::NotAllowed,
            "the password is right, the access rules say no",
        ),
        AccessAnswer::Expired => Judgement::new(
            Outcome::Unavailable,
            "the access decision is too old: no sync has succeeded for longer than access.max_staleness",
        ),
    }
}

/// Whether the person may use the service only by a key with a forced command: a password
/// would open the shell.
fn needs_key(broker: &Broker, pending: &Pending) -> Result<bool, Damaged> {
    let rules = &broker.config.access;
    if !rules.restricts() || pending.service.as_str() != "sshd" {
        return Ok(false);
    }
    let (snapshot, record) = (&pending.served.snapshot, &pending.served.record);
    let directories = Directories::of(snapshot)?;
    let memberships = Memberships::of(snapshot, &directories, record)?;
    Ok(memberships.with_facts(|facts| {
        let restriction = rules.restriction_of(facts);
        restriction.is_some_and(|one| one.command.is_some())
    }))
}
