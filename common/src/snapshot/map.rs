//! A snapshot's bytes in memory and the only reads of them: bounded, copied, never borrowed.
//!
//! The pages are shared with other processes, so no reference to them is ever
//! made: words are read atomically, names are compared where they lie, a few bytes
//! at a time, and text is copied out and judged afterwards.
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
    /// A vector of bytes with this capacity.
    #[cfg(feature = "writer")]
    Bytes(usize),
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

    /// Takes `bytes` over: nothing is copied where they start at a multiple of eight, as
    /// allocators have it.
    #[cfg(feature = "writer")]
    pub(crate) fn from_vec(bytes: Vec<u8>) -> Self {
        let mut bytes = std::mem::ManuallyDrop::new(bytes);
        let (length, capacity) = (bytes.len(), bytes.capacity());
        let start = NonNull::from(bytes.as_mut_slice()).cast::<u8>();
        let map = Self {
            start,
            length,
            origin: Origin::Bytes(capacity),
        };
        if start.cast::<u64>().is_aligned() {
            map
        } else {
            Self::from_bytes(&map.into_vec())
        }
    }

    /// The bytes again, with nothing copied if [`from_vec`](Self::from_vec) copied nothing.
    #[cfg(feature = "writer")]
    pub(crate) fn into_vec(self) -> Vec<u8> {
        let Origin::Bytes(capacity) = self.origin else {
            let bytes = self.view().bytes(0, self.length);
            return bytes.map(Iterator::collect).unwrap_or_default();
        };
        let map = std::mem::ManuallyDrop::new(self);
        // SAFETY: `from_vec` took these three from a vector that it forgot; `map` is forgotten, too.
        unsafe { Vec::from_raw_parts(map.start.as_ptr(), map.length, capacity) }
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
            #[cfg(feature = "writer")]
            Origin::Bytes(capacity) => {
                // SAFETY: `from_vec` took these three from a vector that it forgot, and no view outlives `self`.
                drop(unsafe { Vec::from_raw_parts(self.start.as_ptr(), self.length, capacity) });
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

    /// The `count` words from `at` on, a multiple of eight.
    #[inline]
    pub(crate) fn words(self, at: usize, count: usize) -> Option<Words<'a>> {
        if !at.is_multiple_of(UNIT) {
            return None;
        }
        let bytes = count.checked_mul(UNIT)?;
        let next = self.place(at, bytes)?;
        Some(Words {
            next,
            // SAFETY: not beyond the end of the map, as `place` has checked.
            end: unsafe { next.add(bytes) },
            life: PhantomData,
        })
    }

    /// The `count` numbers from `at` on, a multiple of four.
    #[inline]
    pub(crate) fn numbers(self, at: usize, count: usize) -> Option<Numbers<'a>> {
        if !at.is_multiple_of(4) {
            return None;
        }
        let bytes = count.checked_mul(4)?;
        let next = self.place(at, bytes)?;
        Some(Numbers {
            next,
            // SAFETY: not beyond the end of the map, as `place` has checked.
            end: unsafe { next.add(bytes) },
            life: PhantomData,
        })
    }

    /// The `count` bytes from `at` on.
    #[inline]
    pub(crate) fn bytes(self, at: usize, count: usize) -> Option<Bytes<'a>> {
        Some(Bytes {
            start: self.place(at, count)?,
            left: count,
            life: PhantomData,
        })
    }

    /// Whether the bytes at `at` are `text`.
    #[inline]
    pub(crate) fn holds(self, at: usize, text: &[u8]) -> bool {
        let Some(place) = self.place(at, text.len()) else {
            return false;
        };
        let mut rest = text;
        let mut start = place.as_ptr();
        while let Some((chunk, tail)) = rest.split_first_chunk::<16>()
            && !tail.is_empty()
        {
            // SAFETY: sixteen of the `text.len()` bytes that lie inside the map.
            if unsafe { start.cast::<[u8; 16]>().read() } != *chunk {
                return false;
            }
            start = start.wrapping_add(16);
            rest = tail;
        }
        // SAFETY: the last `rest.len()` of the bytes that lie inside the map.
        unsafe { holds_short(start, rest) }
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

/// Whether the bytes at `start` are `text`, of at most sixteen: its first and its last
/// eight, or four, or two, which may overlap.
///
/// # Safety
/// `text.len()` bytes at `start` can be read.
#[inline]
unsafe fn holds_short(start: *const u8, text: &[u8]) -> bool {
    macro_rules! ends_are_same {
        ($word:ty) => {{
            const SIZE: usize = size_of::<$word>();
            if let (Some(first), Some(last)) =
                (text.first_chunk::<SIZE>(), text.last_chunk::<SIZE>())
            {
                let end = start.wrapping_add(text.len().wrapping_sub(SIZE));
                // SAFETY: both lie inside the bytes that can be read.
                let own = unsafe {
                    (
                        start.cast::<$word>().read_unaligned(),
                        end.cast::<$word>().read_unaligned(),
                    )
                };
                let said = (
                    <$word>::from_ne_bytes(*first),
                    <$word>::from_ne_bytes(*last),
                );
                return own == said;
            }
        }};
    }
    ends_are_same!(u64);
    ends_are_same!(u32);
    ends_are_same!(u16);
    match *text {
        // SAFETY: one byte can be read.
        [only, ..] => (unsafe { start.read() }) == only,
        [] => true,
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

/// Words in a row that are known to lie inside the map, at multiples of eight.
#[derive(Debug, Clone)]
pub(crate) struct Words<'a> {
    next: NonNull<u8>,
    end: NonNull<u8>,
    life: PhantomData<&'a Map>,
}

impl Iterator for Words<'_> {
    type Item = u64;

    #[inline]
    fn next(&mut self) -> Option<u64> {
        if self.next == self.end {
            return None;
        }
        // SAFETY: eight bytes inside the map, aligned since the map is and where they start is.
        let word = unsafe { AtomicU64::from_ptr(self.next.cast().as_ptr()) };
        // SAFETY: not beyond the words' end, which is a whole number of steps away.
        self.next = unsafe { self.next.add(UNIT) };
        Some(u64::from_le(word.load(Ordering::Relaxed)))
    }
}

/// Numbers in a row that are known to lie inside the map, at multiples of four.
#[derive(Debug, Clone)]
pub(crate) struct Numbers<'a> {
    next: NonNull<u8>,
    end: NonNull<u8>,
    life: PhantomData<&'a Map>,
}

impl Iterator for Numbers<'_> {
    type Item = u32;

    #[inline]
    fn next(&mut self) -> Option<u32> {
        if self.next == self.end {
            return None;
        }
        // SAFETY: four bytes inside the map, aligned since the map is and where they start is.
        let word = unsafe { AtomicU32::from_ptr(self.next.cast().as_ptr()) };
        // SAFETY: not beyond the numbers' end, which is a whole number of steps away.
        self.next = unsafe { self.next.add(4) };
        Some(u32::from_le(word.load(Ordering::Relaxed)))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let bytes = self.end.addr().get().wrapping_sub(self.next.addr().get());
        (bytes / 4, Some(bytes / 4))
    }
}

impl ExactSizeIterator for Numbers<'_> {}

/// Bytes in a row that are known to lie inside the map.
#[derive(Debug, Clone)]
pub(crate) struct Bytes<'a> {
    start: NonNull<u8>,
    left: usize,
    life: PhantomData<&'a Map>,
}

impl Iterator for Bytes<'_> {
    type Item = u8;

    #[inline]
    fn next(&mut self) -> Option<u8> {
        self.left = self.left.checked_sub(1)?;
        // SAFETY: a byte inside the map.
        let byte = unsafe { AtomicU8::from_ptr(self.start.as_ptr()) };
        // SAFETY: not beyond the bytes' end.
        self.start = unsafe { self.start.add(1) };
        Some(byte.load(Ordering::Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_told_from_every_other_of_its_length() {
        let text = b"abcdefghijklmnopqrstuvwxyzabcdefghijkl";
        let map = Map::from_bytes(&[&[0; 8][..], text].concat());
        let view = map.view();
        for length in 0..=text.len() {
            let (same, _) = text.split_at(length);
            assert!(view.holds(8, same), "{length}");
            for wrong in 0..length {
                let mut other = same.to_vec();
                other[wrong] ^= 0x80;
                assert!(!view.holds(8, &other), "{length}, {wrong}");
            }
        }
        assert!(view.holds(9, b"bcdefghij"), "anywhere");
        assert!(!view.holds(16, text), "beyond the end");
        assert!(!view.holds(usize::MAX, b"a"));
    }

    #[cfg(feature = "writer")]
    #[test]
    fn a_vector_that_was_taken_over_is_read_and_given_back_as_it_was() {
        for text in [&b""[..], b"1234567", b"12345678", b"123456789"] {
            let map = Map::from_vec(text.to_vec());
            assert!(map.view().holds(0, text));
            assert!(!map.view().holds(1, text) || text.is_empty());
            assert_eq!(map.into_vec(), text);
            drop(Map::from_vec(text.to_vec()));
            assert_eq!(Map::from_bytes(text).into_vec(), text);
        }
    }

    #[test]
    fn nothing_is_read_outside_the_map() {
        let map = Map::from_bytes(&[1, 0, 0, 0, 2, 0, 0, 0, 3]);
        let view = map.view();
        assert_eq!(view.u32_at(0), Some(1));
        assert_eq!(view.u32_at(4), Some(2));
        for at in [1, 2, 3, 5, 8, 12, usize::MAX - 3, usize::MAX] {
            assert_eq!(view.u32_at(at), None, "{at}");
        }
        let numbers = |at, count| view.numbers(at, count).map(Vec::from_iter);
        assert_eq!(numbers(0, 2), Some(vec![1, 2]));
        assert_eq!(numbers(8, 0), Some(vec![]));
        for (at, count) in [(0, 3), (1, 1), (4, 2), (12, 0), (0, usize::MAX)] {
            assert_eq!(numbers(at, count), None, "{at}, {count}");
        }
        assert_eq!(
            view.words(0, 1).map(Vec::from_iter),
            Some(vec![2 << 32 | 1])
        );
        for (at, count) in [(0, 2), (4, 0), (8, 1), (usize::MAX - 7, 1)] {
            assert!(view.words(at, count).is_none(), "{at}, {count}");
        }
        assert_eq!(view.bytes(7, 2).map(Vec::from_iter), Some(vec![0, 3]));
        assert!(view.bytes(7, 3).is_none() && view.bytes(usize::MAX, 1).is_none());
        assert!(view.chunk::<8>(0).is_some());
        assert!(view.chunk::<8>(8).is_none());
        assert!(view.chunk::<8>(4).is_none());
        let mut two = [MaybeUninit::uninit(); 2];
        assert_eq!(view.copy(7, &mut two), Some(&[0, 3][..]));
        assert_eq!(view.copy(8, &mut two), None);
        assert_eq!(view.copy(usize::MAX, &mut two), None);
    }
}
