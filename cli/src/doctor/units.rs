//! What locks a unit up, and whether the files of a host say less of it than the file that was shipped.

use std::collections::BTreeSet;

/// What a unit says besides, and an administrator may change.
const NO_LOCKS: [&str; 14] = [
    "Type",
    "ExecStart",
    "Sockets",
    "Group",
    "WatchdogSec",
    "Restart",
    "RestartSec",
    "RestartPreventExitStatus",
    "StateDirectory",
    "StateDirectoryMode",
    "LoadCredentialEncrypted",
    "LoadCredential",
    "Nice",
    "SystemCallErrorNumber",
];
/// Lists, to which each line adds: what they name is allowed, or behind `~` denied.
const LISTS: [&str; 5] = [
    "RestrictAddressFamilies",
    "SystemCallFilter",
    "ReadWritePaths",
    "BindPaths",
    "DeviceAllow",
];
/// Lists of what is denied.
const DENYING: [&str; 2] = ["InaccessiblePaths", "IPAddressDeny"];
/// What opens a unit even where the shipped one says nothing about it.
const OPENING: [&str; 3] = ["ReadWritePaths", "BindPaths", "DeviceAllow"];

/// A setting that locks less up than it was shipped with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Loosened {
    /// The setting.
    pub(super) key: String,
    /// Its value as it was shipped.
    pub(super) wanted: String,
    /// File, line and value of what counts instead; none: nothing says it.
    pub(super) last: Option<(String, usize, String)>,
}

/// A line of the section `[Service]`.
struct Said<'a> {
    place: &'a str,
    line: usize,
    key: &'a str,
    value: &'a str,
}

/// What `files` (their places and texts, those that count more behind) say less than `shipped`.
pub(super) fn loosened(shipped: &str, files: Vec<(&str, &str)>) -> Vec<Loosened> {
    let shipped = service("", shipped);
    let installed: Vec<Said<'_>> = files
        .into_iter()
        .flat_map(|(place, text)| service(place, text))
        .collect();
    let mut keys: Vec<&str> = shipped.iter().map(|said| said.key).collect();
    keys.extend(OPENING);
    keys.retain(|key| !NO_LOCKS.contains(key));
    let mut seen = BTreeSet::new();
    keys.retain(|key| seen.insert(*key));
    let wanting = keys.into_iter().filter(|key| {
        let (wanted, have) = (values(&shipped, key), values(&installed, key));
        !is_kept(key, &wanted, &have)
    });
    wanting
        .map(|key| Loosened {
            key: key.to_owned(),
            wanted: values(&shipped, key).join(" "),
            last: installed
                .iter()
                .rfind(|said| said.key == key)
                .map(|said| (said.place.to_owned(), said.line, said.value.to_owned())),
        })
        .collect()
}

fn service<'a>(place: &'a str, text: &'a str) -> Vec<Said<'a>> {
    let mut inside = false;
    let mut found = Vec::new();
    for (at, line) in text.lines().map(str::trim).enumerate() {
        if line.starts_with('[') {
            inside = line == "[Service]";
        } else if let (true, Some((key, value))) = (inside, line.split_once('=')) {
            found.push(Said {
                place,
                line: at + 1,
                key: key.trim(),
                value: value.trim(),
            });
        }
    }
    // A comment is no setting.
    found.retain(|said| !said.key.starts_with(['#', ';']));
    found
}

/// All values of a key from the last empty one on, which takes back what was said before.
fn values<'a>(said: &[Said<'a>], key: &str) -> Vec<&'a str> {
    let all: Vec<&str> = said
        .iter()
        .filter(|one| one.key == key)
        .map(|one| one.value)
        .collect();
    let from = all.iter().rposition(|value| value.is_empty()).unwrap_or(0);
    all.into_iter().skip(from).collect()
}

fn is_kept(key: &str, wanted: &[&str], have: &[&str]) -> bool {
    if DENYING.contains(&key) {
        let denied = |values: &[&str]| words(values, |_| true);
        return denied(wanted).is_subset(&denied(have));
    }
    if LISTS.contains(&key) {
        let allowed = |values: &[&str]| words(values, |value| !value.starts_with('~'));
        let denied = |values: &[&str]| words(values, |value| value.starts_with('~'));
        // A list of what is allowed that is empty allows all.
        let is_open = allowed(have).is_empty() && !allowed(wanted).is_empty();
        return !is_open
            && allowed(have).is_subset(&allowed(wanted))
            && denied(wanted).is_subset(&denied(have));
    }
    match (wanted, have) {
        ([.., wanted], [.., have]) => same(wanted, have),
        (wanted, _) => wanted.is_empty(),
    }
}

fn words(values: &[&str], counts: impl Fn(&str) -> bool) -> BTreeSet<String> {
    let values = values.iter().filter(|value| counts(value));
    values
        .flat_map(|value| value.trim_start_matches('~').split_whitespace())
        // `-` before a path: it need not be there.
        .map(|word| word.trim_start_matches('-').to_owned())
        .collect()
}

fn same(wanted: &str, have: &str) -> bool {
    let yes = ["yes", "true", "on", "1"];
    wanted == have || (wanted == "yes" && yes.contains(&have.to_ascii_lowercase().as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHIPPED: &str = "[Unit]\nType=x\n[Service]\n# User=root\nUser=muster\nNoNewPrivileges=yes\nNice=-10\n\
        CapabilityBoundingSet=\nRestrictAddressFamilies=AF_UNIX AF_INET\nSystemCallFilter=@system-service\n\
        SystemCallFilter=~@privileged @resources\nInaccessiblePaths=-/a -/b\n";

    /// The settings that this drop-in takes something from.
    fn by(drop_in: &str) -> Vec<String> {
        let drop_in = format!("[Service]\n{drop_in}\n");
        let files = vec![("unit", SHIPPED), ("drop-in", drop_in.as_str())];
        let found = loosened(SHIPPED, files);
        found.into_iter().map(|one| one.key).collect()
    }

    #[test]
    fn whatever_a_drop_in_opens_is_found() {
        for (drop_in, key) in [
            ("User=root", "User"),
            ("NoNewPrivileges=no", "NoNewPrivileges"),
            (
                "CapabilityBoundingSet=CAP_SYS_ADMIN",
                "CapabilityBoundingSet",
            ),
            (
                "RestrictAddressFamilies=AF_NETLINK",
                "RestrictAddressFamilies",
            ),
            ("RestrictAddressFamilies=", "RestrictAddressFamilies"),
            ("SystemCallFilter=mount", "SystemCallFilter"),
            (
                "SystemCallFilter=\nSystemCallFilter=@system-service",
                "SystemCallFilter",
            ),
            (
                "InaccessiblePaths=\nInaccessiblePaths=/a",
                "InaccessiblePaths",
            ),
            ("ReadWritePaths=/", "ReadWritePaths"),
        ] {
            assert_eq!(by(drop_in), [key], "{drop_in}");
        }
    }

    #[test]
    fn what_locks_more_up_or_nothing_at_all_is_an_administrators_own_affair() {
        for drop_in in [
            "Nice=0\nWatchdogSec=90",
            "NoNewPrivileges=true",
            "SystemCallFilter=~@mount",
            "RestrictAddressFamilies=\nRestrictAddressFamilies=AF_UNIX",
            "InaccessiblePaths=/c",
            "PrivateUsers=yes\nEnvironment=A=B",
        ] {
            assert_eq!(by(drop_in), Vec::<String>::new(), "{drop_in}");
        }
    }

    #[test]
    fn what_stands_in_another_section_or_a_comment_says_nothing() {
        let elsewhere = SHIPPED.replace("User=muster", "");
        let files = vec![
            ("unit", elsewhere.as_str()),
            ("drop-in", "[Install]\nUser=muster\n"),
        ];
        let found = loosened(SHIPPED, files);
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(
            (found[0].key.as_str(), found[0].last.clone()),
            ("User", None)
        );
    }
}
