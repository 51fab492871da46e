//! What `muster config show` says: every key, its value, and where that comes from.

use super::*;
use crate::config::files::Source;
use crate::config::show::{Shown, ShownSection, Standing, shown};

fn of(files: &[(&str, &str)]) -> Shown {
    let sources = files.iter().map(|(path, text)| Source {
        path: path.into(),
        text: (*text).to_owned(),
    });
    shown(sources.collect()).unwrap_or_else(|errors| panic!("{errors}"))
}

const EVERYTHING: &str = r#"
[access]
allow = ["group:corp/linux", "group:rubin/x"]
[access.service.sudo]
allow = []
[access.service."odd.name"]
deny = ["everyone"]
[access.host.web]
allow = ["group:corp/web"]
[[restricted]]
groups = ["group:corp/git"]
command = 'sh -c "a\b" {name}'
[override.user.ada]
uid = 5000
[[directory]]
name = "host"
kind = "local"
lock_after = 50
[[directory]]
name = "api"
kind = "apicrud"
url = "https://api.example.org/api/v1"
people = ["ada.l=u-8Zk3pQ1x"]
roles = ["admin=apicrud-admins"]
"#;

fn everything() -> Shown {
    let text = format!("{}{EVERYTHING}", without_access(keys::EXAMPLE_OF_SEVERAL));
    of(&[("a.toml", &text)])
}

fn without_access(text: &str) -> &str {
    text.split("[access]").next().unwrap()
}

#[test]
fn each_key_is_shown_with_the_line_that_said_it_last_or_as_a_default() {
    let main = with("[home]\nshell = \"/bin/zsh\"\n");
    let shown = of(&[
        ("muster.toml", &main),
        ("muster.d/1.toml", "\n[home]\nshell = \"/bin/sh\"\n"),
    ]);
    let text = shown.to_string();
    for line in [
        "# muster.toml",
        "# muster.d/1.toml",
        "version = 1  # muster.toml:1",
        "application = \"linux-hosts\"  # muster.toml:6",
        "shell = \"/bin/sh\"  # muster.d/1.toml:3",
        "path = \"/home/{name}\"  # default",
        "timeout = \"10s\"  # default",
        "# namespace is left out: the kind",
        "uid = \"uidNumber\"  # default",
        "allow = []  # default",
    ] {
        assert!(text.lines().any(|shown| shown == line), "{line}: {text}");
    }
    assert!(!text.contains("token_file"), "{text}");
}

#[test]
fn every_key_of_the_table_is_shown_somewhere() {
    let text = everything().to_string();
    for key in keys::KEYS {
        let name = key.path.rsplit('.').next().unwrap();
        let said = text.lines().any(|line| {
            line.starts_with(&format!("{name} = ")) || line.starts_with(&format!("# {name} is "))
        });
        assert!(said, "{}: {text}", key.path);
    }
}

/// All of it but where it was said.
fn meaning(shown: &Shown) -> Vec<String> {
    let of_section = |section: &ShownSection| {
        let settings = section.settings.iter().map(|setting| match &setting.value {
            Standing::Said { value, .. } | Standing::Default { value, .. } => {
                format!("{} = {value}", setting.name)
            }
            Standing::LeftOut(_) => setting.name.to_owned(),
        });
        format!("{} {:?}", section.header, settings.collect::<Vec<_>>())
    };
    shown.sections.iter().map(of_section).collect()
}

#[test]
fn what_is_shown_is_a_configuration_that_means_the_same() {
    let examples = [keys::EXAMPLE, keys::EXAMPLE_OF_SEVERAL, "version = 1\n"];
    let examples = examples.map(|text| of(&[("a.toml", text)]));
    for before in examples.into_iter().chain([everything()]) {
        let text = before.to_string();
        let after = of(&[("b.toml", &text)]);
        assert_eq!(meaning(&after), meaning(&before), "{text}");
    }
}

#[test]
fn a_configuration_with_problems_is_not_shown() {
    let source = Source {
        path: "a.toml".into(),
        text: "version = 2\n".to_owned(),
    };
    assert!(shown(vec![source]).is_err());
}
