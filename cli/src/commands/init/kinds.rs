//! What each kind of directory is asked for. One table: a new kind is one more entry.

use crate::failure::Failure;
use crate::options::InitOptions;

/// A value of `[[directory]]`: its key, and how it is asked for.
pub struct Asked {
    /// The key in the configuration.
    pub key: &'static str,
    /// The option that says it.
    pub option: &'static str,
    /// The question.
    pub question: &'static str,
    /// What the option said.
    pub said: fn(&InitOptions) -> Option<&String>,
}

/// A kind of directory.
pub struct Kind {
    /// As the configuration calls it.
    pub name: &'static str,
    /// As people call it.
    pub title: &'static str,
    /// What has to be there on the server before.
    pub before: &'static str,
    /// What it is asked for beside its name, in the order of asking.
    pub asked: &'static [Asked],
    /// The key of the secret's file, and the question for the secret; `None`: it knows us without one.
    pub secret: Option<(&'static str, &'static str)>,
}

const fn url(question: &'static str) -> Asked {
    Asked {
        key: "url",
        option: "--url",
        question,
        said: |options| options.url.as_ref(),
    }
}

/// The kind that has no server.
pub const LOCAL: &str = "local";

/// Every kind that is asked for here; docs/directories.md has one more, which wants lists.
pub const KINDS: &[Kind] = &[
    Kind {
        name: "crowd",
        title: "Atlassian Crowd",
        before: "In Crowd's console, make an application for this host or kind of hosts: with the host's address among \
                 its remote addresses, with the directories whose people shall log in, and without a right to change anything.",
        asked: &[
            url("URL of Crowd, such as https://crowd.example.org/crowd"),
            Asked {
                key: "application",
                option: "--application",
                question: "Name of the application in Crowd",
                said: |options| options.application.as_ref(),
            },
        ],
        secret: Some(("password_file", "Password of the application: ")),
    },
    Kind {
        name: "fas",
        title: "Fedora Account System (FAS2)",
        before: "In FAS, make an account for this host or kind of hosts; SSH keys are shown to members of `thirdparty`.",
        asked: &[
            url("URL of FAS, such as https://admin.example.org/accounts/"),
            Asked {
                key: "user",
                option: "--user",
                question: "Name of the service account in FAS",
                said: |options| options.user.as_ref(),
            },
        ],
        secret: Some(("password_file", "Password of the service account: ")),
    },
    Kind {
        name: "gafaelfawr",
        title: "Gafaelfawr",
        before: "In Gafaelfawr, make a service token of a `bot-` user with the scope `admin:userinfo`.",
        asked: &[url("URL of Gafaelfawr, such as https://data.example.org")],
        secret: Some(("token_file", "Service token: ")),
    },
    Kind {
        name: LOCAL,
        title: "This host's own registry",
        before: "No server is wanted: `muster token register` makes the people of this host, and shows each token once.",
        asked: &[],
        secret: None,
    },
];

/// The kind called `name`.
pub fn named(name: &str) -> Result<&'static Kind, Failure> {
    let kind = KINDS.iter().find(|kind| kind.name == name);
    kind.ok_or_else(|| {
        let name = muster_common::text::safe(name, 64);
        Failure::Unsaid(format!(
            "no kind of directory is called {name:?}: there are {}",
            names()
        ))
    })
}

/// All names, as a text.
pub fn names() -> String {
    let names: Vec<_> = KINDS.iter().map(|kind| kind.name).collect();
    names.join(", ")
}
