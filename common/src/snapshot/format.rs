//! Where each byte of a snapshot lies; `docs/snapshot.md` says the same in prose.
//!
//! All numbers are little-endian. Records and sections start at multiples of
//! eight and are named by their offset in units of eight bytes.

/// The first eight bytes of every snapshot.
pub(crate) const MAGIC: u64 = u64::from_le_bytes(*b"MUSTERSN");
/// The only version that this code reads and writes.
pub(crate) const VERSION: u32 = 1;
/// Bytes of the header.
pub(crate) const HEADER: usize = 192;
/// No snapshot is larger: 100,000 users take about 30 MB.
pub const LENGTH_MAX: usize = 1 << 30;
/// The most slots of an index that a look-up reads; the writer keeps every key within it.
pub(crate) const PROBES: usize = 8;
/// The unit of offsets.
pub(crate) const UNIT: usize = 8;

/// Byte offsets in the header.
pub(crate) mod header {
    /// u64: [`super::MAGIC`].
    pub(crate) const MAGIC: usize = 0;
    /// u32: [`super::VERSION`].
    pub(crate) const VERSION: usize = 8;
    /// u32: not zero when a newer snapshot stands, or is about to stand, in this one's place.
    /// The only word that is ever written after publication.
    pub(crate) const LOOK_AGAIN: usize = 12;
    /// u64: bytes of the whole file.
    pub(crate) const LENGTH: usize = 16;
    /// u64: the publisher's count of snapshots.
    pub(crate) const GENERATION: usize = 24;
    /// u64: when the content was put together, seconds since 1970.
    pub(crate) const CREATED: usize = 32;
    /// u64: the seed of the hashes.
    pub(crate) const SEED: usize = 40;
    /// u64: bit 0: enumeration lists what is here; bit 1: names are found in any ASCII case;
    /// bit 2: some records were amended since all were written.
    pub(crate) const FLAGS: usize = 48;
    /// [`super::SECTIONS`] pairs of (u32 offset in units, u32 count).
    pub(crate) const SECTIONS: usize = 64;
}

/// The flag that lets getpwent and getgrent list what is here.
pub(crate) const FLAG_ENUMERATE: u64 = 1;
/// The flag that lets a user be found by a name that differs in ASCII case.
pub(crate) const FLAG_FOLD_CASE: u64 = 2;
/// The flag of a snapshot that holds records which nothing leads to any more.
#[cfg(feature = "writer")]
pub(crate) const FLAG_AMENDED: u64 = 4;

/// The sections, in the order of the header's table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Section {
    /// Slots: users by name.
    UserNames,
    /// Slots: users by id.
    Uids,
    /// Slots: groups by name.
    GroupNames,
    /// Slots: groups by id.
    Gids,
    /// Slots: tombstones by name.
    TombstoneNames,
    /// u32 offsets of the users' records, in the content's order.
    Users,
    /// u32 offsets of the groups' records.
    Groups,
    /// u32 offsets of the tombstones.
    Tombstones,
    /// u32 offsets of the directories.
    Directories,
    /// u32 offsets of the services' names.
    Services,
    /// Pairs of u32: first and last id of a range.
    IdRanges,
    /// u32 offsets of the suffixes that make other forms of names; laid out as a service's
    /// name. Snapshots of before it was added have 0, 0 in the table.
    Suffixes,
    /// u32 offsets of the groups' types; may be 0, 0 as well.
    GroupTypes,
}

/// How many sections there are.
pub(crate) const SECTIONS: usize = 13;

impl Section {
    /// All of them, in the table's order.
    pub(crate) const ALL: [Self; SECTIONS] = [
        Self::UserNames,
        Self::Uids,
        Self::GroupNames,
        Self::Gids,
        Self::TombstoneNames,
        Self::Users,
        Self::Groups,
        Self::Tombstones,
        Self::Directories,
        Self::Services,
        Self::IdRanges,
        Self::Suffixes,
        Self::GroupTypes,
    ];

    /// The bytes that `count` of this section's items take. An index of `count`
    /// places has [`PROBES`] more slots, so that no probe has to wrap around.
    pub(crate) const fn bytes(self, count: usize) -> Option<usize> {
        match self {
            Self::UserNames | Self::Uids | Self::GroupNames | Self::Gids | Self::TombstoneNames => {
                match count.checked_add(PROBES) {
                    Some(slots) => slots.checked_mul(8),
                    None => None,
                }
            }
            Self::IdRanges => count.checked_mul(8),
            Self::Users
            | Self::Groups
            | Self::Tombstones
            | Self::Directories
            | Self::Services
            | Self::Suffixes
            | Self::GroupTypes => count.checked_mul(4),
        }
    }
}

impl Section {
    /// The bytes that a record takes at least, of which the section lists one for each of its items.
    pub(crate) const fn least_bytes(self) -> usize {
        match self {
            Self::UserNames | Self::Uids | Self::GroupNames | Self::Gids | Self::TombstoneNames => {
                0
            }
            Self::Users => user::TEXT,
            Self::Groups => group::TEXT,
            Self::Tombstones => tombstone::TEXT,
            Self::Directories => directory::TEXT,
            Self::Services | Self::Suffixes => service::TEXT,
            Self::IdRanges => 8,
            Self::GroupTypes => group_type::TEXT,
        }
    }
}

/// A user's record. Its text is `name NUL * NUL gecos NUL home NUL shell NUL`,
/// just what passwd's caller wants in one piece.
pub(crate) mod user {
    /// u32: the user id; u32: the primary group's id.
    pub(crate) const IDS: usize = 0;
    /// Four u16: bytes of the text; where gecos, home and shell start in it.
    pub(crate) const BORDERS: usize = 8;
    /// u32: how many groups; u16: the directory; u16: how many SSH keys.
    pub(crate) const COUNTS: usize = 16;
    /// u64: the services allowed.
    pub(crate) const ALLOWED: usize = 24;
    /// u64: until when that holds.
    pub(crate) const UNTIL: usize = 32;
    /// u32: offset in units of the group list (u32 each), which the SSH keys follow
    /// (u32 length and bytes each, padded to four).
    pub(crate) const REST: usize = 40;
    /// Where the text starts.
    pub(crate) const TEXT: usize = 48;
}

/// A group's record. Its text is `name NUL * NUL` and each member and a NUL;
/// after it, one byte for each member's length.
pub(crate) mod group {
    /// u32: the group id; u32: how many members.
    pub(crate) const IDS: usize = 0;
    /// u32: bytes of the text; u16: bytes of the name; u16: the directory.
    pub(crate) const BORDERS: usize = 8;
    /// Where the text starts.
    pub(crate) const TEXT: usize = 16;
}

/// A tombstone.
pub(crate) mod tombstone {
    /// u32: the user id then; u32: bytes of the name.
    pub(crate) const UID: usize = 0;
    /// Where the name starts.
    pub(crate) const TEXT: usize = 8;
}

/// A group's type, as its directory calls it.
pub(crate) mod group_type {
    /// u32: the group's id; u32: bytes of the type.
    pub(crate) const GID: usize = 0;
    /// Where the type starts.
    pub(crate) const TEXT: usize = 8;
}

/// A directory.
pub(crate) mod directory {
    /// u64: last synced, seconds since 1970; [`NEVER`] if not yet.
    pub(crate) const SYNCED: usize = 0;
    /// u32: what a miss means, see below; u32: bytes of the name.
    pub(crate) const MISSES: usize = 8;
    /// There is nobody else.
    pub(crate) const FINAL: u32 = 1;
    /// The broker may be asked about a user's name. (0: nobody can tell.)
    pub(crate) const ASK_BY_NAME: u32 = 2;
    /// Where the name starts.
    pub(crate) const TEXT: usize = 16;
    /// Never synced.
    pub(crate) const NEVER: u64 = u64::MAX;
}

/// A service or a suffix.
pub(crate) mod service {
    /// u64: bytes of the name.
    pub(crate) const LENGTH: usize = 0;
    /// Where the name starts.
    pub(crate) const TEXT: usize = 8;
}

/// One slot of an index: the key's hash and the offset of the record, zero for an empty slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Slot {
    /// The hash of the record's key.
    pub(crate) hash: u32,
    /// The record's offset in units.
    pub(crate) unit: u32,
}

impl Slot {
    /// By the hash, then by the record.
    #[cfg(feature = "writer")]
    pub(crate) const fn order(self) -> u64 {
        ((self.hash as u64) << 32) | self.unit as u64
    }

    /// As it lies in the file.
    #[cfg(any(test, feature = "writer"))]
    pub(crate) const fn pack(self) -> u64 {
        ((self.unit as u64) << 32) | self.hash as u64
    }

    /// From what lies in the file.
    pub(crate) const fn unpack(word: u64) -> Self {
        let [hash, unit] = halves(word);
        Self { hash, unit }
    }
}

/// The two u32 of a word, the one at the lower address first.
pub(crate) const fn halves(word: u64) -> [u32; 2] {
    let [a, b, c, d, e, f, g, h] = word.to_le_bytes();
    [
        u32::from_le_bytes([a, b, c, d]),
        u32::from_le_bytes([e, f, g, h]),
    ]
}

/// The four u16 of a word, the one at the lowest address first.
pub(crate) const fn quarters(word: u64) -> [u16; 4] {
    let [a, b, c, d, e, f, g, h] = word.to_le_bytes();
    [
        u16::from_le_bytes([a, b]),
        u16::from_le_bytes([c, d]),
        u16::from_le_bytes([e, f]),
        u16::from_le_bytes([g, h]),
    ]
}

/// The slot at which the search for `hash` starts in an index of `places` places:
/// its share of the whole range, so that slots in order are hashes in order.
pub(crate) const fn place(hash: u32, places: u32) -> u32 {
    halves((hash as u64).wrapping_mul(places as u64))[1]
}

/// Odd constants with well-spread bits (from the digits of pi, as in foldhash).
const MIX: [u64; 3] = [
    0x243f_6a88_85a3_08d3,
    0x1319_8a2e_0370_7345,
    0xa409_3822_299f_31d1,
];

/// Multiplies to 128 bits and folds the halves together.
pub(super) const fn fold(a: u64, b: u64) -> u64 {
    let product = (a as u128).wrapping_mul(b as u128).to_le_bytes();
    let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p] = product;
    u64::from_le_bytes([a, b, c, d, e, f, g, h]) ^ u64::from_le_bytes([i, j, k, l, m, n, o, p])
}

/// The hash of a name: two overlapping words at a time, folded with the seed.
/// The seed only keeps a directory's people from choosing names that collide;
/// the writer draws another until every probe is short.
pub(crate) fn hash_name(seed: u64, name: &[u8]) -> u32 {
    let mut state = seed ^ MIX[0];
    let mut rest = name;
    while let Some((chunk, tail)) = rest.split_first_chunk::<16>()
        && !tail.is_empty()
    {
        let [low, high] = words(chunk);
        state = fold(low ^ state, high ^ MIX[1]);
        rest = tail;
    }
    let [low, high] = ends(rest);
    finish(fold(low ^ state, high ^ MIX[1] ^ name.len() as u64))
}

/// The hash of an id.
pub(crate) const fn hash_id(seed: u64, id: u32) -> u32 {
    finish(fold(id as u64 ^ seed ^ MIX[0], MIX[1]))
}

const fn finish(state: u64) -> u32 {
    halves(fold(state ^ MIX[1], MIX[2]))[1]
}

/// The two words of sixteen bytes.
pub(super) fn words(chunk: &[u8; 16]) -> [u64; 2] {
    let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p] = *chunk;
    [
        u64::from_le_bytes([a, b, c, d, e, f, g, h]),
        u64::from_le_bytes([i, j, k, l, m, n, o, p]),
    ]
}

/// The first and the last bytes of at most sixteen: eight and eight or four and
/// four, which may overlap; below four, the first, middle and last byte.
pub(super) fn ends(rest: &[u8]) -> [u64; 2] {
    if let (Some(first), Some(last)) = (rest.first_chunk(), rest.last_chunk()) {
        return [u64::from_le_bytes(*first), u64::from_le_bytes(*last)];
    }
    if let (Some(first), Some(last)) = (rest.first_chunk(), rest.last_chunk()) {
        return [
            u64::from(u32::from_le_bytes(*first)),
            u64::from(u32::from_le_bytes(*last)),
        ];
    }
    match *rest {
        [] => [0, 0],
        [a] => [u64::from(a), 0],
        [a, b] => [u64::from(a), u64::from(b)],
        [a, b, c, ..] => [u64::from(a), u64::from(b) | u64::from(c) << 8],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_fixed_by_the_format() {
        // docs/snapshot.md lists the same: a change here is a change of version.
        let check = |name: &str, expected: u32| {
            assert_eq!(
                hash_name(1, name.as_bytes()),
                expected,
                "{name:?}: {:#x}",
                hash_name(1, name.as_bytes())
            );
        };
        check("", 0xcbfd_45e0);
        check("a", 0xc7fc_089a);
        check("ab", 0xcd33_3a7b);
        check("ada", 0xd319_94b2);
        check("user", 0x0a74_bd40);
        check("lovelace", 0x6bb9_096b);
        check("abcdefghijklmnop", 0xee7a_4a3f);
        check("abcdefghijklmnopq", 0x80a9_741a);
        assert_eq!(hash_id(1, 1000), 0x485e_e892);
    }

    #[test]
    fn a_place_is_always_inside_the_index() {
        for places in [0, 1, 7, u32::MAX] {
            for hash in [0, 1, u32::MAX / 2, u32::MAX] {
                assert!(place(hash, places) < places.max(1));
            }
        }
    }

    #[test]
    fn a_slot_survives_packing() {
        let slot = Slot {
            hash: 0xdead_beef,
            unit: 24,
        };
        assert_eq!(Slot::unpack(slot.pack()), slot);
    }
}
