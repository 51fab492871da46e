//! The host's own registry as a directory: known whole, asked of nobody else, never away.
//! Every use of a token or password leaves a line in the log.

use std::sync::Arc;

use muster_common::clock::Clock;
use muster_common::config::{DirectoryConfig, DirectoryKind};
use muster_common::directory::{
    Directory, DirectoryError, Listing, Projection, Refusal, ServerVersion, Sighting, Verified,
};
use muster_common::name::{DirectoryName, UserName};
use muster_common::registry::proof::Proof;
use muster_common::registry::token::{self, Form};
use muster_common::registry::{self, Account, Place, Spent};
use muster_common::secret::Secret;
use muster_common::store::registry::{Compared, Decision, Kept};
use muster_common::store::{Store, StoreError};
use muster_common::verifier::{Binding, HostKey, Room};

use crate::broker::Broker;
use crate::hashing::Hashing;

#[cfg(test)]
mod tests;

/// What of the host a registry is made with.
#[derive(Clone)]
pub struct Host {
    /// Where the accounts are.
    pub store: Arc<Store>,
    /// What hashes are keyed with.
    pub host_key: Arc<HostKey>,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// Who may hash passwords now.
    pub hashing: Arc<Hashing>,
}

impl Host {
    /// The host that `broker` runs on.
    pub fn of(broker: &Broker) -> Self {
        Self {
            store: Arc::clone(&broker.store),
            host_key: Arc::clone(&broker.host_key),
            clock: Arc::clone(&broker.clock),
            hashing: Arc::clone(&broker.hashing),
        }
    }
}

/// The registry of one directory of the kind `local`.
pub struct Registry {
    directory: DirectoryName,
    lock_after: Option<u32>,
    host: Host,
}

/// Which secrets of an account are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// Token or password, as at a login.
    Both,
    /// The token alone.
    Token,
}

/// What a try came to, with whose it was.
#[derive(Debug)]
pub struct Tried {
    /// What was decided.
    pub decision: Decision,
    /// The account as it was before; nobody where there is none.
    pub account: Option<Account>,
}

impl Registry {
    /// The registry of `config`, if it is one.
    pub fn of(config: &DirectoryConfig, host: &Host) -> Option<Self> {
        let DirectoryKind::Local(own) = &config.kind else {
            return None;
        };
        Some(Self {
            directory: config.name.clone(),
            lock_after: own.lock_after,
            host: host.clone(),
        })
    }

    /// Its name.
    pub fn name(&self) -> &DirectoryName {
        &self.directory
    }

    /// Where the account called `name` stands.
    pub fn place<'a>(&'a self, name: &'a UserName) -> Place<'a> {
        Place {
            directory: &self.directory,
            name,
        }
    }

    /// Whether so many wrong secrets in a row lock an account.
    pub fn locks_after(&self, failures: u32) -> bool {
        self.lock_after.is_some_and(|most| failures >= most)
    }

    /// Decides about `secret`, counts the try and says so in the log.
    pub async fn try_secret(
        &self,
        name: &UserName,
        secret: &Secret,
        taken: Taken,
    ) -> Result<Tried, StoreError> {
        let Some(kept) = self.host.store.kept(self.place(name))? else {
            let decision = Decision::Unknown;
            self.log(name, decision);
            return Ok(Tried {
                decision,
                account: None,
            });
        };
        let compared = self.compare(&kept, secret, taken).await;
        let (lock_after, now) = (self.lock_after, self.host.clock.now());
        let decision = tokio::task::block_in_place(|| {
            let place = self.place(name);
            self.host.store.decide(place, compared, lock_after, now)
        })?;
        self.log(name, decision);
        Ok(Tried {
            decision,
            account: Some(kept.account),
        })
    }

    async fn compare<'k>(&self, kept: &'k Kept, secret: &Secret, taken: Taken) -> Compared<'k> {
        let binding = Binding {
            directory: &self.directory,
            key: &kept.account.key,
        };
        let host_key = &self.host.host_key;
        let is = |proof: &Proof, room: &mut Room| proof.matches(host_key, &binding, secret, room);
        let token = kept.token.as_ref();
        if let Some(proof) = token.filter(|proof| is(proof, &mut Room::new())) {
            return Compared::Token(proof);
        }
        let Some(password) = kept.password.as_ref().filter(|_| taken == Taken::Both) else {
            return Compared::Wrong;
        };
        // No password begins as a token: none is hashed for one.
        if token::form(secret.expose()) != Form::Other || self.locks_after(kept.account.failures) {
            return Compared::Wrong;
        }
        let Ok(_slot) = self.host.hashing.logins.acquire().await else {
            return Compared::Wrong;
        };
        let matched = tokio::task::block_in_place(|| {
            let mut room = self.host.hashing.rooms.take();
            let matched = is(password, &mut room);
            self.host.hashing.rooms.give_back(room);
            matched
        });
        match matched {
            true => Compared::Password(password),
            false => Compared::Wrong,
        }
    }

    fn log(&self, name: &UserName, decision: Decision) {
        let line = sentence(name, decision);
        match decision {
            Decision::Valid(terms) => {
                let left = terms.uses_left.map(|left| format!(", {left} uses left"));
                let left = left.unwrap_or_default();
                log::info!("registry {}: {line}{left}", self.directory);
            }
            _ => log::warn!("registry {}: {line}", self.directory),
        }
    }
}

/// What was decided about `name`, as a sentence: fixie-creds' own where it has one.
pub fn sentence(name: &UserName, decision: Decision) -> String {
    match decision {
        Decision::Valid(_) => "User verified".to_owned(),
        Decision::Invalid => format!("Invalid token for user {name}"),
        Decision::Spent(Spent::Expired(end)) => {
            format!("The token of user {name} expired {end}")
        }
        Decision::Spent(Spent::UsedUp) => {
            format!("The token of user {name} has been used as often as it may")
        }
        Decision::Locked(failures) => {
            format!("User {name} is locked: {failures} wrong tries in a row")
        }
        Decision::Unknown => format!("User '{name}' not registered"),
    }
}

/// A store that cannot be read or written is no statement about anybody.
fn trouble(error: StoreError) -> DirectoryError {
    DirectoryError::Unreachable {
        reason: "the host's own registry cannot be read".to_owned(),
        retry_after: None,
        source: Some(Box::new(error)),
    }
}

#[async_trait::async_trait]
impl Directory for Registry {
    async fn probe(&self) -> Result<ServerVersion, DirectoryError> {
        let count = self.host.store.count_accounts(&self.directory);
        let count = count.map_err(trouble)?;
        Ok(ServerVersion(format!("registry of {count} accounts")))
    }

    async fn find(&self, name: &UserName) -> Result<Sighting, DirectoryError> {
        let kept = self.host.store.kept(self.place(name)).map_err(trouble)?;
        let kept = kept.ok_or(DirectoryError::NotFound)?;
        Ok(kept.account.sighting())
    }

    fn plausible(&self, name: &UserName, secret: &Secret) -> Result<(), Refusal> {
        match token::form(secret.expose()) {
            Form::Token => return Ok(()),
            Form::Mistyped => return Err(Refusal::certain("a mistyped token")),
            Form::Other => {}
        }
        // What cannot be told now is told by the try.
        let Ok(Some(kept)) = self.host.store.kept(self.place(name)) else {
            return Ok(());
        };
        let of_fixie = matches!(kept.token, Some(Proof::Fixie(_)))
            && registry::fixie::hash(secret.expose()).is_some();
        match of_fixie || kept.password.is_some() {
            true => Ok(()),
            false => Err(Refusal::certain("no token, and there is no password")),
        }
    }

    async fn verify(&self, name: &UserName, secret: &Secret) -> Result<Verified, DirectoryError> {
        let tried = self.try_secret(name, secret, Taken::Both).await;
        let Tried { decision, account } = tried.map_err(trouble)?;
        match (decision, account) {
            (Decision::Valid(terms), Some(account)) => Ok(Verified {
                key: account.key,
                name: account.name.to_string(),
                expires: terms.expires,
                sighting: None,
            }),
            (Decision::Invalid | Decision::Spent(_), _) => Err(DirectoryError::Refused(
                Refusal::certain(sentence(name, decision)),
            )),
            (Decision::Locked(_), _) => Err(DirectoryError::Locked),
            (Decision::Unknown | Decision::Valid(_), _) => Err(DirectoryError::NotFound),
        }
    }

    fn listing(&self) -> Option<&dyn Listing> {
        Some(self)
    }
}

#[async_trait::async_trait]
impl Listing for Registry {
    async fn everybody(&self) -> Result<Projection, DirectoryError> {
        let (store, directory) = (Arc::clone(&self.host.store), self.directory.clone());
        let read = tokio::task::spawn_blocking(move || store.accounts(&directory)).await;
        let accounts = match read {
            Ok(accounts) => accounts.map_err(trouble)?,
            Err(cut) => {
                return Err(DirectoryError::Unreachable {
                    reason: "cut off".to_owned(),
                    retry_after: None,
                    source: Some(Box::new(cut)),
                });
            }
        };
        Ok(registry::projection(&accounts))
    }
}
