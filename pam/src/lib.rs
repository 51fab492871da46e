//! pam_muster.so: shows, collects and translates; the broker decides.
//!
//! libpam → `stack` → `login`, `account` or `password` → the broker over the
//! wire, or the snapshot → `outcome`, the table that all answers come from. The
//! module starts no thread, keeps no descriptor, reads no environment and lets
//! no panic out; it never sets PAM_USER and keeps nothing in PAM's data.

pub mod account;
pub mod args;
pub mod conversation;
mod guard;
mod libpam;
pub mod login;
pub mod outcome;
pub mod password;
pub mod site;
pub mod stack;
pub mod standing;

use pamsm::{Pam, PamError, PamFlags, PamServiceModule, pam_module};

use guard::guarded;
use libpam::LibPam;
use outcome::{Pass, Stack};
use site::Site;

struct Muster;

pam_module!(Muster);

impl PamServiceModule for Muster {
    fn authenticate(pam: Pam, flags: PamFlags, arguments: Vec<String>) -> PamError {
        decide(Stack::Auth, pam, flags, &arguments)
    }

    fn acct_mgmt(pam: Pam, flags: PamFlags, arguments: Vec<String>) -> PamError {
        decide(Stack::Account, pam, flags, &arguments)
    }

    fn chauthtok(pam: Pam, flags: PamFlags, arguments: Vec<String>) -> PamError {
        let pass = Pass::of(flags.bits());
        decide(Stack::Password(pass), pam, flags, &arguments)
    }

    fn setcred(_: Pam, _: PamFlags, _: Vec<String>) -> PamError {
        PamError::SUCCESS
    }

    fn open_session(_: Pam, _: PamFlags, _: Vec<String>) -> PamError {
        PamError::SUCCESS
    }

    fn close_session(_: Pam, _: PamFlags, _: Vec<String>) -> PamError {
        PamError::SUCCESS
    }
}

fn decide(stack: Stack, pam: Pam, flags: PamFlags, arguments: &[String]) -> PamError {
    let site = Site::host();
    guarded(&site, || {
        stack::answer(stack, &LibPam::new(pam), &site, &flags, arguments)
    })
}
