//! The accounts, a page at a time.

use muster_common::registry::Account;
use muster_common::registry::proof::Proof;
use muster_common::store::StoreError;
use muster_common::store::registry::Kept;
use muster_common::wire::message::{ListTokens, ListTokensReply, TokenAccount};

use super::super::page::{PAGE, page};
use super::{NotDone, meant, user_name};
use crate::broker::Broker;
use crate::registry::Registry;
use crate::resolve::ResolveError;

/// Answers [`ListTokens`].
pub fn list_tokens(broker: &Broker, call: &ListTokens) -> Result<ListTokensReply, ResolveError> {
    Ok(listed(broker, call)?)
}

fn listed(broker: &Broker, call: &ListTokens) -> Result<ListTokensReply, NotDone> {
    let (_, registry) = meant(broker, call.directory.as_deref())?;
    let (found, more) = match &call.user {
        Some(user) => {
            let name = user_name(broker, user)?;
            let kept = broker.store.kept(registry.place(&name))?;
            (Vec::from_iter(kept), false)
        }
        None => page_behind(broker, &registry, call.after.as_deref())?,
    };
    let accounts = found.into_iter().map(|one| shown(&registry, one));
    Ok(ListTokensReply {
        accounts: accounts.collect(),
        more,
    })
}

/// The accounts behind the name `after`, as many as one page takes, and whether there are more.
pub(super) fn page_behind(
    broker: &Broker,
    registry: &Registry,
    after: Option<&str>,
) -> Result<(Vec<Kept>, bool), StoreError> {
    let (after, most) = (after.unwrap_or_default(), PAGE.saturating_add(1));
    let found = broker.store.accounts_behind(registry.name(), after, most);
    Ok(page(found?, |kept| weight(&kept.account)))
}

/// How many bytes of text an account brings.
fn weight(account: &Account) -> usize {
    let groups = account.groups.iter().map(|name| name.as_str().len());
    let own = [&account.email, &account.full_name].map(String::len);
    groups.chain(own).fold(64, usize::saturating_add)
}

fn shown(registry: &Registry, kept: Kept) -> TokenAccount {
    let account = kept.account;
    let terms = account.token.unwrap_or_default();
    TokenAccount {
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
        fixie: matches!(kept.token, Some(Proof::Fixie(_))),
    }
}
