//! Taking in a person by a token of theirs, for directories where nobody can be looked up
//! by name: the first login by ssh wants the name to be known before it asks for anything.

use std::sync::Arc;

use muster_common::directory::{Directory, DirectoryError};
use muster_common::name::NAME_MAX;
use muster_common::secret::Secret;
use muster_common::store::ledger::IdKind;
use muster_common::text;
use muster_common::wire::codec::AnswerError;
use muster_common::wire::message::{Introduce, IntroduceReply, error};

use super::off_the_loop;
use crate::broker::Broker;
use crate::lookups::{self, LookupError};
use crate::meant::NotMeant;
use crate::resolve::{ResolveError, served_user};

/// What is said where no directory that is meant can.
const UNABLE: &str = "no directory here can say whose a token is";

/// Why nobody was taken in.
#[derive(Debug, thiserror::Error)]
pub enum IntroduceError {
    /// No directory that can say whose a token is is meant.
    #[error(transparent)]
    NotMeant(#[from] NotMeant),
    /// What came cannot be a token.
    #[error(transparent)]
    Token(#[from] AnswerError),
    /// The directory's answer.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    /// It was not kept.
    #[error("{}", .0.line())]
    Kept(#[from] LookupError),
    /// What is served cannot be told.
    #[error(transparent)]
    Resolve(#[from] ResolveError),
}

impl IntroduceError {
    /// The error of the wire.
    pub fn name(&self) -> &'static str {
        match self {
            Self::NotMeant(NotMeant::Unknown) => error::NOT_FOUND,
            Self::NotMeant(_) | Self::Token(_) => error::INVALID_PARAMETER,
            Self::Directory(_) | Self::Kept(_) | Self::Resolve(_) => error::UNAVAILABLE,
        }
    }
}

/// Answers [`Introduce`].
pub async fn introduce(
    broker: &Arc<Broker>,
    call: &Introduce,
) -> Result<IntroduceReply, IntroduceError> {
    let able = |directory: &dyn Directory| directory.introduces();
    let (connected, directory) = broker.meant(call.directory.as_deref(), able, UNABLE)?;
    let token: Secret = call.token.open()?;
    let sighting = directory.introduce(&token).await;
    broker.note_call(&connected.config.name, sighting.as_ref().err());
    let sighting = match sighting {
        // The token is not good, or its owner has no uid: an answer, and not a failure.
        Err(error) if !error.is_silence() => {
            return Ok(IntroduceReply {
                directory: connected.config.name.to_string(),
                why: Some(why_not(&error)),
                ..IntroduceReply::default()
            });
        }
        sighting => sighting?,
    };
    drop(token);
    let (name, key) = (sighting.person.name.clone(), sighting.person.key.clone());
    let kept = lookups::serve(broker, connected, sighting, &text::safe(&name, NAME_MAX)).await?;
    // A name that was not known a moment ago is.
    broker.lookups.forget();
    let mut reply = IntroduceReply {
        directory: connected.config.name.to_string(),
        user: text::safe(&name, NAME_MAX),
        key: key.to_string(),
        ..IntroduceReply::default()
    };
    if kept.is_none() {
        reply.why =
            Some("this host does not carry them (users and groups of the directory)".into());
        return Ok(reply);
    }
    let asked = (connected.config.name.clone(), name);
    let served = off_the_loop(broker, move |broker| {
        let (directory, name) = asked;
        let served = match served_user(broker, &name) {
            Ok(served) => Some(served),
            Err(ResolveError::NotFound | ResolveError::Gone) => None,
            Err(error) => return Err(error),
        };
        let own = served.filter(|served| {
            let owner = served.user.owner();
            owner.directory == directory && owner.key == key
        });
        let owner = broker.store.owner(IdKind::User, &name)?;
        let is_held = owner.is_some_and(|owner| owner.directory != directory || owner.key != key);
        Ok((own.map(|served| served.record.account.uid.get()), is_held))
    });
    let (uid, is_held) = served.await??;
    reply.uid = uid;
    reply.why = match (uid, is_held) {
        (Some(_), _) => None,
        (None, true) => Some(
            "the name is somebody else's here: `muster name list` shows whose, and `muster name \
             accept` gives it away"
                .into(),
        ),
        (None, false) => Some("`muster status` says why they are not served".into()),
    };
    Ok(reply)
}

fn why_not(error: &DirectoryError) -> String {
    match error {
        DirectoryError::NotFound => "the owner of the token has no uid".to_owned(),
        error => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use muster_common::wire::message::Password;

    use super::*;
    use crate::administration::accept_name;
    use crate::fixture::{Mood, World};
    use muster_common::wire::message::AcceptName;

    const CONFIG: &str = r#"
version = 1
[[directory]]
name = "corp"
kind = "crowd"
url = "https://crowd.example.org/crowd"
application = "linux"
password_file = "/etc/muster/secrets/crowd"
[[directory]]
name = "rubin"
kind = "gafaelfawr"
url = "https://data.example.org"
token_file = "/etc/muster/secrets/gafaelfawr"
[access]
allow = ["everyone"]
"#;

    impl World {
        /// What comes of introducing the holder of a token of this text.
        async fn introduced(
            &self,
            directory: Option<&str>,
            token: &str,
        ) -> Result<IntroduceReply, IntroduceError> {
            let call = Introduce {
                directory: directory.map(str::to_owned),
                token: Password::of(&Secret::typed(token.as_bytes()).unwrap()),
            };
            introduce(&self.broker, &call).await
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn whoever_is_introduced_is_served_before_the_first_login() {
        let world = World::of(CONFIG);
        world.directories[1].knows(&[("vera", 60_001, &[("astro", 61_000)])]);
        let reply = world.introduced(None, "vera").await.unwrap();
        assert_eq!(
            (reply.directory.as_str(), reply.user.as_str()),
            ("rubin", "vera")
        );
        assert_eq!((reply.uid, reply.why), (Some(60_001), None));
        let snapshot = world.broker.snapshot().unwrap();
        assert!(snapshot.user_by_name("vera").unwrap().is_some());
        assert_eq!(
            world.directories[1].looked_up(),
            0,
            "nobody is looked up by name"
        );
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_bad_token_takes_nobody_in_and_a_silent_server_is_no_bad_token() {
        let world = World::of(CONFIG);
        let reply = world.introduced(Some("rubin"), "vera").await.unwrap();
        assert_eq!((reply.user.as_str(), reply.uid), ("", None));
        assert!(reply.why.unwrap().contains("not taken"));
        world.directories[1].mood(Mood::IsGone);
        let gone = world.introduced(None, "vera").await.unwrap_err();
        assert_eq!(gone.name(), error::UNAVAILABLE);
        let other = world.introduced(Some("corp"), "vera").await.unwrap_err();
        assert!(
            matches!(other, IntroduceError::NotMeant(NotMeant::Unable(_))),
            "{other}"
        );
        let none = world.introduced(Some("nowhere"), "vera").await.unwrap_err();
        assert!(
            matches!(none, IntroduceError::NotMeant(NotMeant::Unknown)),
            "{none}"
        );
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn another_uid_under_the_same_name_is_another_person_until_root_accepts_it() {
        let world = World::of(CONFIG);
        let rubin = &world.directories[1];
        rubin.knows(&[("vera", 60_001, &[])]);
        world.introduced(None, "vera").await.unwrap();
        // The name was reassigned: GitHub lets that happen.
        rubin.knows(&[("vera", 60_077, &[])]);
        let reply = world.introduced(None, "vera").await.unwrap();
        assert_eq!((reply.uid, reply.key.as_str()), (None, "key:60077"));
        assert!(reply.why.unwrap().contains("muster name accept"));
        let snapshot = world.broker.snapshot().unwrap();
        assert!(
            snapshot.user_by_name("vera").unwrap().is_none(),
            "the former person has left, and the new one is not let in by the name alone"
        );
        assert!(snapshot.tombstone("vera").unwrap().is_some());
        let accept = AcceptName {
            group: false,
            name: "vera".to_owned(),
        };
        accept_name(Arc::clone(&world.broker), accept)
            .await
            .unwrap();
        let snapshot = world.broker.snapshot().unwrap();
        let served = snapshot.user_by_name("vera").unwrap().unwrap();
        assert_eq!(served.account.uid.get(), 60_077);
    }
}
