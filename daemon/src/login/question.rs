//! The question whether a secret is right, as it is put to the directory: once, and never again.
//!
//! Where the directory has been silent lately ([`super::patience`]), whoever could be let in
//! by the verifier waits a short time only. One such question goes on after its login
//! has been judged: it finds out when the directory answers again, and a no that it still
//! brings ends the verifier.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use muster_common::directory::{Directory, DirectoryError, Verified};
use muster_common::name::UserName;
use muster_common::store::names::Owner;

use super::judge::Unreached;
use super::patience::Watch;
use super::{Pending, Proof, aftermath, offline};
use crate::broker::Broker;

/// Of a login's time, what is kept for the verifier: a queue for a hashing slot, and the hash.
const FOR_VERIFIER: Duration = Duration::from_secs(3);

type Answer = Result<Verified, DirectoryError>;
/// A question under way, which needs nothing of its login.
type Asked = Pin<Box<dyn Future<Output = Answer> + Send>>;

/// One question about one person's secret.
pub(super) struct Question {
    pub(super) directory: Arc<dyn Directory>,
    pub(super) owner: Owner,
    pub(super) name: UserName,
    pub(super) proof: Proof,
    pub(super) unreached: Unreached,
    /// What was begun later wins over it.
    pub(super) sequence: i64,
}

impl Question {
    /// The directory's answer, or that it cannot be reached.
    pub(super) async fn put(self, broker: &Arc<Broker>, pending: &Pending) -> Answer {
        match self.limit(broker, pending) {
            Some(limit) => self.hurried(broker, limit).await,
            None => self.in_full(broker).await,
        }
    }

    fn limit(&self, broker: &Broker, pending: &Pending) -> Option<Duration> {
        let now = broker.clock.since_boot();
        let limit = broker.patience.limit(&self.owner.directory, now)?;
        let verifier = self.unreached == Unreached::Verifier;
        (verifier && offline::usable(broker, pending).is_ok()).then_some(limit)
    }

    /// Waits for as long as the directory's client does, and leaves the verifier its part of the
    /// login's time.
    async fn in_full(&self, broker: &Broker) -> Answer {
        let begun = broker.clock.since_boot();
        let most = broker.config.login.timeout.saturating_sub(FOR_VERIFIER);
        let asked = tokio::time::timeout(most, self.answer()).await;
        let answer = asked.unwrap_or_else(|_elapsed| Err(silent(most)));
        let (patience, directory) = (&broker.patience, &self.owner.directory);
        match &answer {
            Err(DirectoryError::Unreachable { .. }) => {
                patience.silent(directory, begun, broker.clock.since_boot());
            }
            _ => patience.answered(directory),
        }
        answer
    }

    async fn answer(&self) -> Answer {
        let Proof { secret, code } = &self.proof;
        match code {
            Some(code) => {
                let asked = self.directory.verify_with_code(&self.name, secret, code);
                asked.await
            }
            None if self.unreached == Unreached::Nobody => {
                self.directory.verify_for_change(&self.name, secret).await
            }
            None => self.directory.verify(&self.name, secret).await,
        }
    }

    async fn hurried(self, broker: &Arc<Broker>, limit: Duration) -> Answer {
        if let Some(watch) = broker.patience.watch(&self.owner.directory) {
            return self.watched(broker, limit, watch).await;
        }
        match tokio::time::timeout(limit, self.answer()).await {
            Ok(Err(error @ DirectoryError::Unreachable { .. })) => Err(error),
            Ok(answer) => {
                broker.patience.answered(&self.owner.directory);
                answer
            }
            Err(_elapsed) => Err(silent(limit)),
        }
    }

    async fn watched(self, broker: &Arc<Broker>, limit: Duration, watch: Watch) -> Answer {
        let question = Arc::new(self);
        let (asking, asks) = (Arc::clone(broker), Arc::clone(&question));
        let mut asked: Asked = Box::pin(async move { asks.in_full(&asking).await });
        match tokio::time::timeout(limit, &mut asked).await {
            Ok(answer) => answer,
            Err(_elapsed) => {
                tokio::spawn(late(Arc::clone(broker), question, asked, watch));
                Err(silent(limit))
            }
        }
    }
}

/// What the directory says when its login has been judged already. A yes lets nobody in and
/// keeps nothing; a no counts for the verifier as one in time does.
async fn late(broker: Arc<Broker>, question: Arc<Question>, asked: Asked, watch: Watch) {
    let answer = asked.await;
    drop(watch);
    let (owner, sequence) = (&question.owner, question.sequence);
    broker.note_call(&owner.directory, answer.as_ref().err());
    match answer {
        Err(DirectoryError::Refused(refusal)) => {
            let secret = Arc::clone(&question.proof.secret);
            let directory = Arc::clone(&question.directory);
            aftermath::refused(&broker, owner, directory, secret, refusal, sequence);
        }
        Err(
            error @ (DirectoryError::Locked
            | DirectoryError::NotFound
            | DirectoryError::SecretExpired),
        ) => {
            log::info!("login user={}: said too late: {error}", question.name);
            aftermath::forget_verifier(&broker, owner, sequence);
        }
        _ => {}
    }
}

fn silent(limit: Duration) -> DirectoryError {
    let limit = limit.as_secs_f32();
    DirectoryError::Unreachable {
        reason: format!("it said nothing within {limit} s"),
        retry_after: None,
        source: None,
    }
}
