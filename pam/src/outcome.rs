//! THE TABLE: what each outcome means to PAM's stacks, to the person and to the log.
//!
//! How stacks read the codes. What pam-auth-update writes (`auth [success=end
//! default=ignore]`, `account [default=bad success=ok user_unknown=ignore]`)
//! and what people write by hand (`required`, `sufficient`) both treat only
//! PAM_SUCCESS as a login, and pass users by that are not ours when they get
//! PAM_USER_UNKNOWN in `account`. So nothing here is ever PAM_IGNORE (a stack of
//! this module alone would refuse root) nor PAM_NEW_AUTHTOK_REQD (`required`
//! counts it as a success).
//!
//! `setcred` and the session stack have nothing to do: they answer PAM_SUCCESS
//! to everybody, look at nothing, and so cannot be disturbed by any state of
//! muster. (`setcred` is called without `auth` after a login by key, and must
//! not refuse root then.) Success there lets nobody in.

use muster_common::journal::Severity;
use muster_common::wire::message::Outcome;
use pamsm::PamError;

/// Which of PAM's decisions is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stack {
    /// `auth`: who is it?
    Auth,
    /// `account`: may they?
    Account,
    /// `password`: change it.
    Password(Pass),
}

/// Which of PAM's two passes over the password stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pass {
    /// Can it be changed, and is the present password right?
    Preliminary,
    /// Change it.
    Update,
}

impl Pass {
    /// PAM_UPDATE_AUTHTOK of `security/_pam_types.h`, for which pamsm has no name.
    const UPDATE: i32 = 0x2000;

    /// The pass that the flags of one call mean.
    pub const fn of(flags: i32) -> Self {
        match flags & Self::UPDATE {
            0 => Self::Preliminary,
            _ => Self::Update,
        }
    }
}

impl Stack {
    /// PAM's word.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Auth => "auth",
            Self::Account => "account",
            Self::Password(_) => "password",
        }
    }
}

/// How one call ends.
#[derive(Debug)]
pub struct Ending {
    /// What was decided.
    pub decision: Decision,
    /// What the broker lets the person know; it goes before the table's own text.
    pub told: Option<String>,
    /// What led to it, for the log; no secret.
    pub because: Option<String>,
}

/// What was decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// By the broker or by the snapshot.
    Outcome(Outcome),
    /// The person could not be asked, or gave up.
    NotAsked,
    /// No new password was given.
    NoNewPassword,
}

impl Ending {
    /// Nothing to add.
    pub const fn plain(outcome: Outcome) -> Self {
        Self {
            decision: Decision::Outcome(outcome),
            told: None,
            because: None,
        }
    }

    /// With the reason for the log.
    pub fn because(outcome: Outcome, reason: impl Into<String>) -> Self {
        Self {
            because: Some(reason.into()),
            ..Self::plain(outcome)
        }
    }

    /// Whether it concerns somebody else's user: neutral, and not worth a line.
    pub fn is_neutral(&self) -> bool {
        self.decision == Decision::Outcome(Outcome::NotOurs)
    }
}

/// What one decision means.
#[derive(Debug, Clone, Copy)]
pub struct Row {
    /// To libpam.
    pub code: PamError,
    /// To the person, where the broker sends no text of its own.
    pub person: Option<&'static str>,
    /// To the log.
    pub log: &'static str,
    /// How much the log should mind.
    pub severity: Severity,
}

impl Row {
    /// Whether the person gets in.
    pub fn lets_in(self) -> bool {
        self.code == PamError::SUCCESS
    }
}

/// The row of a decision in a stack.
pub fn row(stack: Stack, decision: Decision) -> Row {
    let (code, person, log, severity) = match decision {
        Decision::Outcome(outcome) => outcome_row(stack, outcome),
        Decision::NotAsked => (
            PamError::CONV_ERR,
            None,
            "refused: the person could not be asked",
            Severity::Warning,
        ),
        Decision::NoNewPassword => (
            PamError::AUTHTOK_ERR,
            None,
            "unchanged: no new password was given",
            Severity::Notice,
        ),
    };
    Row {
        code,
        person,
        log,
        severity,
    }
}

type Columns = (PamError, Option<&'static str>, &'static str, Severity);

fn outcome_row(stack: Stack, outcome: Outcome) -> Columns {
    use PamError as Code;
    use Severity::{Error, Info, Notice, Warning};
    match outcome {
        Outcome::Granted => (Code::SUCCESS, None, "granted", Notice),
        Outcome::GrantedOffline => (granted_offline(stack), None, "granted offline", Notice),
        Outcome::WrongSecret => (Code::AUTH_ERR, None, "refused: wrong password", Notice),
        Outcome::NotOurs => (Code::USER_UNKNOWN, None, "not ours", Info),
        Outcome::Gone => (
            Code::ACCT_EXPIRED,
            Some("This account is no longer in the directory."),
            "refused: the person is gone from the directory",
            Notice,
        ),
        Outcome::NotAllowed => (
            Code::PERM_DENIED,
            Some("You are not allowed to log in here."),
            "refused: the access rules do not allow it",
            Notice,
        ),
        Outcome::Locked => (
            Code::PERM_DENIED,
            Some("This account is locked."),
            "refused: the account is locked",
            Notice,
        ),
        Outcome::SecretExpired => (
            Code::AUTHTOK_EXPIRED,
            Some("Your password has expired: change it in your directory first."),
            "refused: the password has expired",
            Notice,
        ),
        Outcome::Throttled => (
            Code::MAXTRIES,
            Some("Too many wrong tries: wait a while."),
            "refused: too many wrong tries",
            Warning,
        ),
        Outcome::Unavailable => (
            Code::AUTHINFO_UNAVAIL,
            Some("The directory cannot be asked now: try again later."),
            "could not ask",
            Warning,
        ),
        Outcome::Misconfigured => (
            Code::AUTHINFO_UNAVAIL,
            Some("Logins are out of order on this host: tell its administrator."),
            "could not ask: muster's own credentials or URL are refused",
            Error,
        ),
        Outcome::Mismatch => (
            Code::AUTH_ERR,
            None,
            "refused: the name is not the one that this host resolves",
            Warning,
        ),
        Outcome::CannotChange => (
            Code::PERM_DENIED,
            Some("This password is not changed from here: use your directory's own pages."),
            "unchanged: the directory takes no new password from here",
            Notice,
        ),
        Outcome::Unfit => (
            Code::AUTHTOK_ERR,
            Some("The directory does not take this password."),
            "unchanged: the directory does not take the new password",
            Notice,
        ),
        Outcome::InDoubt => (
            Code::AUTHTOK_ERR,
            Some(
                "It is not known whether the password was changed: try the new one first, then the old one.",
            ),
            "in doubt: the directory did not say whether it has the new password",
            Error,
        ),
    }
}

/// A verifier proves no password that is to be changed.
const fn granted_offline(stack: Stack) -> PamError {
    match stack {
        Stack::Auth | Stack::Account => PamError::SUCCESS,
        Stack::Password(_) => PamError::AUTHINFO_UNAVAIL,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STACKS: [Stack; 4] = [
        Stack::Auth,
        Stack::Account,
        Stack::Password(Pass::Preliminary),
        Stack::Password(Pass::Update),
    ];

    fn changes(stack: Stack) -> bool {
        matches!(stack, Stack::Password(_))
    }

    #[test]
    fn only_the_two_grants_let_in_and_nothing_offline_changes_a_password() {
        for stack in STACKS {
            for outcome in Outcome::ALL {
                let offline = outcome == Outcome::GrantedOffline && !changes(stack);
                let expected = outcome == Outcome::Granted || offline;
                let row = row(stack, Decision::Outcome(outcome));
                assert_eq!(row.lets_in(), expected, "{stack:?} {outcome:?}");
            }
            assert!(!row(stack, Decision::NotAsked).lets_in());
            assert!(!row(stack, Decision::NoNewPassword).lets_in());
        }
    }

    #[test]
    fn could_not_ask_is_never_no_such_user_and_never_wrong_password() {
        for stack in STACKS {
            for outcome in Outcome::ALL {
                let code = row(stack, Decision::Outcome(outcome)).code;
                let no_proof = outcome == Outcome::GrantedOffline && changes(stack);
                let could_not_ask =
                    no_proof || matches!(outcome, Outcome::Unavailable | Outcome::Misconfigured);
                assert_eq!(
                    code == PamError::AUTHINFO_UNAVAIL,
                    could_not_ask,
                    "{outcome:?}"
                );
                let neutral = outcome == Outcome::NotOurs;
                assert_eq!(code == PamError::USER_UNKNOWN, neutral, "{outcome:?}");
            }
        }
    }

    #[test]
    fn no_code_is_one_that_a_required_line_would_pass_over_or_count_as_success() {
        for stack in STACKS {
            for outcome in Outcome::ALL {
                let code = row(stack, Decision::Outcome(outcome)).code;
                assert!(!matches!(
                    code,
                    PamError::IGNORE | PamError::NEW_AUTHTOK_REQD
                ));
            }
        }
    }

    #[test]
    fn the_codes_are_those_of_the_document() {
        let check = |outcome, expected| {
            assert_eq!(
                row(Stack::Auth, Decision::Outcome(outcome)).code,
                expected,
                "{outcome:?}"
            );
        };
        check(Outcome::WrongSecret, PamError::AUTH_ERR);
        check(Outcome::Gone, PamError::ACCT_EXPIRED);
        check(Outcome::NotAllowed, PamError::PERM_DENIED);
        check(Outcome::Locked, PamError::PERM_DENIED);
        check(Outcome::SecretExpired, PamError::AUTHTOK_EXPIRED);
        check(Outcome::Throttled, PamError::MAXTRIES);
        check(Outcome::Mismatch, PamError::AUTH_ERR);
    }
}
