//! Users and groups as a Linux host sees them, and the ids that they may have.

use std::fmt;
use std::ops::RangeInclusive;

use crate::members::Members;
use crate::name::{GroupName, UserName};

/// The longest full name in bytes that is accepted, whoever gives it.
pub const GECOS_MAX: usize = 512;

/// Ids below this belong to the system and cannot be represented.
pub const ID_FLOOR: u32 = 1000;

/// Ids that muster can never represent: systemd's dynamic users, the overflow
/// ids, the invalid 16-bit and 32-bit ids (systemd's UIDS-GIDS document).
pub const RESERVED_IDS: [RangeInclusive<u32>; 4] = [
    61184..=65519,
    65534..=65534,
    65535..=65535,
    u32::MAX..=u32::MAX,
];

/// Why an id cannot be represented. The caller leaves the record out and reports it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// Below [`ID_FLOOR`]: root and the system's own.
    #[error("id {0} is below {ID_FLOOR}: it belongs to the system")]
    BelowFloor(u32),
    /// In one of [`RESERVED_IDS`].
    #[error("id {0} is reserved by the system")]
    Reserved(u32),
}

/// Whether `id` can be a directory user's or group's at all.
#[inline]
pub const fn check_id(id: u32) -> Result<(), IdError> {
    // Each hit of the NSS module comes through here twice, nearly always with such an id.
    if lies_in(id, 65_536, u32::MAX - 1) {
        return Ok(());
    }
    check_short_id(id)
}

#[cold]
const fn check_short_id(id: u32) -> Result<(), IdError> {
    if id < ID_FLOOR {
        Err(IdError::BelowFloor(id))
    } else if lies_in(id, ID_FLOOR, 61_183) || lies_in(id, 65_520, 65_533) {
        Ok(())
    } else {
        Err(IdError::Reserved(id))
    }
}

/// Whether `id` is in `first..=last`, by one comparison.
const fn lies_in(id: u32, first: u32, last: u32) -> bool {
    id.wrapping_sub(first) <= last.wrapping_sub(first)
}

macro_rules! checked_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(u32);

        impl $name {
            /// Takes an id that is neither the system's nor reserved.
            pub const fn new(id: u32) -> Result<Self, IdError> {
                match check_id(id) {
                    Ok(()) => Ok(Self(id)),
                    Err(error) => Err(error),
                }
            }

            /// The bare number, for glibc and for text.
            pub const fn get(self) -> u32 {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

checked_id!(
    /// A user id that a directory user may have: at least [`ID_FLOOR`], not reserved.
    Uid
);
checked_id!(
    /// A group id that a directory group may have: at least [`ID_FLOOR`], not reserved.
    Gid
);

/// A user as passwd(5) shows one; the password field is always `*`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// The canonical login name.
    pub name: UserName,
    /// The user id.
    pub uid: Uid,
    /// The primary group's id.
    pub gid: Gid,
    /// The full name; no control character, no `:`.
    pub gecos: String,
    /// The home folder, absolute.
    pub home: String,
    /// The login shell, absolute.
    pub shell: String,
}

/// A group as group(5) shows one; the password field is always `*`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// The canonical name.
    pub name: GroupName,
    /// The group id.
    pub gid: Gid,
    /// The members, nested ones included.
    pub members: Members,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_the_system_and_reserved_ids_cannot_be_represented() {
        for id in [0, 1, 999, 61184, 65519, 65534, 65535, u32::MAX] {
            assert!(Uid::new(id).is_err(), "{id}");
            assert!(Gid::new(id).is_err(), "{id}");
        }
        for id in [
            1000,
            61183,
            65520,
            65533,
            65536,
            1_879_048_192,
            u32::MAX - 1,
        ] {
            assert_eq!(Uid::new(id).map(Uid::get), Ok(id));
        }
    }

    #[test]
    fn the_reserved_table_and_the_check_agree() {
        let taken = |id: u32| RESERVED_IDS.iter().any(|range| range.contains(&id));
        let ends = [1 << 31, u32::MAX - 1, u32::MAX];
        for id in (0..140_000).chain(ends) {
            let expected = match id {
                ..ID_FLOOR => Err(IdError::BelowFloor(id)),
                _ if taken(id) => Err(IdError::Reserved(id)),
                _ => Ok(()),
            };
            assert_eq!(check_id(id), expected, "{id}");
        }
    }
}
