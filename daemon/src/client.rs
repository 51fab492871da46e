//! The client of one directory, made anew when our own secret for it has changed: a
//! rotated password or token counts without a restart. One place for all kinds.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use muster_common::clock::Clock;
use muster_common::config::{DirectoryConfig, SecretStamp, secret_stamp};
use muster_common::directory::Directory;

use crate::connect::connect;
use crate::start::StartError;

/// How often the secret's file is looked at while nothing is wrong.
const LOOK_EVERY: Duration = Duration::from_secs(10);

/// Makes the client of a directory.
type Connect = fn(&DirectoryConfig) -> Result<Arc<dyn Directory>, StartError>;

/// What is used now, and what it was made from.
struct Current {
    directory: Arc<dyn Directory>,
    /// The secret's file as it was before it was read; `None` if it could not be looked at.
    stamp: Option<SecretStamp>,
    /// When it is looked at next, by the boot clock.
    look: Duration,
}

/// A directory's client.
pub struct Client {
    current: Mutex<Current>,
    clock: Arc<dyn Clock>,
    /// Nothing for a client that stays as it is.
    made_by: Option<(Box<DirectoryConfig>, Connect)>,
}

impl Client {
    /// The client of `directory`; nothing is sent.
    pub fn of(directory: &DirectoryConfig, clock: Arc<dyn Clock>) -> Result<Self, StartError> {
        Self::by(connect, directory, clock)
    }

    fn by(
        connect: Connect,
        config: &DirectoryConfig,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, StartError> {
        // Looked at before it is read: what changes in between is seen the next time.
        let stamp = stamp_of(config);
        let current = Current {
            directory: connect(config)?,
            stamp,
            look: clock.since_boot().saturating_add(LOOK_EVERY),
        };
        Ok(Self {
            current: Mutex::new(current),
            clock,
            made_by: Some((Box::new(config.clone()), connect)),
        })
    }

    /// A client that stays as it is.
    #[cfg(test)]
    pub fn fixed(directory: Arc<dyn Directory>, clock: Arc<dyn Clock>) -> Self {
        let current = Current {
            directory,
            stamp: None,
            look: Duration::MAX,
        };
        Self {
            current: Mutex::new(current),
            clock,
            made_by: None,
        }
    }

    /// The client to use for what begins now.
    pub fn now(&self) -> Arc<dyn Directory> {
        let mut current = self.lock();
        if self.clock.since_boot() >= current.look {
            self.look(&mut current);
        }
        Arc::clone(&current.directory)
    }

    /// Looks at the secret at once, since the server does not take the one that is used:
    /// `true` if there is a new one, so that asking once more makes sense.
    pub fn renewed(&self) -> bool {
        self.look(&mut self.lock())
    }

    fn lock(&self) -> MutexGuard<'_, Current> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn look(&self, current: &mut Current) -> bool {
        let Some((config, connect)) = &self.made_by else {
            return false;
        };
        current.look = self.clock.since_boot().saturating_add(LOOK_EVERY);
        let stamp = stamp_of(config);
        if stamp.is_none() || stamp == current.stamp {
            return false;
        }
        // Remembered even if it comes to nothing: one file is complained about once.
        current.stamp = stamp;
        match connect(config) {
            Ok(directory) => {
                log::info!(
                    "directory {}: our secret was changed and is used now",
                    config.name
                );
                current.directory = directory;
                true
            }
            Err(error) => {
                log::error!("our secret was changed, but the former one stays in use: {error}");
                false
            }
        }
    }
}

fn stamp_of(config: &DirectoryConfig) -> Option<SecretStamp> {
    let (_, source) = config.kind.secret_file()?;
    secret_stamp(source).ok()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use muster_common::clock::{ManualClock, Time};
    use muster_common::config::{self, SecretSource};

    use super::*;
    use crate::fixture;

    const CONFIG: &str = r#"
        version = 1
        [[directory]]
        name = "corp"
        kind = "crowd"
        url = "https://crowd.example.org/crowd"
        application = "linux"
        password_file = "/SECRET"
        [access]
        allow = ["everyone"]
    "#;

    /// A client that is the "connection" of whatever the file holds; `bad` cannot be used.
    fn connected(config: &DirectoryConfig) -> Result<Arc<dyn Directory>, StartError> {
        let Some((_, SecretSource::File(path))) = config.kind.secret_file() else {
            panic!("a file");
        };
        match std::fs::read_to_string(path) {
            Ok(text) if text != "bad" => Ok(fixture::directory("corp")),
            _ => Err(StartError::System(std::io::Error::other("bad"))),
        }
    }

    fn client(secret: &Path, clock: &Arc<ManualClock>) -> Client {
        let text = CONFIG.replace("/SECRET", secret.to_str().unwrap());
        let config = config::parse(&text, Path::new("muster.toml")).unwrap();
        let clock = Arc::clone(clock) as Arc<dyn Clock>;
        Client::by(connected, &config.directories[0], clock).unwrap()
    }

    fn replace(secret: &Path, text: &str) {
        let beside = secret.with_extension("new");
        std::fs::write(&beside, text).unwrap();
        std::fs::rename(beside, secret).unwrap();
    }

    #[test]
    fn a_rotated_secret_counts_without_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let secret = folder.path().join("secret");
        std::fs::write(&secret, "one").unwrap();
        let clock = Arc::new(ManualClock::at(Time::from_unix(1000)));
        let client = client(&secret, &clock);
        let first = client.now();
        assert!(!client.renewed(), "nothing has changed");
        replace(&secret, "two");
        assert!(
            Arc::ptr_eq(&first, &client.now()),
            "it is looked at now and then"
        );
        clock.advance(LOOK_EVERY);
        let second = client.now();
        assert!(!Arc::ptr_eq(&first, &second));
        replace(&secret, "three");
        assert!(client.renewed(), "a refusal has it looked at, at once");
        assert!(!Arc::ptr_eq(&second, &client.now()));
    }

    #[test]
    fn a_new_secret_that_is_none_leaves_the_former_one_in_use() {
        let folder = tempfile::tempdir().unwrap();
        let secret = folder.path().join("secret");
        std::fs::write(&secret, "one").unwrap();
        let clock = Arc::new(ManualClock::at(Time::from_unix(1000)));
        let client = client(&secret, &clock);
        let first = client.now();
        replace(&secret, "bad");
        assert!(!client.renewed());
        std::fs::remove_file(&secret).unwrap();
        assert!(!client.renewed());
        assert!(Arc::ptr_eq(&first, &client.now()));
        replace(&secret, "good again");
        assert!(client.renewed());
    }
}
