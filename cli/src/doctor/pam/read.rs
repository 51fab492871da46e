//! Reads a service's stacks as libpam does: its own file or `other`, continued lines, includes and substacks.

use super::code::{Action, Control, control};
use crate::doctor::host::Host;

/// libpam goes no deeper.
const DEPTH_MAX: usize = 16;
/// Where libpam looks, in this order.
pub(crate) const FOLDERS: [&str; 3] = ["/etc/pam.d", "/usr/lib/pam.d", "/usr/etc/pam.d"];

/// One of the four stacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Type {
    Auth,
    Account,
    Password,
    Session,
}

impl Type {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Auth => "auth",
            Self::Account => "account",
            Self::Password => "password",
            Self::Session => "session",
        }
    }

    fn of(word: &str) -> Option<Self> {
        [Self::Auth, Self::Account, Self::Password, Self::Session]
            .into_iter()
            .find(|one| word.eq_ignore_ascii_case(one.word()))
    }
}

/// What stands in a stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Handler {
    /// A module.
    Module,
    /// A substack starts here; what is in it lies one level deeper.
    Substack,
    /// A line that libpam does not understand: it is refused whenever it is reached.
    Fails,
}

/// One entry of a stack.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) handler: Handler,
    pub(crate) stack: Type,
    /// The module's file as it is written.
    pub(crate) module: String,
    pub(crate) arguments: Vec<String>,
    pub(crate) control: Control,
    /// How many substacks it lies in.
    pub(crate) level: usize,
    /// Whether a module that is missing is not worth a line in the log.
    pub(crate) may_lack: bool,
    pub(crate) file: String,
    pub(crate) line: usize,
    pub(crate) text: String,
}

impl Entry {
    /// The module without folder and ending: `pam_unix`.
    pub(crate) fn name(&self) -> &str {
        let file = self.module.rsplit('/').next().unwrap_or_default();
        file.strip_suffix(".so").unwrap_or(file)
    }
}

/// What is wrong with a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Complaint {
    pub(crate) file: String,
    pub(crate) line: usize,
    pub(crate) says: String,
}

/// All that a service's file says.
#[derive(Debug, Clone, Default)]
pub(crate) struct Service {
    pub(crate) entries: Vec<Entry>,
    pub(crate) complaints: Vec<Complaint>,
    /// The file that was read.
    pub(crate) file: String,
}

impl Service {
    /// One of its stacks.
    pub(crate) fn stack(&self, stack: Type) -> Vec<&Entry> {
        self.entries
            .iter()
            .filter(|entry| entry.stack == stack)
            .collect()
    }
}

/// The service's stacks; those that its file does not have are those of `other`.
pub(crate) fn service(host: &Host, name: &str) -> Service {
    let mut own = Service::default();
    match open(host, name) {
        Some((file, text)) => {
            own.file.clone_from(&file);
            Reading {
                host,
                into: &mut own,
            }
            .file(&file, &text, None, 0, 0);
        }
        None if name == "other" => return own,
        None => return service(host, "other"),
    }
    if name != "other" {
        let other = service(host, "other");
        for stack in [Type::Auth, Type::Account, Type::Password, Type::Session] {
            if own.stack(stack).is_empty() {
                own.entries.extend(other.stack(stack).into_iter().cloned());
            }
        }
    }
    own
}

/// The names of all services.
pub(crate) fn names(host: &Host) -> Vec<String> {
    let all = FOLDERS
        .iter()
        .flat_map(|folder| host.names_in(folder).unwrap_or_default());
    let mut names: Vec<String> = all
        .filter(|name| !name.contains(".dpkg-") && !name.contains(".rpm") && !name.ends_with('~'))
        .collect();
    names.sort();
    names.dedup();
    names
}

fn open(host: &Host, name: &str) -> Option<(String, String)> {
    let places: Vec<String> = match name.starts_with('/') {
        true => vec![name.to_owned()],
        false => FOLDERS
            .iter()
            .map(|folder| format!("{folder}/{name}"))
            .collect(),
    };
    places
        .into_iter()
        .find_map(|place| host.text(&place).ok().map(|text| (place, text)))
}

struct Reading<'a> {
    host: &'a Host,
    into: &'a mut Service,
}

impl Reading<'_> {
    fn file(&mut self, file: &str, text: &str, only: Option<Type>, depth: usize, level: usize) {
        for (number, line) in joined(text) {
            self.line(file, number, &line, only, depth, level);
        }
    }

    fn line(
        &mut self,
        file: &str,
        number: usize,
        line: &str,
        only: Option<Type>,
        depth: usize,
        level: usize,
    ) {
        let mut tokens = Tokens(line);
        let Some((first, _)) = tokens.next() else {
            return;
        };
        if first == "@include" {
            let target = tokens.next().map(|(name, _)| name).unwrap_or_default();
            if let Err(says) = self.include(&target, only, depth, level) {
                self.complain(file, number, says);
            }
            return;
        }
        let bare = first.strip_prefix('-').unwrap_or(&first);
        let stack = Type::of(bare);
        let assumed = stack.or(only).unwrap_or(Type::Auth);
        if only.is_some_and(|only| only != assumed) {
            return;
        }
        let mut entry = Entry {
            handler: Handler::Module,
            stack: assumed,
            module: String::new(),
            arguments: Vec::new(),
            control: [Action::Bad; 32],
            level,
            may_lack: bare.len() != first.len(),
            file: file.to_owned(),
            line: number,
            text: line.trim().to_owned(),
        };
        if stack.is_none() {
            return self.fails(entry, format!("{bare:?} is no type of a stack"));
        }
        let Some((word, bracketed)) = tokens.next() else {
            return self.fails(entry, "there is no control".to_owned());
        };
        let target = tokens.next().map(|(name, _)| name);
        let is_include = word.eq_ignore_ascii_case("include");
        if is_include || word.eq_ignore_ascii_case("substack") {
            let mut level = level;
            if !is_include {
                let marker = Handler::Substack;
                self.into.entries.push(Entry {
                    handler: marker,
                    ..entry.clone()
                });
                level += 1;
            }
            let target = target.unwrap_or_default();
            if let Err(says) = self.include(&target, Some(assumed), depth, level) {
                self.fails(entry, says);
            }
            return;
        }
        match control(&word, bracketed) {
            Some(control) => entry.control = control,
            None => self.complain(
                file,
                number,
                format!("the control {word:?} is not understood: all is bad"),
            ),
        }
        let Some(module) = target else {
            return self.fails(entry, "there is no module".to_owned());
        };
        entry.module = module;
        entry.arguments = tokens.map(|(argument, _)| argument).collect();
        self.into.entries.push(entry);
    }

    fn include(
        &mut self,
        name: &str,
        only: Option<Type>,
        depth: usize,
        level: usize,
    ) -> Result<(), String> {
        if depth + 1 >= DEPTH_MAX {
            return Err("files include each other deeper than libpam goes".to_owned());
        }
        let (file, text) = open(self.host, name).ok_or(format!("{name:?} cannot be read"))?;
        self.file(&file, &text, only, depth + 1, level);
        Ok(())
    }

    fn fails(&mut self, entry: Entry, says: String) {
        self.complain(&entry.file.clone(), entry.line, says);
        self.into.entries.push(Entry {
            handler: Handler::Fails,
            control: [Action::Bad; 32],
            ..entry
        });
    }

    fn complain(&mut self, file: &str, line: usize, says: String) {
        self.into.complaints.push(Complaint {
            file: file.to_owned(),
            line,
            says,
        });
    }
}

/// Lines without comments, continued ones as one, with the number of the first.
fn joined(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut begun: Option<(usize, String)> = None;
    for (number, line) in text.lines().enumerate() {
        let said = line.split('#').next().unwrap_or_default().trim();
        let (said, goes_on) = match said.strip_suffix('\\') {
            Some(said) => (said, true),
            None => (said, false),
        };
        let (first, mut whole) = begun.take().unwrap_or((number + 1, String::new()));
        whole.push_str(said);
        match goes_on {
            true => begun = Some((first, whole + " ")),
            false if whole.trim().is_empty() => {}
            false => found.push((first, whole)),
        }
    }
    found.extend(begun.filter(|(_, whole)| !whole.trim().is_empty()));
    found
}

/// Words, and whatever stands between `[` and `]` as one; `\]` is a bracket inside.
struct Tokens<'a>(&'a str);

impl Iterator for Tokens<'_> {
    type Item = (String, bool);

    fn next(&mut self) -> Option<Self::Item> {
        let text = self.0.trim_start();
        if text.is_empty() {
            return None;
        }
        let Some(inside) = text.strip_prefix('[') else {
            let end = text.find(char::is_whitespace).unwrap_or(text.len());
            let (word, rest) = text.split_at(end);
            self.0 = rest;
            return Some((word.to_owned(), false));
        };
        let mut word = String::new();
        let mut letters = inside.char_indices().peekable();
        self.0 = "";
        while let Some((at, letter)) = letters.next() {
            match letter {
                ']' => {
                    self.0 = inside.get(at + 1..).unwrap_or_default();
                    break;
                }
                '\\' if letters.peek().is_some_and(|(_, next)| *next == ']') => {
                    letters.next();
                    word.push(']');
                }
                other => word.push(other),
            }
        }
        Some((word, true))
    }
}
