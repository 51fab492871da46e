//! The world's /dev/log: collects what programs say to syslog.

use std::net::Shutdown;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

/// A listener that reads at once: syslog(3) waits when nobody does.
#[derive(Debug)]
pub(super) struct Journal {
    socket: UnixDatagram,
    lines: Arc<Mutex<String>>,
}

impl Journal {
    /// Takes the place of the log daemon.
    #[track_caller]
    pub(super) fn listen(path: &Path) -> Self {
        let socket = UnixDatagram::bind(path)
            .and_then(|socket| {
                std::fs::set_permissions(path, PermissionsExt::from_mode(0o666)).map(|()| socket)
            })
            .unwrap_or_else(|error| panic!("the world's /dev/log: {error}"));
        let lines = Arc::new(Mutex::new(String::new()));
        let (reader, collected) = (socket.try_clone(), Arc::clone(&lines));
        if let Ok(reader) = reader {
            std::thread::spawn(move || collect(&reader, &collected));
        }
        Self { socket, lines }
    }

    /// All lines so far.
    pub(super) fn text(&self) -> String {
        self.lines
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

/// Until the socket is shut down.
fn collect(socket: &UnixDatagram, lines: &Mutex<String>) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(length @ 1..) = socket.recv(&mut buffer) {
        let line = String::from_utf8_lossy(buffer.get(..length).unwrap_or_default()).into_owned();
        let mut lines = lines.lock().unwrap_or_else(PoisonError::into_inner);
        lines.push_str(line.trim_end_matches(['\n', '\0']));
        lines.push('\n');
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        // Only wakes the thread; it ends with the process otherwise.
        let _ = self.socket.shutdown(Shutdown::Both);
    }
}
