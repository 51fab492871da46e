//! What can be made to go wrong, where, and how often.

use std::fmt;
use std::str::FromStr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// One way of failing.
///
/// The server plays those of transport and of middle boxes; those marked
/// *service* are played by the simulated directory in its own words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// Connections are refused and open ones cut; the port stays ours. Limited
    /// to a path or a count, the connection is cut instead of an answer.
    Down,
    /// Every answer comes this much later.
    Slow(Duration),
    /// The request is taken and never answered.
    Hang,
    /// A proxy's log-in page with status 200.
    HtmlPage,
    /// The announced length is not reached: half the body, then the end.
    Truncated,
    /// A proxy's page with this status, because it does not reach what is behind it.
    ProxyError(u16),
    /// A proxy sends to its log-in page.
    Redirect,
    /// 429 with `Retry-After` in seconds. *Service* adds its own headers.
    RateLimited(u64),
    /// 429 without `Retry-After`. *Service* adds its own headers.
    Limited,
    /// 200 of the promised type, with bytes that are none.
    Garbage,
    /// *Service*: an inner failure (Crowd: 500 OPERATION_FAILED; FAS: 500 with an HTML page).
    OperationFailed,
    /// *Service*: an inner failure told with status 200 (FAS: `exc`).
    ApplicationError,
    /// *Service*: this host may not ask (403 with an HTML page).
    Forbidden,
    /// *Service*: our own credentials are refused.
    Unauthorized,
    /// *Service*: sessions are not known any more (FAS: 403).
    ExpiredSessions,
    /// *Service*: we are known and lack a group (FAS: 403).
    NotInGroup,
    /// *Service*: the header that proves the service is missing.
    NoVersion,
    /// *Service*: no session cookie is set.
    NoCookie,
    /// *Service*: lists of users are empty.
    EmptyUsers,
    /// *Service*: lists of groups are empty (Crowd).
    EmptyGroups,
    /// *Service*: nobody is in any group where all memberships are asked for (Crowd).
    EmptyMemberships,
    /// *Service*: lists are never expanded to attributes, as by older servers (Crowd).
    NoAttributes,
    /// *Service*: every page of a list begins at its start (Crowd).
    IgnoredStartIndex,
    /// *Service*: pages after the first begin so many entries later, as when somebody
    /// before them vanished between two reads; if it is negative, earlier (Crowd).
    ShiftedPages(isize),
    /// *Service*: tokens of events are expired (Crowd: 410 EVENT_TOKEN_EXPIRED).
    EventsExpired,
    /// *Service*: events cannot be had (Crowd: 400 INCREMENTAL_SYNC_NOT_AVAILABLE).
    NoIncrementalSync,
    /// *Service*: a good password is answered with somebody else's name.
    WrongName(String),
    /// *Service*: the user directory behind it is down.
    LdapDown,
    /// *Service*: 429 with `Retry-After` as a date, so many seconds ahead.
    DateLimited(u64),
    /// *Service*: our Authorization header is called malformed.
    InvalidRequest,
    /// *Service*: the token can be used, and its record is lost.
    NotInSql,
    /// *Service*: discovery does not know the service.
    NoDiscovery,
}

/// A fault's name or value that is not known.
#[derive(Debug, thiserror::Error)]
#[error(
    "unknown fault `{0}`; known: down, slow=MILLISECONDS, hang, html-page, truncated, \
     rate-limited[=SECONDS], limited, garbage, operation-failed, application-error, forbidden, \
     unauthorized, expired-sessions, not-in-group, no-version, no-cookie, empty-users, \
     wrong-name=NAME, proxy-error=STATUS, redirect, ldap-down, date-limited[=SECONDS], \
     invalid-request, not-in-sql, no-discovery, empty-groups, empty-memberships, \
     no-attributes, ignored-start-index, shifted-pages=ENTRIES, events-expired, \
     no-incremental-sync"
)]
pub struct UnknownFault(String);

impl FromStr for Fault {
    type Err = UnknownFault;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let unknown = || UnknownFault(text.to_owned());
        let (name, value) = text.split_once('=').unwrap_or((text, ""));
        let number = || value.parse::<u64>().map_err(|_| unknown());
        Ok(match (name, value.is_empty()) {
            ("down", true) => Self::Down,
            ("slow", false) => Self::Slow(Duration::from_millis(number()?)),
            ("hang", true) => Self::Hang,
            ("html-page", true) => Self::HtmlPage,
            ("truncated", true) => Self::Truncated,
            ("rate-limited", true) => Self::RateLimited(30),
            ("rate-limited", false) => Self::RateLimited(number()?),
            ("limited", true) => Self::Limited,
            ("garbage", true) => Self::Garbage,
            ("operation-failed", true) => Self::OperationFailed,
            ("application-error", true) => Self::ApplicationError,
            ("forbidden", true) => Self::Forbidden,
            ("unauthorized", true) => Self::Unauthorized,
            ("expired-sessions", true) => Self::ExpiredSessions,
            ("not-in-group", true) => Self::NotInGroup,
            ("no-version", true) => Self::NoVersion,
            ("no-cookie", true) => Self::NoCookie,
            ("empty-users", true) => Self::EmptyUsers,
            ("empty-groups", true) => Self::EmptyGroups,
            ("empty-memberships", true) => Self::EmptyMemberships,
            ("no-attributes", true) => Self::NoAttributes,
            ("ignored-start-index", true) => Self::IgnoredStartIndex,
            ("shifted-pages", false) => Self::ShiftedPages(value.parse().map_err(|_| unknown())?),
            ("events-expired", true) => Self::EventsExpired,
            ("no-incremental-sync", true) => Self::NoIncrementalSync,
            ("wrong-name", false) => Self::WrongName(value.to_owned()),
            ("proxy-error", false) => Self::ProxyError(value.parse().map_err(|_| unknown())?),
            ("redirect", true) => Self::Redirect,
            ("ldap-down", true) => Self::LdapDown,
            ("date-limited", true) => Self::DateLimited(30),
            ("date-limited", false) => Self::DateLimited(number()?),
            ("invalid-request", true) => Self::InvalidRequest,
            ("not-in-sql", true) => Self::NotInSql,
            ("no-discovery", true) => Self::NoDiscovery,
            _ => return Err(unknown()),
        })
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self {
            Self::Down => "down",
            Self::Slow(delay) => return write!(f, "slow={}", delay.as_millis()),
            Self::Hang => "hang",
            Self::HtmlPage => "html-page",
            Self::Truncated => "truncated",
            Self::RateLimited(seconds) => return write!(f, "rate-limited={seconds}"),
            Self::Limited => "limited",
            Self::Garbage => "garbage",
            Self::OperationFailed => "operation-failed",
            Self::ApplicationError => "application-error",
            Self::Forbidden => "forbidden",
            Self::Unauthorized => "unauthorized",
            Self::ExpiredSessions => "expired-sessions",
            Self::NotInGroup => "not-in-group",
            Self::NoVersion => "no-version",
            Self::NoCookie => "no-cookie",
            Self::EmptyUsers => "empty-users",
            Self::EmptyGroups => "empty-groups",
            Self::EmptyMemberships => "empty-memberships",
            Self::NoAttributes => "no-attributes",
            Self::IgnoredStartIndex => "ignored-start-index",
            Self::ShiftedPages(by) => return write!(f, "shifted-pages={by}"),
            Self::EventsExpired => "events-expired",
            Self::NoIncrementalSync => "no-incremental-sync",
            Self::WrongName(name) => return write!(f, "wrong-name={name}"),
            Self::ProxyError(status) => return write!(f, "proxy-error={status}"),
            Self::Redirect => "redirect",
            Self::LdapDown => "ldap-down",
            Self::DateLimited(seconds) => return write!(f, "date-limited={seconds}"),
            Self::InvalidRequest => "invalid-request",
            Self::NotInSql => "not-in-sql",
            Self::NoDiscovery => "no-discovery",
        };
        f.write_str(name)
    }
}

/// A fault with its limits.
#[derive(Debug, Clone)]
pub struct Rule {
    fault: Fault,
    path: Option<String>,
    times: Option<u64>,
}

impl From<Fault> for Rule {
    fn from(fault: Fault) -> Self {
        Self {
            fault,
            path: None,
            times: None,
        }
    }
}

impl Rule {
    /// Only for requests whose path below the service's root begins so, for
    /// example `/search`.
    #[must_use]
    pub fn below(mut self, path: impl Into<String>) -> Self {
        self.path = Some(path.into());
        self
    }

    /// Only for the next `times` requests that it suits.
    #[must_use]
    pub fn times(mut self, times: u64) -> Self {
        self.times = Some(times);
        self
    }

    /// Whether it closes the whole listener.
    pub fn closes_listener(&self) -> bool {
        self.fault == Fault::Down && self.path.is_none() && self.times.is_none()
    }

    fn suits(&self, path: &str) -> bool {
        self.path
            .as_deref()
            .is_none_or(|prefix| path.starts_with(prefix))
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.fault.fmt(f)?;
        if let Some(path) = &self.path {
            write!(f, " below {path}")?;
        }
        self.times
            .map_or(Ok(()), |times| write!(f, " {times} times"))
    }
}

/// The faults in force.
#[derive(Debug, Default)]
pub struct Faults(Mutex<Vec<Rule>>);

impl Faults {
    /// Puts these in place of all that were.
    pub fn set(&self, rules: Vec<Rule>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = rules;
    }

    /// The fault for a request to `path`; the first rule that suits, which
    /// thereby is used up by one.
    pub fn take(&self, path: &str) -> Option<Fault> {
        let mut rules = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let index = rules.iter().position(|rule| rule.suits(path))?;
        let rule = rules.get_mut(index)?;
        let fault = rule.fault.clone();
        if let Some(times) = &mut rule.times {
            *times = times.saturating_sub(1);
            if *times == 0 {
                rules.remove(index);
            }
        }
        Some(fault)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_is_read_back_from_its_name() {
        for text in [
            "down",
            "slow=50",
            "hang",
            "html-page",
            "truncated",
            "rate-limited=7",
            "limited",
            "garbage",
            "operation-failed",
            "application-error",
            "forbidden",
            "unauthorized",
            "expired-sessions",
            "not-in-group",
            "no-version",
            "no-cookie",
            "empty-users",
            "empty-groups",
            "empty-memberships",
            "no-attributes",
            "ignored-start-index",
            "shifted-pages=1",
            "shifted-pages=-2",
            "events-expired",
            "no-incremental-sync",
            "wrong-name=mallory",
            "proxy-error=502",
            "redirect",
            "ldap-down",
            "date-limited=9",
            "invalid-request",
            "not-in-sql",
            "no-discovery",
        ] {
            assert_eq!(text.parse::<Fault>().unwrap().to_string(), text);
        }
        for text in ["", "slow", "slow=x", "down=1", "wrong-name=", "proxy-error"] {
            assert!(text.parse::<Fault>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_limited_rule_is_used_up_by_what_it_suits_only() {
        let faults = Faults::default();
        faults.set(vec![Rule::from(Fault::Hang).below("/user").times(2)]);
        assert_eq!(faults.take("/search"), None);
        assert_eq!(faults.take("/user"), Some(Fault::Hang));
        assert_eq!(faults.take("/user/group"), Some(Fault::Hang));
        assert_eq!(faults.take("/user"), None);
    }
}
