//! The `auth` stack: collects the secret of one of ours, carries it to the
//! broker and brings back the verdict. It decides nothing that the broker
//! should; it only keeps what is not ours, and what is no password, at home.

use std::time::{Duration, Instant};

use muster_common::name::UserName;
use muster_common::secret::Secret;
use muster_common::text;
use muster_common::wire::client::{Connection, Deadline, Nonsense, Patience, Replies, WireError};
use muster_common::wire::message::{Answer, Begin, Call, Outcome, Step};

use crate::conversation::{Echo, Host, Item, Tone, Unanswered};
use crate::outcome::{Decision, Ending};
use crate::site::Site;
use crate::standing::Standing;
use muster_common::text::with_causes;

/// A dialogue with more prompts is not one that a person should be led through.
const PROMPTS_MAX: usize = 6;
/// More messages between two prompts are a flood.
const MESSAGES_MAX: usize = 16;
/// The longest text shown, in bytes.
const TEXT_MAX: usize = 500;

/// Whether the program wants to hear texts (PAM_SILENT).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Voice {
    /// Show what there is to say.
    Aloud,
    /// Show nothing but prompts.
    Silent,
}

/// Logs the program's user in, or says why not.
pub fn authenticate(host: &impl Host, site: &Site<'_>, voice: Voice) -> Ending {
    let user = match host.user() {
        Ok(user) => user,
        Err(unanswered) => return unanswered.into(),
    };
    match Standing::of(&user, host, site) {
        Standing::NotOurs => Ending::plain(Outcome::NotOurs),
        Standing::Blind(error) => cannot_tell_local(&error),
        Standing::SomebodyElse { ours, resolved } => somebody_else(ours, resolved),
        Standing::OtherForm(name) => other_form(&name),
        Standing::Ours(_) | Standing::Gone => by_broker(host, site, voice, &user),
        Standing::Unclear(unclear) => {
            let mut ending = by_broker(host, site, voice, &user);
            if ending.decision == Decision::Outcome(Outcome::Unavailable) {
                let both = [ending.because.unwrap_or_default(), with_causes(&unclear)];
                ending.because = Some(both.join("; "));
            }
            ending
        }
    }
}

/// passwd(5) cannot be read: also a local account looks like this.
pub fn cannot_tell_local(error: &std::io::Error) -> Ending {
    let reason = format!("the local accounts cannot be read: {error}");
    Ending::because(Outcome::Unavailable, reason)
}

/// The name would log in another id than the one that the directory vouches for.
pub fn somebody_else(ours: u32, resolved: u32) -> Ending {
    let reason = format!("the snapshot says uid {ours}, NSS resolves uid {resolved}");
    Ending::because(Outcome::Mismatch, reason)
}

/// What was typed belongs to nobody that can be told.
pub fn user_changed() -> Ending {
    Ending::because(
        Outcome::Mismatch,
        "the program changed the user while the password was asked for",
    )
}

/// A name that only NSS takes for the person's.
pub fn other_form(canonical: &UserName) -> Ending {
    Ending {
        decision: Decision::Outcome(Outcome::Mismatch),
        told: Some(
            "Log in by your user name as it is written: in lower case, and nothing behind it."
                .to_owned(),
        ),
        because: Some(format!("the name is another form of {canonical}")),
    }
}

fn by_broker(host: &impl Host, site: &Site<'_>, voice: Voice, user: &str) -> Ending {
    let mut dialogue = Dialogue {
        host,
        site,
        voice,
        user,
        left: site.waits.overall,
    };
    match dialogue.lead() {
        Ok(ending) => confirmed(ending, host, site, user),
        // Whatever went wrong on the way is "could not ask" (invariant 3).
        Err(Stop::Broker(error)) => Ending::because(Outcome::Unavailable, with_causes(&error)),
        Err(Stop::Person(unanswered)) => unanswered.into(),
        Err(Stop::UserChanged) => user_changed(),
    }
}

/// A grant is worth something only for the id that the program will use: the
/// snapshot must name the person by now, and NSS must agree (invariant 11).
fn confirmed(ending: Ending, host: &impl Host, site: &Site<'_>, user: &str) -> Ending {
    if !matches!(
        ending.decision,
        Decision::Outcome(Outcome::Granted | Outcome::GrantedOffline)
    ) {
        return ending;
    }
    match Standing::of(user, host, site) {
        Standing::Ours(_) => ending,
        Standing::SomebodyElse { ours, resolved } => somebody_else(ours, resolved),
        Standing::OtherForm(name) => other_form(&name),
        Standing::Unclear(unclear) => Ending::because(Outcome::Unavailable, with_causes(&unclear)),
        Standing::Blind(error) => cannot_tell_local(&error),
        Standing::NotOurs | Standing::Gone => Ending::because(
            Outcome::Mismatch,
            "granted for a name that is no longer the directory's",
        ),
    }
}

impl From<Unanswered> for Ending {
    fn from(unanswered: Unanswered) -> Self {
        let decision = match unanswered {
            Unanswered::NoConversation(_) => Decision::NotAsked,
            Unanswered::NoNewPassword(_) => Decision::NoNewPassword,
            Unanswered::NoEarlierPassword | Unanswered::NotASecret(_) => {
                Decision::Outcome(Outcome::WrongSecret)
            }
        };
        Self {
            decision,
            told: None,
            because: Some(unanswered.to_string()),
        }
    }
}

/// Why a dialogue ends without a verdict.
enum Stop {
    Broker(WireError),
    Person(Unanswered),
    UserChanged,
}

impl From<WireError> for Stop {
    fn from(error: WireError) -> Self {
        Self::Broker(error)
    }
}

/// Whose turn it is after a stream of steps.
enum Turn {
    Person { prompt: String, echo: Echo },
    Nobody(Ending),
}

struct Dialogue<'a, H> {
    host: &'a H,
    site: &'a Site<'a>,
    voice: Voice,
    user: &'a str,
    /// How long the broker may still take.
    left: Duration,
}

impl<H: Host> Dialogue<'_, H> {
    fn lead(&mut self) -> Result<Ending, Stop> {
        let first = Deadline::after(self.site.waits.acknowledge);
        let socket = self.site.socket(self.host.uids().effective);
        let mut connection = Connection::open_owned_by(socket, self.site.owner, first)?;
        let begin = self.begin();
        let mut turn = self.turn_after(&mut connection, &begin, first)?;
        for asked in 0..PROMPTS_MAX {
            let (prompt, echo) = match turn {
                Turn::Nobody(ending) => return Ok(ending),
                Turn::Person { prompt, echo } => (prompt, echo),
            };
            let answer = Answer::of(&self.asked(&prompt, echo, asked)?);
            let soon = Deadline::after(self.site.waits.acknowledge);
            turn = self.turn_after(&mut connection, &answer, soon)?;
        }
        match turn {
            Turn::Nobody(ending) => Ok(ending),
            Turn::Person { .. } => Err(WireError::Broken(Nonsense::OutOfTurn).into()),
        }
    }

    fn begin(&self) -> Begin {
        let item = |item| self.host.item(item).map(|text| text::safe(&text, TEXT_MAX));
        Begin {
            service: item(Item::Service).unwrap_or_default(),
            user: self.user.to_owned(),
            tty: item(Item::Tty),
            remote_host: item(Item::RemoteHost),
            calling_uid: self.host.uids().real,
        }
    }

    /// Asks the person; what the program makes of the user meanwhile must stay the same.
    fn asked(&self, prompt: &str, echo: Echo, asked: usize) -> Result<Secret, Stop> {
        let typed = match (asked, echo) {
            (0, Echo::Off) => self.host.password(prompt),
            _ => self.host.ask(prompt, echo),
        };
        if self.host.user_now().as_deref() != Some(self.user) {
            return Err(Stop::UserChanged);
        }
        typed.map_err(Stop::Person)
    }

    fn turn_after<C: Call<Reply = Step>>(
        &mut self,
        connection: &mut Connection,
        call: &C,
        first: Deadline,
    ) -> Result<Turn, Stop> {
        let since = Instant::now();
        let patience = Patience {
            first,
            silence: self.site.waits.silence,
            grace: self.site.waits.grace,
            overall: Deadline::after(self.left),
        };
        let replies = connection.stream(call, patience)?;
        let turn = self.follow(replies)?;
        self.left = self.left.saturating_sub(since.elapsed());
        Ok(turn)
    }

    fn follow<C: Call<Reply = Step>>(&self, mut replies: Replies<'_, C>) -> Result<Turn, Stop> {
        let mut messages: usize = 0;
        while let Some(step) = replies.next() {
            match step? {
                Step::Working => {}
                Step::Message { text } if messages < MESSAGES_MAX => {
                    messages = messages.saturating_add(1);
                    self.tell(&text);
                }
                Step::Prompt { text, echo } if replies.ended() => {
                    return Ok(Turn::Person {
                        prompt: text::safe(&text, TEXT_MAX),
                        echo: if echo { Echo::On } else { Echo::Off },
                    });
                }
                Step::Verdict { outcome, message } if replies.ended() => {
                    return Ok(Turn::Nobody(Ending {
                        decision: Decision::Outcome(outcome),
                        told: message,
                        because: None,
                    }));
                }
                Step::Message { .. } | Step::Prompt { .. } | Step::Verdict { .. } => break,
            }
        }
        Err(WireError::Broken(Nonsense::OutOfTurn).into())
    }

    fn tell(&self, text: &str) {
        if self.voice == Voice::Aloud {
            self.host.tell(Tone::Plain, &text::safe(text, TEXT_MAX));
        }
    }
}
