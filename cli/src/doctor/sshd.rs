//! Whether sshd asks PAM, by both ways, and leaves enough time.

use super::catalogue::Check;
use super::finding::Finding;
use super::host::Host;
use super::nsswitch::Line;

const FILE: &str = "/etc/ssh/sshd_config";
/// sshd's own value where nothing is said.
const GRACE: u64 = 120;

pub(super) const CHECKS: &[Check] = &[
    Check {
        name: "sshd-pam",
        examines: "sshd's UsePAM is yes",
        risk: "sshd checks passwords and accounts itself: nobody of a directory gets in by password, and whoever is refused gets in by key",
        repair: "set `UsePAM yes` in /etc/ssh/sshd_config",
        run: |host| is_yes(host, "UsePAM", "no", Finding::error),
    },
    Check {
        name: "sshd-dialogue",
        examines: "sshd's KbdInteractiveAuthentication is yes",
        risk: "people are not asked for one-time codes, and not told why they are refused",
        repair: "set `KbdInteractiveAuthentication yes` in /etc/ssh/sshd_config",
        run: |host| {
            is_yes(
                host,
                "KbdInteractiveAuthentication",
                "yes",
                Finding::warning,
            )
        },
    },
    Check {
        name: "sshd-grace",
        examines: "sshd's LoginGraceTime is longer than a login may take (`[login] timeout`, three tries)",
        risk: "sshd ends the connection while the directory is still asked",
        repair: "set LoginGraceTime in /etc/ssh/sshd_config to 120 or more",
        run: grace,
    },
    Check {
        name: "sshd-empty-passwords",
        examines: "sshd's PermitEmptyPasswords is no",
        risk: "whoever has an empty password logs in from anywhere",
        repair: "set `PermitEmptyPasswords no` in /etc/ssh/sshd_config",
        run: empty_passwords,
    },
    Check {
        name: "sshd-keys-command",
        examines: "an AuthorizedKeysCommand that is muster's is given the user's name and runs as a local user of its own",
        risk: "keys from the directory do not count, or are read with more rights than needed",
        repair: "set `AuthorizedKeysCommand /usr/bin/muster ssh-keys %u` and `AuthorizedKeysCommandUser muster-keys`",
        run: keys_command,
    },
];

/// The first value counts, but for those in a `Match` block, which are left out here.
fn setting(host: &Host, keyword: &str) -> Result<Option<(String, Line, String)>, Finding> {
    let text = host.text(FILE).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => Finding::skipped("there is no sshd").at(FILE),
        _ => Finding::skipped(format!("it cannot be read: {error}")).at(FILE),
    })?;
    Ok(first(host, FILE, &text, keyword, 0))
}

fn first(
    host: &Host,
    file: &str,
    text: &str,
    keyword: &str,
    depth: usize,
) -> Option<(String, Line, String)> {
    for (number, line) in text.lines().enumerate() {
        let said = line.split('#').next().unwrap_or_default().trim();
        let (word, value) = said.split_once([' ', '\t', '=']).unwrap_or((said, ""));
        let value = value.trim_matches([' ', '\t', '=', '"']);
        if word.eq_ignore_ascii_case("match") {
            return None;
        }
        if word.eq_ignore_ascii_case("include") && depth < 8 {
            let found = included(host, value).into_iter().find_map(|file| {
                let text = host.text(&file).ok()?;
                first(host, &file, &text, keyword, depth + 1)
            });
            if found.is_some() {
                return found;
            }
        }
        if word.eq_ignore_ascii_case(keyword) {
            let line = Line {
                number: number + 1,
                text: said.to_owned(),
            };
            return Some((file.to_owned(), line, value.to_owned()));
        }
    }
    None
}

/// Files of a pattern whose last part may have one `*`.
fn included(host: &Host, patterns: &str) -> Vec<String> {
    let mut found = Vec::new();
    for pattern in patterns.split_whitespace() {
        let pattern = match pattern.starts_with('/') {
            true => pattern.to_owned(),
            false => format!("/etc/ssh/{pattern}"),
        };
        let (folder, name) = pattern.rsplit_once('/').unwrap_or(("", &pattern));
        match name.split_once('*') {
            None => found.push(pattern.clone()),
            Some((start, end)) => {
                let names = host.names_in(folder).unwrap_or_default().into_iter();
                let fits = names.filter(|one| {
                    one.starts_with(start) && one.ends_with(end) && !one.starts_with('.')
                });
                found.extend(fits.map(|one| format!("{folder}/{one}")));
            }
        }
    }
    found
}

fn shown(finding: Finding, said: Option<&(String, Line, String)>) -> Finding {
    match said {
        Some((file, line, _)) => finding.at(file).line(line.number).value(&line.text),
        None => finding.at(FILE),
    }
}

fn is_yes(host: &Host, keyword: &str, unsaid: &str, wrong: fn(String) -> Finding) -> Vec<Finding> {
    let said = match setting(host, keyword) {
        Ok(said) => said,
        Err(finding) => return vec![finding],
    };
    let value = said
        .as_ref()
        .map_or(unsaid, |(_, _, value)| value)
        .to_ascii_lowercase();
    let finding = match value.as_str() {
        "yes" => Finding::fine(format!("{keyword} is yes")),
        value => wrong(format!("{keyword} is {value}")),
    };
    vec![shown(finding, said.as_ref())]
}

fn empty_passwords(host: &Host) -> Vec<Finding> {
    vec![match setting(host, "PermitEmptyPasswords") {
        Err(finding) => finding,
        Ok(said)
            if said
                .as_ref()
                .is_some_and(|(_, _, value)| value.eq_ignore_ascii_case("yes")) =>
        {
            shown(Finding::error("PermitEmptyPasswords is yes"), said.as_ref())
        }
        Ok(said) => shown(Finding::fine("empty passwords are refused"), said.as_ref()),
    }]
}

/// `120`, `2m`, `1h30m`; 0 is for ever.
fn seconds(text: &str) -> Option<u64> {
    let mut total = 0u64;
    let mut digits = String::new();
    for letter in text.chars() {
        if letter.is_ascii_digit() {
            digits.push(letter);
            continue;
        }
        let unit = match letter.to_ascii_lowercase() {
            's' => 1,
            'm' => 60,
            'h' => 3600,
            'd' => 86_400,
            _ => return None,
        };
        total = total.checked_add(digits.parse::<u64>().ok()?.checked_mul(unit)?)?;
        digits.clear();
    }
    match digits.as_str() {
        "" => Some(total),
        digits => total.checked_add(digits.parse().ok()?),
    }
}

fn grace(host: &Host) -> Vec<Finding> {
    let said = match setting(host, "LoginGraceTime") {
        Ok(said) => said,
        Err(finding) => return vec![finding],
    };
    let login = host
        .config
        .as_ref()
        .map_or(30, |config| config.login.timeout.as_secs());
    let wanted = login.saturating_mul(3);
    let given = said
        .as_ref()
        .map_or(Some(GRACE), |(_, _, value)| seconds(value));
    let finding = match given {
        Some(0) => Finding::fine("a login may take for ever"),
        Some(given) if given >= wanted => Finding::fine(format!(
            "a login may take {given} s; three tries take {wanted} s at most"
        )),
        Some(given) => Finding::warning(format!(
            "a login may take {given} s, and three tries may take {wanted} s"
        )),
        None => Finding::warning("LoginGraceTime is no time"),
    };
    vec![shown(finding, said.as_ref())]
}

fn keys_command(host: &Host) -> Vec<Finding> {
    let said = match setting(host, "AuthorizedKeysCommand") {
        Ok(said) => said.filter(|(_, _, value)| value.contains("muster")),
        Err(finding) => return vec![finding],
    };
    let Some((_, _, command)) = &said else {
        return vec![Finding::fine("sshd does not take keys from muster").at(FILE)];
    };
    let user = setting(host, "AuthorizedKeysCommandUser")
        .ok()
        .flatten()
        .map(|(_, _, user)| user);
    let finding = match user.as_deref() {
        _ if !command.contains("%u") => {
            Finding::error("the command is not given the user's name (%u)")
        }
        None => {
            Finding::error("there is no AuthorizedKeysCommandUser: sshd does not run the command")
        }
        Some("root") => Finding::warning("the command runs as root, which it need not"),
        Some(user) if host.local_user(user).is_none() => {
            Finding::error(format!("the user {user} is no local account"))
        }
        Some(user) => Finding::fine(format!("keys come from muster, as {user}")),
    };
    vec![shown(finding, said.as_ref())]
}
