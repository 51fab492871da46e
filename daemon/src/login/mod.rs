//! A login: the dialogue's two halves. `Begin` finds out whose login it is and
//! asks for the secret; `Answer` has it judged.

mod aftermath;
mod judge;
mod offline;
mod renewal;
#[cfg(test)]
mod tests;
mod tries;

use std::sync::Arc;
use std::time::Duration;

use muster_common::clock::Time;
use muster_common::name::ServiceName;
use muster_common::secret::Secret;
use muster_common::snapshot::content::AccessAnswer;
use muster_common::text;
use muster_common::wire::message::{Begin, Outcome, Step};

use muster_common::text::with_causes;

use crate::broker::Broker;
use crate::lookups;
use crate::resolve::{ResolveError, Served, served_user};

pub use judge::judge;
pub use renewal::WrittenThrough;

/// A refusal takes at least this long, so that nothing is learnt from the time it takes.
pub const LEAST_REFUSAL: Duration = Duration::from_millis(500);

/// A login whose person is known and whose secret is being asked for.
pub struct Pending {
    /// Who.
    pub served: Served,
    /// Where to.
    pub service: ServiceName,
    /// Where from: the remote host, or the terminal.
    pub source: String,
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
    let shown = text::safe(&begin.user, 64);
    let over = |outcome, reason: String| {
        log_decision(&begin.service, &shown, &source_of(begin), outcome, &reason);
        Opening::Over(Judgement::new(outcome, reason).step())
    };
    let Ok(service) = ServiceName::new(&begin.service) else {
        return over(
            Outcome::NotAllowed,
            "the service's name does not fit".to_owned(),
        );
    };
    match lookups::user(broker, account, &begin.user).await {
        Ok(served) => {
            let prompt = Step::Prompt {
                text: prompt(broker, &served),
                echo: false,
            };
            Opening::Ask(
                Box::new(Pending {
                    served,
                    service,
                    source: source_of(begin),
                }),
                prompt,
            )
        }
        // Read or asked, every directory has said that it knows nobody of this name.
        Err(ResolveError::NotFound) => over(Outcome::NotOurs, "not a name of ours".to_owned()),
        Err(ResolveError::Gone) => over(Outcome::Gone, "was served once and is gone".to_owned()),
        Err(error @ (ResolveError::Admission(_) | ResolveError::Unknown(_))) => {
            over(Outcome::Mismatch, with_causes(&error))
        }
        Err(error) => over(Outcome::Unavailable, with_causes(&error)),
    }
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

/// Judges the answer and logs what came of it.
pub async fn answer(broker: &Arc<Broker>, pending: Pending, secret: Secret) -> Judgement {
    let started = tokio::time::Instant::now();
    let name = pending.served.user.name().clone();
    let (service, source) = (pending.service.clone(), pending.source.clone());
    let judgement = match still_served(broker, pending) {
        Ok(pending) => judge(broker, pending, secret).await,
        Err(judgement) => judgement,
    };
    log_decision(
        service.as_str(),
        name.as_str(),
        &source,
        judgement.outcome,
        &judgement.reason,
    );
    if !matches!(
        judgement.outcome,
        Outcome::Granted | Outcome::GrantedOffline
    ) {
        tokio::time::sleep_until(started + LEAST_REFUSAL).await;
    }
    judgement
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

fn log_decision(service: &str, user: &str, source: &str, outcome: Outcome, reason: &str) {
    let service = text::safe(service, 64);
    log::info!("login service={service} user={user} from={source} outcome={outcome:?}: {reason}");
}

/// What the compiled rules make of a right secret: `granted`, or a refusal. A
/// snapshot whose services cannot be read must not let the default rules decide.
fn by_rules(pending: &Pending, now: Time, granted: Judgement) -> Judgement {
    let services = match pending.served.snapshot.services() {
        Ok(services) => services,
        Err(damaged) => return Judgement::new(Outcome::Unavailable, with_causes(&damaged)),
    };
    let position = services
        .iter()
        .position(|service| *service == pending.service);
    match pending.served.record.access.answer(position, now) {
        AccessAnswer::Allowed => granted,
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
