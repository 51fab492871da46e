//! Secrets of accounts that are there: verified, reset, and passwords beside tokens.

use std::sync::Arc;

use muster_common::directory::ImmutableKey;
use muster_common::name::UserName;
use muster_common::registry::Account;
use muster_common::registry::proof::Proof;
use muster_common::registry::token::{self, Form};
use muster_common::secret::Secret;
use muster_common::store::registry::Decision;
use muster_common::verifier::Binding;
use muster_common::wire::message::{
    Password, ResetToken, SetTokenPassword, TokenReply, VerifyToken,
};

use super::register::{make_token, terms};
use super::{NotDone, changed, meant, no, not_registered, settled, user_name, yes};
use crate::broker::Broker;
use crate::registry::{Registry, Taken, sentence};
use crate::resolve::ResolveError;

/// The shortest password, in characters (NIST SP 800-63B).
const SHORTEST: usize = 8;

/// Answers [`VerifyToken`].
pub async fn verify_token(
    broker: Arc<Broker>,
    call: VerifyToken,
) -> Result<TokenReply, ResolveError> {
    let work = async {
        let (_, registry) = meant(&broker, call.directory.as_deref())?;
        let name = user_name(&broker, &call.user)?;
        let Ok(secret) = call.token.open() else {
            return no(sentence(&name, Decision::Invalid));
        };
        // Known without a look-up, and no try.
        if token::form(secret.expose()) == Form::Mistyped {
            return no(format!("Invalid token for user {name}: it is mistyped"));
        }
        let tried = registry.try_secret(&name, &secret, Taken::Token).await?;
        match tried.decision {
            Decision::Valid(_) => Ok(yes(sentence(&name, tried.decision))),
            decision => no(sentence(&name, decision)),
        }
    };
    settled(work).await
}

fn account(broker: &Broker, registry: &Registry, name: &UserName) -> Result<Account, NotDone> {
    match broker.store.kept(registry.place(name))? {
        Some(kept) => Ok(kept.account),
        None => not_registered(name),
    }
}

/// Answers [`ResetToken`].
pub async fn reset_token(
    broker: Arc<Broker>,
    call: ResetToken,
) -> Result<TokenReply, ResolveError> {
    let work = async {
        let (_, registry) = meant(&broker, call.directory.as_deref())?;
        let name = user_name(&broker, &call.user)?;
        let account = account(&broker, &registry, &name)?;
        if account.email != call.email {
            return no("User email does not match registered email address");
        }
        let terms = terms(broker.clock.now(), call.expires_after, call.uses)?;
        let binding = binding(&registry, &account.key);
        let made = make_token(&broker.host_key, &binding, call.fixie == Some(true))?;
        let proof = made.proof;
        changed(&broker, &registry, &name, move |store, place| {
            store.replace_token(place, &proof, terms)
        })
        .await?;
        log::warn!(
            "registry {}: root reset the token of {name}",
            registry.name()
        );
        Ok(TokenReply {
            token: Some(Password::of(&made.secret)),
            ..yes("User token reset")
        })
    };
    settled(work).await
}

fn binding<'a>(registry: &'a Registry, key: &'a ImmutableKey) -> Binding<'a> {
    Binding {
        directory: registry.name(),
        key,
    }
}

/// Answers [`SetTokenPassword`].
pub async fn set_token_password(
    broker: Arc<Broker>,
    call: SetTokenPassword,
) -> Result<TokenReply, ResolveError> {
    let work = async {
        let (_, registry) = meant(&broker, call.directory.as_deref())?;
        let name = user_name(&broker, &call.user)?;
        let key = account(&broker, &registry, &name)?.key;
        let password = match &call.password {
            None => None,
            Some(password) => match password.open() {
                Ok(password) => Some(password),
                Err(why) => return no(why.to_string()),
            },
        };
        let proof = match password {
            Some(password) => Some(hashed(&broker, &registry, &key, password).await?),
            None => None,
        };
        let said = match proof {
            Some(_) => format!("{name} has a new password"),
            None => format!("{name} has no password"),
        };
        changed(&broker, &registry, &name, move |store, place| {
            store.set_password(place, &key, proof.as_ref())
        })
        .await?;
        log::warn!("registry {}: root said: {said}", registry.name());
        Ok(yes(said))
    };
    settled(work).await
}

async fn hashed(
    broker: &Arc<Broker>,
    registry: &Registry,
    key: &ImmutableKey,
    password: Secret,
) -> Result<Proof, NotDone> {
    if password
        .expose_text()
        .is_none_or(|text| text.chars().count() < SHORTEST)
    {
        return no(format!(
            "a password of at least {SHORTEST} characters is wanted"
        ));
    }
    if password.expose().starts_with(token::PREFIX.as_bytes()) {
        return no(format!("a password does not begin with {}", token::PREFIX));
    }
    let stopping = |_closed| NotDone::Host("the broker is stopping".to_owned());
    let slot = broker.hashing.logins.acquire().await.map_err(stopping)?;
    let cost = broker.config.offline.cost;
    let binding = binding(registry, key);
    let made = tokio::task::block_in_place(|| {
        let mut room = broker.hashing.rooms.take();
        let proof = Proof::of_password(&broker.host_key, &binding, &password, cost, &mut room);
        broker.hashing.rooms.give_back(room);
        proof
    });
    drop(slot);
    made.map_err(|error| NotDone::Host(error.to_string()))
}
