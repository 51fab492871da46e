//! The application's side of libpam: starts a stack from a folder of its own and
//! talks for the person. The only unsafe code of these tests.
#![allow(
    unreachable_pub,
    clippy::unwrap_used,
    clippy::multiple_unsafe_ops_per_block,
    reason = "clippy's allowance for tests does not reach their helpers; C's callbacks are one fact"
)]

use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::path::Path;
use std::ptr;

// Brings the module's exports into the test.
use pam_muster as _;

const PAM_USER: c_int = 2;
const PAM_PROMPT_ECHO_OFF: c_int = 1;
const PAM_PROMPT_ECHO_ON: c_int = 2;

#[repr(C)]
struct Message {
    style: c_int,
    text: *const c_char,
}

#[repr(C)]
struct Response {
    text: *mut c_char,
    unused: c_int,
}

type Converse =
    unsafe extern "C" fn(c_int, *mut *const Message, *mut *mut Response, *mut c_void) -> c_int;

#[repr(C)]
struct Conversation {
    converse: Converse,
    person: *mut c_void,
}

type Handle = *mut c_void;

#[link(name = "pam")]
unsafe extern "C" {
    fn pam_start_confdir(
        service: *const c_char,
        user: *const c_char,
        conversation: *const Conversation,
        folder: *const c_char,
        handle: *mut Handle,
    ) -> c_int;
    fn pam_end(handle: Handle, status: c_int) -> c_int;
    fn pam_set_item(handle: Handle, item: c_int, value: *const c_void) -> c_int;
    fn pam_authenticate(handle: Handle, flags: c_int) -> c_int;
    fn pam_acct_mgmt(handle: Handle, flags: c_int) -> c_int;
    fn pam_setcred(handle: Handle, flags: c_int) -> c_int;
    fn pam_open_session(handle: Handle, flags: c_int) -> c_int;
    fn pam_close_session(handle: Handle, flags: c_int) -> c_int;
    fn pam_chauthtok(handle: Handle, flags: c_int) -> c_int;
}

// The module's own exports, linked into the test.
unsafe extern "C" {
    fn pam_sm_authenticate(
        handle: Handle,
        flags: c_int,
        count: c_int,
        arguments: *const *const c_char,
    ) -> c_int;
    fn pam_sm_acct_mgmt(
        handle: Handle,
        flags: c_int,
        count: c_int,
        arguments: *const *const c_char,
    ) -> c_int;
}

/// One of libpam's calls.
#[derive(Debug, Clone, Copy)]
pub enum Call {
    Authenticate,
    Account,
    SetCredentials,
    OpenSession,
    CloseSession,
    ChangePassword,
}

/// Who sits before the program.
pub struct Person {
    pub typed: CString,
    /// Whom the program makes the user when the password is asked for.
    pub turns_into: Option<CString>,
    pub prompts: Vec<String>,
    pub shown: Vec<String>,
    handle: Handle,
}

/// A program that logs a person in.
pub struct Program {
    person: Box<Person>,
    handle: Handle,
    _conversation: Box<Conversation>,
}

impl Program {
    /// Starts the stack `service` of `folder` for `user`.
    pub fn start(folder: &Path, service: &str, user: &str, typed: &[u8]) -> Self {
        let mut person = Box::new(Person {
            typed: CString::new(typed).unwrap(),
            turns_into: None,
            prompts: vec![],
            shown: vec![],
            handle: ptr::null_mut(),
        });
        let conversation = Box::new(Conversation {
            converse,
            person: (&raw mut *person).cast(),
        });
        let text = |text: &str| CString::new(text).unwrap();
        let (service, user) = (text(service), text(user));
        let folder = text(folder.to_str().unwrap());
        let mut handle = ptr::null_mut();
        // SAFETY: all strings are NUL-terminated; conversation and person live as long as the handle.
        let status = unsafe {
            pam_start_confdir(
                service.as_ptr(),
                user.as_ptr(),
                &raw const *conversation,
                folder.as_ptr(),
                &raw mut handle,
            )
        };
        assert_eq!(status, 0, "pam_start_confdir");
        person.handle = handle;
        Self {
            person,
            handle,
            _conversation: conversation,
        }
    }

    pub fn person(&mut self) -> &mut Person {
        &mut self.person
    }

    /// Makes one of libpam's calls: its code.
    pub fn call(&mut self, call: Call) -> c_int {
        let function = match call {
            Call::Authenticate => pam_authenticate,
            Call::Account => pam_acct_mgmt,
            Call::SetCredentials => pam_setcred,
            Call::OpenSession => pam_open_session,
            Call::CloseSession => pam_close_session,
            Call::ChangePassword => pam_chauthtok,
        };
        // PAM_ESTABLISH_CRED for setcred, nothing for the others.
        let flags = if matches!(call, Call::SetCredentials) {
            2
        } else {
            0
        };
        // SAFETY: the handle is valid until this program is dropped.
        unsafe { function(self.handle, flags) }
    }

    /// Asks the module alone: libpam's own audit needs a descriptor for each call.
    pub fn module_alone(&mut self) -> [c_int; 2] {
        // SAFETY: the handle is valid, and no argument is given.
        let authenticated = unsafe { pam_sm_authenticate(self.handle, 0, 0, ptr::null()) };
        // SAFETY: the handle is valid, and no argument is given.
        let managed = unsafe { pam_sm_acct_mgmt(self.handle, 0, 0, ptr::null()) };
        [authenticated, managed]
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // SAFETY: the handle is valid and not used afterwards.
        unsafe { pam_end(self.handle, 0) };
    }
}

unsafe extern "C" fn converse(
    count: c_int,
    messages: *mut *const Message,
    responses: *mut *mut Response,
    person: *mut c_void,
) -> c_int {
    assert_eq!(count, 1);
    // SAFETY: libpam hands back the person of `start`, and one message.
    let (person, message) = unsafe { (&mut *person.cast::<Person>(), &**messages) };
    // SAFETY: the text is NUL-terminated; the response is freed by whoever asked, with free(3).
    let (text, response) = unsafe {
        (
            CStr::from_ptr(message.text).to_string_lossy().into_owned(),
            libc::calloc(1, size_of::<Response>()).cast::<Response>(),
        )
    };
    if matches!(message.style, PAM_PROMPT_ECHO_OFF | PAM_PROMPT_ECHO_ON) {
        person.prompts.push(text);
        if let Some(user) = &person.turns_into {
            // SAFETY: the handle is the one that is asking; libpam copies the string.
            unsafe { pam_set_item(person.handle, PAM_USER, user.as_ptr().cast()) };
        }
        // SAFETY: `response` was allocated above; strdup allocates with malloc.
        unsafe { (*response).text = libc::strdup(person.typed.as_ptr()) };
    } else {
        person.shown.push(text);
    }
    // SAFETY: libpam gives a place for the responses.
    unsafe { *responses = response };
    0
}

/// Lets SIGPIPE kill, as it does in C programs.
pub fn die_of_sigpipe() {
    // SAFETY: setting a signal's default disposition touches no memory.
    unsafe { libc::signal(libc::SIGPIPE, libc::SIG_DFL) };
}

/// Lowers the limit of open files.
pub fn limit_open_files(most: u64) {
    let limit = libc::rlimit {
        rlim_cur: most,
        rlim_max: most,
    };
    // SAFETY: `limit` is valid for reads.
    let status = unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limit) };
    assert_eq!(status, 0, "setrlimit");
}
