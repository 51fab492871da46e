//! muster.toml(5), from the table of keys that also reads it.

use muster_common::config::keys::{Absent, EXAMPLE, KEYS, Key, SECTIONS, Section};
use muster_common::paths;

use crate::page::Page;

/// The page of the configuration.
pub(crate) fn page() -> Page {
    let mut page = Page::new("muster.toml", "5", "configuration of muster");
    page.heading("SYNOPSIS")
        .paragraph(&format!("`{}`", paths::CONFIG))
        .heading("DESCRIPTION")
        .paragraph(
            "Read by musterd(8) and, on its own account, by muster-publish(8); it is root's, and holds no secret. \
             Its format is TOML. Unknown keys are refused, and every problem is reported at once; `muster config check` \
             reads it without using it. Spans of time are a whole number and one of `s`, `m`, `h`, `d`, `w`.",
        )
        .paragraph(&format!(
            "Files called `*.toml` in `{}` are read behind it, in the byte order of their names; hidden files are not. \
             Sections are merged key by key, and of a key that several files say, a list too, the last word counts. \
             `[[directory]]` and `[[restricted]]` add up. A file that cannot be read or trusted, or has a problem, \
             refuses the whole. `muster config show` tells what counts, and which line says it.",
            paths::CONFIG_DROP_INS
        ))
        .heading("KEYS");
    for section in SECTIONS {
        describe(&mut page, section);
    }
    page.heading("EXAMPLE").typed(EXAMPLE);
    page.heading("FILES")
        .term(paths::CONFIG, "", "The configuration: root:root 0644.")
        .term(
            &format!("{}/*.toml", paths::CONFIG_DROP_INS),
            "",
            "Its drop-ins: root:root 0644.",
        )
        .term(
            "/etc/muster/secrets/",
            "",
            "Passwords and tokens, a file each: root:muster 0640 or stricter.",
        )
        .term(
            "/usr/share/doc/musterd/examples/",
            "",
            "A configuration for each kind of directory.",
        );
    page.see_also(&[("muster", "1"), ("musterd", "8"), ("muster-publish", "8")])
}

fn describe(page: &mut Page, section: &Section) {
    page.subheading(match section.header {
        "" => "Above all sections",
        header => header,
    });
    page.paragraph(&plain(section.says));
    for key in KEYS.iter().filter(|key| section_of(key) == section.path) {
        let name = key.path.rsplit('.').next().unwrap_or(key.path);
        page.term(name, "", &says(key));
    }
}

fn section_of(key: &Key) -> &'static str {
    key.path.rsplit_once('.').map_or("", |(section, _)| section)
}

fn says(key: &Key) -> String {
    let absent = match key.absent {
        Absent::Refused => "It has to be said.".to_owned(),
        Absent::Nothing(words) => format!("Left out: {words}."),
        Absent::Stands(value) => format!("Default: {value}."),
    };
    let kinds = match key.of {
        [] => String::new(),
        kinds => format!(" Only for the kind {}.", kinds.join(", ")),
    };
    plain(&format!(
        "{} {}.{kinds} {absent}",
        key.says,
        upper_first(key.wanted)
    ))
}

fn upper_first(text: &str) -> String {
    let mut letters = text.chars();
    letters
        .next()
        .map(|first| first.to_uppercase().chain(letters).collect())
        .unwrap_or_default()
}

/// Markdown's links as their text alone.
fn plain(text: &str) -> String {
    let mut parts = text.split("](");
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (_, behind) = part.split_once(')').unwrap_or(("", part));
        if let Some(at) = plain.rfind('[') {
            plain.remove(at);
        }
        plain.push_str(behind);
    }
    plain
}
