//! Tells the service manager how far we are (sd_notify(3)). Nobody waits for it.

use std::io;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};

/// Ready to serve.
pub fn ready() {
    tell("READY=1");
}

/// Told to stop, and doing so.
pub fn stopping() {
    tell("STOPPING=1");
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
    fn a_manager_that_is_gone_is_an_error_and_no_wait() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("nobody");
        assert!(send(path.as_os_str().as_encoded_bytes(), "READY=1").is_err());
    }
}
