//! A simulated Crowd and muster's own client of it, over TLS.

use muster_common::directory::crowd::{Crowd, CrowdSettings};
use muster_common::directory::{Directory as _, DirectoryError, Verified};
use muster_common::name::UserName;
use muster_common::secret::Secret;
use muster_tests::sim::crowd::{Application, Group, Population, User};

/// The server's side.
pub type Simulator = muster_tests::sim::crowd::Crowd;

/// Everybody's password.
pub const PASSWORD: &str = "correct horse battery";
/// The application's password.
pub const OUR_SECRET: &str = "our-own-secret";

/// A simulated Crowd and muster's client of it.
pub struct Corp {
    /// The server.
    pub simulator: Simulator,
    /// The client.
    pub crowd: Crowd,
}

impl Corp {
    /// With this population.
    pub fn of(population: Population) -> Self {
        Self::with(population, |_| {})
    }

    /// With this population, and the client's settings changed.
    pub fn with(population: Population, change: impl FnOnce(&mut CrowdSettings)) -> Self {
        let simulator = Simulator::start(population).unwrap();
        let mut settings = settings(&simulator, OUR_SECRET);
        change(&mut settings);
        let crowd = Crowd::new(settings).unwrap();
        Self { simulator, crowd }
    }

    /// A login.
    pub async fn login(&self, name: &str, password: &str) -> Result<Verified, DirectoryError> {
        self.crowd.verify(&user(name), &secret(password)).await
    }

    /// The verbs and paths that were asked for.
    pub fn asked(&self) -> Vec<String> {
        let requests = self.simulator.requests().into_iter();
        requests
            .map(|request| format!("{} {}", request.method, request.path))
            .collect()
    }
}

/// What the client of `simulator` needs, with this as the application's password.
pub fn settings(simulator: &Simulator, our_secret: &str) -> CrowdSettings {
    let mut settings = CrowdSettings::new(
        simulator.url().parse().unwrap(),
        "linux-hosts".to_owned(),
        secret(our_secret),
    );
    settings.ca_pem = Some(simulator.authority_pem().as_bytes().to_vec());
    settings
}

/// A secret that can be one.
pub fn secret(text: &str) -> Secret {
    Secret::typed(text.as_bytes()).unwrap()
}

/// A name that can be one.
pub fn user(name: &str) -> UserName {
    UserName::new(name).unwrap()
}

/// Our application, as it should be: it may change nothing.
pub fn us() -> Application {
    Application::new("linux-hosts", OUR_SECRET).reading_only()
}

/// Ann, who may log in, and others who may not.
pub fn people() -> Population {
    Population::new()
        .application(us().allowing(["linux users"]))
        .user(User::new("Ann").key("32769:a").password(PASSWORD))
        .user(User::new("eve").key("32769:e").password(PASSWORD))
        .user(User::new("old").password(PASSWORD).inactive())
        .user(User::new("stale").password(PASSWORD).expired())
        .user(
            User::new("ann+ops@example.org")
                .key("32769:p")
                .password(PASSWORD),
        )
        .group(Group::new("linux users").users(["Ann", "old", "stale", "ann+ops@example.org"]))
        .group(Group::new("50% & #1 + more?").users(["Ann"]))
}

/// Which decision an outcome calls for.
pub fn decision<T>(outcome: &Result<T, DirectoryError>) -> &'static str {
    match outcome {
        Ok(_) => "yes",
        Err(DirectoryError::Refused(_)) => "refused",
        Err(DirectoryError::NotFound) => "not found",
        Err(DirectoryError::CodeWanted) => "code wanted",
        Err(DirectoryError::TooManyTries) => "too many tries",
        Err(DirectoryError::Locked) => "locked",
        Err(DirectoryError::SecretExpired) => "expired",
        Err(DirectoryError::Unreachable { .. }) => "unreachable",
        Err(DirectoryError::Misconfigured { .. }) => "misconfigured",
        Err(DirectoryError::Nonsense { .. }) => "nonsense",
    }
}
