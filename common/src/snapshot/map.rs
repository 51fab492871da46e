//! A snapshot's bytes in memory and the only reads of them: bounded, copied, never borrowed.
//!
//! The pages are shared with other processes, so no reference to them is ever
//! made: words are read atomically, text is copied out and judged afterwards.
//! All of the reader's unsafe code is in this file and in `open`.

use std::marker::PhantomData;
use std::mem::MaybeUninit;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU8, AtomicU32, AtomicU64, Ordering};

use super::format::UNIT;

/// Bytes that stay where they are until this is dropped, starting at a multiple of eight.
#[derive(Debug)]
pub(crate) struct Map {
    start: NonNull<u8>,
    length: usize,
    origin: Origin,
}

/// Who has to take the bytes back.
#[derive(Debug)]
enum Origin {
    /// mmap(2).
    Mapped,
    /// An allocation of this many words.
    Words(usize),
}

// SAFETY: the bytes are only read, by atomic loads and by copies, from whichever thread.
unsafe impl Send for Map {}
// SAFETY: as above; nothing in it changes after it was made.
unsafe impl Sync for Map {}

impl Map {
    /// Takes over a mapping of `length` bytes.
    ///
    /// # Safety
    /// `start` is a page that mmap(2) gave for at least `length` bytes with
    /// PROT_READ, and nobody else unmaps it.
    pub(crate) unsafe fn from_mmap(start: NonNull<u8>, length: usize) -> Self {
        Self {
            start,
            length,
            origin: Origin::Mapped,
        }
    }

    /// Copies `bytes` to memory of our own.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Self {
        let (whole, rest) = bytes.as_chunks();
        let mut last = [0; 8];
        for (place, byte) in last.iter_mut().zip(rest) {
            *place = *byte;
        }
        let last = (!rest.is_empty()).then_some(last);
        let mut words = Vec::with_capacity(bytes.len().div_ceil(8));
        words.extend(whole.iter().map(|word| u64::from_ne_bytes(*word)));
        words.extend(last.map(u64::from_ne_bytes));
        let words: Box<[u64]> = words.into_boxed_slice();
        let count = words.len();
        let start = NonNull::from(Box::leak(words)).cast();
        Self {
            start,
            length: bytes.len(),
            origin: Origin::Words(count),
        }
    }

    /// The bytes, to be read.
    pub(crate) fn view(&self) -> View<'_> {
        View {
            start: self.start,
            length: self.length,
            life: PhantomData,
        }
    }
}

impl Drop for Map {
    fn drop(&mut self) {
        match self.origin {
            Origin::Mapped => {
                // SAFETY: `from_mmap` was promised this very mapping, and no view outlives `self`.
                unsafe { libc::munmap(self.start.as_ptr().cast(), self.length) };
            }
            Origin::Words(count) => {
                let words = NonNull::slice_from_raw_parts(self.start.cast::<u64>(), count);
                // SAFETY: `from_bytes` leaked this very box, and no view outlives `self`.
                drop(unsafe { Box::from_raw(words.as_ptr()) });
            }
        }
    }
}

/// A map's bytes for as long as it lives.
#[derive(Debug, Clone, Copy)]
pub(crate) struct View<'a> {
    start: NonNull<u8>,
    length: usize,
    life: PhantomData<&'a Map>,
}

impl<'a> View<'a> {
    /// How many bytes there are.
    pub(crate) const fn length(self) -> usize {
        self.length
    }

    /// `N` bytes at a multiple of eight.
    #[inline]
    pub(crate) fn chunk<const N: usize>(self, at: usize) -> Option<Chunk<'a, N>> {
        if !at.is_multiple_of(UNIT) {
            return None;
        }
        Some(Chunk {
            start: self.place(at, N)?,
            life: PhantomData,
        })
    }

    /// The number at `at`, a multiple of four.
    #[inline]
    pub(crate) fn u32_at(self, at: usize) -> Option<u32> {
        if !at.is_multiple_of(4) {
            return None;
        }
        let place = self.place(at, 4)?;
        // SAFETY: four bytes inside the map, aligned since the map is and `at` is.
        let word = unsafe { AtomicU32::from_ptr(place.cast().as_ptr()) };
        Some(u32::from_le(word.load(Ordering::Relaxed)))
    }

    /// The byte at `at`.
    #[inline]
    pub(crate) fn u8_at(self, at: usize) -> Option<u8> {
        let place = self.place(at, 1)?;
        // SAFETY: a byte inside the map.
        let byte = unsafe { AtomicU8::from_ptr(place.as_ptr()) };
        Some(byte.load(Ordering::Relaxed))
    }

    /// Fills `target` from the bytes at `at` and gives it back as what it then holds.
    #[inline]
    pub(crate) fn copy(self, at: usize, target: &mut [MaybeUninit<u8>]) -> Option<&[u8]> {
        let length = target.len();
        let place = self.place(at, length)?;
        let start = target.as_mut_ptr().cast::<u8>();
        // SAFETY: `length` bytes inside the map, copied to memory of the caller's own.
        unsafe { std::ptr::copy_nonoverlapping(place.as_ptr(), start, length) };
        // SAFETY: all of `target` was just written.
        Some(unsafe { std::slice::from_raw_parts(start, length) })
    }

    /// The address of `length` bytes at `at`, if they all lie inside.
    #[inline]
    fn place(self, at: usize, length: usize) -> Option<NonNull<u8>> {
        if at.checked_add(length)? > self.length {
            return None;
        }
        // SAFETY: `at` is not beyond the end of the map.
        Some(unsafe { self.start.add(at) })
    }
}

/// `N` bytes that are known to lie inside the map, at a multiple of eight.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Chunk<'a, const N: usize> {
    start: NonNull<u8>,
    life: PhantomData<&'a Map>,
}

impl<const N: usize> Chunk<'_, N> {
    /// The word at `AT`, which is checked when this is compiled.
    #[inline]
    pub(crate) fn u64<const AT: usize>(self) -> u64 {
        const { assert!(AT.is_multiple_of(8) && AT + 8 <= N) };
        // SAFETY: inside the chunk by the line above.
        let place = unsafe { self.start.add(AT) };
        // SAFETY: eight bytes inside the map, aligned since the chunk is and `AT` is.
        let word = unsafe { AtomicU64::from_ptr(place.cast().as_ptr()) };
        u64::from_le(word.load(Ordering::Relaxed))
    }

    /// The number at `AT`, which is checked when this is compiled.
    #[inline]
    pub(crate) fn u32<const AT: usize>(self) -> u32 {
        const { assert!(AT.is_multiple_of(4) && AT + 4 <= N) };
        // SAFETY: inside the chunk by the line above.
        let place = unsafe { self.start.add(AT) };
        // SAFETY: four bytes inside the map, aligned since the chunk is and `AT` is.
        let word = unsafe { AtomicU32::from_ptr(place.cast().as_ptr()) };
        u32::from_le(word.load(Ordering::Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_read_outside_the_map() {
        let map = Map::from_bytes(&[1, 0, 0, 0, 2, 0, 0, 0, 3]);
        let view = map.view();
        assert_eq!(view.u32_at(0), Some(1));
        assert_eq!(view.u32_at(4), Some(2));
        for at in [1, 2, 3, 5, 8, 12, usize::MAX - 3, usize::MAX] {
            assert_eq!(view.u32_at(at), None, "{at}");
        }
        assert!(view.chunk::<8>(0).is_some());
        assert!(view.chunk::<8>(8).is_none());
        assert!(view.chunk::<8>(4).is_none());
        let mut two = [MaybeUninit::uninit(); 2];
        assert_eq!(view.copy(7, &mut two), Some(&[0, 3][..]));
        assert_eq!(view.copy(8, &mut two), None);
        assert_eq!(view.copy(usize::MAX, &mut two), None);
    }
}
