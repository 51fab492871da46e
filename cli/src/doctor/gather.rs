//! Asks what runs, each with a deadline: the broker, the directories' servers (a handshake), the file
//! systems, the processes.

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::time::Duration;

use muster_common::paths;
use muster_common::text::with_causes;
use muster_common::wire::client::{ACKNOWLEDGE, Connection, Deadline};
use muster_common::wire::message::{Status, StatusReply};

use super::facts::{Facts, Process, Room};
use super::handshakes;

/// How long the broker may take for its status.
const PATIENCE: Duration = Duration::from_secs(5);
/// How much of one file of /proc is read.
const MAPS_MAX: u64 = 4 << 20;
/// As long is the text of a process's number.
const NUMBER_MAX: u64 = 32;
/// Processes that are looked at.
const PROCESSES_MAX: usize = 20_000;

/// All that can be asked on this host.
pub fn gather() -> Facts {
    Facts {
        live: true,
        by_root: rustix::process::geteuid().is_root(),
        broker: Some(broker()),
        handshakes: handshakes::with_servers(Path::new(paths::CONFIG)),
        rooms: ["/var/lib/muster/public", paths::PRIVATE_DIR, "/var/log"]
            .into_iter()
            .filter_map(room)
            .collect(),
        processes: processes(),
        clock_kept: clock_kept(),
        ..Facts::of_an_image()
    }
}

fn broker() -> Result<StatusReply, String> {
    let door = match rustix::process::geteuid().is_root() {
        true => paths::ROOT_SOCKET,
        false => paths::LOOKUP_SOCKET,
    };
    let connected = Connection::open(Path::new(door), Deadline::after(ACKNOWLEDGE));
    let answer =
        connected.and_then(|mut broker| broker.call(&Status {}, Deadline::after(PATIENCE)));
    answer.map_err(|error| with_causes(&error))
}

fn room(place: &str) -> Option<Room> {
    let stat = rustix::fs::statvfs(place).ok()?;
    Some(Room {
        place: place.to_owned(),
        free: stat.f_bavail.saturating_mul(stat.f_frsize),
        all: stat.f_blocks.saturating_mul(stat.f_frsize),
        free_files: stat.f_ffree,
        all_files: stat.f_files,
    })
}

fn processes() -> Vec<Process> {
    let Ok(folder) = std::fs::read_dir("/proc") else {
        return Vec::new();
    };
    let pids = folder.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<u32>().ok());
    pids.take(PROCESSES_MAX).filter_map(process).collect()
}

/// A process that is worth keeping: one that maps what is gone, or nscd.
fn process(pid: u32) -> Option<Process> {
    let read = |name: &str| {
        let mut text = String::new();
        let file = File::open(format!("/proc/{pid}/{name}")).ok()?;
        file.take(MAPS_MAX).read_to_string(&mut text).ok()?;
        Some(text)
    };
    let name = read("comm")?.trim().to_owned();
    let maps = read("maps").unwrap_or_default();
    let mut gone: Vec<String> = maps
        .lines()
        .filter_map(|line| line.strip_suffix(" (deleted)"))
        .filter_map(|line| line.find('/').and_then(|at| line.get(at..)))
        .filter(|path| is_ours(path))
        .map(str::to_owned)
        .collect();
    gone.sort();
    gone.dedup();
    let keep = !gone.is_empty() || name == "nscd";
    keep.then_some(Process { pid, name, gone })
}

fn is_ours(path: &str) -> bool {
    let modules = ["libnss_muster.so.2", "pam_muster.so"];
    path.starts_with("/var/lib/muster/public/") || modules.iter().any(|name| path.ends_with(name))
}

/// Who keeps the clock leaves a trace where it can be seen without asking; the number of one who has died is none.
fn clock_kept() -> Option<bool> {
    let traces = [
        "/run/systemd/timesync/synchronized",
        "/var/run/openntpd.sock",
    ];
    let numbers = [
        "/run/chrony/chronyd.pid",
        "/run/chronyd.pid",
        "/run/ntpd.pid",
    ];
    let found = traces.iter().any(|trace| Path::new(trace).exists())
        || numbers.iter().any(|file| lives(Path::new(file)));
    // In a container the clock is the host's, and no trace says anything.
    let contained =
        Path::new("/run/systemd/container").exists() || !Path::new("/run/systemd/system").exists();
    (found || !contained).then_some(found)
}

/// Whether the process runs whose number stands in `file`.
fn lives(file: &Path) -> bool {
    let mut text = String::new();
    let read = File::open(file).and_then(|file| file.take(NUMBER_MAX).read_to_string(&mut text));
    let pid = read.ok().and_then(|_| text.trim().parse::<u32>().ok());
    pid.is_some_and(|pid| Path::new(&format!("/proc/{pid}")).exists())
}
