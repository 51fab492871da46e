//! A peer in its room, with the people it serves, and the doors to it.

use crate::peers::{NSCD, Peer, QUESTIONS, Question, SSSD, TEN};
use crate::room::{BENCH, Room};
use crate::trouble::Trouble;

/// Through which door a call goes, as the figures call it and as the load program does.
pub(crate) type Door = (&'static str, &'static str);

/// The doors that lead to an answer.
pub(crate) fn doors(peer: &Peer, question: &Question) -> impl Iterator<Item = Door> {
    let module = peer.module.map(|service| ("module", service));
    let module = module.filter(|_| !peer.lacks.contains(&question.name));
    module.into_iter().chain([("glibc", "glibc")])
}

/// A peer in its room.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) peer: &'static Peer,
    pub(crate) room: Room,
    /// The file of those who are asked for.
    asked: String,
    pub(crate) users: u32,
}

impl Place {
    pub(crate) fn new(peer: &'static Peer, users: u32, asked: &str) -> Result<Self, Trouble> {
        let asked = match peer.name {
            TEN => format!("{BENCH}/data/local"),
            // Their caches are warmed with no more.
            SSSD | NSCD => format!("{BENCH}/data/{users}/asked"),
            _ => format!("{BENCH}/data/{users}/{asked}"),
        };
        Ok(Self {
            peer,
            room: Room::of(peer.name, users)?,
            asked,
            users,
        })
    }

    /// The words that make the load program put a question through a door.
    pub(crate) fn load(
        &self,
        mode: &str,
        number: &str,
        door: &str,
        question: &Question,
    ) -> Vec<String> {
        let [what, argument] = question.words(self.peer, &self.asked, self.users);
        let program = format!("{BENCH}/load");
        [&program, mode, number, door, &what, &argument]
            .map(|word| word.to_owned())
            .to_vec()
    }

    /// What can be asked here.
    pub(crate) fn questions(&self) -> impl Iterator<Item = &'static Question> {
        QUESTIONS
            .iter()
            .filter(|question| question.suits(self.peer, self.users))
    }
}
