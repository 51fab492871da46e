//! glibc's heap: the only unsafe code of the broker.

/// Returns free heap to the system.
#[allow(unsafe_code, reason = "glibc's malloc_trim has no safe wrapper")]
pub fn trim() {
    // SAFETY: malloc_trim takes a number, touches only free heap and locks itself.
    unsafe { libc::malloc_trim(0) };
}
