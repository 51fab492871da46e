//! What people of restricted groups may do on this host: their shell, and what stands in
//! front of their SSH keys. All of it is root's word; nothing of it comes from a server.

use std::fmt;

use super::Rule;
use crate::name::UserName;
use crate::template::Template;

/// What may stand in front of a key, as sshd(8) spells it. Nothing here takes an argument,
/// and whatever widens does so only behind `restrict`.
pub const KEY_OPTIONS: [&str; 11] = [
    "restrict",
    "no-pty",
    "no-port-forwarding",
    "no-agent-forwarding",
    "no-X11-forwarding",
    "no-user-rc",
    "pty",
    "port-forwarding",
    "agent-forwarding",
    "X11-forwarding",
    "user-rc",
];

/// One of [`KEY_OPTIONS`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyOption(&'static str);

impl KeyOption {
    /// The option that is spelled so.
    pub fn spelled(text: &str) -> Option<Self> {
        let mut options = KEY_OPTIONS.into_iter();
        options.find(|option| *option == text).map(Self)
    }

    /// As sshd(8) spells it.
    pub const fn as_str(self) -> &'static str {
        self.0
    }
}

/// The command that a key runs whatever was asked for; `{name}` is the person's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForcedCommand(Template);

/// Why a text can be no forced command.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoCommand {
    /// It is empty or would break the line.
    #[error("it is empty or holds a control character")]
    Text,
    /// sshd takes `\"` for a quotation mark, and would not find the command's end.
    #[error("it ends with a backslash, which authorized_keys cannot say")]
    Backslash,
    /// A place that is not `{name}`.
    #[error("{0}")]
    Place(#[from] crate::template::UnknownPlace),
}

/// The person's name would be read by a shell as more than a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the name holds a character that a command cannot be trusted with")]
pub struct UnfitName;

impl ForcedCommand {
    /// Takes a command as root writes it.
    pub fn new(text: &str) -> Result<Self, NoCommand> {
        if text.trim().is_empty() || text.chars().any(char::is_control) {
            return Err(NoCommand::Text);
        }
        if text.ends_with('\\') {
            return Err(NoCommand::Backslash);
        }
        Ok(Self(Template::new(text, &["name"])?))
    }

    /// The command of `name`. The person's shell reads it, so only plain names are filled in.
    fn of(&self, name: &UserName) -> Result<String, UnfitName> {
        let name = name.as_str();
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_.@+-".contains(&byte);
        let filled = self.0.fill(|_| name);
        let fits = !name.starts_with('-') && name.bytes().all(plain);
        (fits || filled == self.0.to_string())
            .then_some(filled)
            .ok_or(UnfitName)
    }
}

/// One `[[restricted]]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restriction {
    /// Whom it lets in, restricted.
    pub groups: Vec<Rule>,
    /// The login shell; without one that of everybody else.
    pub shell: Option<String>,
    /// What every key of these people runs.
    pub command: Option<ForcedCommand>,
    /// What further stands in front of the keys.
    pub options: Vec<KeyOption>,
}

impl Restriction {
    /// What stands in front of each key of `name` in authorized_keys(5), without a blank
    /// behind it; may be empty.
    pub fn key_options(&self, name: &UserName) -> Result<String, UnfitName> {
        let command = self.command.as_ref().map(|command| command.of(name));
        let command = command.transpose()?;
        // sshd knows one escape: \" is a quotation mark. Any other backslash is itself.
        let command = command.map(|text| format!("command=\"{}\"", text.replace('"', "\\\"")));
        let options = self.options.iter().map(|option| option.as_str().to_owned());
        let all: Vec<_> = command.into_iter().chain(options).collect();
        Ok(all.join(","))
    }
}

impl fmt::Display for Restriction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("restricted, since no allow rule of sshd matches:")?;
        if let Some(shell) = &self.shell {
            write!(f, " the shell {shell};")?;
        }
        match &self.command {
            Some(ForcedCommand(command)) => {
                write!(f, " SSH keys alone, and only the command {command}")?;
            }
            None => f.write_str(" no command is forced")?,
        }
        for option in &self.options {
            write!(f, ", {}", option.as_str())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(command: &str, name: &str) -> Result<String, UnfitName> {
        let restriction = Restriction {
            groups: Vec::new(),
            shell: None,
            command: Some(ForcedCommand::new(command).unwrap()),
            options: vec![
                KeyOption::spelled("restrict").unwrap(),
                KeyOption::spelled("pty").unwrap(),
            ],
        };
        restriction.key_options(&UserName::new(name).unwrap())
    }

    /// As sshd reads the value of an option (misc.c, opt_dequote): the value and what follows.
    fn dequoted(text: &str) -> (String, &str) {
        let mut value = String::new();
        let mut rest = text.strip_prefix('"').unwrap();
        loop {
            if let Some(behind) = rest.strip_prefix("\\\"") {
                value.push('"');
                rest = behind;
            } else if let Some(behind) = rest.strip_prefix('"') {
                return (value, behind);
            } else {
                let mut letters = rest.chars();
                value.push(letters.next().unwrap());
                rest = letters.as_str();
            }
        }
    }

    #[test]
    fn a_command_is_quoted_so_that_sshd_reads_what_root_wrote() {
        for command in [
            "/usr/bin/git-shell",
            r#"sh -c "echo a, b" x"#,
            r#"a \"b\" c"#,
            r"printf '\\n' \\x",
            r#"\"""#,
            "na\u{ef}ve \u{201c}q\u{201d}",
        ] {
            let line = options(command, "ada").unwrap();
            let quoted = line.strip_prefix("command=").unwrap();
            let expected = (command.to_owned(), ",restrict,pty");
            assert_eq!(dequoted(quoted), expected, "{line}");
        }
    }

    #[test]
    fn a_plain_name_is_filled_in_and_no_other() {
        assert_eq!(
            options("serve --as {name}", "ada.l@x+1").unwrap(),
            r#"command="serve --as ada.l@x+1",restrict,pty"#
        );
        for hostile in [
            "a$(id)", "a;id", "a`id`", "a\"b", "a'b", "a\\", "a b", "-a", "a&b", "a\u{7f}b",
        ] {
            let Ok(name) = UserName::new(hostile) else {
                continue;
            };
            let restriction = Restriction {
                groups: Vec::new(),
                shell: None,
                command: ForcedCommand::new("serve {name}").ok(),
                options: Vec::new(),
            };
            assert_eq!(restriction.key_options(&name), Err(UnfitName), "{hostile}");
        }
        let line = options("serve", "a$b").unwrap();
        assert_eq!(line, r#"command="serve",restrict,pty"#);
    }

    #[test]
    fn what_authorized_keys_cannot_say_is_no_command() {
        for unfit in ["", "  ", "a\nb", "a\0", "a\\", "serve {user}"] {
            assert!(ForcedCommand::new(unfit).is_err(), "{unfit:?}");
        }
        assert_eq!(KeyOption::spelled("command=\"id\""), None);
        assert_eq!(KeyOption::spelled("no-PTY"), None);
    }
}
