//! getpwent and getgrent: a walk through one snapshot from the first to the last.
//!
//! The walk has a mapping of its own from setpwent on, so that a new snapshot in
//! the middle neither repeats nor skips anybody. glibc locks around these calls;
//! memory safety does not depend on it.

use std::sync::atomic::{AtomicU32, Ordering};

use muster_common::snapshot::reader::Snapshot;

use crate::caller::Refusal;
use crate::current::Current;
use crate::seat::Seat;

/// One of the two walks.
#[derive(Debug)]
pub(crate) struct Listing {
    /// Which flag of the page guards it.
    which: usize,
    seat: Seat,
    position: AtomicU32,
}

impl Listing {
    /// A walk that has not begun; `which` is 0 for users, 1 for groups and 2 for shadow(5).
    pub(crate) const fn new(which: usize) -> Self {
        Self {
            which,
            seat: Seat::new(),
            position: AtomicU32::new(0),
        }
    }

    /// Begins anew with the newest snapshot.
    pub(crate) fn begin(&self, current: &Current) -> Result<(), Refusal> {
        self.alone(current, || {
            self.close();
            self.open(current)
        })
    }

    /// Ends the walk and lets go of its snapshot.
    pub(crate) fn end(&self, current: &Current) -> Result<(), Refusal> {
        if !self.seat.is_filled() {
            return Ok(());
        }
        self.alone(current, || {
            self.close();
            Ok(())
        })
    }

    /// Gives the record at the walk's position to `answer` and moves on, past
    /// records that are damaged, but not past one that does not fit the caller's buffer.
    #[inline(always)]
    pub(crate) fn next(
        &self,
        current: &Current,
        count: impl Fn(&Snapshot) -> u32,
        answer: impl Fn(&Snapshot, u32) -> Result<(), Refusal>,
    ) -> Result<(), Refusal> {
        self.alone(current, || {
            if !self.seat.is_filled() {
                self.open(current)?;
            }
            // SAFETY: `alone` holds this walk's flag, and the seat is filled.
            let snapshot = unsafe { self.seat.get() };
            if !snapshot.enumerate() {
                return Err(Refusal::Absent);
            }
            loop {
                let position = self.position.load(Ordering::Relaxed);
                if position >= count(snapshot) {
                    return Err(Refusal::Absent);
                }
                let answered = answer(snapshot, position);
                if answered == Err(Refusal::TooSmall) {
                    return answered;
                }
                self.position
                    .store(position.saturating_add(1), Ordering::Relaxed);
                if answered.is_ok() {
                    return answered;
                }
            }
        })
    }

    /// Runs `step` while no other thread moves this walk.
    #[inline(always)]
    fn alone(
        &self,
        current: &Current,
        step: impl FnOnce() -> Result<(), Refusal>,
    ) -> Result<(), Refusal> {
        let flag = current.page().and_then(|page| page.listing(self.which));
        let _moving = flag
            .ok_or(Refusal::Unavailable)?
            .take()
            .ok_or(Refusal::Busy)?;
        step()
    }

    #[cold]
    #[inline(never)]
    fn open(&self, current: &Current) -> Result<(), Refusal> {
        let snapshot = current.open()?;
        self.position.store(0, Ordering::Relaxed);
        // SAFETY: called inside `alone` with an empty seat.
        unsafe { self.seat.fill(snapshot, 0) };
        Ok(())
    }

    fn close(&self) {
        // SAFETY: called inside `alone`; nobody reads a walk's seat but its mover.
        drop(unsafe { self.seat.empty() });
    }
}
