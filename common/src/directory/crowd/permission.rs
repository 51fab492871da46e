//! Whether Crowd would let our application change people: muster needs to read only, and
//! whoever steals the password of an application that may do more can set passwords.
//!
//! Crowd tells nobody what an application may do, so something is asked for that changes
//! nothing: an empty list of attributes is to be set. First for a name that nobody has.
//! Servers that look at the permission first say no then; others (all whose source is
//! published) look for the person first and say "not found" to everybody. So they are
//! asked again about somebody who is there, with the same empty list. Where we may, even
//! that is an event for everybody who follows Crowd's: it is done once a day, not more.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::super::Person;
use super::super::http::{Answer, Change, SensitiveBody};
use super::super::remarks::Remarks;
use super::Crowd;
use super::verdict::{check_origin, entity};

/// What an administrator reads who lets us do more than we need.
const REMARK: &str = "Crowd lets this application change users: muster only reads, and whoever \
    gets hold of its password could set anybody's. In Crowd's console, Applications, this \
    application, Permissions, take away \"Modify users\" and \"Modify user attributes\" (and the \
    other permissions, which muster does not need either) for each directory";

/// Whether the application may change users.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MayModify {
    /// It may: somebody should take that away.
    Yes,
    /// It may not.
    No,
    /// The server did not say.
    Unknown,
}

/// How long an answer counts.
const DAY: Duration = Duration::from_secs(86_400);

/// What was found out last, and when.
#[derive(Debug, Default)]
pub(super) struct Remembered(Mutex<Option<(Instant, MayModify)>>);

impl Remembered {
    fn at(&self, now: Instant) -> Option<MayModify> {
        let last = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (since, found) = last?;
        (now.saturating_duration_since(since) < DAY).then_some(found)
    }

    fn keep(&self, now: Instant, found: MayModify) {
        let kept = (found != MayModify::Unknown).then_some((now, found));
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = kept;
    }
}

/// What the server said to one try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Said {
    Done,
    Denied,
    NotFound,
    SomethingElse,
}

impl Crowd {
    /// Whether Crowd would let us change users: one or two questions that change nothing.
    /// `known` is the name of anybody who is there; without one some servers cannot tell.
    /// Whatever goes wrong is *Unknown*.
    pub async fn may_modify(&self, known: Option<&str>) -> MayModify {
        let Some(nobody) = nobody() else {
            return MayModify::Unknown;
        };
        let said = match (self.try_to_change(&nobody).await, known) {
            (Said::NotFound, Some(known)) => self.try_to_change(known).await,
            (said, _) => said,
        };
        match said {
            Said::Done => MayModify::Yes,
            Said::Denied => MayModify::No,
            Said::NotFound | Said::SomethingElse => MayModify::Unknown,
        }
    }

    /// Says so among the remarks of a full sync; asks at most once a day.
    pub(super) async fn remark_on_permission(&self, people: &[Person], remarks: &mut Remarks) {
        let now = Instant::now();
        let found = match self.permission.at(now) {
            Some(found) => found,
            None => {
                let known = people.first().map(|person| person.name.as_str());
                let found = self.may_modify(known).await;
                self.permission.keep(now, found);
                found
            }
        };
        if found == MayModify::Yes {
            remarks.add(REMARK.to_owned());
        }
    }

    async fn try_to_change(&self, name: &str) -> Said {
        let nothing: [&str; 0] = [];
        let body = SensitiveBody::json_of(&serde_json::json!({ "attributes": nothing }));
        let question = self.client.change(Change::Post, "user/attribute");
        let question = question.with("username", name).carrying(body);
        match self.client.ask(question).await {
            Ok(answer) => said(&answer),
            Err(_) => Said::SomethingElse,
        }
    }
}

fn said(answer: &Answer) -> Said {
    let reason = entity(answer).map(|entity| entity.reason);
    match (answer.head.status, reason.as_deref()) {
        (204, _) if check_origin(&answer.head).is_ok() => Said::Done,
        (403, Some("APPLICATION_PERMISSION_DENIED")) => Said::Denied,
        (404, Some("USER_NOT_FOUND")) => Said::NotFound,
        _ => Said::SomethingElse,
    }
}

/// A name that nobody has: 128 random bits.
fn nobody() -> Option<String> {
    let mut bytes = [0u8; 16];
    getrandom::fill(&mut bytes).ok()?;
    Some(format!("nobody-{:032x}", u128::from_be_bytes(bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_counts_for_a_day_and_no_answer_not_at_all() {
        let (remembered, start) = (Remembered::default(), Instant::now());
        assert_eq!(remembered.at(start), None);
        remembered.keep(start, MayModify::Unknown);
        assert_eq!(remembered.at(start), None);
        remembered.keep(start, MayModify::Yes);
        let almost = start + DAY - Duration::from_secs(1);
        assert_eq!(remembered.at(almost), Some(MayModify::Yes));
        assert_eq!(remembered.at(start + DAY), None);
    }
}
