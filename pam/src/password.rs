//! The `password` stack: proves the present password to the directory in PAM's first
//! pass, and carries the new one there in the second. Users that are not ours are
//! passed on, so that passwd(1) goes on working.

use muster_common::secret::Secret;
use muster_common::text;
use muster_common::text::with_causes;
use muster_common::wire::client::{Connection, Deadline, Nonsense, Patience, WireError};
use muster_common::wire::message::{ChangePassword, Outcome, Password, Step};

use crate::conversation::{Host, Item};
use crate::login::{cannot_tell_local, other_form, somebody_else, user_changed};
use crate::outcome::{Decision, Ending, Pass};
use crate::site::Site;
use crate::standing::Standing;

/// The longest item passed on, in bytes.
const TEXT_MAX: usize = 500;

/// One pass for the program's user; neutral for others.
pub fn change(host: &impl Host, site: &Site<'_>, pass: Pass) -> Ending {
    let user = match host.user() {
        Ok(user) => user,
        Err(unanswered) => return unanswered.into(),
    };
    match Standing::of(&user, host, site) {
        Standing::NotOurs => Ending::plain(Outcome::NotOurs),
        Standing::Gone => Ending::plain(Outcome::Gone),
        Standing::Ours(_) => {
            let change = Change { host, site, user };
            match pass {
                Pass::Preliminary => change.prove(),
                Pass::Update => change.carry_out(),
            }
        }
        Standing::SomebodyElse { ours, resolved } => somebody_else(ours, resolved),
        Standing::OtherForm(name) => other_form(&name),
        Standing::Unclear(unclear) => Ending::because(Outcome::Unavailable, with_causes(&unclear)),
        Standing::Blind(error) => cannot_tell_local(&error),
    }
}

struct Change<'a, H> {
    host: &'a H,
    site: &'a Site<'a>,
    user: String,
}

impl<H: Host> Change<'_, H> {
    /// Nobody types a password for nothing: whether it can be changed is found out first.
    fn prove(&self) -> Ending {
        let mut connection = match self.connect() {
            Ok(connection) => connection,
            Err(error) => return unasked(&error),
        };
        let possible = self.ask(&mut connection, None, None);
        match possible {
            Ok(ending) if ending.decision == Decision::Outcome(Outcome::Granted) => {}
            Ok(ending) => return ending,
            Err(error) => return unasked(&error),
        }
        let old = match self.host.present_password() {
            Ok(old) => old,
            Err(unanswered) => return unanswered.into(),
        };
        if self.has_changed() {
            return user_changed();
        }
        let proved = self.ask(&mut connection, Some(&old), None);
        proved.unwrap_or_else(|error| unasked(&error))
    }

    fn carry_out(&self) -> Ending {
        let (old, new) = match (self.host.present_password(), self.host.new_password()) {
            (Ok(old), Ok(new)) => (old, new),
            (Err(unanswered), _) | (_, Err(unanswered)) => return unanswered.into(),
        };
        if self.has_changed() {
            return user_changed();
        }
        let mut connection = match self.connect() {
            Ok(connection) => connection,
            Err(error) => return unasked(&error),
        };
        match self.ask(&mut connection, Some(&old), Some(&new)) {
            Ok(ending) => ending,
            // The new password is under way: silence says nothing about which one is right.
            Err(error @ (WireError::Silent | WireError::Broken(_))) => {
                Ending::because(Outcome::InDoubt, with_causes(&error))
            }
            Err(error) => unasked(&error),
        }
    }

    /// Whether the program has made somebody else the user meanwhile.
    fn has_changed(&self) -> bool {
        self.host.user_now().as_deref() != Some(self.user.as_str())
    }

    fn connect(&self) -> Result<Connection, WireError> {
        let soon = Deadline::after(self.site.waits.acknowledge);
        let socket = self.site.socket(self.host.uids().effective);
        Connection::open_owned_by(socket, self.site.owner, soon)
    }

    fn ask(
        &self,
        connection: &mut Connection,
        old: Option<&Secret>,
        new: Option<&Secret>,
    ) -> Result<Ending, WireError> {
        let patience = Patience {
            first: Deadline::after(self.site.waits.acknowledge),
            silence: self.site.waits.silence,
            grace: self.site.waits.grace,
            overall: Deadline::after(self.site.waits.overall),
        };
        let call = self.call(old, new);
        let mut replies = connection.stream(&call, patience)?;
        while let Some(step) = replies.next() {
            match step? {
                Step::Working => {}
                Step::Verdict { outcome, message } if replies.ended() => {
                    return Ok(Ending {
                        decision: Decision::Outcome(outcome),
                        told: message,
                        because: None,
                    });
                }
                Step::Prompt { .. } | Step::Message { .. } | Step::Verdict { .. } => break,
            }
        }
        Err(WireError::Broken(Nonsense::OutOfTurn))
    }

    fn call(&self, old: Option<&Secret>, new: Option<&Secret>) -> ChangePassword {
        let item = |item| self.host.item(item).map(|text| text::safe(&text, TEXT_MAX));
        ChangePassword {
            service: item(Item::Service).unwrap_or_default(),
            user: self.user.clone(),
            tty: item(Item::Tty),
            remote_host: item(Item::RemoteHost),
            calling_uid: self.host.uids().real,
            old: old.map(Password::of),
            new: new.map(Password::of),
        }
    }
}

/// Could not ask (invariant 3).
fn unasked(error: &WireError) -> Ending {
    Ending::because(Outcome::Unavailable, with_causes(error))
}
