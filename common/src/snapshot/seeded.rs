//! Sets and maps keyed by names and ids that strangers chose.
//!
//! Their hash is the format's folded multiplication, but with both factors hidden by
//! secrets of this process, drawn once: whoever makes a candidate cannot know which
//! keys collide, as with std's own hash, at a small part of its cost.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::LazyLock;

use super::format::{ends, fold, words};

/// A set with secrets of this process.
pub type Set<K> = HashSet<K, Secrets>;
/// A map with secrets of this process.
pub type Map<K, V> = HashMap<K, V, Secrets>;

static DRAWN: LazyLock<Secrets> = LazyLock::new(|| {
    let random = RandomState::new();
    Secrets {
        first: random.hash_one(1),
        second: random.hash_one(2),
    }
});

/// What hides the factors.
#[derive(Debug, Clone, Copy)]
pub struct Secrets {
    first: u64,
    second: u64,
}

impl Default for Secrets {
    fn default() -> Self {
        *DRAWN
    }
}

impl BuildHasher for Secrets {
    type Hasher = Folding;

    #[inline]
    fn build_hasher(&self) -> Folding {
        Folding {
            state: self.first,
            secret: self.second,
        }
    }
}

/// A hash on its way.
#[derive(Debug)]
pub struct Folding {
    state: u64,
    secret: u64,
}

impl Folding {
    #[inline]
    fn mix(&mut self, low: u64, high: u64) {
        self.state = fold(low ^ self.state, high ^ self.secret);
    }
}

impl Hasher for Folding {
    #[inline]
    fn write(&mut self, bytes: &[u8]) {
        let mut rest = bytes;
        while let Some((chunk, tail)) = rest.split_first_chunk::<16>()
            && !tail.is_empty()
        {
            let [low, high] = words(chunk);
            self.mix(low, high);
            rest = tail;
        }
        let [low, high] = ends(rest);
        self.mix(low, high);
    }

    #[inline]
    fn write_u32(&mut self, number: u32) {
        self.mix(u64::from(number), 0);
    }

    /// A slice's length: what comes before its bytes.
    #[inline]
    fn write_usize(&mut self, number: usize) {
        self.mix(number as u64, 0);
    }

    #[inline]
    fn finish(&self) -> u64 {
        fold(self.state, self.secret)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_ids_in_a_row_spread_over_the_whole_hash() {
        let check = |hashes: Vec<u64>| {
            for shift in [0, 24, 57] {
                let parts: HashSet<u64> = hashes.iter().map(|hash| (hash >> shift) & 127).collect();
                assert!(parts.len() > 120, "{shift}: {}", parts.len());
            }
        };
        let secrets = Secrets::default();
        check((0..4096u32).map(|id| secrets.hash_one(id)).collect());
        let names = (0..4096).map(|i| format!("user{i}"));
        check(
            names
                .map(|name| secrets.hash_one(name.as_bytes()))
                .collect(),
        );
    }
}
