//! Who may log in where: one engine for the broker's answers, the snapshot's
//! compiled masks and `muster explain`. Nobody is let in without a rule.

pub mod changes;
mod memberships;
mod restriction;
mod subject;

use std::fmt;
use std::sync::Arc;

pub use memberships::{Directories, Memberships};
pub use restriction::{ForcedCommand, KEY_OPTIONS, KeyOption, NoCommand, Restriction, UnfitName};
pub use subject::{GroupFact, GroupKind, PersonFacts, Subject};

use crate::name::{DirectoryName, GroupName, ServiceName};
use subject::Doubt;

/// A rule and where it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// Whom it is about.
    pub subject: Subject,
    /// Where it is written: `/etc/muster/muster.toml:12`.
    pub place: Arc<str>,
}

impl Rule {
    fn lets_in(&self, facts: &PersonFacts<'_>) -> bool {
        self.subject.holds(facts, Doubt::DoesNotMatch)
    }

    fn shuts_out(&self, facts: &PersonFacts<'_>) -> bool {
        self.subject.holds(facts, Doubt::Matches)
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\" ({})", self.subject, self.place)
    }
}

/// Rules of one service, beside those of `[access]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceRules {
    /// The PAM service.
    pub service: ServiceName,
    /// Replaces the allow list of `[access]`, where there is one.
    pub allow: Option<Vec<Rule>>,
    /// Added to the deny list of `[access]`.
    pub deny: Vec<Rule>,
}

/// All rules, checked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AccessRules {
    allow: Vec<Rule>,
    deny: Vec<Rule>,
    services: Vec<ServiceName>,
    own: Vec<ServiceRules>,
    restrictions: Vec<Restriction>,
}

/// The service whose people can be restricted: it alone has keys to put a command in front of.
const RESTRICTED_SERVICE: &str = "sshd";

/// By what sshd lets somebody in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WayIn<'a> {
    /// An allow rule.
    Open,
    /// Only a table of restricted groups: the first that names the person.
    Restricted(&'a Restriction),
    /// Nothing.
    Closed,
}

/// A decision and its reasons.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// Whether the person may use the service.
    pub allowed: bool,
    /// The rule that decided, in one sentence with its line.
    pub decision: String,
    /// What was looked at, a line each.
    pub facts: Vec<String>,
}

/// Which rule decided.
enum Verdict<'a> {
    DeniedBy(&'a Rule),
    AllowedBy(&'a Rule),
    NobodyAsked,
}

impl AccessRules {
    /// The rules of `[access]` and of each service. At most
    /// [`crate::snapshot::content::SERVICES_MAX`] services have a bit in a snapshot: the
    /// configuration refuses more.
    pub fn new(allow: Vec<Rule>, deny: Vec<Rule>, own: Vec<ServiceRules>) -> Self {
        Self {
            allow,
            deny,
            services: own.iter().map(|rules| rules.service.clone()).collect(),
            own,
            restrictions: Vec::new(),
        }
    }

    /// The same with tables of restricted groups, which let people in by sshd. Then sshd has a
    /// bit of its own, whether or not it has a section.
    #[must_use]
    pub fn with_restrictions(mut self, restrictions: Vec<Restriction>) -> Self {
        let has_own = || {
            self.services
                .iter()
                .any(|one| one.as_str() == RESTRICTED_SERVICE)
        };
        if !restrictions.is_empty()
            && !has_own()
            && let Ok(service) = ServiceName::new(RESTRICTED_SERVICE)
        {
            self.services.push(service.clone());
            self.own.push(ServiceRules {
                service,
                allow: None,
                deny: Vec::new(),
            });
        }
        self.restrictions = restrictions;
        self
    }

    /// By what sshd lets the person in: an allow rule beats every restriction, a deny both.
    pub fn way_in(&self, facts: &PersonFacts<'_>) -> WayIn<'_> {
        let mut own = self.own.iter();
        let own = own.find(|own| own.service.as_str() == RESTRICTED_SERVICE);
        match self.judge(facts, own) {
            Verdict::DeniedBy(_) | Verdict::NobodyAsked => WayIn::Closed,
            Verdict::AllowedBy(_) => match self.restriction_of(facts) {
                Some(restriction) => WayIn::Restricted(restriction),
                None => WayIn::Open,
            },
        }
    }

    /// The restriction of a person whom no allow rule of sshd lets in, denied or not: what
    /// decides about the shell.
    pub fn restriction_of(&self, facts: &PersonFacts<'_>) -> Option<&Restriction> {
        let mut own = self.own.iter();
        let own = own.find(|own| own.service.as_str() == RESTRICTED_SERVICE);
        let mut allow = self.allow_rules(own).iter();
        if allow.any(|rule| rule.lets_in(facts)) {
            return None;
        }
        let mut restrictions = self.restrictions.iter();
        restrictions.find(|one| one.groups.iter().any(|rule| rule.lets_in(facts)))
    }

    /// Whether anybody can be restricted.
    pub const fn restricts(&self) -> bool {
        !self.restrictions.is_empty()
    }

    /// The shells that restricted people have, whatever /etc/shells says.
    pub fn restricted_shells(&self) -> Vec<String> {
        let shells = self.restrictions.iter().filter_map(|one| one.shell.clone());
        shells.collect()
    }

    /// Whether the person may use `service`, or (`None`) any that has no rules of its own.
    pub fn allows(&self, facts: &PersonFacts<'_>, service: Option<&ServiceName>) -> bool {
        let mut own = self.own.iter();
        let own = own.find(|own| Some(&own.service) == service);
        matches!(self.judge(facts, own), Verdict::AllowedBy(_))
    }

    /// The services with rules of their own, in the order of the snapshot's bits.
    pub fn services(&self) -> &[ServiceName] {
        &self.services
    }

    /// Whether any rule asks who is in this group.
    pub fn asks_about(&self, directory: &DirectoryName, group: &GroupName) -> bool {
        let own = self
            .own
            .iter()
            .flat_map(|own| own.allow.iter().flatten().chain(&own.deny));
        let restricted = self.restrictions.iter().flat_map(|one| &one.groups);
        let mut rules = self
            .allow
            .iter()
            .chain(&self.deny)
            .chain(own)
            .chain(restricted);
        rules.any(|rule| rule.subject.asks_about(directory, group))
    }

    /// Whether no rule could ever let anybody in.
    pub fn lets_nobody_in(&self) -> bool {
        let own = self.own.iter().filter_map(|own| own.allow.as_deref());
        let restricted = self.restrictions.iter().flat_map(|one| &one.groups);
        self.allow.is_empty() && own.flatten().chain(restricted).next().is_none()
    }

    /// Whether the person may use `service`, and why.
    pub fn decide(&self, facts: &PersonFacts<'_>, service: &ServiceName) -> Decision {
        let own = self.own.iter().find(|own| own.service == *service);
        let verdict = self.judge(facts, own);
        Decision {
            allowed: matches!(verdict, Verdict::AllowedBy(_)),
            decision: self.sentence(&verdict, facts, service, own),
            facts: self.reasons(facts, service, own),
        }
    }

    /// The mask of [`crate::snapshot::content::Access`]: bit 0 for services
    /// without rules of their own, bit `i + 1` for `services()[i]`.
    pub fn compile(&self, facts: &PersonFacts<'_>) -> u64 {
        let scopes = std::iter::once(None).chain(self.own.iter().map(Some));
        let bits = std::iter::successors(Some(1u64), |bit| bit.checked_mul(2));
        bits.zip(scopes)
            .filter(|(_, own)| matches!(self.judge(facts, *own), Verdict::AllowedBy(_)))
            .fold(0, |mask, (bit, _)| mask | bit)
    }

    fn judge<'a>(&'a self, facts: &PersonFacts<'_>, own: Option<&'a ServiceRules>) -> Verdict<'a> {
        // The engine's one order: any deny, then any allow, then no.
        if let Some(rule) = self.deny_rules(own).find(|rule| rule.shuts_out(facts)) {
            return Verdict::DeniedBy(rule);
        }
        match self.let_in_rules(own).find(|rule| rule.lets_in(facts)) {
            Some(rule) => Verdict::AllowedBy(rule),
            None => Verdict::NobodyAsked,
        }
    }

    fn deny_rules<'a>(&'a self, own: Option<&'a ServiceRules>) -> impl Iterator<Item = &'a Rule> {
        self.deny
            .iter()
            .chain(own.into_iter().flat_map(|own| &own.deny))
    }

    /// The allow rules, and for sshd those of restricted groups behind them.
    fn let_in_rules<'a>(&'a self, own: Option<&'a ServiceRules>) -> impl Iterator<Item = &'a Rule> {
        let restricted = own.is_some_and(|own| own.service.as_str() == RESTRICTED_SERVICE);
        let tables = self.restrictions.iter().filter(move |_| restricted);
        let restricted = tables.flat_map(|one| &one.groups);
        self.allow_rules(own).iter().chain(restricted)
    }

    fn allow_rules<'a>(&'a self, own: Option<&'a ServiceRules>) -> &'a [Rule] {
        own.and_then(|own| own.allow.as_deref())
            .unwrap_or(&self.allow)
    }

    fn sentence(
        &self,
        verdict: &Verdict<'_>,
        facts: &PersonFacts<'_>,
        service: &ServiceName,
        own: Option<&ServiceRules>,
    ) -> String {
        let user = facts.user;
        match verdict {
            Verdict::DeniedBy(rule) => format!("{user} may not use {service}: denied by {rule}"),
            Verdict::AllowedBy(rule) => format!("{user} may use {service}: allowed by {rule}"),
            Verdict::NobodyAsked if self.let_in_rules(own).next().is_none() => {
                format!("{user} may not use {service}: no rule lets anybody in")
            }
            Verdict::NobodyAsked => format!(
                "{user} may not use {service}: no allow rule of {} names {user} or a group of {user}",
                allow_section(own)
            ),
        }
    }

    fn reasons(
        &self,
        facts: &PersonFacts<'_>,
        service: &ServiceName,
        own: Option<&ServiceRules>,
    ) -> Vec<String> {
        let mut groups: Vec<_> = facts.groups.iter().map(ToString::to_string).collect();
        groups.sort_unstable();
        let mut reasons = vec![
            format!(
                "{} belongs to the directory {}",
                facts.user, facts.directory
            ),
            match groups.as_slice() {
                [] => "groups: none".to_owned(),
                _ => format!("groups: {}", groups.join(", ")),
            },
            match own {
                Some(_) => format!("{service} has rules of its own"),
                None => format!("{service} has no rules of its own: [access] decides"),
            },
        ];
        let denies = self.deny_rules(own);
        let denies = denies.map(|rule| ("deny", rule, rule.shuts_out(facts)));
        let allows = self.let_in_rules(own);
        let allows = allows.map(|rule| ("allow", rule, rule.lets_in(facts)));
        reasons.extend(denies.chain(allows).map(|(kind, rule, matches)| {
            let matches = if matches { "matches" } else { "does not match" };
            format!("{kind} {rule}: {matches}")
        }));
        let is_sshd = service.as_str() == RESTRICTED_SERVICE;
        let restriction = self.restriction_of(facts).filter(|_| is_sshd);
        reasons.extend(restriction.map(ToString::to_string));
        reasons
    }
}

fn allow_section(own: Option<&ServiceRules>) -> String {
    match own {
        Some(own) if own.allow.is_some() => format!("[access.service.{}]", own.service),
        _ => "[access]".to_owned(),
    }
}

#[cfg(test)]
mod tests;
