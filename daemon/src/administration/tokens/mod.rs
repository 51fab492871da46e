//! The host's own registry, as root looks after it. What changes is served when the answer comes.

mod fixie;
mod list;
mod register;
mod secrets;

use std::sync::Arc;

use muster_common::directory::ImmutableKey;
use muster_common::name::{DirectoryName, GroupName, UserName};
use muster_common::registry::{GROUPS_MAX, Place};
use muster_common::store::ledger::IdKind;
use muster_common::store::{Store, StoreError};
use muster_common::text::{self, with_causes};
use muster_common::wire::message::{DeregisterToken, SetTokenGroups, TokenReply, UnlockToken};

use super::{off_the_loop, sync_one};
use crate::broker::{Broker, Connected};
use crate::meant::NotMeant;
use crate::registry::{Host, Registry};
use crate::resolve::{ResolveError, served_user};
use crate::sync::Shrink;

pub use fixie::{export_fixie, import_fixie};
pub use list::list_tokens;
pub use register::register_token;
pub use secrets::{reset_token, set_token_password, verify_token};

/// What is said where no registry is meant.
const UNABLE: &str = "no directory of the kind \"local\" is meant: the host's own registry is one";

/// Why something was not done.
#[derive(Debug, thiserror::Error)]
enum NotDone {
    /// It is not clear which registry is meant.
    #[error(transparent)]
    NotMeant(#[from] NotMeant),
    /// The answer is no, for this reason.
    #[error("{0}")]
    No(String),
    /// It could not be settled.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The host could not do its part (random numbers, memory).
    #[error("{0}")]
    Host(String),
}

impl From<NotDone> for ResolveError {
    fn from(why: NotDone) -> Self {
        match why {
            NotDone::NotMeant(_) | NotDone::No(_) => Self::Unfit(why.to_string()),
            NotDone::Store(error) => Self::Store(error),
            NotDone::Host(_) => Self::Unclear,
        }
    }
}

/// A yes with its sentence.
fn yes(message: impl Into<String>) -> TokenReply {
    TokenReply {
        valid: true,
        message: message.into(),
        completed: true,
        ..TokenReply::default()
    }
}

fn no<T>(why: impl Into<String>) -> Result<T, NotDone> {
    Err(NotDone::No(why.into()))
}

fn not_registered<T>(user: &UserName) -> Result<T, NotDone> {
    no(format!("User '{user}' not registered"))
}

/// The registry that is meant, with the way to its sync task.
fn meant<'b>(
    broker: &'b Broker,
    directory: Option<&str>,
) -> Result<(&'b Connected, Registry), NotDone> {
    let host = Host::of(broker);
    let registry = |one: &Connected| Registry::of(&one.config, &host);
    Ok(broker.only_one(directory, registry, UNABLE)?)
}

fn user_name(broker: &Broker, typed: &str) -> Result<UserName, NotDone> {
    let shown = || text::safe(typed, 64);
    match broker.config.names.user(typed) {
        Ok(name) if name.as_str() == typed => Ok(name),
        Ok(name) => no(format!("{}: the name is spelled {name}", shown())),
        Err(why) => no(format!("{}: the name {why}", shown())),
    }
}

/// The names of groups, in order, each once.
fn group_names(broker: &Broker, typed: &[String]) -> Result<Vec<GroupName>, NotDone> {
    let name = |typed: &String| match broker.config.names.group(typed) {
        Ok(name) => Ok(name),
        Err(why) => no(format!("group {}: the name {why}", text::safe(typed, 64))),
    };
    let mut names = typed.iter().map(name).collect::<Result<Vec<_>, _>>()?;
    names.sort_unstable();
    names.dedup();
    if names.len() > GROUPS_MAX {
        return no(format!("more than {GROUPS_MAX} groups"));
    }
    Ok(names)
}

/// Runs `work` on the store, where it may block.
async fn on_store<T: Send + 'static>(
    broker: &Arc<Broker>,
    work: impl FnOnce(&Store) -> Result<T, NotDone> + Send + 'static,
) -> Result<T, NotDone> {
    let done = off_the_loop(broker, move |broker| work(&broker.store)).await;
    done.unwrap_or_else(|_cut| Err(NotDone::Host("cut off".to_owned())))
}

/// Serves what has changed; why not, if not.
async fn serve(connected: &Connected) -> Option<String> {
    let outcome = sync_one(connected, Shrink::Accept).await;
    outcome.error.map(|why| format!("not served yet: {why}"))
}

/// Answers with what `work` came to: fixie-creds' three parts, once it is clear which registry is meant.
async fn settled(
    work: impl Future<Output = Result<TokenReply, NotDone>>,
) -> Result<TokenReply, ResolveError> {
    match work.await {
        Ok(reply) => Ok(reply),
        Err(why @ NotDone::NotMeant(_)) => Err(why.into()),
        Err(why) => Ok(TokenReply {
            valid: false,
            message: with_causes(&why),
            completed: matches!(why, NotDone::No(_)),
            ..TokenReply::default()
        }),
    }
}

/// The user id that `name` is served with, if it is this account.
fn served_uid(broker: &Broker, name: &UserName, key: &ImmutableKey) -> Option<u32> {
    let served = served_user(broker, name.as_str()).ok()?;
    (served.user.key() == key).then(|| served.record.account.uid.get())
}

/// Why the account is not served, as far as names tell it.
fn why_not_served(
    broker: &Broker,
    directory: &DirectoryName,
    name: &UserName,
    key: &ImmutableKey,
) -> String {
    match broker.store.owner(IdKind::User, name.as_str()) {
        Ok(Some(owner)) if owner.directory != *directory || owner.key != *key => format!(
            "not served: the name is held for {} of {}; `muster name accept user {name}` gives it over",
            owner.key, owner.directory
        ),
        _ => "not served: `muster status` says why".to_owned(),
    }
}

/// Answers [`DeregisterToken`].
pub async fn deregister_token(
    broker: Arc<Broker>,
    call: DeregisterToken,
) -> Result<TokenReply, ResolveError> {
    let work = async {
        let (connected, registry) = meant(&broker, call.directory.as_deref())?;
        let name = user_name(&broker, &call.user)?;
        changed(&broker, &registry, &name, Store::deregister).await?;
        log::warn!("registry {}: root deregistered {name}", registry.name());
        Ok(TokenReply {
            note: serve(connected).await,
            ..yes(format!("{name} deregistered"))
        })
    };
    settled(work).await
}

/// Answers [`UnlockToken`].
pub async fn unlock_token(
    broker: Arc<Broker>,
    call: UnlockToken,
) -> Result<TokenReply, ResolveError> {
    let work = async {
        let (_, registry) = meant(&broker, call.directory.as_deref())?;
        let name = user_name(&broker, &call.user)?;
        changed(&broker, &registry, &name, Store::unlock).await?;
        log::warn!("registry {}: root unlocked {name}", registry.name());
        Ok(yes(format!("{name} unlocked")))
    };
    settled(work).await
}

/// Answers [`SetTokenGroups`].
pub async fn set_token_groups(
    broker: Arc<Broker>,
    call: SetTokenGroups,
) -> Result<TokenReply, ResolveError> {
    let work = async {
        let (connected, registry) = meant(&broker, call.directory.as_deref())?;
        let name = user_name(&broker, &call.user)?;
        let groups = group_names(&broker, &call.groups)?;
        let said = listed(&groups);
        changed(&broker, &registry, &name, move |store, place| {
            store.set_groups(place, &groups)
        })
        .await?;
        log::warn!("registry {}: root put {name} into {said}", registry.name());
        Ok(TokenReply {
            note: serve(connected).await,
            ..yes(format!("{name} is in {said}"))
        })
    };
    settled(work).await
}

fn listed(groups: &[GroupName]) -> String {
    if groups.is_empty() {
        return "no group".to_owned();
    }
    let names: Vec<&str> = groups.iter().map(GroupName::as_str).collect();
    names.join(", ")
}

/// Changes the account called `name`; whoever is not registered is told so.
async fn changed(
    broker: &Arc<Broker>,
    registry: &Registry,
    name: &UserName,
    change: impl FnOnce(&Store, Place<'_>) -> Result<bool, StoreError> + Send + 'static,
) -> Result<(), NotDone> {
    let (directory, user) = (registry.name().clone(), name.clone());
    let place_and_change = move |store: &Store| {
        let place = Place {
            directory: &directory,
            name: &user,
        };
        Ok(change(store, place)?)
    };
    match on_store(broker, place_and_change).await? {
        true => Ok(()),
        false => not_registered(name),
    }
}
