//! Ids out of immutable keys.

use std::ops::RangeInclusive;

use sha2::{Digest, Sha256};

use super::Holder;

/// The version of the derivation, hashed in front: a new one would give new ids.
const DERIVATION: &[u8] = b"muster id 1";

/// The id that `holder` derives: the same on every host, SHA-256 over version,
/// namespace, kind and key, the first eight bytes big-endian, into the range.
pub fn derive(range: &RangeInclusive<u32>, holder: &Holder) -> u32 {
    let mut hash = Sha256::new();
    for part in [
        DERIVATION,
        holder.namespace.as_bytes(),
        holder.kind.as_str().as_bytes(),
        holder.key.as_str().as_bytes(),
    ] {
        hash.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        hash.update(part);
    }
    let digest = hash.finalize();
    let number = digest
        .iter()
        .take(8)
        .fold(0u64, |number, &byte| number << 8 | u64::from(byte));
    let width = u64::from(range.end().saturating_sub(*range.start())).saturating_add(1);
    let offset = u32::try_from(number % width).unwrap_or(0);
    range.start().saturating_add(offset)
}
