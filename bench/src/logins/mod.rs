//! Logins, side by side: the whole way of a program through libpam, with muster, its peers and the plainest modules.

mod measure;
mod report;

use crate::figures::{Figures, Key, key};
use crate::peers::{MUSTER, SSSD};

pub(crate) use measure::measured;
pub(crate) use report::document;

/// One way of logging in.
#[derive(Debug)]
pub(crate) struct Stack {
    /// As the figures call it; `bench-NAME` is its PAM service.
    pub(crate) name: &'static str,
    /// As the document calls it.
    pub(crate) title: &'static str,
    /// The room with its daemons and people, as `rooms.sh` calls it.
    room: &'static str,
    /// What answers in its stack, for authentication and account management.
    modules: [&'static str; 2],
    /// The file in the tree without which it is not there.
    needs: &'static str,
    /// The people who log in, a name in each line.
    people: &'static str,
}

const PERMIT: &str = "permit";
const NSLCD: &str = "nslcd";
/// Where the modules of PAM are, in the tree.
const MODULES: &str = "/usr/lib/x86_64-linux-gnu/security";

/// All of them, the plainest first.
pub(crate) const STACKS: [Stack; 6] = [
    Stack {
        name: PERMIT,
        title: "pam_permit: PAM itself",
        room: "files10",
        modules: ["pam_permit.so", "pam_permit.so"],
        needs: "",
        people: "data/local",
    },
    Stack {
        name: MUSTER,
        title: "muster, Crowd over TLS",
        room: "complete",
        modules: ["pam_muster.so", "pam_muster.so"],
        needs: "",
        people: "data/generated",
    },
    Stack {
        name: NSLCD,
        title: "pam_ldap with nslcd, slapd without TLS",
        room: "nslcd",
        modules: ["pam_ldap.so", "pam_ldap.so"],
        needs: "usr/sbin/nslcd",
        people: "data/1000/asked",
    },
    Stack {
        name: SSSD,
        title: "pam_sss with SSSD, slapd without TLS",
        room: "sssd-pam",
        modules: ["pam_sss.so", "pam_sss.so"],
        needs: "usr/sbin/sssd",
        people: "data/1000/asked",
    },
    Stack {
        name: "sha512",
        title: "pam_unix, SHA-512",
        room: "unix-sha512",
        modules: ["pam_unix.so nodelay", "pam_unix.so"],
        needs: "",
        people: "data/1000/asked",
    },
    Stack {
        name: "yescrypt",
        title: "pam_unix, yescrypt (Debian's default)",
        room: "unix-yescrypt",
        modules: ["pam_unix.so nodelay", "pam_unix.so"],
        needs: "",
        people: "data/1000/asked",
    },
];

impl Stack {
    /// Its PAM service.
    fn service(&self) -> String {
        format!("bench-{}", self.name)
    }

    /// What /etc/pam.d says of it.
    fn text(&self) -> String {
        let [auth, account] = self.modules;
        format!("auth required {auth}\naccount required {account}\n")
    }
}

/// How many people every directory of this benchmark has.
pub(crate) const PEOPLE: u32 = 1_000;
/// Callers at once, each a process.
const CALLERS: [u32; 3] = [1, 8, 64];

/// A figure of logins: what the server or the broker does meanwhile, what was measured, with how many callers.
fn login(stack: &str, state: &str, measure: &str, callers: u32) -> Key {
    key(stack, state, "login", callers, measure)
}

/// Milliseconds of a key given in nanoseconds.
fn milliseconds(figures: &Figures, key: &Key) -> Option<f64> {
    figures.median(key).map(|nanoseconds| nanoseconds / 1e6)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stack_asks_its_own_module_and_nobody_else() {
        let muster = STACKS.iter().find(|stack| stack.name == MUSTER).unwrap();
        assert_eq!(
            muster.text(),
            "auth required pam_muster.so\naccount required pam_muster.so\n"
        );
        assert_eq!(muster.service(), "bench-muster");
    }
}
