//! What was learnt of people, kept for a few minutes: by name and by token, as
//! Gafaelfawr's policy for clients allows. Nothing here ever answers a login.

use std::sync::Arc;
use std::time::Duration;

use sha2::{Digest as _, Sha256};

use super::super::{DirectoryError, Sighting};
use crate::memory::{Keeping, Memory};
use crate::secret::Secret;

/// The client's policy: no longer than five minutes, so that changes of groups arrive.
pub(super) const KEEPING: Keeping = Keeping {
    entries: 1_000,
    found: Duration::from_secs(300),
    missing: Duration::from_secs(30),
};

/// What an answer is kept under; no token can be read from it.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct Place([u8; 32]);

impl Place {
    /// The answers to a token about its owner.
    pub(super) fn of_token(token: &Secret) -> Self {
        Self(Sha256::digest(token.expose()).into())
    }

    /// The answers to whoever asks with `asker`, and to nobody else, about `name`.
    pub(super) fn of_name(asker: &Secret, name: &str) -> Self {
        let asked = Sha256::new().chain_update(Sha256::digest(asker.expose()));
        Self(asked.chain_update(name).finalize().into())
    }
}

/// Answers about people.
pub(super) struct Remembered<T>(Memory<Place, T>);

impl<T: Clone + Send + Sync + 'static> Remembered<T> {
    pub(super) fn new() -> Self {
        Self(Memory::new(KEEPING))
    }

    /// The answer that is kept, or that of `ask`, which all who want it now wait for.
    /// That somebody is not there is kept more briefly, and failures for nobody.
    pub(super) async fn get_or_ask(
        &self,
        place: Place,
        ask: impl Future<Output = Result<T, DirectoryError>>,
    ) -> Result<T, DirectoryError> {
        let asked = self.0.get_or_ask(place, async {
            match ask.await {
                Ok(found) => Ok(Some(found)),
                Err(DirectoryError::NotFound) => Ok(None),
                Err(error) => Err(error),
            }
        });
        match asked.await {
            Ok(found) => found.ok_or(DirectoryError::NotFound),
            Err(error) => Err(of_all(error)),
        }
    }

    /// Keeps this answer in place of what was kept.
    pub(super) async fn keep(&self, place: Place, found: &T) {
        self.0.keep(place, found.clone()).await;
    }

    pub(super) async fn forget(&self, place: &Place) {
        self.0.forget(place).await;
    }

    pub(super) fn clear(&self) {
        self.0.forget_all();
    }
}

impl Remembered<Sighting> {
    /// Keeps what was learnt elsewhere, unless an answer about another person is kept:
    /// what a token says of its owner may differ from what the user directory says, and
    /// the latter is what names stand for.
    pub(super) async fn learn(&self, place: Place, learnt: &Sighting) {
        let kept = self.0.kept(&place).await.flatten();
        if kept.is_none_or(|kept| kept.person.key == learnt.person.key) {
            self.keep(place, learnt).await;
        }
    }
}

/// The failure that several waited for, for one of them.
fn of_all(error: Arc<DirectoryError>) -> DirectoryError {
    match &*error {
        DirectoryError::Unreachable {
            reason,
            retry_after,
            ..
        } => DirectoryError::Unreachable {
            reason: reason.clone(),
            retry_after: *retry_after,
            source: Some(Box::new(error)),
        },
        DirectoryError::Nonsense { reason, .. } => DirectoryError::Nonsense {
            reason: reason.clone(),
            source: Some(Box::new(error)),
        },
        DirectoryError::Misconfigured { reason } => DirectoryError::Misconfigured {
            reason: reason.clone(),
        },
        DirectoryError::Refused(refusal) => DirectoryError::Refused(refusal.clone()),
        DirectoryError::NotFound => DirectoryError::NotFound,
        DirectoryError::CodeWanted => DirectoryError::CodeWanted,
        DirectoryError::TooManyTries => DirectoryError::TooManyTries,
        DirectoryError::Locked => DirectoryError::Locked,
        DirectoryError::SecretExpired => DirectoryError::SecretExpired,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_belongs_to_one_asker_and_one_name() {
        let secret = |text: &str| Secret::typed(text.as_bytes()).unwrap();
        let (one, other) = (secret("gt-one"), secret("gt-onev"));
        let place = Place::of_name(&one, "vera");
        assert!(place == Place::of_name(&one, "vera"));
        assert!(place != Place::of_name(&one, "carol"));
        assert!(place != Place::of_name(&other, "vera"));
        assert!(Place::of_name(&other, "era") != place);
        assert!(Place::of_token(&one) != Place::of_token(&other));
    }
}
