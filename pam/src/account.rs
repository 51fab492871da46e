//! The `account` stack: may this person log in here now? It decides anew, from
//! the snapshot alone: nothing is carried over from `auth`, and a login by SSH
//! key comes here without one.

use muster_common::snapshot::content::AccessAnswer;
use muster_common::wire::message::Outcome;

use crate::conversation::{Host, Item};
use crate::login::{cannot_tell_local, other_form, somebody_else};
use crate::outcome::Ending;
use crate::site::Site;
use crate::standing::{Ours, Standing};
use muster_common::text::with_causes;

/// Whether the program's user may use the program's service.
pub fn manage(host: &impl Host, site: &Site<'_>) -> Ending {
    let user = match host.user() {
        Ok(user) => user,
        Err(unanswered) => return unanswered.into(),
    };
    match Standing::of(&user, host, site) {
        Standing::NotOurs => Ending::plain(Outcome::NotOurs),
        Standing::Gone => Ending::plain(Outcome::Gone),
        Standing::Ours(ours) => access(&ours, host, site),
        Standing::SomebodyElse { ours, resolved } => somebody_else(ours, resolved),
        Standing::OtherForm(name) => other_form(&name),
        Standing::Unclear(unclear) => Ending::because(Outcome::Unavailable, with_causes(&unclear)),
        Standing::Blind(error) => cannot_tell_local(&error),
    }
}

fn access(ours: &Ours, host: &impl Host, site: &Site<'_>) -> Ending {
    let service = host.item(Item::Service).unwrap_or_default();
    let position = ours.services.iter().position(|s| s.as_str() == service);
    match ours.record.access.answer(position, site.clock.now()) {
        AccessAnswer::Allowed => Ending::plain(Outcome::Granted),
        AccessAnswer::Denied => Ending::plain(Outcome::NotAllowed),
        AccessAnswer::Expired => Ending::because(
            Outcome::Unavailable,
            "the access decision in the snapshot has expired",
        ),
    }
}
