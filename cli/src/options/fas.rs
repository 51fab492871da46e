//! What can be asked of a FAS directory.

use clap::{Args, Subcommand, ValueEnum};

/// A question, and which directory it is for.
#[derive(Debug, Args)]
pub struct FasCommand {
    /// The directory, where there are several of this kind
    #[arg(long, value_name = "NAME", global = true)]
    pub directory: Option<String>,
    /// The question
    #[command(subcommand)]
    pub question: FasQuestion,
}

/// A question; python-fedora's names.
#[derive(Debug, Subcommand)]
pub enum FasQuestion {
    /// A person by exact name, active or not
    PersonByUsername {
        /// The name
        name: String,
    },
    /// A person by id, active or not
    PersonById {
        /// The id
        id: u32,
    },
    /// People whose names match a pattern, in which `*` stands for any text
    PeopleByKey {
        /// The pattern
        #[arg(default_value = "*")]
        search: String,
        /// What tells people apart in the answer
        #[arg(long, value_enum, default_value_t = PeopleKey::Username)]
        key: PeopleKey,
        /// What to say of each: `email`, `status` …; without it everything
        #[arg(long, value_name = "FIELD")]
        field: Vec<String>,
    },
    /// A group's approved members with ids and addresses
    PeopleByGroupname {
        /// The group
        group: String,
    },
    /// Rows of people and their places in groups
    PeopleQuery {
        /// What to show: `id,username,role_status` …
        columns: String,
        /// What to look for: `group=sysadmin-main`, with `_` and `%` as in SQL's LIKE
        #[arg(value_name = "COLUMN=PATTERN")]
        constraints: Vec<String>,
    },
    /// A group by exact name, with its members' and applicants' roles
    GroupByName {
        /// The name
        name: String,
    },
    /// A group by id, with its members' and applicants' roles
    GroupById {
        /// The id
        id: u32,
    },
    /// A group's approved members
    GroupMembers {
        /// The group
        group: String,
    },
    /// Groups whose names match a pattern, in which `*` stands for any text
    GroupList {
        /// The pattern
        #[arg(default_value = "*")]
        search: String,
        /// With the members' ids
        #[arg(long)]
        with_members: bool,
    },
    /// Every group with its people by id, as hosts read it
    GroupData {
        /// Past the server's cache of 15 minutes
        #[arg(long)]
        force_refresh: bool,
    },
    /// Everybody who is active, as hosts read them
    UserData,
    /// Everybody's name by id
    UserId,
    /// One setting that an application keeps for a person
    GetConfig {
        /// The person
        person: String,
        /// The application
        application: String,
        /// The setting
        attribute: String,
    },
    /// The settings that an application keeps for a person
    GetConfigsLike {
        /// The person
        person: String,
        /// The application
        application: String,
        /// The pattern, in which `*` stands for any text
        #[arg(default_value = "*")]
        pattern: String,
    },
    /// Where a person's picture is
    AvatarUrl {
        /// The person
        name: String,
        /// Who has it
        #[arg(long, value_enum, default_value_t = PictureService::Libravatar)]
        service: PictureService,
    },
}

/// What tells people apart in an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PeopleKey {
    /// The id
    Id,
    /// The name
    Username,
    /// The address
    Email,
}

/// Who has pictures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PictureService {
    /// libravatar.org, by the person's OpenID at Fedora
    Libravatar,
    /// gravatar.com, by the person's address
    Gravatar,
    /// gravatar.com, by the person's alias at fedoraproject.org
    GravatarAlias,
}
