//! Tells the service manager how far we are (sd_notify(3)). Nobody waits for it.

use std::io;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::time::Duration;

/// How many signs of life there are in the time after which the manager takes us for dead.
const SIGNS: u32 = 3;

/// Ready to serve.
pub fn ready() {
    tell("READY=1");
}

/// Told to stop, and doing so.
pub fn stopping() {
    tell("STOPPING=1");
}

/// Still alive, for the manager's watchdog.
pub fn alive() {
    tell("WATCHDOG=1");
}

/// How often the manager wants a sign of life of this process, if at all.
pub fn watchdog_interval() -> Option<Duration> {
    let said = |name| std::env::var(name).ok();
    interval(
        said("WATCHDOG_USEC"),
        said("WATCHDOG_PID"),
        std::process::id(),
    )
}

/// From the time in microseconds and the process that is meant (none said: any).
fn interval(time: Option<String>, meant: Option<String>, own: u32) -> Option<Duration> {
    if meant.is_some_and(|pid| pid.parse() != Ok(own)) {
        return None;
    }
    let time: u64 = time?.parse().ok()?;
    Some(Duration::from_micros(time) / SIGNS).filter(|interval| !interval.is_zero())
}

fn tell(state: &str) {
    let Some(name) = std::env::var_os("NOTIFY_SOCKET") else {
        return;
    };
    if let Err(error) = send(name.as_encoded_bytes(), state) {
        log::warn!("the service manager could not be told {state}: {error}");
    }
}

fn send(name: &[u8], state: &str) -> io::Result<()> {
    use std::os::unix::ffi::OsStrExt;
    let address = match name.strip_prefix(b"@") {
        Some(abstract_name) => SocketAddr::from_abstract_name(abstract_name)?,
        None => SocketAddr::from_pathname(std::ffi::OsStr::from_bytes(name))?,
    };
    let socket = UnixDatagram::unbound()?;
    socket.set_nonblocking(true)?;
    socket.send_to_addr(state.as_bytes(), &address).map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manager_is_told_by_path_and_by_abstract_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notify");
        let told = |manager: UnixDatagram, name: &[u8]| {
            send(name, "READY=1").unwrap();
            let mut buffer = [0; 32];
            let length = manager.recv(&mut buffer).unwrap();
            assert_eq!(&buffer[..length], b"READY=1");
        };
        told(
            UnixDatagram::bind(&path).unwrap(),
            path.as_os_str().as_encoded_bytes(),
        );
        let name = format!("muster-notify-{}", std::process::id());
        let address = SocketAddr::from_abstract_name(&name).unwrap();
        let manager = UnixDatagram::bind_addr(&address).unwrap();
        told(manager, format!("@{name}").as_bytes());
    }

    #[test]
    fn a_watchdog_is_answered_thrice_in_its_time_by_the_process_that_is_meant() {
        let check = |time: Option<&str>, meant: Option<&str>, expected: Option<Duration>| {
            let own = |text: Option<&str>| text.map(str::to_owned);
            assert_eq!(
                interval(own(time), own(meant), 7),
                expected,
                "{time:?} {meant:?}"
            );
        };
        check(Some("30000000"), Some("7"), Some(Duration::from_secs(10)));
        check(Some("30000000"), None, Some(Duration::from_secs(10)));
        check(Some("30000000"), Some("8"), None);
        check(None, Some("7"), None);
        check(Some("soon"), None, None);
        check(Some("0"), None, None);
    }

    #[test]
    fn a_manager_that_is_gone_is_an_error_and_no_wait() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("nobody");
        assert!(send(path.as_os_str().as_encoded_bytes(), "READY=1").is_err());
    }
}
