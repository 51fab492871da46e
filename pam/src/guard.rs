//! The one guard around every entry point: a panic that left it would abort
//! sshd (invariant 2). Nothing is printed either: stderr is the host program's.

use std::panic::{AssertUnwindSafe, catch_unwind, set_hook};
use std::sync::Once;

use muster_common::journal::{self, Severity};
use pamsm::PamError;

use crate::site::Site;
use crate::stack::IDENT;

/// Runs an entry point's body with the panic message switched off. The hook is
/// this module's own: each shared library of Rust has its own copy of std.
pub(crate) fn guarded(site: &Site<'_>, body: impl FnOnce() -> PamError) -> PamError {
    static QUIET: Once = Once::new();
    QUIET.call_once(|| set_hook(Box::new(|_| {})));
    contained(body, || {
        let line = "an internal fault was contained; the call is refused";
        journal::audit_at(site.log, IDENT, Severity::Error, line);
    })
}

/// What `body` answers; if it panics, `after` runs and the call is refused.
fn contained(body: impl FnOnce() -> PamError, after: impl FnOnce()) -> PamError {
    match catch_unwind(AssertUnwindSafe(body)) {
        Ok(code) => code,
        Err(_) => {
            // The line about the fault must not become a second one.
            let _ = catch_unwind(AssertUnwindSafe(after));
            PamError::SERVICE_ERR
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_inside_is_contained_and_refuses() {
        let panicking = || -> PamError { panic!("inside") };
        assert_eq!(contained(panicking, || {}), PamError::SERVICE_ERR);
        assert_eq!(
            contained(panicking, || panic!("again")),
            PamError::SERVICE_ERR
        );
    }

    #[test]
    fn what_does_not_panic_is_passed_on() {
        let fine = contained(|| PamError::SUCCESS, || panic!("nothing to do"));
        assert_eq!(fine, PamError::SUCCESS);
    }
}
