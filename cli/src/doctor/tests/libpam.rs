//! The evaluator against the real libpam: the same files, the same outcomes of modules (pam_debug.so says what it is
//! told to), the same result. Everything lies in a folder of the test's own.

use std::fs;
use std::io::Write;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::doctor::facts::Facts;
use crate::doctor::host::Host;
use crate::doctor::pam::code::{Code, NAMES};
use crate::doctor::pam::evaluate::ends;
use crate::doctor::pam::read::{Entry, Type, service};

/// The module that the stacks are made of: `auth=NAME` is what it returns.
pub(super) const MODULE: &str = "pam_debug.so";

/// A folder of services, and who asks libpam about them.
pub(super) struct Bench {
    folder: tempfile::TempDir,
    program: PathBuf,
}

impl Bench {
    /// None, and why is said, where there is no C compiler or no libpam to link with.
    pub(super) fn new() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("stacks");
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/programs/stacks.c");
        if !Path::new("/usr/include/security/pam_appl.h").exists() {
            eprintln!("SKIPPED: there are no headers of libpam");
            return None;
        }
        let mut compiler = Command::new("cc");
        compiler.args(["-O1", "-Wall", "-Wno-builtin-declaration-mismatch", "-o"]);
        compiler.arg(&program).arg(source).arg("-lpam");
        // Whom libpam calls by way of another library is found only where it is exported.
        compiler.arg("-rdynamic");
        assert!(compiler.status().unwrap().success());
        fs::create_dir_all(folder.path().join("etc/pam.d")).unwrap();
        // libpam looks for what is included in /etc/pam.d alone, so it is named from `/` on; for the evaluator this
        // folder is the root, and lies in itself by the same name.
        let inside = folder.path().strip_prefix("/").unwrap();
        let inside = folder.path().join(inside);
        fs::create_dir_all(inside.parent().unwrap()).unwrap();
        symlink("/", inside).unwrap();
        Some(Self { folder, program })
    }

    /// The folder of the services, for both.
    pub(super) fn services(&self) -> PathBuf {
        self.folder.path().join("etc/pam.d")
    }

    pub(super) fn write(&self, name: &str, text: &str) {
        fs::write(self.services().join(name), text).unwrap();
    }

    /// What libpam gives for each of these services.
    pub(super) fn real(&self, services: &[String]) -> Vec<u8> {
        let mut child = Command::new(&self.program)
            .arg(self.services())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut questions = child.stdin.take().unwrap();
        let lines = services.join("\n") + "\n";
        let asking = std::thread::spawn(move || questions.write_all(lines.as_bytes()));
        let output = child.wait_with_output().unwrap();
        asking.join().unwrap().unwrap();
        let answers = String::from_utf8(output.stdout).unwrap();
        let codes: Vec<u8> = answers.lines().map(|line| line.parse().unwrap()).collect();
        assert_eq!(codes.len(), services.len());
        codes
    }

    /// The host whose services these are.
    pub(super) fn host(&self) -> Host {
        Host::at(self.folder.path(), 0, Facts::of_an_image())
    }

    /// Asks both about a service; both must say the same.
    pub(super) fn agree(&self, name: &str) {
        let real = self.real(&[name.to_owned()]);
        let real: Vec<&str> = real.into_iter().map(word).collect();
        assert_eq!(
            predicted(&self.host(), name),
            real,
            "{name}\n{}",
            self.shown(name)
        );
    }

    /// The file, for whoever reads of a disagreement.
    fn shown(&self, name: &str) -> String {
        fs::read_to_string(self.services().join(name)).unwrap_or_default()
    }
}

pub(super) fn word(code: u8) -> &'static str {
    NAMES[usize::from(code)]
}

/// What the evaluator gives where each module returns what its line says.
pub(super) fn predicted(host: &Host, name: &str) -> Vec<&'static str> {
    let service = service(host, name);
    let found = ends(&service.stack(Type::Auth), &said, &|_, _, memory| memory);
    found.keys().map(|end| end.status.name()).collect()
}

/// `auth=NAME` of a line; a module that is not there is unknown.
fn said(entry: &Entry) -> Vec<Code> {
    let arguments = entry.arguments.iter();
    let mut said = arguments.filter_map(|argument| argument.strip_prefix("auth="));
    let name = match entry.module.as_str() {
        MODULE => said.next().unwrap_or("success"),
        _ => "module_unknown",
    };
    Code::all().filter(|code| code.name() == name).collect()
}
