//! The `password` stack: says that passwords cannot be changed with muster yet.
//! Users that are not ours are passed on, so that passwd(1) goes on working.

use muster_common::wire::message::Outcome;

use crate::conversation::Host;
use crate::login::cannot_tell_local;
use crate::outcome::{Decision, Ending};
use crate::site::Site;
use crate::standing::Standing;
use muster_common::text::with_causes;

/// Refuses for ours, in both of PAM's passes; neutral for others.
pub fn change(host: &impl Host, site: &Site<'_>) -> Ending {
    let user = match host.user() {
        Ok(user) => user,
        Err(unanswered) => return unanswered.into(),
    };
    match Standing::of(&user, host, site) {
        Standing::NotOurs => Ending::plain(Outcome::NotOurs),
        Standing::Gone => Ending::plain(Outcome::Gone),
        Standing::Ours(_) | Standing::OtherForm(_) | Standing::SomebodyElse { .. } => Ending {
            decision: Decision::CannotChange,
            ..Ending::plain(Outcome::NotAllowed)
        },
        Standing::Unclear(unclear) => Ending::because(Outcome::Unavailable, with_causes(&unclear)),
        Standing::Blind(error) => cannot_tell_local(&error),
    }
}
