//! What each kind of directory is asked for. One table: a new kind is one more entry.

use crate::failure::Failure;
use crate::options::InitOptions;

/// A value of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// One text.
    Text(String),
    /// Texts; never none.
    List(Vec<String>),
}

/// What an answer has to be.
pub enum Wants {
    /// A text.
    Text,
    /// A text, or in its place what another key wants.
    TextOr(&'static Asked),
    /// Words, at least one.
    Words,
    /// Words or none.
    AnyWords,
    /// Words or none, where the value of this key was said.
    AnyWordsWith(&'static str),
}

/// A value of `[[directory]]`: its key, and how it is asked for.
pub struct Asked {
    /// The key in the configuration.
    pub key: &'static str,
    /// The option that says it.
    pub option: &'static str,
    /// The question.
    pub question: &'static str,
    /// What is wanted.
    pub wants: Wants,
    /// What the option said.
    pub said: fn(&InitOptions) -> Option<Value>,
}

impl Asked {
    /// This one, and the one in its place.
    pub fn with_its_like(&'static self) -> impl Iterator<Item = &'static Self> {
        let other = match self.wants {
            Wants::TextOr(other) => Some(other),
            _ => None,
        };
        std::iter::once(self).chain(other)
    }
}

fn text(said: Option<&String>) -> Option<Value> {
    said.cloned().map(Value::Text)
}

fn list(said: &[String]) -> Option<Value> {
    (!said.is_empty()).then(|| Value::List(said.to_vec()))
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
        wants: Wants::Text,
        said: |options| text(options.url.as_ref()),
    }
}

/// The kind that has no server.
pub const LOCAL: &str = "local";

const REPERTOIRE: Asked = Asked {
    key: "repertoire",
    option: "--repertoire",
    question: "URL of the Repertoire that knows where it is, such as https://data.example.org/repertoire",
    wants: Wants::Text,
    said: |options| text(options.repertoire.as_ref()),
};

/// Every kind.
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
                wants: Wants::Text,
                said: |options| text(options.application.as_ref()),
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
                wants: Wants::Text,
                said: |options| text(options.user.as_ref()),
            },
        ],
        secret: Some(("password_file", "Password of the service account: ")),
    },
    Kind {
        name: "gafaelfawr",
        title: "Gafaelfawr",
        before: "In Gafaelfawr, make a service token of a `bot-` user with the scope `admin:userinfo`.",
        asked: &[
            Asked {
                wants: Wants::TextOr(&REPERTOIRE),
                ..url(
                    "URL of Gafaelfawr, such as https://data.example.org (empty: a Repertoire knows it)",
                )
            },
            Asked {
                key: "repertoire_allow",
                option: "--repertoire-allow",
                question: "Hosts where it may say that Gafaelfawr is, beside its own (empty: none)",
                wants: Wants::AnyWordsWith("repertoire"),
                said: |options| list(&options.repertoire_allow),
            },
        ],
        secret: Some(("token_file", "Service token: ")),
    },
    Kind {
        name: "apicrud",
        title: "apicrud",
        before: "apicrud wants no account for this host, and lists people to nobody: have the id of each at hand \
                 (`uid` in its administrators' list of accounts).",
        asked: &[
            url("URL of apicrud, such as https://api.example.org/api/v1"),
            Asked {
                key: "people",
                option: "--person",
                question: "Who is known on this host, such as ada.l=u-8Zk3pQ1x",
                wants: Wants::Words,
                said: |options| list(&options.person),
            },
            Asked {
                key: "roles",
                option: "--role",
                question: "Which role makes a member of which group, such as admin=apicrud-admins (empty: none)",
                wants: Wants::AnyWords,
                said: |options| list(&options.role),
            },
        ],
        secret: None,
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
