//! The proofs: each gives what was proved, or a path that breaks it.

use super::code::Code;
use super::evaluate::{End, Ends, Memory, ends};
use super::kinds::{self, OURS, Worth};
use super::read::Entry;

/// A stack that is not as it must be: how, word by word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Broken {
    /// The modules on the way with their codes.
    pub(super) path: String,
    /// The file and line of the last module on the way, and its text.
    pub(super) last: Option<(String, usize, String)>,
}

/// More selectors than that are all taken for saying yes: 2 to the power of it are tried.
const SELECTORS_MAX: usize = 5;

/// What ours may say of root and of local accounts. It knows them from passwd(5) before anything else, so a broker in
/// any state gives the same; `service_err` is a module that broke.
const OF_LOCALS: [Code; 1] = [Code::USER_UNKNOWN];

/// Where pam_authenticate gives success although nobody proved anything; `true`: a module that is not known might have.
pub(super) fn granted_without_proof(stack: &[&Entry]) -> Option<(bool, Broken)> {
    let found = ends(stack, &kinds::possible, &|entry, code, mut memory| {
        if code == Code::SUCCESS {
            memory.proved |= kinds::worth(entry) == Worth::Proof;
            memory.perhaps |= kinds::worth(entry) == Worth::NotKnown;
        }
        memory
    });
    let open = |end: &End| end.status == Code::SUCCESS && !end.memory.proved;
    let sure = pick(stack, &found, |end| open(end) && !end.memory.perhaps);
    sure.map(|broken| (false, broken))
        .or_else(|| pick(stack, &found, open).map(|broken| (true, broken)))
}

/// Where a right local secret does not let in, although it would if ours said something else.
pub(super) fn locals_depend_on_us(stack: &[&Entry], account: bool) -> Option<Broken> {
    // In the auth stack nothing that ours could ever say may matter (it never says new_authtok_reqd, which `sufficient`
    // ends with); in the account stack what it says of locals.
    let said: Vec<Code> = match account {
        true => OF_LOCALS.to_vec(),
        false => Code::all()
            .filter(|code| !matches!(*code, Code::SUCCESS | Code::NEW_AUTHTOK_REQD))
            .collect(),
    };
    assignments(stack).find_map(|selected| {
        let run = |ours: Code| {
            let outcomes = |entry: &Entry| of_local(entry, ours, &selected);
            ends(stack, &outcomes, &|_, _, memory| memory)
        };
        let would = Code::all().any(|ours| run(ours).keys().any(|end| end.status == Code::SUCCESS));
        let refused = said
            .iter()
            .find_map(|ours| pick(stack, &run(*ours), |end| end.status != Code::SUCCESS));
        refused.filter(|_| would)
    })
}

/// Whether a right secret of a directory's person lets in, whatever the local module says of a stranger.
pub(super) fn ours_get_in(stack: &[&Entry], account: bool) -> Result<(), Broken> {
    let strangers: &[Code] = match account {
        true => &[Code::SUCCESS],
        false => &[Code::USER_UNKNOWN, Code::AUTHINFO_UNAVAIL, Code::AUTH_ERR],
    };
    for local in strangers {
        let mut last = None;
        let lets_in = assignments(stack).any(|selected| {
            let outcomes = |entry: &Entry| of_ours(entry, *local, &selected);
            let found = ends(stack, &outcomes, &|_, _, memory| memory);
            last = pick(stack, &found, |end| end.status != Code::SUCCESS);
            found.keys().any(|end| end.status == Code::SUCCESS)
        });
        if let Some(broken) = last.filter(|_| !lets_in) {
            return Err(broken);
        }
    }
    Ok(())
}

/// Where the account stack lets a directory's person in: `true` although ours refused, `false` without asking ours.
pub(super) fn account_open(stack: &[&Entry]) -> Option<(bool, Broken)> {
    let remember = |entry: &Entry, code: Code, mut memory: Memory| {
        if entry.name() == OURS {
            memory.asked = true;
            memory.refused |= !matches!(
                code,
                Code::SUCCESS | Code::USER_UNKNOWN | Code::IGNORE | Code::NEW_AUTHTOK_REQD
            );
        }
        memory
    };
    let found = ends(stack, &kinds::possible_for_strangers, &remember);
    let lets_in = |end: &End| matches!(end.status, Code::SUCCESS | Code::NEW_AUTHTOK_REQD);
    let despite = pick(stack, &found, |end| lets_in(end) && end.memory.refused);
    despite.map(|broken| (true, broken)).or_else(|| {
        pick(stack, &found, |end| lets_in(end) && !end.memory.asked).map(|broken| (false, broken))
    })
}

fn of_local(entry: &Entry, ours: Code, selected: &dyn Fn(&Entry) -> Option<Code>) -> Vec<Code> {
    match entry.name() {
        OURS => vec![ours],
        "pam_permit" | "pam_deny" => kinds::possible(entry),
        _ if kinds::is_local(entry) => vec![Code::SUCCESS],
        _ if kinds::is_elsewhere(entry) => vec![Code::USER_UNKNOWN],
        _ => vec![selected(entry).unwrap_or(Code::SUCCESS)],
    }
}

fn of_ours(entry: &Entry, local: Code, selected: &dyn Fn(&Entry) -> Option<Code>) -> Vec<Code> {
    match entry.name() {
        OURS => vec![Code::SUCCESS],
        "pam_permit" | "pam_deny" => kinds::possible(entry),
        _ if kinds::is_local(entry) => vec![local],
        _ if kinds::is_elsewhere(entry) => vec![Code::USER_UNKNOWN],
        _ => vec![selected(entry).unwrap_or(Code::SUCCESS)],
    }
}

type Selected = Box<dyn Fn(&Entry) -> Option<Code>>;

/// Every way in which those modules can answer that tell people apart.
fn assignments(stack: &[&Entry]) -> impl Iterator<Item = Selected> + use<> {
    let places: Vec<(String, usize)> = stack
        .iter()
        .filter(|entry| kinds::is_selector(entry))
        .map(|entry| (entry.file.clone(), entry.line))
        .take(SELECTORS_MAX)
        .collect();
    let ways = 1u32 << places.len();
    (0..ways).map(move |way| {
        let places = places.clone();
        Box::new(move |entry: &Entry| {
            let place = (&entry.file, entry.line);
            let bit = places
                .iter()
                .position(|(file, line)| (file, *line) == place)?;
            Some(match way >> bit & 1 {
                0 => Code::SUCCESS,
                _ => Code::AUTH_ERR,
            })
        }) as Selected
    })
}

fn pick(stack: &[&Entry], found: &Ends, is_wanted: impl Fn(&End) -> bool) -> Option<Broken> {
    let (_, path) = found.iter().find(|(end, _)| is_wanted(end))?;
    let names = path.iter().filter_map(|(at, code)| {
        let entry = stack.get(*at)?;
        let name = match entry.name() {
            "" => "(line)",
            name => name,
        };
        Some(format!("{name}={}", code.name()))
    });
    let last = path.last().and_then(|(at, _)| stack.get(*at));
    Some(Broken {
        path: names.collect::<Vec<_>>().join(", "),
        last: last.map(|entry| (entry.file.clone(), entry.line, entry.text.clone())),
    })
}
