//! glibc's heap: the only unsafe code of the broker.

use libc::{M_ARENA_MAX, M_MMAP_THRESHOLD, c_int};

/// Blocks from here on are mapped, and unmapped when freed.
const MAPPED_FROM: c_int = 256 << 10;
/// Heaps beside the main one. A heap per thread would keep a hash's 19 MiB in each.
const ARENAS: c_int = 2;

/// Fixes how the heap grows, before any thread exists: large blocks go back to the
/// system at once, and threads share few heaps.
#[expect(unsafe_code, reason = "glibc's mallopt has no safe wrapper")]
pub fn settle() {
    for (option, value) in [(M_MMAP_THRESHOLD, MAPPED_FROM), (M_ARENA_MAX, ARENAS)] {
        // SAFETY: mallopt takes two numbers; no other thread allocates yet.
        unsafe { libc::mallopt(option, value) };
    }
}

/// Returns free heap to the system.
#[expect(unsafe_code, reason = "glibc's malloc_trim has no safe wrapper")]
pub fn trim() {
    // SAFETY: malloc_trim takes a number, touches only free heap and locks itself.
    unsafe { libc::malloc_trim(0) };
}
