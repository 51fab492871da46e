//! `/event`: what changed since a token was given, as two generations of servers tell it.
//!
//! Both give a token at `GET /event` and events at `GET /event/{token}`, and 410
//! where a token is worth nothing any more. What the published code of Crowd does is
//! done here even where it surprises: a list of events does not repeat whether
//! incremental synchronisation is available, whoever is removed is told by name
//! alone and takes memberships along silently, and after a change of the
//! application's configuration new tokens, which are back-dated, are refused for
//! five minutes.

mod change;
mod entity;
mod log;
mod settings;
#[cfg(test)]
mod tests;
mod window;

use hyper::{Method, StatusCode};

pub(super) use self::change::{Change, Past};
use self::entity::{EventList, EventToken, absolute};
pub(super) use self::log::EventLog;
pub use self::settings::{
    AttributeChanges, EventSettings, EventStore, MembershipEvents, Renames, UnknownStore,
};
use super::call::Call;
use super::entity::{Outcome, found};
use super::population::Population;
use super::reason::{Reason, Refusal};
use crate::sim::fault::Fault;

/// `/event`.
pub(super) fn token<'s>(log: &EventLog, call: &Call<'_>) -> Result<Outcome<'s>, Refusal> {
    if let Some(outcome) = closed(log, call)? {
        return Ok(outcome);
    }
    let available = log.settings.is_available();
    let token = available.then(|| log.token(call.now));
    Ok(found(EventToken(token)))
}

/// `/event/{token}`.
pub(super) fn since<'s>(
    log: &'s EventLog,
    population: &'s Population,
    call: &Call<'_>,
    token: &str,
) -> Result<Outcome<'s>, Refusal> {
    if let Some(outcome) = closed(log, call)? {
        return Ok(outcome);
    }
    let mut events = match (call.fault, log.settings.store) {
        (Some(Fault::EventsExpired), _) => return Err(expired("the token has expired")),
        (_, EventStore::Memory) => log.numbered(token)?,
        _ => log.dated(token, &call.application.name, population, call.now)?,
    };
    if log.settings.memberships == MembershipEvents::Absolute {
        events = absolute(events, population);
    }
    let token = log.token(call.now);
    Ok(found(EventList { token, events }))
}

/// The answer where there are no events at all.
fn closed<'s>(log: &EventLog, call: &Call<'_>) -> Result<Option<Outcome<'s>>, Refusal> {
    if log.settings.store == EventStore::Absent {
        return Ok(Some(Outcome::Nothing(StatusCode::NOT_FOUND)));
    }
    if *call.method() != Method::GET {
        return Ok(Some(Outcome::Nothing(StatusCode::METHOD_NOT_ALLOWED)));
    }
    if call.fault == Some(&Fault::NoIncrementalSync) {
        let message = "a directory is not cached and so cannot be incrementally synchronised";
        return Err(Refusal::new(Reason::IncrementalSyncNotAvailable, message));
    }
    Ok(None)
}

/// The token is worth nothing any more: 410.
fn expired(message: &str) -> Refusal {
    Refusal::new(Reason::EventTokenExpired, message)
}
