//! Another host's ledger: its lines wait on the connection that brings them, and are
//! taken in together.

use std::sync::Arc;

use muster_common::portable::{self, RECORDS_MAX, Unfit};
use muster_common::store::StoreError;
use muster_common::store::ledger::{Entry, IdKind, Ledger, Merged};
use muster_common::store::names::{Owned, Owner, Owners};
use muster_common::text;
use muster_common::wire::message::{
    CommitImport, CommitImportReply, StageImport, StageImportReply,
};

use super::{generation, off_the_loop};
use crate::assemble::id_space;
use crate::broker::Broker;
use crate::publisher::publish_now;
use crate::resolve::ResolveError;

/// Conflicts that a reply lists; further ones are counted.
const CONFLICTS_MAX: usize = 5000;
/// The longest sentence about one.
const SENTENCE_MAX: usize = 500;

/// Lines that wait.
#[derive(Debug, Default)]
pub struct Staged {
    ids: Vec<Entry>,
    names: Vec<Owned>,
}

impl Staged {
    /// Checks every field of every line and lets them wait with those before.
    pub fn stage(&mut self, call: &StageImport) -> Result<StageImportReply, Unfit> {
        for said in &call.ids {
            self.ids.push(portable::entry(said)?);
        }
        for said in &call.names {
            self.names.push(portable::owned(said)?);
        }
        let staged = self.ids.len().saturating_add(self.names.len());
        if staged > RECORDS_MAX {
            return Err(Unfit::TooMany);
        }
        let staged = u64::try_from(staged).unwrap_or(u64::MAX);
        Ok(StageImportReply { staged })
    }
}

/// Answers [`CommitImport`] for the lines that wait.
pub async fn commit_import(
    broker: &Arc<Broker>,
    staged: Staged,
    call: &CommitImport,
) -> Result<CommitImportReply, ResolveError> {
    let dry_run = call.dry_run;
    let merged = off_the_loop(broker, move |broker| take_in(broker, staged, dry_run)).await?;
    let reply = merged?;
    let publication = if dry_run {
        broker.publisher.last()
    } else {
        log::warn!(
            "root imported {} ids and {} names; {} lines were known, {} contradict the ledger",
            reply.ids,
            reply.names,
            reply.present,
            u64::try_from(reply.conflicts.len())
                .unwrap_or(u64::MAX)
                .saturating_add(reply.more_conflicts)
        );
        publish_now(broker).await
    };
    Ok(CommitImportReply {
        generation: generation(&publication),
        ..reply
    })
}

/// An import on its way into the ledger.
struct Import<'a> {
    broker: &'a Broker,
    ledger: Ledger,
    users: Owners,
    groups: Owners,
    new: Vec<Owned>,
    reply: CommitImportReply,
}

fn take_in(
    broker: &Broker,
    staged: Staged,
    dry_run: bool,
) -> Result<CommitImportReply, StoreError> {
    let _turn = broker.store.deciding();
    let mut import = Import {
        broker,
        ledger: broker.store.ledger(id_space(&broker.config))?,
        users: broker.store.owners(IdKind::User)?,
        groups: broker.store.owners(IdKind::Group)?,
        new: Vec::new(),
        reply: CommitImportReply::default(),
    };
    for entry in staged.ids {
        import.id(entry);
    }
    for owned in staged.names {
        import.name(owned);
    }
    if !dry_run {
        broker.store.keep_import(&import.ledger, &import.new)?;
    }
    Ok(import.reply)
}

impl Import<'_> {
    fn id(&mut self, entry: Entry) {
        match self.ledger.merge(entry) {
            Ok(Merged::Added) => self.reply.ids = self.reply.ids.saturating_add(1),
            Ok(Merged::Present) => self.present(),
            Err(conflict) => self.conflict(&conflict.to_string()),
        }
    }

    fn name(&mut self, owned: Owned) {
        let Owned { kind, name, owner } = &owned;
        let owners = match kind {
            IdKind::User => &mut self.users,
            IdKind::Group => &mut self.groups,
        };
        match owners.get(name) {
            Some(here) if here == owner => self.present(),
            Some(here) => {
                let line = held_here(&owned, here);
                self.conflict(&line);
            }
            None if self.broker.namespace(&owner.directory).is_none() => {
                let directory = &owner.directory;
                let what = kind.as_str();
                self.conflict(&format!(
                    "the name of {what} {name}: no directory {directory} is configured here"
                ));
            }
            None => {
                owners.insert(name.clone(), owner.clone());
                self.new.push(owned);
                self.reply.names = self.reply.names.saturating_add(1);
            }
        }
    }

    fn present(&mut self) {
        self.reply.present = self.reply.present.saturating_add(1);
    }

    fn conflict(&mut self, line: &str) {
        if self.reply.conflicts.len() < CONFLICTS_MAX {
            self.reply.conflicts.push(text::safe(line, SENTENCE_MAX));
        } else {
            self.reply.more_conflicts = self.reply.more_conflicts.saturating_add(1);
        }
    }
}

fn held_here(Owned { kind, name, owner }: &Owned, here: &Owner) -> String {
    format!(
        "the name of {} {name}, {} of {}: here it is held for {} of {}",
        kind.as_str(),
        owner.key,
        owner.directory,
        here.key,
        here.directory
    )
}
