//! Another host's entries: what this ledger lacks is taken in, what it says otherwise stays.

use super::{Entry, IdSource, Ledger};

/// What came of one entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Merged {
    /// It is new here, or says more than was known here.
    Added,
    /// It says nothing new.
    Present,
}

/// Why an entry is not taken in. The ledger stays as it is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Conflict {
    /// Another key has the id here, or had it once.
    #[error("{}: here the id belongs to {}", shown(.said), shown_holder(.here))]
    Taken {
        /// What was to be taken in.
        said: Box<Entry>,
        /// Who has the id here.
        here: Box<Entry>,
    },
    /// The key has another id here.
    #[error("{}: here the id is {} ({})", shown(.said), .here.id, .here.source.as_str())]
    Another {
        /// What was to be taken in.
        said: Box<Entry>,
        /// What the key has here.
        here: Box<Entry>,
    },
}

fn shown(entry: &Entry) -> String {
    format!("id {} of {}", entry.id, shown_holder(entry))
}

fn shown_holder(Entry { holder, name, .. }: &Entry) -> String {
    let (kind, namespace, key) = (holder.kind.as_str(), &holder.namespace, &holder.key);
    format!("{kind} {name} ({namespace} {key})")
}

impl Ledger {
    /// Takes `said` in, as another host's ledger has it. No entry here is given to another key
    /// by that, and nobody's current id is changed.
    pub fn merge(&mut self, said: Entry) -> Result<Merged, Conflict> {
        let merged = self.merged(said)?;
        if self.by_id.get(&merged.id) == Some(&merged) {
            return Ok(Merged::Present);
        }
        self.changed.insert(merged.id);
        self.note(merged);
        Ok(Merged::Added)
    }

    /// What the id's entry is afterwards.
    fn merged(&self, said: Entry) -> Result<Entry, Conflict> {
        let here = self.by_id.get(&said.id);
        if let Some(here) = here.filter(|here| here.holder != said.holder) {
            let (said, here) = (Box::new(said), Box::new(here.clone()));
            return Err(Conflict::Taken { said, here });
        }
        let elsewhere = self.entry(&said.holder).filter(|has| has.id != said.id);
        if let Some(other) = self.contradiction(&said, elsewhere) {
            let (said, here) = (Box::new(said.clone()), Box::new(other.clone()));
            return Err(Conflict::Another { said, here });
        }
        let current = said.current && elsewhere.is_none();
        let Some(here) = here.cloned() else {
            return Ok(Entry { current, ..said });
        };
        let source = match said.source {
            IdSource::Pinned => IdSource::Pinned,
            _ => here.source,
        };
        Ok(Entry {
            source,
            current: here.current || current,
            ..here
        })
    }

    /// The entry here that leaves no room for `said`: another pin, or another current id.
    /// What a configuration says is no contradiction, on neither host.
    fn contradiction<'a>(
        &'a self,
        said: &Entry,
        elsewhere: Option<&'a Entry>,
    ) -> Option<&'a Entry> {
        let pin = self.pinned.get(&said.holder).filter(|&&id| id != said.id);
        if said.source == IdSource::Pinned
            && let Some(id) = pin
        {
            return self.by_id.get(id);
        }
        let both_say =
            |has: &&Entry| said.source != IdSource::Override && has.source != IdSource::Override;
        elsewhere.filter(|_| said.current).filter(both_say)
    }
}
