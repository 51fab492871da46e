//! Runs a stack over sets of outcomes, as libpam's dispatcher does, and gives every end that there is.
//!
//! A stack only goes forward, and what is left of its past is the impression, the status, those of the substacks
//! around, and what a proof wants to remember. So all paths are walked as the set of such states at each place:
//! exact, and never more states than those differ in.

use std::collections::{BTreeMap, BTreeSet};

use super::code::{Action, Code};
use super::read::{Entry, Handler};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Impression {
    Undefined,
    Positive,
    Negative,
}

/// What a proof remembers of a path: the best proof so far, and what ours said.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Memory {
    /// Somebody's success proved who it is.
    pub(crate) proved: bool,
    /// A module whose success may prove something, or not: nobody knows it.
    pub(crate) perhaps: bool,
    /// Ours was asked.
    pub(crate) asked: bool,
    /// Ours refused.
    pub(crate) refused: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct State {
    impression: Impression,
    status: Code,
    /// Of the substacks around, by level.
    around: Vec<(Impression, Code)>,
    level: usize,
    memory: Memory,
}

/// How a path ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct End {
    pub(crate) status: Code,
    pub(crate) memory: Memory,
}

/// Each end, with one path to it: the modules' codes in order, `-` where one is left out.
pub(crate) type Ends = BTreeMap<End, Vec<(usize, Code)>>;

/// Every end of `stack`, where `outcomes` says what each module may return, and `remember` what of that counts.
pub(crate) fn ends(
    stack: &[&Entry],
    outcomes: &dyn Fn(&Entry) -> Vec<Code>,
    remember: &dyn Fn(&Entry, Code, Memory) -> Memory,
) -> Ends {
    let mut waiting: Vec<BTreeMap<State, Vec<(usize, Code)>>> =
        vec![BTreeMap::new(); stack.len() + 1];
    if let Some(first) = waiting.first_mut() {
        first.insert(State::start(), Vec::new());
    }
    for (at, entry) in stack.iter().enumerate() {
        let states = waiting.get_mut(at).map(std::mem::take).unwrap_or_default();
        let codes: BTreeSet<Code> = match entry.handler {
            Handler::Module => outcomes(entry).into_iter().collect(),
            Handler::Fails => BTreeSet::from([Code::PERM_DENIED]),
            Handler::Aborts => BTreeSet::from([Code::ABORT]),
            Handler::Substack => BTreeSet::new(),
        };
        for (mut state, path) in states {
            state.enter(entry.level);
            if entry.handler == Handler::Substack {
                put(&mut waiting, at + 1, state, path);
                continue;
            }
            for code in &codes {
                let mut next = state.clone();
                next.memory = remember(entry, *code, next.memory);
                let goes_on_at = next.step(stack, at, *code);
                let mut path = path.clone();
                path.push((at, *code));
                put(&mut waiting, goes_on_at, next, path);
            }
        }
    }
    let finals = waiting.pop().unwrap_or_default();
    let mut ends = Ends::new();
    for (state, path) in finals {
        ends.entry(state.end(stack.is_empty())).or_insert(path);
    }
    ends
}

fn put(
    waiting: &mut [BTreeMap<State, Vec<(usize, Code)>>],
    at: usize,
    state: State,
    path: Vec<(usize, Code)>,
) {
    if let Some(place) = waiting.get_mut(at) {
        place.entry(state).or_insert(path);
    }
}

impl State {
    fn start() -> Self {
        Self {
            impression: Impression::Undefined,
            status: Code::PERM_DENIED,
            around: vec![(Impression::Undefined, Code::PERM_DENIED)],
            level: 0,
            memory: Memory::default(),
        }
    }

    /// Remembers what was when a substack starts.
    fn enter(&mut self, level: usize) {
        if level > self.level {
            self.around
                .resize(level, (Impression::Undefined, Code::PERM_DENIED));
            self.around.push((self.impression, self.status));
        } else {
            self.around.truncate(level + 1);
        }
        self.level = level;
    }

    /// What `code` of the module at `at` does; gives where the stack goes on.
    fn step(&mut self, stack: &[&Entry], at: usize, code: Code) -> usize {
        let action = stack
            .get(at)
            .and_then(|entry| entry.control.get(usize::from(code.0)).copied())
            .unwrap_or(Action::Bad);
        match action {
            Action::Ignore => {}
            Action::Reset => {
                if let Some((impression, status)) = self.around.get(self.level) {
                    (self.impression, self.status) = (*impression, *status);
                }
            }
            Action::Ok | Action::Done => {
                let open = self.impression == Impression::Undefined
                    || (self.impression == Impression::Positive && self.status == Code::SUCCESS);
                if open {
                    (self.impression, self.status) = (Impression::Positive, code);
                }
                if action == Action::Done && self.impression == Impression::Positive {
                    return after_level(stack, at);
                }
            }
            Action::Bad | Action::Die => {
                if self.impression != Impression::Negative {
                    self.impression = Impression::Negative;
                    self.status = match code {
                        Code::IGNORE => Code::PERM_DENIED,
                        other => other,
                    };
                }
                if action == Action::Die {
                    return after_level(stack, at);
                }
            }
            Action::Jump(count) => return self.jump(stack, at, count),
        }
        at + 1
    }

    /// Leaves `count` modules out; a substack is one. Too far is a refusal.
    fn jump(&mut self, stack: &[&Entry], from: usize, count: u32) -> usize {
        let level = |at: usize| stack.get(at).map(|entry| entry.level);
        let mut at = from;
        let mut left = count;
        while left > 0 && level(at + 1).is_some_and(|next| next >= self.level) {
            at += 1;
            while level(at + 1).is_some_and(|next| next > self.level) {
                at += 1;
            }
            left -= 1;
        }
        if left > 0 {
            (self.impression, self.status) = (Impression::Negative, Code::PERM_DENIED);
        }
        at + 1
    }

    fn end(&self, empty: bool) -> End {
        let lies = self.status == Code::SUCCESS && self.impression != Impression::Positive;
        End {
            status: if lies || empty {
                Code::PERM_DENIED
            } else {
                self.status
            },
            memory: self.memory,
        }
    }
}

/// The first entry behind the (sub)stack that the one at `at` lies in.
fn after_level(stack: &[&Entry], at: usize) -> usize {
    let level = stack.get(at).map_or(0, |entry| entry.level);
    let rest = stack.iter().skip(at + 1);
    at + 1 + rest.take_while(|entry| entry.level >= level).count()
}
