//! Tokens that nobody guesses.

/// Twice as many hexadecimal digits as `BYTES`.
pub(in crate::sim) fn random_token<const BYTES: usize>() -> String {
    let mut bytes = [0_u8; BYTES];
    // Without the kernel's randomness all tokens are alike, and tests fail loudly.
    let _ = getrandom::fill(&mut bytes);
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
