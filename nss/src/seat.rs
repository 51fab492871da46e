//! Room for one mapping, filled and emptied in an order that survives a fork.

use std::cell::UnsafeCell;
use std::mem::MaybeUninit;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use muster_common::snapshot::reader::Snapshot;

/// Room for one mapping. `filled` changes first when it is emptied and last when
/// it is filled, so that a fork in between leaks a mapping and never frees one twice.
#[derive(Debug)]
pub(crate) struct Seat {
    filled: AtomicBool,
    /// The page's epoch when it was filled: another one is another process's, a parent's.
    epoch: AtomicU32,
    snapshot: UnsafeCell<MaybeUninit<Snapshot>>,
}

// SAFETY: a seat is written only by the holder of its flag (`refreshing` or
// `listing`), and read only by that holder or by readers whom `Page` counts.
unsafe impl Sync for Seat {}

impl Seat {
    /// An empty one.
    pub(crate) const fn new() -> Self {
        Self {
            filled: AtomicBool::new(false),
            epoch: AtomicU32::new(0),
            snapshot: UnsafeCell::new(MaybeUninit::uninit()),
        }
    }

    pub(crate) fn is_filled(&self) -> bool {
        self.filled.load(Ordering::Acquire)
    }

    /// The mapping in it.
    ///
    /// # Safety
    /// The caller holds the seat's flag, or is counted among the seat's readers
    /// and has seen it as the current one since.
    #[inline]
    pub(crate) unsafe fn get(&self) -> &Snapshot {
        // SAFETY: nobody writes the seat while the caller's promise holds.
        let snapshot = unsafe { &*self.snapshot.get() };
        // SAFETY: a seat that is current or filled was written by `fill`.
        unsafe { snapshot.assume_init_ref() }
    }

    /// The epoch in which it was filled.
    pub(crate) fn epoch(&self) -> u32 {
        self.epoch.load(Ordering::Relaxed)
    }

    /// Puts `snapshot` in.
    ///
    /// # Safety
    /// The caller holds the seat's flag, and the seat is empty.
    pub(crate) unsafe fn fill(&self, snapshot: Snapshot, epoch: u32) {
        // SAFETY: nobody reads an empty seat, and nobody else writes it.
        let place = unsafe { &mut *self.snapshot.get() };
        place.write(snapshot);
        self.epoch.store(epoch, Ordering::Relaxed);
        self.filled.store(true, Ordering::Release);
    }

    /// Takes what is in it out.
    ///
    /// # Safety
    /// The caller holds the seat's flag, and nobody reads the seat.
    pub(crate) unsafe fn empty(&self) -> Option<Snapshot> {
        if !self.filled.swap(false, Ordering::AcqRel) {
            return None;
        }
        // SAFETY: the caller is alone with the seat.
        let place = unsafe { &*self.snapshot.get() };
        // SAFETY: it was filled, and counts as empty since the line before.
        Some(unsafe { place.assume_init_read() })
    }
}
