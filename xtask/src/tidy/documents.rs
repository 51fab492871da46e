//! Rules about the documents: what they link to exists.

use super::sources::files;
use crate::program::{Failure, tree};
use std::fs;
use std::path::Path;

/// Links that lead nowhere.
pub(super) fn findings() -> Result<Vec<String>, Failure> {
    let root = tree();
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
    }
    Ok(findings)
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
    fn links_are_found_and_judged() {
        let text = "see [a](b.md), [c](https://example.org/) and [d](#part)";
        let dead: Vec<&str> = links(text)
            .filter(|link| leads_nowhere(Path::new("/nowhere"), link))
            .collect();
        assert_eq!(dead, ["b.md"]);
    }
}
