//! Accounts from fixie-creds and back.

use std::sync::Arc;

use muster_common::registry::proof::Proof;
use muster_common::registry::{Account, Terms, fixie, new_key};
use muster_common::store::registry::NewAccount;
use muster_common::text;
use muster_common::wire::message::{
    ExportFixie, ExportFixieReply, FixieEntry, ImportFixie, ImportFixieReply,
};

use super::list::page_behind;
use super::register::add;
use super::{NotDone, meant, no, serve, user_name};
use crate::broker::Broker;
use crate::registry::Registry;
use crate::resolve::ResolveError;

/// Answers [`ImportFixie`].
pub async fn import_fixie(
    broker: Arc<Broker>,
    call: ImportFixie,
) -> Result<ImportFixieReply, ResolveError> {
    let (connected, registry) = meant(&broker, call.directory.as_deref())?;
    let mut reply = tokio::task::block_in_place(|| {
        let mut reply = ImportFixieReply::default();
        for entry in &call.entries {
            match take_over(&broker, &registry, entry) {
                Ok(()) => reply.imported = reply.imported.saturating_add(1),
                Err(why) => {
                    let user = text::safe(&entry.user, 64);
                    reply.refused.push(format!("{user}: {why}"));
                }
            }
        }
        reply
    });
    let (name, imported) = (registry.name(), reply.imported);
    log::warn!("registry {name}: root took over {imported} accounts of fixie-creds");
    if call.more != Some(true) {
        reply.note = serve(connected).await;
    }
    Ok(reply)
}

fn take_over(broker: &Broker, registry: &Registry, entry: &FixieEntry) -> Result<(), NotDone> {
    let said = fixie::Entry {
        email: entry.email.clone(),
        hashed_token: entry.hashed_token.clone(),
        user: entry.user.clone(),
    };
    let hash = match said.check() {
        Ok((_, hash)) => hash,
        Err(why) => return no(why.to_string()),
    };
    let account = Account {
        name: user_name(broker, &entry.user)?,
        key: new_key().map_err(|error| NotDone::Host(error.to_string()))?,
        email: said.email,
        full_name: String::new(),
        uid: None,
        groups: Vec::new(),
        registered: broker.clock.now(),
        last_used: None,
        failures: 0,
        token: Some(Terms::default()),
        has_password: false,
    };
    let new = NewAccount {
        account,
        token: Proof::Fixie(hash),
    };
    add(&broker.store, registry.name(), &new).map(|_released| ())
}

/// Answers [`ExportFixie`].
pub fn export_fixie(broker: &Broker, call: &ExportFixie) -> Result<ExportFixieReply, ResolveError> {
    let (_, registry) = meant(broker, call.directory.as_deref())?;
    let (found, more) = page_behind(broker, &registry, call.after.as_deref())?;
    let last = found.last().map(|one| one.account.name.to_string());
    let mut reply = ExportFixieReply {
        last: last.filter(|_| more),
        ..ExportFixieReply::default()
    };
    for kept in found {
        let user = kept.account.name.to_string();
        match kept.token {
            Some(Proof::Fixie(hash)) => reply.entries.push(FixieEntry {
                email: kept.account.email,
                hashed_token: fixie::hex(&hash),
                user,
            }),
            _ => reply.left_out.push(user),
        }
    }
    let (name, count) = (registry.name(), reply.entries.len());
    log::warn!("registry {name}: root was given {count} accounts for fixie-creds");
    Ok(reply)
}
