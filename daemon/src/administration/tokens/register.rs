//! Registering somebody.

use std::sync::Arc;
use std::time::Duration;

use muster_common::clock::Time;
use muster_common::directory::ImmutableKey;
use muster_common::name::{DirectoryName, UserName};
use muster_common::registry::proof::Proof;
use muster_common::registry::{
    Account, EMAIL_MAX, FULL_NAME_MAX, Terms, fixie, is_email, new_key, token,
};
use muster_common::secret::Secret;
use muster_common::store::Store;
use muster_common::store::ledger::IdKind;
use muster_common::store::registry::NewAccount;
use muster_common::text;
use muster_common::verifier::{Binding, HostKey};
use muster_common::wire::message::{Password, RegisterToken, TokenReply};

use super::{
    NotDone, group_names, meant, no, on_store, serve, served_uid, settled, user_name,
    why_not_served, yes,
};
use crate::broker::Broker;
use crate::resolve::ResolveError;

/// Answers [`RegisterToken`].
pub async fn register_token(
    broker: Arc<Broker>,
    call: RegisterToken,
) -> Result<TokenReply, ResolveError> {
    settled(register(&broker, call)).await
}

async fn register(broker: &Arc<Broker>, call: RegisterToken) -> Result<TokenReply, NotDone> {
    let (connected, registry) = meant(broker, call.directory.as_deref())?;
    let account = account(broker, &call)?;
    let (name, key) = (account.name.clone(), account.key.clone());
    let binding = Binding {
        directory: registry.name(),
        key: &key,
    };
    let made = make_token(&broker.host_key, &binding, call.fixie == Some(true))?;
    let new = NewAccount {
        account,
        token: made.proof,
    };
    let directory = registry.name().clone();
    let released = on_store(broker, move |store| add(store, &directory, &new)).await?;
    log::warn!("registry {}: root registered {name}", registry.name());
    let unserved = serve(connected).await;
    let (asked, directory) = ((name.clone(), key), registry.name().clone());
    let told = super::off_the_loop(broker, move |broker| {
        let (name, key) = asked;
        let uid = served_uid(broker, &name, &key);
        let why = uid
            .is_none()
            .then(|| why_not_served(broker, &directory, &name, &key));
        (uid, why)
    });
    let (uid, why) = told.await.unwrap_or_default();
    Ok(TokenReply {
        token: Some(Password::of(&made.secret)),
        uid,
        note: unserved.or(why).or(released),
        ..yes(format!("User '{name}' registered"))
    })
}

/// The account that `call` describes.
fn account(broker: &Broker, call: &RegisterToken) -> Result<Account, NotDone> {
    let name = user_name(broker, &call.user)?;
    let email = checked_email(&call.email)?;
    let full_name = call.full_name.clone().unwrap_or_default();
    if text::safe(&full_name, FULL_NAME_MAX) != full_name {
        return no(format!(
            "the full name: at most {FULL_NAME_MAX} bytes without control characters"
        ));
    }
    if let Some(uid) = call.uid {
        check_uid(broker, uid)?;
    }
    Ok(Account {
        name,
        key: new_key().map_err(|error| NotDone::Host(error.to_string()))?,
        email,
        full_name,
        uid: call.uid,
        groups: group_names(broker, &call.groups)?,
        registered: broker.clock.now(),
        last_used: None,
        failures: 0,
        token: Some(terms(broker.clock.now(), call.expires_after, call.uses)?),
        has_password: false,
    })
}

pub(super) fn checked_email(email: &str) -> Result<String, NotDone> {
    match is_email(email) {
        true => Ok(email.to_owned()),
        false => no(format!(
            "an e-mail address of at most {EMAIL_MAX} visible ASCII characters is wanted"
        )),
    }
}

/// An id once given is never given to another: also not to who comes back under the old name.
fn check_uid(broker: &Broker, uid: u32) -> Result<(), NotDone> {
    let accepted = &broker.config.ids.accept;
    if !accepted.contains(&uid) {
        let (first, last) = (accepted.start(), accepted.end());
        return no(format!(
            "the id {uid} is not in ids.accept, {first} to {last}"
        ));
    }
    match broker.store.entry_with(uid)? {
        Some(entry) => {
            let (kind, name) = (entry.holder.kind.as_str(), entry.name);
            no(format!("the id {uid} is kept for {kind} {name}"))
        }
        None => Ok(()),
    }
}

/// The terms of a token that is made `now`.
pub(super) fn terms(
    now: Time,
    expires_after: Option<u64>,
    uses: Option<u32>,
) -> Result<Terms, NotDone> {
    if expires_after == Some(0) || uses == Some(0) {
        return no("a token that serves never is none");
    }
    Ok(Terms {
        expires: expires_after.map(|span| now.after(Duration::from_secs(span))),
        uses_left: uses,
    })
}

/// A new token and what is kept of it.
pub(super) struct Made {
    pub(super) secret: Secret,
    pub(super) proof: Proof,
}

pub(super) fn make_token(
    host_key: &HostKey,
    binding: &Binding<'_>,
    for_fixie: bool,
) -> Result<Made, NotDone> {
    let host = |error: &dyn std::fmt::Display| NotDone::Host(error.to_string());
    let text = match for_fixie {
        true => fixie::generate(),
        false => token::generate(),
    };
    let text = text.map_err(|error| host(&error))?;
    let secret = Secret::typed(text.as_bytes()).map_err(|error| host(&error))?;
    let proof = match fixie::hash(text.as_bytes()).filter(|_| for_fixie) {
        Some(hash) => Proof::Fixie(hash),
        None => Proof::of_token(host_key, binding, &secret).map_err(|error| host(&error))?,
    };
    Ok(Made { secret, proof })
}

/// Adds the account. A name that a former account of this registry had is root's to give
/// anew, and has just been given: what to know about that is said.
pub(super) fn add(
    store: &Store,
    directory: &DirectoryName,
    new: &NewAccount,
) -> Result<Option<String>, NotDone> {
    let name = &new.account.name;
    if !store.register(directory, new)? {
        return no(format!("User '{name}' already registered"));
    }
    release_former(store, directory, name, &new.account.key)
}

fn release_former(
    store: &Store,
    directory: &DirectoryName,
    name: &UserName,
    key: &ImmutableKey,
) -> Result<Option<String>, NotDone> {
    let _turn = store.deciding();
    let former = store.owner(IdKind::User, name.as_str())?;
    let former = former.filter(|owner| owner.directory == *directory && owner.key != *key);
    if former.is_none() {
        return Ok(None);
    }
    store.release_name(IdKind::User, name.as_str())?;
    Ok(Some(format!(
        "{name} was registered before and has another id now: files of the former one do not follow"
    )))
}
