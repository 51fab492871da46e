//! Who reads which mapping: counters on a page that fork(2) wipes.
//!
//! A child has one thread, so the readers that its parent counted do not exist
//! there; were they kept, no mapping could ever be released in the child.

use std::ptr::NonNull;
use std::sync::atomic::{AtomicPtr, AtomicU8, AtomicU32, AtomicU64, Ordering};

/// How many mappings there can be at once: the current one, old ones that somebody still
/// reads, and what came from the process's parents.
pub(crate) const SEATS: usize = 8;
/// Counters of different threads lie in different cache lines, mostly.
const SHARDS: usize = 32;

/// The counters and locks of one process. All zero is the state after a fork.
#[repr(C)]
#[derive(Debug)]
pub(crate) struct Page {
    /// Not zero once this process has used the page, and another number in each process.
    epoch: AtomicU32,
    /// Held by whoever exchanges mappings.
    refreshing: Flag,
    /// Held by whoever moves the list of users, of groups, and of shadow(5).
    listing: [Flag; 3],
    shards: [Shard; SHARDS],
}

/// One cache line of counters, one for each mapping: how many readers there are now, and
/// how many have come in all, counted in one step.
#[repr(C, align(64))]
#[derive(Debug)]
struct Shard([AtomicU64; SEATS]);

/// What a reader adds who comes, and takes away who leaves: the lower half is who is there.
const COMES: u64 = 1 << 32 | 1;
const LEAVES: u64 = 1;

/// One reader of so many looks at the clock. It would cost each warm look-up a sixth of its
/// instructions, and what it is for is rare: see docs/decisions/0008.
const LOOKS: u64 = 8;

unsafe extern "C" {
    /// glibc's (2.32): not zero only while the program has a single thread, and zero in a glibc that came
    /// beside the program's own.
    safe static __libc_single_threaded: AtomicU8;
}

/// A lock that is taken at once or not at all.
#[derive(Debug)]
pub(crate) struct Flag(AtomicU32);

/// A taken [`Flag`], given back when dropped.
#[derive(Debug)]
pub(crate) struct Taken<'a>(&'a AtomicU32);

impl Flag {
    /// Takes the flag if nobody has it.
    ///
    /// The only thread there is needs no exchange, a sixth of what a step of a walk costs: a signal's handler
    /// that comes between the two lines below has given the flag back when the second one runs.
    #[inline]
    pub(crate) fn take(&self) -> Option<Taken<'_>> {
        if __libc_single_threaded.load(Ordering::Relaxed) == 0 {
            let (success, failure) = (Ordering::Acquire, Ordering::Relaxed);
            let taken = self.0.compare_exchange(0, 1, success, failure);
            return taken.ok().map(|_| Taken(&self.0));
        }
        if self.0.load(Ordering::Relaxed) != 0 {
            return None;
        }
        self.0.store(1, Ordering::Relaxed);
        Some(Taken(&self.0))
    }
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        self.0.store(0, Ordering::Release);
    }
}

/// A place among the readers of one mapping, given back when dropped.
#[derive(Debug)]
pub(crate) struct Reader<'a> {
    page: &'a Page,
    counter: &'a AtomicU64,
    epoch: u32,
    /// The counter when this reader came.
    found: u64,
}

impl Reader<'_> {
    /// Whether it is this reader's turn to see whether there is a newer snapshot.
    #[inline]
    pub(crate) fn is_to_look(&self) -> bool {
        (self.found >> 32).is_multiple_of(LOOKS)
    }
}

impl Drop for Reader<'_> {
    #[inline]
    fn drop(&mut self) {
        // A child that was forked in the middle of a look-up (by a signal's
        // handler) has its counters wiped: this reader is not among them.
        if self.page.epoch.load(Ordering::Relaxed) == self.epoch {
            self.counter.fetch_sub(LEAVES, Ordering::Release);
        }
    }
}

impl Page {
    /// The page that `home` points to, made on first use. `None`: no memory, or
    /// a kernel that cannot wipe on fork; the caller maps for each call instead.
    pub(crate) fn of(home: &AtomicPtr<Self>) -> Option<&Self> {
        let page = match NonNull::new(home.load(Ordering::Acquire)) {
            Some(page) => page,
            None => Self::make(home)?,
        };
        // SAFETY: a page from `make` holds a Page and is never unmapped.
        Some(unsafe { page.as_ref() })
    }

    #[cold]
    fn make(home: &AtomicPtr<Self>) -> Option<NonNull<Self>> {
        let length = size_of::<Self>();
        // SAFETY: a new private mapping at an address of the kernel's choice.
        let start = unsafe {
            libc::mmap64(
                std::ptr::null_mut(),
                length,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
                -1,
                0,
            )
        };
        if start == libc::MAP_FAILED {
            return None;
        }
        let page = start.cast::<Self>();
        let (call, advice) = (libc::SYS_madvise, libc::MADV_WIPEONFORK);
        // Past glibc's wrapper: nothing else here needs it, and the loader would look it up in each process.
        // SAFETY: the mapping just made.
        let wiped = unsafe { libc::syscall(call, start, length, advice) } == 0;
        let mut kept = std::ptr::null_mut();
        if wiped {
            let (success, failure) = (Ordering::AcqRel, Ordering::Acquire);
            match home.compare_exchange(std::ptr::null_mut(), page, success, failure) {
                Ok(_) => return NonNull::new(page),
                Err(others) => kept = others,
            }
        }
        // SAFETY: the mapping just made, which nobody else has seen.
        unsafe { libc::munmap(start, length) };
        NonNull::new(kept)
    }

    /// Counts the calling thread among the readers of `seat`. `None` if this
    /// process has not woken the page yet.
    #[inline(always)]
    pub(crate) fn enter(&self, seat: usize) -> Option<Reader<'_>> {
        let epoch = self.epoch.load(Ordering::Acquire);
        if epoch == 0 {
            return None;
        }
        let Shard(counters) = self.shards.get(shard_of_this_thread())?;
        let counter = counters.get(seat)?;
        let found = counter.fetch_add(COMES, Ordering::SeqCst);
        Some(Reader {
            page: self,
            counter,
            epoch,
            found,
        })
    }

    /// Makes the page this process's own, if it is not yet; `fresh` is a number never used before.
    pub(crate) fn wake(&self, fresh: u32) {
        let _already = self
            .epoch
            .compare_exchange(0, fresh, Ordering::AcqRel, Ordering::Acquire);
    }

    /// The number of this process's time with the page; zero before [`wake`](Self::wake).
    pub(crate) fn epoch(&self) -> u32 {
        self.epoch.load(Ordering::Relaxed)
    }

    /// Whether nobody reads the mapping in `seat`. Only an answer about a seat
    /// that is not current stays true.
    pub(crate) fn is_left(&self, seat: usize) -> bool {
        self.shards.iter().all(|Shard(counters)| {
            counters
                .get(seat)
                .is_some_and(|counter| counter.load(Ordering::SeqCst) & u64::from(u32::MAX) == 0)
        })
    }

    /// The right to exchange mappings.
    pub(crate) fn refreshing(&self) -> &Flag {
        &self.refreshing
    }

    /// The right to move the list of users (0), groups (1) or shadow(5) (2).
    pub(crate) fn listing(&self, which: usize) -> Option<&Flag> {
        self.listing.get(which)
    }
}

/// Threads have their stacks in different places; no thread-local is needed to tell them apart.
#[inline]
fn shard_of_this_thread() -> usize {
    let here = 0u8;
    let address = std::ptr::from_ref(&here).addr();
    // stacks lie apart by megabytes and pages: both count
    (address >> 12 ^ address >> 21) % SHARDS
}
