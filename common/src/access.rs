//! Who may log in where: one engine for the broker's answers, the snapshot's
//! compiled masks and `muster explain`. Nobody is let in without a rule.

mod memberships;
mod subject;

use std::fmt;
use std::sync::Arc;

pub use memberships::{Directories, Memberships};
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
        }
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
        let mut rules = self.allow.iter().chain(&self.deny).chain(own);
        rules.any(|rule| rule.subject.asks_about(directory, group))
    }

    /// Whether no rule could ever let anybody in.
    pub fn lets_nobody_in(&self) -> bool {
        let own = self.own.iter().filter_map(|own| own.allow.as_deref());
        self.allow.is_empty() && own.flatten().next().is_none()
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
        match self
            .allow_rules(own)
            .iter()
            .find(|rule| rule.lets_in(facts))
        {
            Some(rule) => Verdict::AllowedBy(rule),
            None => Verdict::NobodyAsked,
        }
    }

    fn deny_rules<'a>(&'a self, own: Option<&'a ServiceRules>) -> impl Iterator<Item = &'a Rule> {
        self.deny
            .iter()
            .chain(own.into_iter().flat_map(|own| &own.deny))
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
            Verdict::NobodyAsked if self.allow_rules(own).is_empty() => {
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
        let allows = self.allow_rules(own).iter();
        let allows = allows.map(|rule| ("allow", rule, rule.lets_in(facts)));
        reasons.extend(denies.chain(allows).map(|(kind, rule, matches)| {
            let matches = if matches { "matches" } else { "does not match" };
            format!("{kind} {rule}: {matches}")
        }));
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
