//! The snapshot that stays mapped between calls, and its replacement.
//!
//! A reader counts itself in, checks that its mapping is still the current one,
//! reads, and counts itself out. Whoever exchanges the mapping releases an old one
//! only when nobody is counted in, and otherwise leaves it for the next exchange.
//! Nobody ever waits: who cannot take a place maps the file for that call alone.
//!
//! A file that is missing, untrusted or broken never takes the place of a
//! mapping that was good: what has been verified goes on serving.

use std::mem::MaybeUninit;
use std::path::Path;
use std::sync::atomic::{AtomicI64, AtomicPtr, AtomicU32, Ordering};

use muster_common::snapshot::reader::{Identity, OpenError, Snapshot};

use crate::caller::Refusal;
use crate::page::{Page, Reader, SEATS};
use crate::seat::Seat;

/// Without a word from the publisher, the file's identity is checked this often, in seconds.
const LOOK_EVERY: i64 = 60;
/// After a file that cannot be used, the next attempt is this many seconds away.
const RETRY_AFTER: i64 = 1;
/// How often a reader tries to take its place before it maps for itself.
const TRIES: usize = 3;

/// The current mapping of the snapshot at one path.
#[derive(Debug)]
pub(crate) struct Current {
    path: &'static str,
    owner: u32,
    page: AtomicPtr<Page>,
    epochs: AtomicU32,
    /// The seat of the current mapping and one; zero if there is none.
    seat: AtomicU32,
    seats: [Seat; SEATS],
    /// When to look by ourselves, in seconds of the monotonic clock.
    next_look: AtomicI64,
    /// After a file that could not be used: not before then, even if the publisher says so.
    next_try: AtomicI64,
}

/// What a caller wants of a snapshot. The hot ones are types of their own, so that a warm
/// answer becomes one piece of code without calls.
pub(crate) trait Question<T> {
    /// Finds the answer and puts it where the caller wants it.
    fn put(&self, snapshot: &Snapshot) -> Result<T, Refusal>;
}

impl<T, F: Fn(&Snapshot) -> Result<T, Refusal>> Question<T> for F {
    #[inline]
    fn put(&self, snapshot: &Snapshot) -> Result<T, Refusal> {
        self(snapshot)
    }
}

/// What an exchange has come to.
enum Exchange {
    /// The current mapping is as new as can be had.
    Done,
    /// The newest cannot be seated: another thread is at it, or old ones are still being read.
    NotHere,
}

impl Current {
    /// Nothing mapped yet of the file at `path`, which has to belong to `owner`.
    pub(crate) const fn at(path: &'static str, owner: u32) -> Self {
        Self {
            path,
            owner,
            page: AtomicPtr::new(std::ptr::null_mut()),
            epochs: AtomicU32::new(1),
            seat: AtomicU32::new(0),
            seats: [const { Seat::new() }; SEATS],
            next_look: AtomicI64::new(0),
            next_try: AtomicI64::new(0),
        }
    }

    /// Puts `question` to the current snapshot. Warm, this makes no system call.
    #[inline(always)]
    pub(crate) fn with<T>(&self, question: &impl Question<T>) -> Result<T, Refusal> {
        if let Some((reader, snapshot)) = self.enter()
            && !snapshot.looks_stale()
            && (!reader.is_to_look() || seconds() < self.next_look.load(Ordering::Relaxed))
        {
            return question.put(snapshot);
        }
        self.with_newest(question)
    }

    /// A mapping of the caller's own.
    pub(crate) fn open(&self) -> Result<Snapshot, OpenError> {
        Snapshot::open_trusted_by(Path::new(self.path), self.owner)
    }

    /// The page with this process's locks.
    pub(crate) fn page(&self) -> Option<&Page> {
        Page::of(&self.page)
    }

    #[cold]
    #[inline(never)]
    fn with_newest<T>(&self, question: &dyn Question<T>) -> Result<T, Refusal> {
        if let Some(page) = self.page() {
            page.wake(self.epochs.fetch_add(1, Ordering::Relaxed).max(1));
            let exchanged = match page.refreshing().take() {
                Some(_exchanging) => self.exchange(page)?,
                None => Exchange::NotHere,
            };
            if matches!(exchanged, Exchange::Done)
                && let Some((_reader, snapshot)) = self.enter_at_last()
            {
                return question.put(snapshot);
            }
        }
        match (self.open(), self.enter_at_last()) {
            (Ok(newest), _) => question.put(&newest),
            (Err(_unusable), Some((_reader, snapshot))) => question.put(snapshot),
            (Err(error), None) => Err(error.into()),
        }
    }

    /// Counts the caller in and gives the current mapping. `None`: there is none, or it is
    /// being exchanged at this very moment.
    #[inline(always)]
    fn enter(&self) -> Option<(Reader<'_>, &Snapshot)> {
        let page = self.page.load(Ordering::Acquire);
        // SAFETY: null, or a page from `Page::of`, which is never unmapped.
        let page = unsafe { page.as_ref() }?;
        let current = self.seat.load(Ordering::Acquire);
        let seat = (current as usize).checked_sub(1)?;
        let reader = page.enter(seat)?;
        if self.seat.load(Ordering::SeqCst) != current {
            return None;
        }
        // SAFETY: counted in, and current afterwards.
        let snapshot = unsafe { self.seats.get(seat)?.get() };
        Some((reader, snapshot))
    }

    /// As [`enter`](Self::enter), but not put off by an exchange or two.
    fn enter_at_last(&self) -> Option<(Reader<'_>, &Snapshot)> {
        (0..TRIES).find_map(|_| self.enter())
    }

    /// Opens the file if another one stands at the path. The caller holds `refreshing`.
    fn exchange(&self, page: &Page) -> Result<Exchange, OpenError> {
        let now = seconds();
        let Some(current) = self.mapped() else {
            let snapshot = self.open()?;
            return Ok(self.seat(page, snapshot, now));
        };
        self.release_old(page);
        let told = current.looks_stale() && now >= self.next_try.load(Ordering::Relaxed);
        if !told && now < self.next_look.load(Ordering::Relaxed) {
            return Ok(Exchange::Done);
        }
        self.next_look
            .store(now.saturating_add(LOOK_EVERY), Ordering::Relaxed);
        match self.newer_than(current.identity()) {
            Ok(Some(snapshot)) => Ok(self.seat(page, snapshot, now)),
            // The publisher is between its word and its rename: the next call looks again.
            Ok(None) => Ok(Exchange::Done),
            Err(_unusable) => {
                let later = now.saturating_add(RETRY_AFTER);
                self.next_try.store(later, Ordering::Relaxed);
                Ok(Exchange::Done)
            }
        }
    }

    /// The current mapping, for the holder of `refreshing`: only that one releases.
    fn mapped(&self) -> Option<&Snapshot> {
        let current = self.seat.load(Ordering::Acquire) as usize;
        let seat = self.seats.get(current.checked_sub(1)?)?;
        // SAFETY: the holder of `refreshing` is the only one who could empty the seat.
        Some(unsafe { seat.get() })
    }

    fn newer_than(&self, mapped: Option<Identity>) -> Result<Option<Snapshot>, OpenError> {
        if Some(Identity::at(Path::new(self.path))?) == mapped {
            return Ok(None);
        }
        let found = self.open()?;
        Ok(Some(found).filter(|found| found.identity() != mapped))
    }

    /// Makes `snapshot` the current one and releases what nobody reads any more.
    fn seat(&self, page: &Page, snapshot: Snapshot, now: i64) -> Exchange {
        let free = self.seats.iter().position(|seat| !seat.is_filled());
        let Some((index, seat)) = free.and_then(|at| Some((at, self.seats.get(at)?))) else {
            return Exchange::NotHere;
        };
        // SAFETY: the caller holds `refreshing`, and the seat is empty.
        unsafe { seat.fill(snapshot, page.epoch()) };
        let number = u32::try_from(index.saturating_add(1)).unwrap_or(0);
        self.seat.store(number, Ordering::SeqCst);
        self.next_look
            .store(now.saturating_add(LOOK_EVERY), Ordering::Relaxed);
        self.next_try.store(0, Ordering::Relaxed);
        self.release_old(page);
        Exchange::Done
    }

    /// Unmaps the mappings that are not current and that nobody reads.
    ///
    /// What came from the parent of this process stays as it is: if the process was forked by a
    /// signal's handler in the middle of a look-up, that look-up goes on here, uncounted.
    fn release_old(&self, page: &Page) {
        let current = self.seat.load(Ordering::SeqCst) as usize;
        for (index, seat) in self.seats.iter().enumerate() {
            let is_old = index.saturating_add(1) != current && seat.is_filled();
            if is_old && seat.epoch() == page.epoch() && page.is_left(index) {
                // SAFETY: `refreshing` is held; not current and nobody counted in, so nobody comes in either.
                drop(unsafe { seat.empty() });
            }
        }
    }
}

/// The monotonic clock, at the price of a read from the vDSO.
#[inline]
#[allow(
    clippy::unnecessary_cast,
    reason = "a time_t of 32-bit programs is short"
)]
pub(crate) fn seconds() -> i64 {
    let mut reading = MaybeUninit::<libc::timespec>::zeroed();
    // SAFETY: room for one timespec.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC_COARSE, reading.as_mut_ptr()) };
    // SAFETY: zero before the call, and filled by it unless it failed.
    unsafe { reading.assume_init() }.tv_sec as i64
}
