//! The books of wrong tries, as one login sees them.
//!
//! Online a try is counted when the directory has refused it and before the
//! answer goes out. Offline it is counted before the verifier is asked, since
//! nothing but these books stands between a guesser and it. Whoever might be
//! guessing waits for the turn of (person, source).

use std::sync::Arc;

use muster_common::clock::Time;
use muster_common::store::StoreError;
use muster_common::store::attempts::Attempts;
use muster_common::text::with_causes;

use super::Pending;
use crate::broker::Broker;
use crate::throttle::{Allowance, allowance, is_familiar, is_trusted};
use crate::turns::Turn;

/// Why a try is not made.
#[derive(Debug)]
pub(super) enum Refusal {
    /// Too many wrong ones; not before this moment.
    NotBefore(Time),
    /// The books cannot be kept.
    NoBooks(StoreError),
}

/// A try under way.
pub(super) struct Try<'a> {
    broker: &'a Arc<Broker>,
    pending: &'a Pending,
    known: Option<Attempts>,
    turn: Option<Turn>,
}

impl<'a> Try<'a> {
    /// Lets the try be made, in its turn, or says from when on.
    pub(super) async fn admit(
        broker: &'a Arc<Broker>,
        pending: &'a Pending,
    ) -> Result<Self, Refusal> {
        let mut this = Self {
            broker,
            pending,
            known: None,
            turn: None,
        };
        match this.look() {
            Ok(known) if is_trusted(&known, broker.clock.now()) => Ok(this),
            Ok(_) => this.wait_and_look().await.map(|()| this),
            // A full disk must not keep the people out who could mend it; the server throttles, too.
            Err(error) => {
                log::error!("wrong tries cannot be counted: {}", with_causes(&error));
                Ok(this)
            }
        }
    }

    /// Prepares a guess at the verifier: in turn, allowed still, and on the books.
    pub(super) async fn before_verifier(&mut self) -> Result<(), Refusal> {
        self.wait_and_look().await?;
        self.count().map_err(Refusal::NoBooks)
    }

    async fn wait_and_look(&mut self) -> Result<(), Refusal> {
        if self.turn.is_none() {
            let owner = self.pending.served.user.owner();
            let name = format!(
                "{}\0{}\0{}",
                owner.directory, owner.key, self.pending.source
            );
            self.turn = Some(self.broker.turns.take(name).await);
        }
        let known = self.look().map_err(Refusal::NoBooks)?;
        match allowance(
            &self.broker.config.throttle,
            &known,
            self.broker.clock.now(),
        ) {
            Allowance::Allowed => Ok(()),
            Allowance::NotBefore(time) => Err(Refusal::NotBefore(time)),
        }
    }

    fn look(&mut self) -> Result<Attempts, StoreError> {
        let Pending { served, source, .. } = self.pending;
        let known =
            self.broker
                .store
                .attempts(served.user.owner(), source, self.broker.clock.now())?;
        self.known = Some(known);
        Ok(known)
    }

    fn count(&self) -> Result<(), StoreError> {
        let Pending { served, source, .. } = self.pending;
        self.broker
            .store
            .count_failure(served.user.owner(), source, self.broker.clock.now())
    }

    /// The directory refused the secret.
    pub(super) fn refused(&self) {
        self.noted(self.count());
    }

    /// The verifier said nothing about the secret that was on the books as wrong.
    pub(super) fn took_nothing(&self) {
        let Pending { served, source, .. } = self.pending;
        self.noted(
            self.broker
                .store
                .take_back_failure(served.user.owner(), source),
        );
    }

    /// The verifier accepted the secret that was on the books as wrong.
    pub(super) fn accepted_offline(&self) {
        self.took_nothing();
        let Pending { served, source, .. } = self.pending;
        self.noted(
            self.broker
                .store
                .forgive(served.user.owner(), source, self.broker.clock.now()),
        );
    }

    /// The directory accepted the secret. A source that is known and without wrong tries needs no writing.
    pub(super) fn accepted(&self) {
        let now = self.broker.clock.now();
        let nothing_new = self
            .known
            .is_some_and(|known| known.failures == 0 && is_familiar(&known, now));
        if !nothing_new {
            let Pending { served, source, .. } = self.pending;
            self.noted(self.broker.store.forgive(served.user.owner(), source, now));
        }
    }

    fn noted(&self, written: Result<(), StoreError>) {
        if let Err(error) = written {
            log::error!("the books of wrong tries: {}", with_causes(&error));
        }
    }
}
