//! The accounts, a page at a time.

use muster_common::registry::Account;
use muster_common::registry::proof::Proof;
use muster_common::store::StoreError;
use muster_common::wire::message::{ListTokens, ListTokensReply, TokenAccount};

use super::super::page::page;
use super::{NotDone, meant, user_name};
use crate::broker::Broker;
use crate::registry::Registry;
use crate::resolve::ResolveError;

/// Answers [`ListTokens`].
pub fn list_tokens(broker: &Broker, call: &ListTokens) -> Result<ListTokensReply, ResolveError> {
    listed(broker, call).map_err(|why| match why {
        NotDone::Store(error) => ResolveError::Store(error),
        NotDone::No(_) | NotDone::Host(_) => ResolveError::NotFound,
    })
}

fn listed(broker: &Broker, call: &ListTokens) -> Result<ListTokensReply, NotDone> {
    let (_, registry) = meant(broker, call.directory.as_deref())?;
    if let Some(user) = &call.user {
        let name = user_name(broker, user)?;
        let kept = broker.store.kept(registry.place(&name))?;
        let accounts = match kept {
            Some(kept) => vec![shown(broker, &registry, kept.account)?],
            None => Vec::new(),
        };
        return Ok(ListTokensReply {
            accounts,
            more: false,
        });
    }
    let (found, more) = page(behind(broker, &registry, call.after.as_deref())?, weight);
    let accounts = found.into_iter().map(|one| shown(broker, &registry, one));
    Ok(ListTokensReply {
        accounts: accounts.collect::<Result<_, _>>()?,
        more,
    })
}

/// The accounts behind the name `after`.
pub(super) fn behind(
    broker: &Broker,
    registry: &Registry,
    after: Option<&str>,
) -> Result<Vec<Account>, StoreError> {
    let mut found = broker.store.accounts(registry.name())?;
    found.retain(|one| after.is_none_or(|after| one.name.as_str() > after));
    Ok(found)
}

/// How many bytes of text an account brings.
pub(super) fn weight(account: &Account) -> usize {
    let groups = account.groups.iter().map(|name| name.as_str().len());
    let own = [&account.email, &account.full_name].map(String::len);
    groups.chain(own).fold(64, usize::saturating_add)
}

fn shown(
    broker: &Broker,
    registry: &Registry,
    account: Account,
) -> Result<TokenAccount, StoreError> {
    let kept = broker.store.kept(registry.place(&account.name))?;
    let token = kept.and_then(|kept| kept.token);
    let terms = account.token.unwrap_or_default();
    Ok(TokenAccount {
        user: account.name.to_string(),
        key: account.key.to_string(),
        email: account.email,
        full_name: account.full_name,
        uid: account.uid,
        groups: account.groups.iter().map(ToString::to_string).collect(),
        registered: account.registered.unix(),
        last_used: account.last_used.map(|moment| moment.unix()),
        expires: terms.expires.map(|moment| moment.unix()),
        uses_left: terms.uses_left,
        failures: account.failures,
        locked: registry.locks_after(account.failures),
        has_password: account.has_password,
        fixie: matches!(token, Some(Proof::Fixie(_))),
    })
}
