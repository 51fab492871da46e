//! Whose a name is, told without the broker: passwd(5), then the snapshot, and
//! where that cannot tell, NSS. "Not ours" has to be proved (invariant 8).

use std::io;
use std::ops::RangeInclusive;

use muster_common::account::ID_FLOOR;
use muster_common::local;
use muster_common::name::{ServiceName, UserName};
use muster_common::snapshot::content::UserRecord;
use muster_common::snapshot::reader::{Damaged, OpenError, Snapshot};
use muster_common::wire::ask::{AskError, knows_user};
use muster_common::wire::deadline::Deadline;

use crate::conversation::Host;
use crate::site::Site;

/// What can be said about a name.
#[derive(Debug)]
pub enum Standing {
    /// A local account, or proved to be nobody of ours.
    NotOurs,
    /// One of ours.
    Ours(Box<Ours>),
    /// Was one of ours and is gone.
    Gone,
    /// NSS resolves the name to another id than the snapshot: it would be somebody else's login.
    SomebodyElse {
        /// The snapshot's id.
        ours: u32,
        /// The id that the program would use.
        resolved: u32,
    },
    /// Another form of the name of one of ours: NSS finds the person by it, so it must not
    /// pass as nobody's; and what goes on with it would not be the one name that rules speak of.
    OtherForm(UserName),
    /// Cannot be told from here; the broker may know.
    Unclear(Unclear),
    /// Not even whether the account is local: nobody is asked.
    Blind(io::Error),
}

/// One of ours, and what decides where they may log in.
#[derive(Debug)]
pub struct Ours {
    /// What the snapshot says about the person.
    pub record: UserRecord,
    /// The services that have rules of their own.
    pub services: Vec<ServiceName>,
}

/// Why the snapshot cannot tell.
#[derive(Debug, thiserror::Error)]
pub enum Unclear {
    /// There is none that can be read.
    #[error(transparent)]
    NoSnapshot(#[from] OpenError),
    /// It cannot be believed.
    #[error(transparent)]
    Damaged(#[from] Damaged),
    /// A miss is not final.
    #[error("the name is not in the snapshot, which is not complete")]
    Incomplete,
    /// A miss is not final, and the broker could not be asked about it.
    #[error("the name is not in the snapshot, and the directories could not be asked for it")]
    NotAsked(#[source] AskError),
    /// NSS failed where it has to agree with the snapshot.
    #[error("the name could not be resolved")]
    NotResolved(#[source] io::Error),
}

impl Standing {
    /// Finds out about `name`, which may be anything that a person typed.
    pub fn of(name: &str, host: &impl Host, site: &Site<'_>) -> Self {
        if name == "root" {
            return Self::NotOurs;
        }
        if UserName::new(name).is_err() {
            return no_name(name, host, site);
        }
        match local::has_user(site.passwd, name) {
            Ok(true) => Self::NotOurs,
            Ok(false) => by_snapshot(name, host, site),
            Err(error) => Self::Blind(error),
        }
    }
}

/// What cannot be anybody's name can still be a form of one: a long address behind a short
/// name. Without a snapshot nobody of ours is found by it.
fn no_name(name: &str, host: &impl Host, site: &Site<'_>) -> Standing {
    let Ok(snapshot) = Snapshot::open_trusted_by(site.snapshot, site.owner) else {
        return Standing::NotOurs;
    };
    match snapshot.canonical(name.as_bytes()) {
        Ok(Some(_)) if local::has_user(site.passwd, name).unwrap_or(false) => Standing::NotOurs,
        Ok(Some(canonical)) => as_form_of(canonical, host, site, &snapshot),
        Ok(None) => Standing::NotOurs,
        Err(damaged) => Standing::Unclear(damaged.into()),
    }
}

fn by_snapshot(name: &str, host: &impl Host, site: &Site<'_>) -> Standing {
    let snapshot = match Snapshot::open_trusted_by(site.snapshot, site.owner) {
        Ok(snapshot) => snapshot,
        Err(error) => return by_nss(name, host, &[], error.into()),
    };
    match look_up(name, &snapshot) {
        Ok(Found::User(ours)) => agreed_with_nss(name, host, ours),
        Ok(Found::Tombstone) => Standing::Gone,
        Ok(Found::Nobody) if snapshot.has_forms() => by_form(name, host, site, &snapshot),
        Ok(Found::Nobody) => nobody(name, host, site, &snapshot),
        Err(damaged) => by_nss(name, host, &[], damaged.into()),
    }
}

fn by_form(name: &str, host: &impl Host, site: &Site<'_>, snapshot: &Snapshot) -> Standing {
    let form = match snapshot.canonical(name.as_bytes()) {
        Ok(Some(canonical)) => as_form_of(canonical, host, site, snapshot),
        Ok(None) => Standing::NotOurs,
        Err(damaged) => Standing::Unclear(damaged.into()),
    };
    match form {
        Standing::NotOurs => nobody(name, host, site, snapshot),
        known => known,
    }
}

/// How a name stands that would be another form of `canonical`: nobody's, if that is nobody's.
fn as_form_of(
    canonical: UserName,
    host: &impl Host,
    site: &Site<'_>,
    snapshot: &Snapshot,
) -> Standing {
    let standing = match look_up(canonical.as_str(), snapshot) {
        Ok(Found::Nobody) => nobody(canonical.as_str(), host, site, snapshot),
        Ok(Found::User(_) | Found::Tombstone) => return Standing::OtherForm(canonical),
        Err(damaged) => Standing::Unclear(damaged.into()),
    };
    match standing {
        Standing::NotOurs | Standing::Unclear(_) | Standing::Blind(_) => standing,
        _ => Standing::OtherForm(canonical),
    }
}

/// Nobody here has that name, nor one of which it is another form.
fn nobody(name: &str, host: &impl Host, site: &Site<'_>, snapshot: &Snapshot) -> Standing {
    if snapshot.complete() {
        Standing::NotOurs
    } else if snapshot.asks() {
        by_asking(name, host, site, snapshot)
    } else {
        within_ranges(name, host, snapshot, Unclear::Incomplete)
    }
}
/// A directory that is asked by name may know this one: the broker asks it. "Nobody" is
/// proof then; somebody stands in a new snapshot.
fn by_asking(name: &str, host: &impl Host, site: &Site<'_>, snapshot: &Snapshot) -> Standing {
    match known_to_broker(name, site) {
        Ok(()) => {}
        Err(AskError::NotFound) => return Standing::NotOurs,
        Err(error) => return within_ranges(name, host, snapshot, Unclear::NotAsked(error)),
    }
    let newest = Snapshot::open_trusted_by(site.snapshot, site.owner);
    match newest.map(|newest| look_up(name, &newest)) {
        Ok(Ok(Found::User(ours))) => agreed_with_nss(name, host, ours),
        Ok(Ok(Found::Tombstone)) => Standing::Gone,
        Ok(Ok(Found::Nobody)) => Standing::Unclear(Unclear::Incomplete),
        Ok(Err(damaged)) => Standing::Unclear(damaged.into()),
        Err(error) => Standing::Unclear(error.into()),
    }
}

/// Whether the broker knows somebody of this name, who is published when it says so.
fn known_to_broker(name: &str, site: &Site<'_>) -> Result<(), AskError> {
    let name = UserName::new(name).map_err(|_| AskError::NotFound)?;
    let deadline = Deadline::after(site.waits.look_up);
    knows_user(site.lookup_socket, site.owner, &name, deadline)
}

fn within_ranges(name: &str, host: &impl Host, snapshot: &Snapshot, unclear: Unclear) -> Standing {
    match snapshot.id_ranges() {
        Ok(ranges) => by_nss(name, host, &ranges, unclear),
        Err(damaged) => by_nss(name, host, &[], damaged.into()),
    }
}

enum Found {
    User(Box<Ours>),
    Tombstone,
    Nobody,
}

fn look_up(name: &str, snapshot: &Snapshot) -> Result<Found, Damaged> {
    if let Some(record) = snapshot.user_by_name(name)? {
        let services = snapshot.services()?;
        return Ok(Found::User(Box::new(Ours { record, services })));
    }
    match snapshot.tombstone(name)? {
        Some(_) => Ok(Found::Tombstone),
        None => Ok(Found::Nobody),
    }
}

/// Another NSS service before ours could give the name another id: the login would be that id's.
fn agreed_with_nss(name: &str, host: &impl Host, ours: Box<Ours>) -> Standing {
    let uid = ours.record.account.uid.get();
    match host.uid_by_name(name) {
        Ok(Some(resolved)) if resolved != uid => Standing::SomebodyElse {
            ours: uid,
            resolved,
        },
        Ok(_) => Standing::Ours(ours),
        Err(error) => Standing::Unclear(Unclear::NotResolved(error)),
    }
}

/// The last proof of "not ours": NSS knows the name with an id that muster could
/// never serve. Without ranges only the system's own ids are sure to be outside.
fn by_nss(
    name: &str,
    host: &impl Host,
    ranges: &[RangeInclusive<u32>],
    unclear: Unclear,
) -> Standing {
    let outside = |uid: u32| {
        uid < ID_FLOOR || !ranges.is_empty() && !ranges.iter().any(|range| range.contains(&uid))
    };
    match host.uid_by_name(name) {
        Ok(Some(uid)) if outside(uid) => Standing::NotOurs,
        _ => Standing::Unclear(unclear),
    }
}
