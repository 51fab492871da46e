//! Rules about the text of Rust files.

use crate::program::{Failure, tree};
use std::fs;
use std::path::{Path, PathBuf};

/// The only files that may hold `unsafe`; whoever adds one says in its opening sentence what makes it sound.
const UNSAFE: &[&str] = &[
    // libc calls that std and rustix have no safe form of, usable inside every process
    "common/src/clock.rs",
    "common/src/snapshot/map.rs",
    "common/src/snapshot/open.rs",
    "common/src/wire/socket.rs",
    // taking over systemd's descriptors; giving memory back
    "daemon/src/heap.rs",
    "daemon/src/inherited.rs",
    // glibc's calling conventions: its pointers, its buffers, exported names; the mapping that they share
    "nss/src/caller.rs",
    "nss/src/current.rs",
    "nss/src/entry.rs",
    "nss/src/group.rs",
    "nss/src/initgroups.rs",
    "nss/src/listing.rs",
    "nss/src/page.rs",
    "nss/src/passwd.rs",
    "nss/src/seat.rs",
    "nss/src/shadow.rs",
    // libpam's calls that pamsm lacks
    "pam/src/libpam.rs",
    // tests that call what they test as C does
    "common/src/snapshot/tests.rs",
    "nss/src/tests.rs",
    "nss/src/tests/answers.rs",
    "nss/src/tests/replacement.rs",
    "nss/tests/loaded.rs",
    "nss/tests/torn.rs",
    "pam/tests/libpam/mod.rs",
];

/// Left-overs that must not be committed; split, so that this file does not accuse itself.
const FORBIDDEN: &[&str] = &[
    concat!("to", "do!("),
    concat!("un", "implemented!("),
    concat!("db", "g!("),
    concat!("FIX", "ME"),
    concat!("XX", "X:"),
];

/// What is wrong with the Rust files of the tree.
pub(super) fn findings() -> Result<Vec<String>, Failure> {
    let root = tree();
    let mut findings = Vec::new();
    for file in files(&root, "rs")? {
        let text = fs::read_to_string(&file).map_err(|error| Failure::at(&file, &error))?;
        let name = file
            .strip_prefix(&root)
            .unwrap_or(&file)
            .to_string_lossy()
            .into_owned();
        findings.extend(of_one(&name, &text));
    }
    Ok(findings)
}

/// All files of the source tree with this extension, in order.
pub(super) fn files(root: &Path, extension: &str) -> Result<Vec<PathBuf>, Failure> {
    let mut found = Vec::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        let entries = fs::read_dir(&folder).map_err(|error| Failure::at(&folder, &error))?;
        for path in entries.filter_map(|entry| entry.ok().map(|entry| entry.path())) {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if path.is_dir() && !name.starts_with('.') && !name.starts_with("target") {
                folders.push(path);
            } else if path.extension().is_some_and(|have| have == extension) {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

fn of_one(name: &str, text: &str) -> Vec<String> {
    let mut findings = Vec::new();
    if !text.starts_with("//!") {
        findings.push(format!(
            "{name}:1: does not open with a //! sentence that says what it is for"
        ));
    }
    for (line, number) in text.lines().zip(1..) {
        if let Some(word) = FORBIDDEN.iter().find(|word| line.contains(**word)) {
            findings.push(format!("{name}:{number}: {word} must not be committed"));
        }
        if is_unsafe(line) && !UNSAFE.contains(&name) {
            findings.push(format!(
                "{name}:{number}: unsafe outside the files that may hold it"
            ));
        }
    }
    findings
}

/// Whether code, not a comment, a string or an attribute's list of lints, has the keyword.
fn is_unsafe(line: &str) -> bool {
    let code = line.split("//").next().unwrap_or_default();
    [
        concat!("un", "safe {"),
        concat!("un", "safe fn"),
        concat!("un", "safe impl"),
        concat!("un", "safe extern"),
        concat!("#[un", "safe("),
    ]
    .iter()
    .any(|form| code.contains(form))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_without_an_opening_sentence_is_found() {
        assert_eq!(of_one("a.rs", "fn main() {}\n").len(), 1);
        assert_eq!(of_one("a.rs", "//! Says why.\nfn main() {}\n").len(), 0);
    }

    #[test]
    fn unsafe_outside_the_list_is_found_but_not_in_comments() {
        let text = concat!("//! x\nun", "safe { f() }\n// un", "safe { f() }\n");
        assert_eq!(
            of_one("a.rs", text),
            ["a.rs:2: unsafe outside the files that may hold it"]
        );
    }

    #[test]
    fn left_overs_are_found() {
        assert_eq!(of_one("a.rs", concat!("//! x\nto", "do!()\n")).len(), 1);
    }
}
