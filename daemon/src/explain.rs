//! Why a user may or may not use a service: the engine that compiled the snapshot, with its facts.

use muster_common::access::{Directories, Memberships};
use muster_common::clock::Time;
use muster_common::name::ServiceName;
use muster_common::snapshot::content::AccessAnswer;
use muster_common::wire::message::{Explain, ExplainReply};

use muster_common::text::with_causes;

use crate::broker::Broker;
use crate::resolve::{ResolveError, Served, served_user};

/// Answers [`Explain`]. A user who is not served is denied, with the reason.
pub fn explain(broker: &Broker, call: &Explain) -> Result<ExplainReply, ResolveError> {
    let service = ServiceName::new(&call.service).map_err(|_name| ResolveError::Invalid)?;
    match served_user(broker, &call.user) {
        Ok(served) => explain_served(broker, &served, &service),
        Err(
            error @ (ResolveError::NotFound
            | ResolveError::Gone
            | ResolveError::Admission(_)
            | ResolveError::Unknown(_)),
        ) => Ok(not_served(broker, call, &error)),
        Err(error) => Err(error),
    }
}

fn not_served(broker: &Broker, call: &Explain, error: &ResolveError) -> ExplainReply {
    let mentions = |line: &&String| line.split([' ', ':', '"']).any(|word| word == call.user);
    let problems = broker.publisher.last().problems;
    ExplainReply {
        allowed: false,
        decision: format!(
            "{} is not served by muster: {}",
            muster_common::text::safe(&call.user, 64),
            with_causes(error)
        ),
        facts: problems.iter().filter(mentions).cloned().collect(),
    }
}

fn explain_served(
    broker: &Broker,
    served: &Served,
    service: &ServiceName,
) -> Result<ExplainReply, ResolveError> {
    let owner = served.user.owner();
    let directories = Directories::of(&served.snapshot)?;
    let memberships = Memberships::of(&served.snapshot, &directories, &served.record)?;
    let ruled = memberships.with_facts(|facts| broker.config.access.decide(facts, service));
    let now = broker.clock.now();
    let position = served
        .snapshot
        .services()?
        .iter()
        .position(|listed| listed == service);
    let answer = served.record.access.answer(position, now);
    let mut lines = standing(served, now);
    lines.extend(ruled.facts);
    let may_not = format!("{} may not use {service}", served.user.name());
    let revoked = broker.store.is_revoked(owner)?;
    let (allowed, decision) = match answer {
        _ if revoked => (
            false,
            format!("{may_not}: root has shut the user out (muster unrevoke lets in again)"),
        ),
        AccessAnswer::Allowed => (true, ruled.decision),
        AccessAnswer::Denied if ruled.allowed => (
            false,
            format!(
                "{may_not}: the directory says that the account is not active, or the rules have changed since the last publication"
            ),
        ),
        AccessAnswer::Denied => (false, ruled.decision),
        AccessAnswer::Expired => (
            false,
            format!("{may_not}: the last successful sync is older than access.max_staleness"),
        ),
    };
    Ok(ExplainReply {
        allowed,
        decision,
        facts: lines,
    })
}

/// Who the person is, and how long the compiled decision counts.
fn standing(served: &Served, now: Time) -> Vec<String> {
    let owner = served.user.owner();
    let left = served.record.access.until.since(now).as_secs();
    let (days, hours) = (left / 86_400, left % 86_400 / 3600);
    vec![
        format!(
            "{} of directory {} ({})",
            served.user.name(),
            owner.directory,
            owner.key
        ),
        format!(
            "uid {} ({})",
            served.user.uid(),
            served.entry.source.as_str()
        ),
        format!(
            "the decision counts for another {days} days {hours} hours if the directory cannot be reached"
        ),
    ]
}
