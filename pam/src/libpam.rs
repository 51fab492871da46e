//! libpam and glibc behind the [`Host`] trait. The only unsafe code of the module.
//!
//! pamsm reads most items and asks for the password; what it lacks (PAM_TTY, a
//! conversation whose replies are wiped and freed) is called from here. Every
//! string is copied at once: libpam may free it with the next call.

use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::io;
use std::mem::MaybeUninit;
use std::ptr;

use muster_common::secret::Secret;
use pamsm::{Pam, PamError, PamLibExt};
use zeroize::Zeroize;

use crate::conversation::{Echo, Host, Item, Tone, Uids, Unanswered};

/// `security/_pam_types.h`.
const PAM_AUTHTOK: c_int = 6;
const PAM_OLDAUTHTOK: c_int = 7;
const PAM_TTY: c_int = 3;
const PAM_PROMPT_ECHO_OFF: c_int = 1;
const PAM_PROMPT_ECHO_ON: c_int = 2;
const PAM_ERROR_MSG: c_int = 3;
const PAM_TEXT_INFO: c_int = 4;

/// libpam's own prompt, which it translates and which sudo knows how to replace.
const USUAL_PROMPT: &str = "Password: ";

/// No passwd entry is longer; whoever claims so is not believed.
const ENTRY_MAX: usize = 1 << 20;

unsafe extern "C" {
    fn pam_get_item(handle: *const c_void, item: c_int, value: *mut *const c_void) -> c_int;
    fn pam_get_authtok(
        handle: *const c_void,
        item: c_int,
        authtok: *mut *const c_char,
        prompt: *const c_char,
    ) -> c_int;
    fn pam_prompt(
        handle: *const c_void,
        style: c_int,
        response: *mut *mut c_char,
        format: *const c_char,
        ...
    ) -> c_int;
}

/// The program as libpam shows it to a module during one call.
pub(crate) struct LibPam(Pam);

impl LibPam {
    /// Takes the handle of this call.
    pub(crate) fn new(pam: Pam) -> Self {
        Self(pam)
    }

    fn handle(&self) -> *const c_void {
        let place = (&raw const self.0).cast::<*const c_void>();
        // SAFETY: `Pam` is repr(transparent) over libpam's handle, a pointer that is Copy.
        unsafe { place.read() }
    }

    fn tty(&self) -> Option<String> {
        let mut value = ptr::null();
        // SAFETY: the handle is valid during this call and `value` may be written.
        let status = unsafe { pam_get_item(self.handle(), PAM_TTY, &raw mut value) };
        if status != 0 || value.is_null() {
            return None;
        }
        // SAFETY: PAM_TTY is a NUL-terminated string that libpam keeps until it is set anew.
        let text = unsafe { CStr::from_ptr(value.cast()) };
        Some(text.to_string_lossy().into_owned())
    }

    /// PAM_OLDAUTHTOK, or in the password stack PAM_AUTHTOK: libpam asks for it in its own
    /// words if it is not there, for a new one twice, and obeys `use_authtok`.
    fn token(&self, item: c_int) -> Result<Secret, Unanswered> {
        let mut value = ptr::null();
        // SAFETY: the handle is valid during this call, `value` may be written, and without a prompt libpam takes its own.
        let status = unsafe { pam_get_authtok(self.handle(), item, &raw mut value, ptr::null()) };
        match status {
            0 if value.is_null() => Ok(Secret::typed(b"")?),
            0 => {
                // SAFETY: a NUL-terminated string that libpam keeps until it is set anew.
                let typed = unsafe { CStr::from_ptr(value) };
                Ok(Secret::typed(typed.to_bytes())?)
            }
            code if item == PAM_AUTHTOK => Err(Unanswered::NoNewPassword(code)),
            code => Err(Unanswered::NoConversation(code)),
        }
    }

    fn converse(&self, style: c_int, text: &str) -> Result<Reply, Unanswered> {
        let text = c_text(text);
        let mut reply = Reply(ptr::null_mut());
        // SAFETY: the handle is valid, the format takes exactly the one string that
        // follows, and libpam leaves an allocated string or nothing in the reply.
        let status = unsafe {
            pam_prompt(
                self.handle(),
                style,
                &raw mut reply.0,
                c"%s".as_ptr(),
                text.as_ptr(),
            )
        };
        match status {
            0 => Ok(reply),
            code => Err(Unanswered::NoConversation(code)),
        }
    }
}

impl Host for LibPam {
    fn user(&self) -> Result<String, Unanswered> {
        match self.0.get_user(None) {
            Ok(user) => Ok(owned(user).unwrap_or_default()),
            Err(code) => Err(Unanswered::NoConversation(code as c_int)),
        }
    }

    fn user_now(&self) -> Option<String> {
        self.0.get_cached_user().ok().and_then(owned)
    }

    fn item(&self, item: Item) -> Option<String> {
        match item {
            Item::Service => self.0.get_service().ok().and_then(owned),
            Item::RemoteHost => self.0.get_rhost().ok().and_then(owned),
            Item::Tty => self.tty(),
        }
    }

    fn password(&self, prompt: &str) -> Result<Secret, Unanswered> {
        let prompt = Some(prompt).filter(|&text| text != USUAL_PROMPT);
        match self.0.get_authtok(prompt) {
            Ok(Some(typed)) => Ok(Secret::typed(typed.to_bytes())?),
            Ok(None) => Ok(Secret::typed(b"")?),
            Err(PamError::AUTH_ERR) => Err(Unanswered::NoEarlierPassword),
            Err(code) => Err(Unanswered::NoConversation(code as c_int)),
        }
    }

    fn present_password(&self) -> Result<Secret, Unanswered> {
        self.token(PAM_OLDAUTHTOK)
    }

    fn new_password(&self) -> Result<Secret, Unanswered> {
        self.token(PAM_AUTHTOK)
    }

    fn ask(&self, prompt: &str, echo: Echo) -> Result<Secret, Unanswered> {
        let style = match echo {
            Echo::Off => PAM_PROMPT_ECHO_OFF,
            Echo::On => PAM_PROMPT_ECHO_ON,
        };
        let reply = self.converse(style, prompt)?;
        Ok(Secret::typed(reply.bytes())?)
    }

    fn tell(&self, tone: Tone, text: &str) {
        let style = match tone {
            Tone::Plain => PAM_TEXT_INFO,
            Tone::Error => PAM_ERROR_MSG,
        };
        // A program that cannot show texts decides nothing about the login.
        let _ = self.converse(style, text);
    }

    fn uids(&self) -> Uids {
        Uids {
            // SAFETY: takes nothing and cannot fail.
            real: unsafe { libc::getuid() },
            // SAFETY: takes nothing and cannot fail.
            effective: unsafe { libc::geteuid() },
        }
    }

    fn uid_by_name(&self, name: &str) -> io::Result<Option<u32>> {
        let name = c_text(name);
        let mut size = 1024;
        loop {
            match uid_with_room(&name, size) {
                Err(error) if error.raw_os_error() == Some(libc::ERANGE) && size < ENTRY_MAX => {
                    size = size.saturating_mul(4);
                }
                answered => return answered,
            }
        }
    }
}

/// A reply of the conversation: ours to wipe and to free.
struct Reply(*mut c_char);

impl Reply {
    fn bytes(&self) -> &[u8] {
        if self.0.is_null() {
            return b"";
        }
        // SAFETY: the conversation has left a NUL-terminated string that is ours now.
        unsafe { CStr::from_ptr(self.0) }.to_bytes()
    }
}

impl Drop for Reply {
    fn drop(&mut self) {
        let length = self.bytes().len();
        if self.0.is_null() {
            return;
        }
        // SAFETY: `length` bytes before the NUL are ours and nobody else looks at them.
        let typed = unsafe { std::slice::from_raw_parts_mut(self.0.cast::<u8>(), length) };
        typed.zeroize();
        // SAFETY: libpam's convention: replies come from malloc and the module frees them.
        unsafe { libc::free(self.0.cast()) };
    }
}

fn uid_with_room(name: &CStr, size: usize) -> io::Result<Option<u32>> {
    let mut entry = MaybeUninit::<libc::passwd>::zeroed();
    let mut strings: Vec<c_char> = vec![0; size];
    let mut found = ptr::null_mut();
    // SAFETY: all pointers are valid for this call, and `size` is the length of `strings`.
    let status = unsafe {
        libc::getpwnam_r(
            name.as_ptr(),
            entry.as_mut_ptr(),
            strings.as_mut_ptr(),
            size,
            &raw mut found,
        )
    };
    match status {
        // getpwnam(3) lists these as ways to say that nobody knows the name.
        0 | libc::ENOENT | libc::ESRCH if found.is_null() => Ok(None),
        0 => {
            // SAFETY: zeroed at first and filled in by glibc: every field is valid.
            let entry = unsafe { entry.assume_init_ref() };
            Ok(Some(entry.pw_uid))
        }
        code => Err(io::Error::from_raw_os_error(code)),
    }
}

fn owned(text: Option<&CStr>) -> Option<String> {
    text.map(|text| text.to_string_lossy().into_owned())
}

/// Texts are stripped of control characters before they come here; a NUL would only cut them short.
fn c_text(text: &str) -> CString {
    let bytes: Vec<u8> = text.bytes().take_while(|&byte| byte != 0).collect();
    CString::new(bytes).unwrap_or_default()
}
