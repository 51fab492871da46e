//! Answers systemd's watchdog, by asking ourselves what anybody may ask: only a broker that accepts, reads and answers
//! is alive. One that hangs is killed and started anew, and names resolve from the snapshot meanwhile.

use std::io;
use std::path::Path;
use std::time::Duration;

use muster_daemon::notify;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;
use tokio::time::{sleep, timeout};

/// What is asked: what this service is.
const QUESTION: &[u8] = b"{\"method\":\"org.varlink.service.GetInfo\"}\0";

/// Probes the broker behind `socket` each `interval`, as long as it runs; each answer is a sign of life.
pub async fn keep_alive(socket: &Path, interval: Duration) {
    loop {
        sleep(interval).await;
        match timeout(interval, probe(socket)).await {
            Ok(Ok(())) => notify::alive(),
            Ok(Err(error)) => log::warn!("no answer to the watchdog's own question: {error}"),
            Err(_) => log::warn!("no answer in time to the watchdog's own question"),
        }
    }
}

/// One question, and a whole reply that is no error.
async fn probe(socket: &Path) -> io::Result<()> {
    let mut stream = UnixStream::connect(socket).await?;
    stream.write_all(QUESTION).await?;
    let mut reply = Vec::new();
    BufReader::new(stream).read_until(0, &mut reply).await?;
    match reply.strip_suffix(&[0]) {
        Some(frame) if is_answer(frame) => Ok(()),
        Some(_) => Err(io::Error::other("an error was answered")),
        None => Err(io::ErrorKind::UnexpectedEof.into()),
    }
}

fn is_answer(frame: &[u8]) -> bool {
    let reply: Result<serde_json::Value, _> = serde_json::from_slice(frame);
    reply.is_ok_and(|reply| reply.get("parameters").is_some() && reply.get("error").is_none())
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::net::UnixListener;

    /// What the probe makes of a broker that takes the question and says this.
    async fn probed(says: &'static [u8]) -> io::Result<()> {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("lookup.sock");
        let listener = UnixListener::bind(&socket).unwrap();
        let answering = tokio::spawn(async move {
            let (stream, _) = listener.accept().await.unwrap();
            let mut stream = BufReader::new(stream);
            let mut question = Vec::new();
            stream.read_until(0, &mut question).await.unwrap();
            assert_eq!(question, QUESTION);
            stream.write_all(says).await.unwrap();
        });
        let outcome = probe(&socket).await;
        answering.await.unwrap();
        outcome
    }

    #[tokio::test]
    async fn only_a_whole_answer_is_a_sign_of_life() {
        probed(b"{\"parameters\":{\"vendor\":\"muster\"}}\0")
            .await
            .unwrap();
        for dead in [
            b"".as_slice(),
            b"{\"parameters\":{}}",
            b"{\"error\":\"org.muster1.Busy\",\"parameters\":{}}\0",
            b"nonsense\0",
        ] {
            assert!(probed(dead).await.is_err());
        }
    }

    #[tokio::test]
    async fn nobody_listening_is_no_sign_of_life() {
        assert!(probe(Path::new("/nonexistent/lookup.sock")).await.is_err());
    }
}
