//! sudoers(5), as far as it says who: the users of rules and of aliases, over continued lines, in included files.

use super::{Named, plain};
use crate::doctor::finding::Finding;
use crate::doctor::host::Host;

const FILE: &str = "/etc/sudoers";
/// sudo follows no more files that include each other.
const DEPTH_MAX: usize = 128;
/// No host's sudoers is of more files.
const FILES_MAX: usize = 4096;

/// A line with those that continue it.
struct Entry {
    file: String,
    /// The number of its first line; the first is 1.
    line: usize,
    text: String,
}

/// Every name of a user or a group in sudoers.
pub(super) fn sudoers(host: &Host) -> Result<Vec<Named>, Finding> {
    let mut entries = Vec::new();
    read(host, FILE, 0, &mut FILES_MAX.clone(), &mut entries)?;
    Ok(entries.iter().flat_map(named).collect())
}

/// Adds the entries of a file, and of what it includes in their place.
fn read(
    host: &Host,
    file: &str,
    depth: usize,
    files_left: &mut usize,
    entries: &mut Vec<Entry>,
) -> Result<(), Finding> {
    let text = match host.text(file) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => {
            return Err(Finding::skipped("only root may read it").at(file));
        }
        Err(_) => return Ok(()),
    };
    for entry in whole_lines(file, &text) {
        let included = included(host, &entry);
        if included.is_empty() {
            entries.push(entry);
        }
        for file in included {
            if depth < DEPTH_MAX && *files_left > 0 {
                *files_left -= 1;
                read(host, &file, depth + 1, files_left, entries)?;
            }
        }
    }
    Ok(())
}

/// The lines without those that are empty or comments; `\` at the end of one joins the next.
fn whole_lines(file: &str, text: &str) -> Vec<Entry> {
    let mut found: Vec<Entry> = Vec::new();
    let mut continues = false;
    for (at, line) in text.lines().enumerate() {
        let (said, goes_on) = match line.strip_suffix('\\') {
            Some(said) => (said, true),
            None => (line, false),
        };
        match found.last_mut().filter(|_| continues) {
            Some(entry) => {
                entry.text.push(' ');
                entry.text.push_str(said.trim());
            }
            None => found.push(Entry {
                file: file.to_owned(),
                line: at + 1,
                text: said.trim().to_owned(),
            }),
        }
        continues = goes_on;
    }
    found.retain(|entry| !entry.text.is_empty() && !is_comment(&entry.text));
    found
}

/// `#` begins a comment but in `#include`, `#includedir` and, before digits, an id.
fn is_comment(text: &str) -> bool {
    let rest = text.strip_prefix('#');
    rest.is_some_and(|rest| {
        !rest.starts_with("include") && !rest.starts_with(|c: char| c.is_ascii_digit())
    })
}

/// The files that an entry includes.
fn included(host: &Host, entry: &Entry) -> Vec<String> {
    let said = entry.text.trim_start_matches(['@', '#']);
    if said.len() == entry.text.len() {
        return Vec::new();
    }
    let (what, path) = said.split_once(char::is_whitespace).unwrap_or((said, ""));
    let path = path.trim().trim_matches('"').replace("\\ ", " ");
    let path = match path.starts_with('/') {
        true => path,
        false => {
            let folder = entry.file.rsplit_once('/').map_or("", |(folder, _)| folder);
            format!("{folder}/{path}")
        }
    };
    match what {
        "include" => vec![path],
        "includedir" => {
            let path = path.trim_end_matches('/');
            let names = host.names_in(path).unwrap_or_default().into_iter();
            // What editors and package managers leave behind.
            let read = names.filter(|name| !name.ends_with('~') && !name.contains('.'));
            read.map(|name| format!("{path}/{name}")).collect()
        }
        _ => Vec::new(),
    }
}

/// The users that an entry names: those before the hosts of a rule, or behind the name of an alias.
fn named(entry: &Entry) -> Vec<Named> {
    let said = without_comment(&entry.text);
    let lists = match said.strip_prefix("User_Alias") {
        // Several aliases stand in one line, with `:` between them.
        Some(aliases) => aliases
            .split(':')
            .filter_map(|one| Some(one.split_once('=')?.1))
            .collect(),
        None if said.starts_with("Defaults") || said.starts_with(['@', '#']) => Vec::new(),
        None if is_other_alias(said) => Vec::new(),
        None => vec![users_of_rule(said)],
    };
    let words = lists.into_iter().flat_map(|list| list.split(','));
    words.filter_map(|word| name(entry, word.trim())).collect()
}

fn without_comment(text: &str) -> &str {
    let comment = text.match_indices(" #").find(|(at, _)| {
        let behind = text.get(at + 2..).unwrap_or_default();
        !behind.starts_with(|c: char| c.is_ascii_digit())
    });
    comment.map_or(text, |(at, _)| text.get(..at).unwrap_or(text))
}

fn is_other_alias(said: &str) -> bool {
    let others = ["Runas_Alias", "Host_Alias", "Cmnd_Alias", "Cmd_Alias"];
    others.iter().any(|other| said.starts_with(other))
}

/// The first list of a rule, which ends at white space without a comma beside it; a name may stand in quotes.
fn users_of_rule(said: &str) -> &str {
    let (mut quoted, mut escaped, mut after_comma) = (false, false, true);
    for (at, letter) in said.char_indices() {
        let is_space = letter.is_whitespace() && !quoted && !escaped;
        let goes_on = after_comma
            || said
                .get(at..)
                .is_some_and(|rest| rest.trim_start().starts_with(','));
        if is_space && !goes_on {
            return said.get(..at).unwrap_or(said);
        }
        quoted ^= letter == '"' && !escaped;
        escaped = letter == '\\' && !escaped;
        // `! ada` is one word.
        after_comma = (is_space && after_comma) || matches!(letter, ',' | '!');
    }
    said
}

fn name(entry: &Entry, word: &str) -> Option<Named> {
    let word = word.trim_start_matches(['!', ' ', '"']).replace('\\', "");
    let is_group = word.starts_with('%');
    let name = plain(word.trim_start_matches(['%', ':']).trim_start_matches('"'))?;
    Some(Named {
        name,
        is_group,
        file: entry.file.clone(),
        line: entry.line,
        text: entry.text.clone(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The names that the text of a file says, groups with `%`.
    fn names(text: &str) -> Vec<String> {
        let entries = whole_lines("/etc/sudoers", text);
        let all = entries.iter().flat_map(named);
        all.map(|one| match one.is_group {
            true => format!("%{}", one.name),
            false => one.name,
        })
        .collect()
    }

    #[test]
    fn the_users_of_a_rule_are_read_however_it_is_spaced() {
        for (text, wanted) in [
            ("ada ALL=(ALL:ALL) ALL", vec!["ada"]),
            ("ada ALL = NOPASSWD: ALL", vec!["ada"]),
            ("ada\tALL=ALL", vec!["ada"]),
            ("ada, grace one , two = ALL", vec!["ada", "grace"]),
            ("ada ,grace ALL=ALL", vec!["ada", "grace"]),
            ("!ada, %engineers ALL=ALL", vec!["ada", "%engineers"]),
            ("\"%domain users\" ALL=ALL", vec!["%domain users"]),
            ("%domain\\ users ALL=ALL", vec!["%domain users"]),
            ("ada ALL=(root) /bin/a, /bin/b # grace ALL=ALL", vec!["ada"]),
            ("ADMINS ALL=ALL", vec![]),
        ] {
            assert_eq!(names(text), wanted, "{text}");
        }
    }

    #[test]
    fn aliases_are_read_over_continued_lines_and_others_are_not() {
        let text = "User_Alias OPS = eve, \\\n  ada : DEV = grace\nHost_Alias HERE = ada\nDefaults:grace !lecture\n";
        assert_eq!(names(text), ["eve", "ada", "grace"]);
    }

    #[test]
    fn what_is_no_rule_names_nobody() {
        assert!(names("# ada ALL=ALL\n\n#ada ALL=ALL\n@includedir /etc/sudoers.d\n").is_empty());
        assert!(names("#1000 ALL=ALL\n").is_empty());
    }
}
