//! A user who may be asked about: served by the snapshot, owned by one
//! (directory, key), with the id that names resolve to.

use crate::account::Uid;
use crate::directory::ImmutableKey;
use crate::name::{DirectoryName, UserName};
use crate::snapshot::content::{DirectoryRecord, UserRecord};
use crate::store::ledger::Entry;
use crate::store::names::Owner;

/// Why a served user is not the person that the broker's own books say.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AdmissionError {
    /// The name's owner is in another directory than the snapshot says.
    #[error("the snapshot says directory {served}, the ledger says {owner}")]
    Directory {
        /// What the snapshot says.
        served: DirectoryName,
        /// What the ledger says.
        owner: DirectoryName,
    },
    /// The name resolves to another id than the ledger gives.
    #[error("the name resolves to uid {served}, the ledger says {given}")]
    Uid {
        /// What names resolve to.
        served: Uid,
        /// What the ledger gives.
        given: u32,
    },
}

/// A user whose login may be judged. Only [`AdmittedUser::admit`] makes one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdmittedUser {
    name: UserName,
    uid: Uid,
    owner: Owner,
}

impl AdmittedUser {
    /// Admits `record` if the books agree with what is served.
    pub fn admit(
        record: &UserRecord,
        directory: &DirectoryRecord,
        owner: Owner,
        entry: &Entry,
    ) -> Result<Self, AdmissionError> {
        if owner.directory != directory.name {
            return Err(AdmissionError::Directory {
                served: directory.name.clone(),
                owner: owner.directory,
            });
        }
        if entry.id != record.account.uid.get() {
            return Err(AdmissionError::Uid {
                served: record.account.uid,
                given: entry.id,
            });
        }
        Ok(Self {
            name: record.account.name.clone(),
            uid: record.account.uid,
            owner,
        })
    }

    /// The canonical name.
    pub fn name(&self) -> &UserName {
        &self.name
    }

    /// The id that the name resolves to.
    pub fn uid(&self) -> Uid {
        self.uid
    }

    /// The directory and key that own the name.
    pub fn owner(&self) -> &Owner {
        &self.owner
    }

    /// The immutable key.
    pub fn key(&self) -> &ImmutableKey {
        &self.owner.key
    }
}
