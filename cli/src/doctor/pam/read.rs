//! Reads a service's stacks as libpam does: its own file or `other`, continued lines, includes and substacks.

use super::code::{Action, Control, control};
use super::lines::{Line, Tokens, joined};
use crate::doctor::host::Host;

/// libpam's substacks lie no deeper in each other.
const LEVELS_MAX: usize = 16;
/// No service that anybody wrote has more.
const ENTRIES_MAX: usize = 20_000;
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
    /// libpam takes nothing from the service's files, and refuses whatever it is asked, or crashes.
    Aborts,
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
    /// An entry without anything in it yet.
    fn at(file: &str, line: &Line, stack: Type, level: usize) -> Self {
        Self {
            handler: Handler::Module,
            stack,
            module: String::new(),
            arguments: Vec::new(),
            control: [Action::Bad; 32],
            level,
            may_lack: false,
            file: file.to_owned(),
            line: line.number,
            text: line.text.trim().to_owned(),
        }
    }

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
    /// What was read before libpam gave it up; then `entries` only say that.
    pub(crate) lost: Vec<Entry>,
}

impl Service {
    /// Whether libpam gives it up.
    pub(crate) fn aborts(&self) -> bool {
        self.entries
            .iter()
            .any(|entry| entry.handler == Handler::Aborts)
    }

    /// One of its stacks.
    pub(crate) fn stack(&self, stack: Type) -> Vec<&Entry> {
        self.entries
            .iter()
            .filter(|entry| entry.stack == stack)
            .collect()
    }
}

/// What libpam gives up.
enum Abort {
    /// This file: whoever includes it goes on with a refusal in its place.
    File,
    /// Everything.
    All,
}

const TYPES: [Type; 4] = [Type::Auth, Type::Account, Type::Password, Type::Session];

/// The service's stacks; those that its file does not have are those of `other`, which is read in any case.
pub(crate) fn service(host: &Host, name: &str) -> Service {
    let (mut other, mut aborts) = read(host, "other").unwrap_or_default();
    let Some((mut own, own_aborts)) = read(host, name) else {
        other.abort_if(aborts);
        return other;
    };
    aborts |= own_aborts;
    for stack in TYPES {
        if own.stack(stack).is_empty() {
            own.entries.extend(other.stack(stack).into_iter().cloned());
        }
    }
    if aborts && name != "other" {
        own.complaints.append(&mut other.complaints);
    }
    own.abort_if(aborts);
    own
}

/// One service's own file, and whether libpam gives up at it.
fn read(host: &Host, name: &str) -> Option<(Service, bool)> {
    let (file, text) = open(host, name)?;
    let mut reading = Reading {
        host,
        into: Service::default(),
        open: Vec::new(),
    };
    reading.into.file.clone_from(&file);
    let aborts = reading.file(&file, &text, None, 0).is_err();
    Some((reading.into, aborts))
}

impl Service {
    /// Leaves of each stack one entry that aborts.
    fn abort_if(&mut self, aborts: bool) {
        if !aborts {
            return;
        }
        let nowhere = Line {
            number: 1,
            text: String::new(),
            doubtful: false,
        };
        let aborting = |stack| Entry {
            handler: Handler::Aborts,
            ..Entry::at(&self.file, &nowhere, stack, 0)
        };
        let aborting: Vec<Entry> = TYPES.into_iter().map(aborting).collect();
        self.lost = std::mem::replace(&mut self.entries, aborting);
    }
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
    into: Service,
    /// The files that are being read, with the level that they are read at.
    open: Vec<(String, usize)>,
}

impl Reading<'_> {
    fn file(
        &mut self,
        file: &str,
        text: &str,
        only: Option<Type>,
        level: usize,
    ) -> Result<(), Abort> {
        self.open.push((file.to_owned(), level));
        let (lines, broken_off) = joined(text);
        for line in &lines {
            if line.doubtful {
                let says = "there is an empty line or a comment inside of a continued line: versions of libpam differ";
                self.complain(file, line.number, says.to_owned());
            }
            self.line(file, line, only, level)?;
        }
        self.open.pop();
        match broken_off {
            Some(number) => {
                self.complain(
                    file,
                    number,
                    "the file ends inside of a continued line".to_owned(),
                );
                Err(Abort::File)
            }
            None => Ok(()),
        }
    }

    fn line(
        &mut self,
        file: &str,
        line: &Line,
        only: Option<Type>,
        level: usize,
    ) -> Result<(), Abort> {
        let (number, mut tokens) = (line.number, Tokens(&line.text));
        let Some((first, _)) = tokens.next() else {
            return Ok(());
        };
        if first.eq_ignore_ascii_case("@include") {
            let target = tokens.next().map(|(name, _)| name);
            return match (self.include(target, only, level)?, only) {
                (Ok(()), _) => Ok(()),
                (Err(says), Some(stack)) => {
                    self.fails(Entry::at(file, line, stack, level), says);
                    Ok(())
                }
                // There is no stack that the refusal could be put into.
                (Err(says), None) => {
                    self.complain(file, number, says);
                    Err(Abort::File)
                }
            };
        }
        let bare = first.strip_prefix('-').unwrap_or(&first);
        let stack = Type::of(bare);
        let assumed = stack.or(only).unwrap_or(Type::Auth);
        if only.is_some_and(|only| only != assumed) {
            return Ok(());
        }
        let mut entry = Entry::at(file, line, assumed, level);
        entry.may_lack = bare.len() != first.len();
        if stack.is_none() {
            self.fails(entry, format!("{bare:?} is no type of a stack"));
            return Ok(());
        }
        let Some((word, bracketed)) = tokens.next() else {
            self.fails(entry, "there is no control".to_owned());
            return Ok(());
        };
        let target = tokens.next().map(|(name, _)| name);
        let is_include = word.eq_ignore_ascii_case("include");
        if is_include || word.eq_ignore_ascii_case("substack") {
            let mut level = level;
            if !is_include {
                let marker = Handler::Substack;
                self.push(Entry {
                    handler: marker,
                    ..entry.clone()
                })?;
                level += 1;
            }
            if let Err(says) = self.include(target, Some(assumed), level)? {
                self.fails(entry, says);
            }
            return Ok(());
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
            self.fails(entry, "there is no module".to_owned());
            return Ok(());
        };
        entry.module = module;
        entry.arguments = tokens.map(|(argument, _)| argument).collect();
        self.push(entry)
    }

    fn push(&mut self, entry: Entry) -> Result<(), Abort> {
        let has_room = self.into.entries.len() < ENTRIES_MAX;
        if !has_room {
            let says = "there are more lines than can be examined";
            self.complain(&entry.file, entry.line, says.to_owned());
            return Err(Abort::All);
        }
        self.into.entries.push(entry);
        Ok(())
    }

    /// Reads another file; what is said where that does not go. libpam itself goes on for ever where files include
    /// each other, or crashes where no file is named.
    fn include(
        &mut self,
        name: Option<String>,
        only: Option<Type>,
        level: usize,
    ) -> Result<Result<(), String>, Abort> {
        let Some(name) = name else {
            self.complain_here("no file is named: libpam crashes");
            return Err(Abort::All);
        };
        if level >= LEVELS_MAX {
            return Ok(Err(
                "substacks lie in each other deeper than libpam goes".to_owned()
            ));
        }
        let Some((file, text)) = open(self.host, &name) else {
            return Ok(Err(format!("{name:?} cannot be read")));
        };
        if self.open.iter().any(|one| *one == (file.clone(), level)) {
            self.complain_here("files include each other without an end: libpam crashes");
            return Err(Abort::All);
        }
        let depth = self.open.len();
        let read = self.file(&file, &text, only, level);
        self.open.truncate(depth);
        match read {
            Ok(()) => Ok(Ok(())),
            Err(Abort::File) => Ok(Err(format!("libpam gives {name:?} up"))),
            Err(Abort::All) => Err(Abort::All),
        }
    }

    /// Complains of the file that is being read.
    fn complain_here(&mut self, says: &str) {
        let file = self.open.last().map(|(file, _)| file.clone());
        self.complain(&file.unwrap_or_default(), 1, says.to_owned());
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
