//! The memory of one hash at a time, kept between hashes: mapping argon2's 19 MiB anew for
//! each costs up to five thousand page faults.

use argon2::Block;

/// Memory for one hash at a time. Whoever keeps it wipes it after each; dropped, it is wiped, too.
#[derive(Default)]
pub struct Room {
    blocks: Vec<Block>,
    used: usize,
}

impl Room {
    /// No memory yet: the first hash takes what it needs.
    pub const fn new() -> Self {
        Self {
            blocks: Vec::new(),
            used: 0,
        }
    }

    /// So many blocks, whatever they hold: argon2 writes each before it reads it.
    pub(super) fn blocks(&mut self, count: usize) -> Result<&mut [Block], argon2::Error> {
        let missing = count.saturating_sub(self.blocks.len());
        self.blocks
            .try_reserve_exact(missing)
            .map_err(|_no_memory| argon2::Error::OutOfMemory)?;
        if missing > 0 {
            self.blocks.resize(count, Block::new());
        }
        self.used = self.used.max(count);
        self.blocks
            .get_mut(..count)
            .ok_or(argon2::Error::OutOfMemory)
    }

    /// Overwrites what the last hash has left: from its first blocks a password could be
    /// guessed without argon2's price. Whole blocks, since word by word costs as much as a
    /// good part of the hash.
    pub fn wipe(&mut self) {
        let used = self.blocks.iter_mut().take(self.used);
        used.for_each(|block| *block = Block::new());
        std::hint::black_box(&mut self.blocks);
        self.used = 0;
    }
}

impl Drop for Room {
    /// Also when whoever hashed in it ends by a panic.
    fn drop(&mut self) {
        self.wipe();
    }
}

impl std::fmt::Debug for Room {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Room({} KiB)", self.blocks.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds_anything(room: &Room) -> bool {
        let words = room.blocks.iter().flat_map(|block| block.as_ref().iter());
        words.copied().any(|word| word != 0)
    }

    #[test]
    fn nothing_is_left_after_a_wipe_and_smaller_hashes_use_the_same_memory() {
        let mut room = Room::new();
        for count in [64, 8, 64, 128] {
            for block in room.blocks(count).unwrap() {
                block.as_mut().fill(7);
            }
            assert!(holds_anything(&room));
            room.wipe();
            assert!(!holds_anything(&room));
        }
        assert_eq!(room.blocks.len(), 128);
    }

    #[test]
    fn what_is_not_there_cannot_be_had() {
        assert!(Room::new().blocks(usize::MAX / 2).is_err());
    }
}
