//! Answers about names: who is served, whose the name is, and why.

use std::sync::Arc;

use muster_common::account::{Gid, Uid};
use muster_common::admitted::{AdmissionError, AdmittedUser};
use muster_common::name::{GroupName, UserName};
use muster_common::snapshot::content::{GroupRecord, UserRecord};
use muster_common::snapshot::reader::{Damaged, OpenError, Snapshot};
use muster_common::store::StoreError;
use muster_common::store::ledger::{Entry, Holder, IdKind};
use muster_common::wire::message::{GetGroup, GroupReply, UserReply};

use crate::broker::Broker;
use crate::lookups::LookupError;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum ResolveError {
    /// Nobody of this name or id, and that is certain.
    #[error("not found")]
    NotFound,
    /// Was served once and is gone.
    #[error("was served once and is gone")]
    Gone,
    /// Not here, and a directory that has not been read yet could know it.
    #[error("not known yet: a directory has not been read")]
    Unclear,
    /// A directory that is asked by name could not say.
    #[error("{}", .0.line())]
    Lookup(Arc<LookupError>),
    /// Too many questions from this peer.
    #[error("too many questions to directories from here")]
    Busy,
    /// The host's own accounts cannot be read.
    #[error("the host's own accounts cannot be read: {0}")]
    Local(#[source] std::io::Error),
    /// Neither a name nor an id, or both.
    #[error("exactly one of name and id is wanted")]
    Invalid,
    /// The call does not fit what is configured, for this reason.
    #[error("{0}")]
    Unfit(String),
    /// The snapshot is missing or not to be trusted.
    #[error("the snapshot: {0}")]
    Snapshot(#[from] OpenError),
    /// The snapshot is damaged.
    #[error("the snapshot: {0}")]
    Damaged(#[from] Damaged),
    /// The store cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The books and what is served disagree.
    #[error(transparent)]
    Admission(#[from] AdmissionError),
    /// The books do not know the name that is served.
    #[error("{0} is served, but the ledger does not know the name")]
    Unknown(UserName),
}

/// A served user with everything that a login or an explanation needs.
pub struct Served {
    /// The record as the modules see it.
    pub record: UserRecord,
    /// The person behind it.
    pub user: AdmittedUser,
    /// The ledger's line.
    pub entry: Entry,
    /// The snapshot that the record was read from.
    pub snapshot: Arc<Snapshot>,
}

/// The user called `name`, admitted.
pub fn served_user(broker: &Broker, name: &str) -> Result<Served, ResolveError> {
    let snapshot = broker.snapshot()?;
    match snapshot.user_by_name(name)? {
        Some(record) => admit(broker, snapshot, record),
        None if snapshot.tombstone(name)?.is_some() => Err(ResolveError::Gone),
        None => Err(ResolveError::NotFound),
    }
}

fn admit(
    broker: &Broker,
    snapshot: Arc<Snapshot>,
    record: UserRecord,
) -> Result<Served, ResolveError> {
    let name = &record.account.name;
    let unknown = || ResolveError::Unknown(name.clone());
    let owner = broker
        .store
        .owner(IdKind::User, name.as_str())?
        .ok_or_else(unknown)?;
    let namespace = broker
        .namespace(&owner.directory)
        .ok_or_else(unknown)?
        .into();
    let holder = Holder {
        kind: IdKind::User,
        namespace,
        key: owner.key.clone(),
    };
    let entry = broker.store.identity(&holder)?.ok_or_else(unknown)?;
    let directories = snapshot.directories()?;
    let directory = directories
        .get(usize::from(record.directory))
        .ok_or_else(unknown)?;
    let user = AdmittedUser::admit(&record, directory, owner, &entry)?;
    Ok(Served {
        record,
        user,
        entry,
        snapshot,
    })
}

/// Answers `GetUser` by id. Ids cannot be asked about: what is not here is nobody's only
/// if everybody is here, or if no directory could have it.
pub fn user_with_id(broker: &Broker, uid: u32) -> Result<UserReply, ResolveError> {
    let snapshot = broker.snapshot()?;
    let found = match Uid::new(uid) {
        Ok(uid) => snapshot.user_by_uid(uid)?,
        // Ids of the system are never ours.
        Err(_) => None,
    };
    match found {
        Some(found) => user_reply(&served_user(broker, found.account.name.as_str())?),
        None => Err(missing_id(&snapshot, uid)),
    }
}

fn missing_id(snapshot: &Snapshot, id: u32) -> ResolveError {
    match snapshot.could_serve(id) {
        _ if snapshot.complete() => ResolveError::NotFound,
        Ok(false) => ResolveError::NotFound,
        Ok(true) => ResolveError::Unclear,
        Err(damaged) => damaged.into(),
    }
}

/// What is said about a served user.
pub fn user_reply(served: &Served) -> Result<UserReply, ResolveError> {
    let account = &served.record.account;
    Ok(UserReply {
        name: account.name.to_string(),
        uid: account.uid.get(),
        gid: account.gid.get(),
        gecos: account.gecos.clone(),
        home: account.home.clone(),
        shell: account.shell.clone(),
        groups: group_names(served)?
            .into_iter()
            .map(|group| group.to_string())
            .collect(),
        directory: served.user.owner().directory.to_string(),
        key: served.user.key().to_string(),
        id_source: served.entry.source.as_str().to_owned(),
    })
}

/// Answers [`GetGroup`].
pub fn get_group(broker: &Broker, call: &GetGroup) -> Result<GroupReply, ResolveError> {
    let snapshot = broker.snapshot()?;
    let found = match (&call.name, call.gid) {
        (Some(name), None) => snapshot.group_by_name(name)?,
        (None, Some(gid)) => match Gid::new(gid) {
            Ok(gid) => snapshot.group_by_gid(gid)?,
            // Ids of the system are never ours.
            Err(_) => None,
        },
        _ => return Err(ResolveError::Invalid),
    };
    let missing = || match call.gid {
        Some(gid) => missing_id(&snapshot, gid),
        // The groups of a directory that is asked by name are those of the people known here.
        None if !snapshot.unclear() => ResolveError::NotFound,
        None => ResolveError::Unclear,
    };
    let GroupRecord { group, directory } = found.ok_or_else(missing)?;
    let directory = snapshot
        .directories()?
        .get(usize::from(directory))
        .map(|directory| directory.name.to_string());
    Ok(GroupReply {
        name: group.name.to_string(),
        gid: group.gid.get(),
        members: group.members.iter().map(ToString::to_string).collect(),
        directory: directory.unwrap_or_default(),
    })
}

/// The names of a served user's groups, the primary one first.
pub fn group_names(served: &Served) -> Result<Vec<GroupName>, ResolveError> {
    let mut names = Vec::with_capacity(served.record.groups.len());
    for gid in &served.record.groups {
        let found = served.snapshot.group_by_gid(*gid)?;
        names.extend(found.map(|found| found.group.name));
    }
    Ok(names)
}
