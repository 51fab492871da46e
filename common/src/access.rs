//! Who may log in where: one engine for the broker's answers, the snapshot's
//! compiled masks and `muster explain`. Nobody is let in without a rule.

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use crate::name::{DirectoryName, GroupName, ServiceName, UserName};

/// Whom a rule is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// Every person of every directory.
    Everyone,
    /// One person.
    User(DirectoryName, UserName),
    /// Everybody in one group.
    Group(DirectoryName, GroupName),
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Everyone => f.write_str("everyone"),
            Self::User(directory, name) => write!(f, "user:{directory}/{name}"),
            Self::Group(directory, name) => write!(f, "group:{directory}/{name}"),
        }
    }
}

/// A rule and where it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// Whom it is about.
    pub subject: Subject,
    /// Where it is written: `/etc/muster/muster.toml:12`.
    pub place: Arc<str>,
}

impl Rule {
    fn matches(&self, facts: &PersonFacts<'_>) -> bool {
        match &self.subject {
            Subject::Everyone => true,
            Subject::User(directory, name) => directory == facts.directory && name == facts.user,
            Subject::Group(directory, name) => facts.groups.contains(&(directory, name)),
        }
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

/// What the engine has to know about a person.
#[derive(Debug, Clone, Copy)]
pub struct PersonFacts<'a> {
    /// The directory that owns the name.
    pub directory: &'a DirectoryName,
    /// The canonical name.
    pub user: &'a UserName,
    /// The person's groups, each with the directory that it belongs to.
    pub groups: &'a HashSet<(&'a DirectoryName, &'a GroupName)>,
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

    /// Whether any rule is about this group.
    pub fn names_group(&self, directory: &DirectoryName, group: &GroupName) -> bool {
        let own = self
            .own
            .iter()
            .flat_map(|own| own.allow.iter().flatten().chain(&own.deny));
        let mut rules = self.allow.iter().chain(&self.deny).chain(own);
        rules.any(
            |rule| matches!(&rule.subject, Subject::Group(d, g) if d == directory && g == group),
        )
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
        if let Some(rule) = self.deny_rules(own).find(|rule| rule.matches(facts)) {
            return Verdict::DeniedBy(rule);
        }
        match self
            .allow_rules(own)
            .iter()
            .find(|rule| rule.matches(facts))
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
        let mut groups: Vec<_> = facts
            .groups
            .iter()
            .map(|(d, g)| format!("{d}/{g}"))
            .collect();
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
        let denies = self.deny_rules(own).map(|rule| ("deny", rule));
        let allows = self.allow_rules(own).iter().map(|rule| ("allow", rule));
        reasons.extend(denies.chain(allows).map(|(kind, rule)| {
            let matches = if rule.matches(facts) {
                "matches"
            } else {
                "does not match"
            };
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
mod tests {
    use super::*;
    use crate::clock::Time;
    use crate::snapshot::content::{Access, AccessAnswer};
    use proptest::prelude::*;

    fn parse(access: &str) -> AccessRules {
        let text = format!(
            "version = 1\n{}{access}",
            ["corp", "lab"]
                .map(|name| format!(
                    "[[directory]]\nname = \"{name}\"\nkind = \"crowd\"\nnamespace = \"{name}\"\nurl = \"https://x.example\"\napplication = \"a\"\npassword_file = \"/x\"\n"
                ))
                .concat()
        );
        crate::config::parse(&text, std::path::Path::new("muster.toml"))
            .unwrap_or_else(|errors| panic!("{errors}"))
            .access
    }

    /// Decides for `corp/ada`, who is in the groups `groups`.
    fn decide(rules: &AccessRules, groups: &[&str], service: &str) -> Decision {
        with_facts("ada", groups, |facts| {
            rules.decide(facts, &ServiceName::new(service).unwrap())
        })
    }

    fn with_facts<T>(user: &str, groups: &[&str], then: impl FnOnce(&PersonFacts<'_>) -> T) -> T {
        let directory = DirectoryName::new("corp").unwrap();
        let user = UserName::new(user).unwrap();
        let names: Vec<_> = groups
            .iter()
            .map(|name| GroupName::new(name).unwrap())
            .collect();
        let groups = names.iter().map(|name| (&directory, name)).collect();
        then(&PersonFacts {
            directory: &directory,
            user: &user,
            groups: &groups,
        })
    }

    #[test]
    fn without_a_rule_nobody_is_let_in() {
        let rules = parse("");
        let decision = decide(&rules, &["admins"], "sshd");
        assert!(!decision.allowed && rules.lets_nobody_in());
        assert_eq!(
            decision.decision,
            "ada may not use sshd: no rule lets anybody in"
        );
    }

    #[test]
    fn rules_decide_by_person_group_and_service() {
        let rules = parse(
            "[access]\nallow = [\"group:corp/linux\", \"user:corp/eve\"]\ndeny = [\"group:corp/banned\"]\n\
             [access.service.sudo]\nallow = [\"group:corp/admins\"]\ndeny = [\"user:corp/ada\"]\n\
             [access.service.cron]\ndeny = [\"group:corp/interns\"]\n\
             [access.service.closed]\nallow = []\n\
             [access.service.open]\nallow = [\"everyone\"]\n\
             [access.service.lab]\nallow = [\"group:lab/linux\", \"user:lab/ada\"]\n",
        );
        let check = |user: &str, groups: &[&str], service: &str, expected: bool| {
            let service_name = ServiceName::new(service).unwrap();
            let decision = with_facts(user, groups, |facts| rules.decide(facts, &service_name));
            assert_eq!(decision.allowed, expected, "{user} {groups:?} {service}");
        };
        check("ada", &["linux"], "sshd", true);
        check("ada", &[], "sshd", false);
        check("eve", &[], "sshd", true);
        check("ada", &["linux", "banned"], "sshd", false);
        // A service's allow replaces, its deny adds up.
        check("bob", &["linux"], "sudo", false);
        check("bob", &["admins"], "sudo", true);
        check("bob", &["admins", "banned"], "sudo", false);
        check("ada", &["admins"], "sudo", false);
        // Without an allow of its own a service keeps that of [access].
        check("ada", &["linux"], "cron", true);
        check("ada", &["linux", "interns"], "cron", false);
        check("ada", &["linux"], "closed", false);
        check("ada", &[], "open", true);
        check("ada", &["banned"], "open", false);
        // The same names in another directory are other people and other groups.
        check("ada", &["linux"], "lab", false);
    }

    #[test]
    fn a_decision_names_the_rule_its_line_and_what_was_looked_at() {
        let rules = parse("[access]\nallow = [\"group:corp/linux\"]\ndeny = [\"user:corp/bob\"]\n");
        let decision = decide(&rules, &["linux", "a"], "sshd");
        assert_eq!(
            decision.decision,
            "ada may use sshd: allowed by \"group:corp/linux\" (muster.toml:17)"
        );
        assert_eq!(
            decision.facts,
            [
                "ada belongs to the directory corp",
                "groups: corp/a, corp/linux",
                "sshd has no rules of its own: [access] decides",
                "deny \"user:corp/bob\" (muster.toml:18): does not match",
                "allow \"group:corp/linux\" (muster.toml:17): matches",
            ]
        );
        assert_eq!(
            decide(&rules, &[], "sshd").decision,
            "ada may not use sshd: no allow rule of [access] names ada or a group of ada"
        );
    }

    const NAMES: [&str; 4] = ["g0", "g1", "g2", "g3"];

    fn any_rules() -> impl Strategy<Value = Vec<Rule>> {
        let rule = (0..10usize, any::<bool>()).prop_map(|(kind, corp)| {
            let directory = DirectoryName::new(if corp { "corp" } else { "lab" }).unwrap();
            let subject = match kind {
                0 => Subject::Everyone,
                1 => Subject::User(directory, UserName::new("ada").unwrap()),
                _ => Subject::Group(directory, GroupName::new(NAMES[kind % 4]).unwrap()),
            };
            Rule {
                subject,
                place: "muster.toml:1".into(),
            }
        });
        proptest::collection::vec(rule, 0..4)
    }

    proptest! {
        #[test]
        fn the_compiled_mask_says_what_the_engine_decides(
            allow in any_rules(),
            deny in any_rules(),
            own in proptest::collection::vec((proptest::option::of(any_rules()), any_rules()), 0..64),
            member_of in proptest::sample::subsequence(NAMES.to_vec(), 0..=4),
        ) {
            let own = own.into_iter().take(63).enumerate().map(|(i, (allow, deny))| ServiceRules {
                service: ServiceName::new(&format!("s{i}")).unwrap(),
                allow,
                deny,
            });
            let rules = AccessRules::new(allow, deny, own.collect());
            let mask = with_facts("ada", &member_of, |facts| rules.compile(facts));
            let access = Access { allowed: mask, until: Time::from_unix(1) };
            let unlisted = ServiceName::new("unlisted").unwrap();
            let positions = rules.services().iter().enumerate().map(|(i, service)| (Some(i), service));
            for (position, service) in positions.chain([(None, &unlisted)]) {
                let decided = with_facts("ada", &member_of, |facts| rules.decide(facts, service));
                let compiled = access.answer(position, Time::default()) == AccessAnswer::Allowed;
                prop_assert_eq!(compiled, decided.allowed, "{}", decided.decision);
            }
        }
    }
}
