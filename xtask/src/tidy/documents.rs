//! Rules about the documents: what they link to exists, and so do the tests that their tables name.

use super::sources::files;
use crate::program::{Failure, tree};
use std::fs;
use std::path::Path;

/// The least underscores that make a word in a table the name of a test.
const OF_A_TEST: usize = 4;

/// Links that lead nowhere, and tests that are not there.
pub(super) fn findings() -> Result<Vec<String>, Failure> {
    let root = tree();
    let sources = all_sources(&root)?;
    let mut findings = Vec::new();
    for file in files(&root, "md")? {
        let text = fs::read_to_string(&file).map_err(|error| Failure::at(&file, &error))?;
        let folder = file.parent().unwrap_or(&root);
        let name = file
            .strip_prefix(&root)
            .unwrap_or(&file)
            .display()
            .to_string();
        findings.extend(
            links(&text)
                .filter(|link| leads_nowhere(folder, link))
                .map(|link| format!("{name}: the link to {link} leads nowhere")),
        );
        findings.extend(
            tests(&text)
                .filter(|test| !sources.contains(&format!("fn {test}(")))
                .map(|test| format!("{name}: there is no test {test}")),
        );
    }
    Ok(findings)
}

fn all_sources(root: &Path) -> Result<String, Failure> {
    let files = files(root, "rs")?;
    let texts = files
        .iter()
        .map(|file| fs::read_to_string(file).map_err(|error| Failure::at(file, &error)));
    texts.collect()
}

/// The tests that tables name: words in backticks, long enough for a sentence.
fn tests(text: &str) -> impl Iterator<Item = &str> {
    let rows = text.lines().filter(|line| line.starts_with('|'));
    let words = rows.flat_map(|row| row.split('`').skip(1).step_by(2));
    words.filter(|word| {
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
        word.bytes().all(plain) && word.matches('_').count() >= OF_A_TEST
    })
}

/// The targets of Markdown's `[text](target)`.
fn links(text: &str) -> impl Iterator<Item = &str> {
    text.split("](")
        .skip(1)
        .filter_map(|rest| rest.split(')').next())
}

fn leads_nowhere(folder: &Path, link: &str) -> bool {
    let path = link.split('#').next().unwrap_or_default();
    !path.is_empty()
        && !path.contains("://")
        && !path.starts_with("mailto:")
        && !folder.join(path).exists()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_are_long_words_in_tables() {
        let text = "`not_in_a_table_at_all`\n| `a_test_of_a_kind`, `a_key` | `one_two_three_Four_five` |\n";
        assert_eq!(tests(text).collect::<Vec<_>>(), ["a_test_of_a_kind"]);
    }

    #[test]
    fn links_are_found_and_judged() {
        let text = "see [a](b.md), [c](https://example.org/) and [d](#part)";
        let dead: Vec<&str> = links(text)
            .filter(|link| leads_nowhere(Path::new("/nowhere"), link))
            .collect();
        assert_eq!(dead, ["b.md"]);
    }
}
