//! The one source of time, so that tests can turn it by hand.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// A moment in seconds since 1970 (UTC).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Time(u64);

impl Time {
    /// From seconds since 1970.
    pub const fn from_unix(seconds: u64) -> Self {
        Self(seconds)
    }

    /// Seconds since 1970.
    pub const fn unix(self) -> u64 {
        self.0
    }

    /// How long ago `earlier` was; zero if it lies ahead.
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_secs(self.0.saturating_sub(earlier.0))
    }

    /// This moment and `span`, never beyond the end of time.
    pub const fn after(self, span: Duration) -> Self {
        Self(self.0.saturating_add(span.as_secs()))
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "@{}", self.0)
    }
}

/// Tells the wall clock and the time since boot.
pub trait Clock: Send + Sync {
    /// The wall clock, UTC.
    fn now(&self) -> Time;
    /// The time since boot, suspended time included; it never goes back.
    fn since_boot(&self) -> Duration;
}

/// A clock that somebody else keeps a hand on.
impl<C: Clock + ?Sized> Clock for std::sync::Arc<C> {
    fn now(&self) -> Time {
        (**self).now()
    }

    fn since_boot(&self) -> Duration {
        (**self).since_boot()
    }
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Time {
        let since_1970 = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        Time(since_1970.map_or(0, |span| span.as_secs()))
    }

    fn since_boot(&self) -> Duration {
        let mut reading = libc::timespec {
            tv_sec: 0,
            tv_nsec: 0,
        };
        // SAFETY: `reading` is a valid timespec that outlives the call.
        let status = unsafe { libc::clock_gettime(libc::CLOCK_BOOTTIME, &raw mut reading) };
        if status != 0 {
            return Duration::ZERO;
        }
        let seconds = u64::try_from(reading.tv_sec).unwrap_or(0);
        let nanoseconds = u32::try_from(reading.tv_nsec).unwrap_or(0);
        Duration::new(seconds, nanoseconds)
    }
}

/// A clock that stands still until a test moves it.
#[derive(Debug, Default)]
pub struct ManualClock {
    seconds: AtomicU64,
    boot_millis: AtomicU64,
}

impl ManualClock {
    /// A clock that shows `now`.
    pub fn at(now: Time) -> Self {
        Self {
            seconds: AtomicU64::new(now.unix()),
            boot_millis: AtomicU64::new(0),
        }
    }

    /// Lets `span` pass on both clocks.
    pub fn advance(&self, span: Duration) {
        self.seconds.fetch_add(span.as_secs(), Ordering::SeqCst);
        let millis = u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
        self.boot_millis.fetch_add(millis, Ordering::SeqCst);
    }

    /// Sets the wall clock alone, as an administrator or a dead battery does.
    pub fn set(&self, now: Time) {
        self.seconds.store(now.unix(), Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Time {
        Time(self.seconds.load(Ordering::SeqCst))
    }

    fn since_boot(&self) -> Duration {
        Duration::from_millis(self.boot_millis.load(Ordering::SeqCst))
    }
}
