//! Every user and group that this host's rules name and a directory supplies, or could supply.

use std::collections::HashSet;

use muster_common::paths;
use muster_common::snapshot::reserved::reserved;

use super::catalogue::Check;
use super::finding::Finding;
use super::host::Host;

mod sudoers;
use sudoers::sudoers;

pub(super) const CHECKS: &[Check] = &[
    Check {
        name: "privileged-sudoers",
        examines: "which users and groups in sudoers a directory supplies",
        risk: "whoever may change them in the directory may become root here",
        repair: "make sure that only those whom you trust with root may change that group or user in the directory",
        run: |host| told(host, &sudoers),
    },
    Check {
        name: "privileged-polkit",
        examines: "which users and groups in polkit's rules a directory supplies",
        risk: "whoever may change them in the directory may do what the rules allow",
        repair: "make sure that only those whom you trust with it may change that group or user in the directory",
        run: |host| told(host, &polkit),
    },
    Check {
        name: "privileged-sshd",
        examines: "which users and groups in sshd_config a directory supplies",
        risk: "whoever may change them in the directory decides whom sshd lets in",
        repair: "make sure that only those whom you trust with it may change that group or user in the directory",
        run: |host| told(host, &sshd),
    },
    Check {
        name: "privileged-access",
        examines: "which users and groups in access.conf and group.conf a directory supplies",
        risk: "whoever may change them in the directory decides whom PAM lets in, or into which local groups",
        repair: "make sure that only those whom you trust with it may change that group or user in the directory",
        run: |host| told(host, &access),
    },
    Check {
        name: "privileged-free",
        examines: "every user and group that those rules name exists, or can be no directory's",
        risk: "whoever makes a group or user of that name in a directory gets what the rules give",
        repair: "take the name out of the rule, or make the local group: `groupadd --system NAME`",
        run: free,
    },
];

/// A name in a rule.
struct Named {
    name: String,
    is_group: bool,
    file: String,
    line: usize,
    text: String,
}

type Reader = dyn Fn(&Host) -> Result<Vec<Named>, Finding>;

fn told(host: &Host, read: &Reader) -> Vec<Finding> {
    let named = match read(host) {
        Ok(named) => named,
        Err(finding) => return vec![finding],
    };
    let served = match &host.served {
        Ok(served) => served,
        Err(why) => return vec![not_known(why)],
    };
    let users: HashSet<&str> = served
        .users
        .iter()
        .map(|user| user.account.name.as_str())
        .collect();
    let groups: HashSet<&str> = served
        .groups
        .iter()
        .map(|group| group.group.name.as_str())
        .collect();
    let supplied = named.iter().filter(|one| match one.is_group {
        true => groups.contains(one.name.as_str()),
        false => users.contains(one.name.as_str()),
    });
    let findings: Vec<Finding> = supplied
        .map(|one| {
            let kind = if one.is_group { "group" } else { "user" };
            one.shown(Finding::note(format!(
                "the {kind} {} is a directory's",
                one.name
            )))
        })
        .collect();
    match findings.is_empty() {
        true => vec![Finding::fine(format!(
            "of {} names none is a directory's",
            named.len()
        ))],
        false => findings,
    }
}

fn not_known(why: &str) -> Finding {
    Finding::skipped(format!("nobody knows who is served: {why}")).at(paths::SNAPSHOT)
}

fn free(host: &Host) -> Vec<Finding> {
    let (served, local) = match (&host.served, &host.local) {
        (Ok(served), Ok(local)) => (served, local),
        (Err(why), _) => return vec![not_known(why)],
        (_, Err(error)) => {
            let says = format!("local accounts cannot be read: {error}");
            return vec![Finding::error(says).at(paths::PASSWD)];
        }
    };
    let readers: [&Reader; 4] = [&sudoers, &polkit, &sshd, &access];
    let named: Vec<Named> = readers
        .iter()
        .filter_map(|read| read(host).ok())
        .flatten()
        .collect();
    let exists = |one: &Named| match one.is_group {
        true => {
            local.group_names.contains(&one.name)
                || served
                    .groups
                    .iter()
                    .any(|group| group.group.name.as_str() == one.name)
        }
        false => {
            local.user_names.contains(&one.name)
                || served
                    .users
                    .iter()
                    .any(|user| user.account.name.as_str() == one.name)
        }
    };
    let findings: Vec<Finding> = named
        .iter()
        .filter(|one| reserved(&one.name).is_none() && !exists(one))
        .map(|one| {
            one.shown(Finding::warning(format!(
                "{} is nobody's, and could become a directory's",
                one.name
            )))
        })
        .collect();
    match findings.is_empty() {
        true => vec![Finding::fine(format!(
            "each of {} names is somebody's, or reserved",
            named.len()
        ))],
        false => findings,
    }
}

impl Named {
    fn shown(&self, finding: Finding) -> Finding {
        finding.at(&self.file).line(self.line).value(&self.text)
    }
}

/// The lines of a file and of those in a folder, without comments, with file and number.
fn lines(
    host: &Host,
    file: &str,
    folders: &[&str],
) -> Result<Vec<(String, usize, String)>, Finding> {
    let mut places = vec![file.to_owned()];
    for folder in folders {
        let names = host.names_in(folder).unwrap_or_default();
        places.extend(names.iter().map(|name| format!("{folder}/{name}")));
    }
    let mut found = Vec::new();
    for place in places.iter().filter(|place| !place.is_empty()) {
        match host.text(place) {
            Ok(text) => found.extend(
                text.lines()
                    .enumerate()
                    .map(|(at, line)| (place.clone(), at + 1, line.to_owned())),
            ),
            Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => {
                return Err(Finding::skipped("only root may read it").at(place));
            }
            Err(_) => {}
        }
    }
    Ok(found)
}

fn plain(name: &str) -> Option<String> {
    let name = name.trim_matches(|c| matches!(c, '"' | '\''));
    let is_name = !name.is_empty()
        && !name.starts_with(['#', '+', '-', '@'])
        && !name.contains(['*', '?', '/', '=', '!', '(']);
    (is_name
        && !name.eq_ignore_ascii_case("all")
        && !name.bytes().all(|c| c.is_ascii_uppercase() || c == b'_'))
    .then(|| name.to_owned())
}

/// `unix-group:NAME`, `isInGroup("NAME")`, `unix-user:NAME`, `user == "NAME"`.
fn polkit(host: &Host) -> Result<Vec<Named>, Finding> {
    let folders = [
        "/etc/polkit-1/rules.d",
        "/run/polkit-1/rules.d",
        "/usr/local/share/polkit-1/rules.d",
        "/usr/share/polkit-1/rules.d",
        "/etc/polkit-1/localauthority.conf.d",
    ];
    let marks = [
        ("unix-group:", true),
        ("isInGroup(", true),
        ("unix-user:", false),
        ("subject.user ==", false),
    ];
    let mut found = Vec::new();
    for (file, line, text) in lines(host, "", &folders)? {
        if text.trim_start().starts_with(['#', '/']) {
            continue;
        }
        for (mark, is_group) in marks {
            for rest in text.split(mark).skip(1) {
                let rest = rest.trim_start_matches(['=', ' ', '"', '\'']);
                let end = rest
                    .find(['"', '\'', ';', ')', ',', ' '])
                    .unwrap_or(rest.len());
                let name = rest.get(..end).and_then(plain);
                found.extend(name.map(|name| Named {
                    name,
                    is_group,
                    file: file.clone(),
                    line,
                    text: text.clone(),
                }));
            }
        }
    }
    Ok(found)
}

fn sshd(host: &Host) -> Result<Vec<Named>, Finding> {
    let mut found = Vec::new();
    for (file, line, text) in lines(host, "/etc/ssh/sshd_config", &["/etc/ssh/sshd_config.d"])? {
        let mut words = text
            .split([' ', '\t', '=', ','])
            .filter(|word| !word.is_empty())
            .peekable();
        let keyword = words.next().unwrap_or_default().to_ascii_lowercase();
        let mut kind = match keyword.as_str() {
            "allowusers" | "denyusers" => Some(false),
            "allowgroups" | "denygroups" => Some(true),
            "match" => None,
            _ => continue,
        };
        for word in words {
            match (keyword.as_str(), word.to_ascii_lowercase().as_str()) {
                ("match", "user") => kind = Some(false),
                ("match", "group") => kind = Some(true),
                (
                    "match",
                    "host" | "address" | "localaddress" | "localport" | "rdomain" | "all",
                ) => kind = None,
                _ => {
                    let name = plain(word.split('@').next().unwrap_or_default());
                    let named = kind.zip(name);
                    found.extend(named.map(|(is_group, name)| Named {
                        name,
                        is_group,
                        file: file.clone(),
                        line,
                        text: text.clone(),
                    }));
                }
            }
        }
    }
    Ok(found)
}

/// `permission : users : origins`, a group between parentheses; group.conf's fourth field, a group behind `%`.
fn access(host: &Host) -> Result<Vec<Named>, Finding> {
    let mut found = Vec::new();
    let mut add = |word: &str, is_group: bool, at: &(String, usize, String)| {
        let (file, line, text) = at.clone();
        found.extend(plain(word).map(|name| Named {
            name,
            is_group,
            file,
            line,
            text,
        }));
    };
    for at in lines(
        host,
        "/etc/security/access.conf",
        &["/etc/security/access.d"],
    )? {
        let mut fields = at.2.split(':').map(str::trim);
        if !matches!(fields.next(), Some("+" | "-")) {
            continue;
        }
        for word in fields.next().unwrap_or_default().split_whitespace() {
            match word
                .strip_prefix('(')
                .and_then(|word| word.strip_suffix(')'))
            {
                Some(group) => add(group, true, &at),
                None => add(word, false, &at),
            }
        }
    }
    for at in lines(host, "/etc/security/group.conf", &[])? {
        let fields: Vec<&str> = at.2.split(';').map(str::trim).collect();
        let ([_, _, users, _, _], false) = (fields.as_slice(), at.2.trim_start().starts_with('#'))
        else {
            continue;
        };
        for word in users.split(['|', '&']) {
            match word.trim().trim_start_matches('!').strip_prefix('%') {
                Some(group) => add(group, true, &at),
                None => add(word.trim(), false, &at),
            }
        }
    }
    Ok(found)
}
