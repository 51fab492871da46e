//! What modules return and what a stack does about it (libpam's `_pam_types.h` and `pam_tokens.h`).

/// What a module returns: its number in libpam is its place in [`NAMES`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Code(pub(crate) u8);

impl Code {
    pub(crate) const SUCCESS: Self = Self(0);
    pub(crate) const PERM_DENIED: Self = Self(6);
    pub(crate) const AUTH_ERR: Self = Self(7);
    pub(crate) const AUTHINFO_UNAVAIL: Self = Self(9);
    pub(crate) const USER_UNKNOWN: Self = Self(10);
    pub(crate) const NEW_AUTHTOK_REQD: Self = Self(12);
    pub(crate) const ACCT_EXPIRED: Self = Self(13);
    pub(crate) const IGNORE: Self = Self(25);
    pub(crate) const ABORT: Self = Self(26);
    /// The module waits for the program: a stack that is asked again goes on there, so it is no end.
    const INCOMPLETE: Self = Self(31);

    /// Every code that ends a module's part.
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        (0u8..32).map(Self).filter(|code| *code != Self::INCOMPLETE)
    }

    /// As it is written between brackets in pam.d(5).
    pub(crate) fn name(self) -> &'static str {
        NAMES.get(usize::from(self.0)).copied().unwrap_or("?")
    }
}

/// The words for the codes between brackets.
pub(crate) const NAMES: [&str; 32] = [
    "success",
    "open_err",
    "symbol_err",
    "service_err",
    "system_err",
    "buf_err",
    "perm_denied",
    "auth_err",
    "cred_insufficient",
    "authinfo_unavail",
    "user_unknown",
    "maxtries",
    "new_authtok_reqd",
    "acct_expired",
    "session_err",
    "cred_unavail",
    "cred_expired",
    "cred_err",
    "no_module_data",
    "conv_err",
    "authtok_err",
    "authtok_recover_err",
    "authtok_lock_busy",
    "authtok_disable_aging",
    "try_again",
    "ignore",
    "abort",
    "authtok_expired",
    "module_unknown",
    "bad_item",
    "conv_again",
    "incomplete",
];

/// What a stack does about a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    /// Nothing.
    Ignore,
    /// The code counts if nothing failed before.
    Ok,
    /// The same, and this stack is over.
    Done,
    /// The stack fails.
    Bad,
    /// The same, and this stack is over.
    Die,
    /// What was is forgotten.
    Reset,
    /// The next modules are left out.
    Jump(u32),
}

/// What a line does about each code.
pub(crate) type Control = [Action; 32];

/// The control of one of libpam's words or of a bracket's inside; `None` where libpam takes all for bad.
pub(crate) fn control(token: &str, bracketed: bool) -> Option<Control> {
    if bracketed {
        return listed(token);
    }
    let (good, other) = match token.to_ascii_lowercase().as_str() {
        "required" => (Action::Ok, Action::Bad),
        "requisite" => (Action::Ok, Action::Die),
        "optional" => (Action::Ok, Action::Ignore),
        "sufficient" => (Action::Done, Action::Ignore),
        // libpam reads a word that it does not know as if it stood between brackets.
        _ => return listed(token),
    };
    let mut control = [other; 32];
    set(&mut control, Code::SUCCESS, good);
    set(&mut control, Code::NEW_AUTHTOK_REQD, good);
    set(&mut control, Code::IGNORE, Action::Ignore);
    Some(control)
}

fn set(control: &mut Control, code: Code, action: Action) {
    if let Some(place) = control.get_mut(usize::from(code.0)) {
        *place = action;
    }
}

/// `value=action …`: what is not named is bad; `default` fills what was not named before it.
fn listed(text: &str) -> Option<Control> {
    let mut said: [Option<Action>; 32] = [None; 32];
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let (code, after) = value(rest)?;
        let after = after.trim_start().strip_prefix('=')?.trim_start();
        let (action, after) = action(after)?;
        match code {
            Some(code) => *said.get_mut(code)? = Some(action),
            None => said.iter_mut().for_each(|place| {
                place.get_or_insert(action);
            }),
        }
        rest = after.trim_start();
    }
    Some(said.map(|place| place.unwrap_or(Action::Bad)))
}

/// The first name that the text starts with, as libpam compares; none of them: `default`.
fn value(text: &str) -> Option<(Option<usize>, &str)> {
    let named = NAMES
        .iter()
        .enumerate()
        .find_map(|(code, name)| Some((Some(code), text.strip_prefix(name)?)));
    named.or_else(|| Some((None, text.strip_prefix("default")?)))
}

fn action(text: &str) -> Option<(Action, &str)> {
    let words = [
        ("ignore", Action::Ignore),
        ("ok", Action::Ok),
        ("done", Action::Done),
        ("bad", Action::Bad),
        ("die", Action::Die),
        ("reset", Action::Reset),
    ];
    let word = words
        .iter()
        .find_map(|(word, action)| Some((*action, text.strip_prefix(word)?)));
    word.or_else(|| {
        let end = text
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(text.len());
        let (digits, rest) = text.split_at(end);
        let jump = digits.parse::<u32>().ok().filter(|jump| *jump > 0)?;
        Some((Action::Jump(jump), rest))
    })
}
