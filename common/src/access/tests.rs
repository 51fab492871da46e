//! Rules, people and what comes of them.

use super::*;
use crate::clock::Time;
use crate::name::{GroupTypeName, UserName};
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
    let fact = |name| GroupFact {
        directory: &directory,
        name,
        kind: GroupKind::Untold,
    };
    let groups: Vec<_> = names.iter().map(fact).collect();
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

/// The rules of a host with the FAS directory `fedora`, and Crowd's `corp`.
fn parse_with_fas(access: &str) -> AccessRules {
    parse(&format!(
        "[[directory]]\nname = \"fedora\"\nkind = \"fas\"\nurl = \"https://f.example\"\nuser = \"hosts\"\npassword_file = \"/x\"\n{access}"
    ))
}

/// Whether `fedora/ada` may use sshd, being in groups `name:type`; without a type it is not
/// known, and `=` stands for the private group.
fn fedora_lets_in(rules: &AccessRules, groups: &[&str]) -> bool {
    let directory = DirectoryName::new("fedora").unwrap();
    let user = UserName::new("ada").unwrap();
    let names: Vec<(GroupName, Option<&str>)> = groups
        .iter()
        .map(|text| match text.split_once(':') {
            Some((name, kind)) => (GroupName::new(name).unwrap(), Some(kind)),
            None => (GroupName::new(text).unwrap(), None),
        })
        .collect();
    let types: Vec<Option<GroupTypeName>> = names
        .iter()
        .map(|(_, kind)| {
            kind.filter(|kind| *kind != "=")
                .map(|kind| kind.parse().unwrap())
        })
        .collect();
    let facts: Vec<_> = names
        .iter()
        .zip(&types)
        .map(|((name, said), kind)| GroupFact {
            directory: &directory,
            name,
            kind: match (said, kind) {
                (Some("="), _) => GroupKind::Private,
                (_, Some(kind)) => GroupKind::OfType(kind),
                _ => GroupKind::Untold,
            },
        })
        .collect();
    let facts = PersonFacts {
        directory: &directory,
        user: &user,
        groups: &facts,
    };
    rules.decide(&facts, &"sshd".parse().unwrap()).allowed
}

#[test]
fn a_type_is_everybody_in_any_group_of_it() {
    let rules = parse_with_fas("[access]\nallow = [\"group:fedora/@type:git\"]\n");
    assert!(fedora_lets_in(&rules, &["kernel:git", "docs:svn"]));
    assert!(!fedora_lets_in(&rules, &["docs:svn"]));
    assert!(!fedora_lets_in(&rules, &["git:svn"]), "a name is no type");
    assert!(
        !fedora_lets_in(&rules, &["kernel"]),
        "a type that nobody knows lets nobody in"
    );
    assert!(!fedora_lets_in(&rules, &["ada:="]));
}

#[test]
fn a_group_of_unknown_type_is_shut_out_with_the_type() {
    let rules = parse_with_fas(
        "[access]\nallow = [\"everyone\"]\ndeny = [\"group:fedora/@type:tracking\"]\n",
    );
    assert!(!fedora_lets_in(&rules, &["watchers:tracking"]));
    assert!(!fedora_lets_in(&rules, &["watchers"]));
    assert!(fedora_lets_in(&rules, &["kernel:git", "ada:="]));
}

#[test]
fn all_is_who_has_signed_and_works_in_a_group() {
    let rules = parse_with_fas("[access]\nallow = [\"group:fedora/@all\"]\n");
    let check = |groups: &[&str], expected: bool| {
        assert_eq!(fedora_lets_in(&rules, groups), expected, "{groups:?}");
    };
    check(&["cla_done:cla", "kernel:git"], true);
    check(&["cla_done", "kernel"], true);
    check(&["cla_done:cla"], false);
    check(&["cla_done:cla", "cla_fpca:cla"], false);
    check(&["cla_done:cla", "cla_old:tracking"], false);
    check(&["cla_done:cla", "signers:cla"], false);
    check(&["kernel:git"], false);
    check(&["cla_done:cla", "ada:="], false);
}

#[test]
fn a_directory_is_everybody_of_it() {
    let rules = parse_with_fas("[access]\nallow = [\"directory:fedora\"]\n");
    assert!(fedora_lets_in(&rules, &[]));
    assert!(!decide(&rules, &["linux"], "sshd").allowed);
}

#[test]
fn kinds_of_groups_are_for_directories_that_have_them() {
    let refused = |access: &str, wanted: &str| {
        let text = format!(
            "{}[access]\nallow = [\"{access}\"]\n",
            crate::config::keys::EXAMPLE_OF_SEVERAL
                .split("[access]")
                .next()
                .unwrap()
        );
        let errors = crate::config::parse(&text, std::path::Path::new("muster.toml")).unwrap_err();
        assert!(errors.to_string().contains(wanted), "{access}: {errors}");
    };
    refused("group:corp/@all", "not of the kind fas");
    refused("group:rubin/@type:git", "not of the kind fas");
    refused("group:fedora/@some", "@type:TYPE");
    refused("group:fedora/@type:", "a group type's name");
    refused("group:fedora/@type:a b", "a group type's name");
    refused("directory:fedor", "did you mean \"fedora\"?");
}

#[test]
fn a_hosts_tags_add_rules_and_sections_of_other_tags_are_only_checked() {
    let sections = "[access]\nallow = [\"group:corp/admins\"]\n\
         [access.host.web]\nallow = [\"group:corp/webbers\"]\ndeny = [\"user:corp/eve\"]\n\
         [access.host.db]\nallow = [\"everyone\"]\n\
         [access.service.sudo]\nallow = [\"group:corp/admins\"]\n";
    let web = parse(&format!("[host]\ntags = [\"web\", \"rack-7\"]\n{sections}"));
    let decision = decide(&web, &["webbers"], "sshd");
    assert_eq!(
        decision.decision,
        "ada may use sshd: allowed by \"group:corp/webbers\" (muster.toml:21)"
    );
    assert!(!decide(&web, &["webbers"], "sudo").allowed);
    assert!(
        !decide(&web, &[], "sshd").allowed,
        "no rule of db counts here"
    );
    let eve = with_facts("eve", &["admins"], |facts| {
        web.decide(facts, &"sudo".parse().unwrap())
    });
    assert_eq!(
        eve.decision,
        "eve may not use sudo: denied by \"user:corp/eve\" (muster.toml:22)"
    );
    assert!(!decide(&parse(sections), &["webbers"], "sshd").allowed);
}

#[test]
fn a_section_of_a_tag_that_this_host_does_not_have_is_checked_all_the_same() {
    let refused = |access: &str, wanted: &str| {
        let text = format!("{}{access}", crate::config::keys::EXAMPLE);
        let errors = crate::config::parse(&text, std::path::Path::new("muster.toml")).unwrap_err();
        assert!(errors.to_string().contains(wanted), "{access}: {errors}");
    };
    refused(
        "[access.host.db]\nallow = [\"group:crop/x\"]\n",
        "did you mean \"corp\"?",
    );
    refused("[access.host.db]\nalow = []\n", "did you mean \"allow\"?");
    refused("[access.host.\"a b\"]\nallow = []\n", "a tag");
    refused("[host]\ntags = [\"\"]\n", "a tag");
}

#[test]
fn restricted_groups_are_let_in_by_sshd_alone_and_an_allow_rule_beats_the_restriction() {
    let rules = parse(
        "[access]\nallow = [\"group:corp/admins\"]\ndeny = [\"group:corp/banned\"]\n\
         [[restricted]]\ngroups = [\"group:corp/pushers\"]\ncommand = \"git-shell\"\nshell = \"/bin/dash\"\n\
         [[restricted]]\ngroups = [\"everyone\"]\nshell = \"/bin/rbash\"\noptions = [\"no-pty\"]\n",
    );
    assert_eq!(rules.services(), ["sshd".parse().unwrap()]);
    assert_eq!(rules.restricted_shells(), ["/bin/dash", "/bin/rbash"]);
    let check = |groups: &[&str], sshd: bool, login: bool, shell: Option<&str>| {
        let (mask, found) = with_facts("ada", groups, |facts| {
            let found = rules.restriction_of(facts);
            (
                rules.compile(facts),
                found.and_then(|one| one.shell.clone()),
            )
        });
        assert_eq!(
            (mask & 0b10 != 0, mask & 1 != 0),
            (sshd, login),
            "{groups:?}"
        );
        assert_eq!(found.as_deref(), shell, "{groups:?}");
    };
    check(&["admins", "pushers"], true, true, None);
    check(&["pushers"], true, false, Some("/bin/dash"));
    check(&[], true, false, Some("/bin/rbash"));
    check(&["pushers", "banned"], false, false, Some("/bin/dash"));
    let decision = decide(&rules, &["pushers"], "sshd");
    let reason = "restricted, since no allow rule of sshd matches: the shell /bin/dash; SSH keys alone, and only the command git-shell, restrict";
    assert_eq!(decision.facts.last().unwrap(), reason);
}

#[test]
fn a_table_of_restricted_groups_has_to_restrict_and_says_only_what_sshd_may_be_told() {
    let with = |lines: &str| {
        let text = format!("{}[[restricted]]\n{lines}", crate::config::keys::EXAMPLE);
        crate::config::parse(&text, std::path::Path::new("muster.toml"))
    };
    let refused = |lines: &str, wanted: &str| {
        let errors = with(lines).unwrap_err().to_string();
        assert!(errors.contains(wanted), "{lines}: {errors}");
    };
    refused("groups = []\nshell = \"/bin/sh\"\n", "one rule at least");
    refused("shell = \"/bin/sh\"\n", "restricted.groups");
    refused("groups = [\"everyone\"]\n", "one of them at least");
    refused(
        "groups = [\"everyone\"]\ncommand = \"a\\nb\"\n",
        "a command",
    );
    refused("groups = [\"everyone\"]\ncommand = 'a\\'\n", "backslash");
    refused(
        "groups = [\"everyone\"]\ncommand = \"a\"\noptions = [\"environment=\\\"A=B\\\"\"]\n",
        "one of restrict",
    );
    refused(
        "groups = [\"group:crop/x\"]\ncommand = \"a\"\n",
        "did you mean",
    );
    let nologin = "groups = [\"everyone\"]\ncommand = \"a\"\nshell = \"/sbin/nologin\"\n";
    let warnings = with(nologin).unwrap().warnings;
    assert!(warnings[0].contains("runs nothing"), "{warnings:?}");
}
