//! Where people live and what they run: what the directory says, where this host allows it; else root's templates.

use muster_common::config::{Config, DirectoryConfig};
use muster_common::directory::Person;
use muster_common::local::LocalFiles;
use muster_common::name::UserName;
use muster_common::snapshot::neighbours::{in_anothers_home, is_home};
use muster_common::text;

use super::{SHOWN_MAX, Work};

impl Work<'_> {
    /// The home that the service gives, if this host allows it; else by the template.
    pub(super) fn home(
        &mut self,
        directory: &DirectoryConfig,
        name: &UserName,
        person: &Person,
    ) -> String {
        let Some(said) = &person.home else {
            return self.config.home.path_of(&directory.name, name);
        };
        let prefix = format!("{}/", self.config.home.folder_of(&directory.name));
        let local = self.local;
        // What the publisher would refuse the whole person for.
        let allowed = |home: &String| {
            let below = home.strip_prefix(&prefix).unwrap_or_default();
            let local = local.user_names.contains(below) || local.homes.contains(home);
            is_home(below) && !local
        };
        if allowed(said) {
            return said.clone();
        }
        let home = text::safe(said, SHOWN_MAX);
        self.problem(format!("user {name}: the service's home {home:?} is not one plain folder below {prefix}, or a local user's; the template's is used"));
        self.config.home.path_of(&directory.name, name)
    }

    /// The shell that the service gives, if this host has it; else the configured one.
    pub(super) fn shell(
        &mut self,
        directory: &DirectoryConfig,
        name: &UserName,
        person: &Person,
    ) -> String {
        shell(self.config, self.local, directory, person).unwrap_or_else(|said| {
            let said = text::safe(said, SHOWN_MAX);
            self.problem(format!("user {name}: the service's shell {said:?} is not in /etc/shells; the configured one is used"));
            self.config.home.shell_of(&directory.name)
        })
    }

    /// Takes homes back that the service has given to one person and that another has, too.
    pub(super) fn settle_homes(&mut self) {
        for at in in_anothers_home(&self.content.users, &self.config.overrides) {
            let Some(record) = self.content.users.get_mut(at) else {
                continue;
            };
            let directory = self.config.directories.get(usize::from(record.directory));
            let Some(directory) = directory else {
                continue;
            };
            let account = &mut record.account;
            let own = self.config.home.path_of(&directory.name, &account.name);
            let said = std::mem::replace(&mut account.home, own);
            let said = text::safe(&said, SHOWN_MAX);
            self.problems.push(format!(
                "user {}: the service's home {said:?} is another person's, too; the template's is used",
                account.name
            ));
        }
    }
}

/// The shell that the service gives, or the configured one where it gives none; the one that it
/// gives as an error where this host does not have it.
pub(super) fn shell<'a>(
    config: &Config,
    local: &LocalFiles,
    directory: &DirectoryConfig,
    person: &'a Person,
) -> Result<String, &'a str> {
    match &person.shell {
        Some(said) if local.allows_shell(said) => Ok(said.clone()),
        Some(said) => Err(said),
        None => Ok(config.home.shell_of(&directory.name)),
    }
}
