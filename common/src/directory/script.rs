//! A scripted server, for what the honest simulators do not do.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use url::Url;

/// What the server was asked.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    /// `GET /crowd/rest/… HTTP/1.1`
    pub line: String,
    /// All header lines, in lower case.
    pub headers: String,
    /// The body, as text.
    pub body: String,
}

impl Asked {
    /// Whether the first line holds `part`.
    pub(super) fn has(&self, part: &str) -> bool {
        self.line.contains(part)
    }
}

/// A server on loopback that answers as its script says: an empty answer closes the
/// connection, `never` is none at all.
pub(super) struct Scripted {
    address: std::net::SocketAddr,
    asked: Arc<Mutex<Vec<Asked>>>,
    server: tokio::task::JoinHandle<()>,
}

impl Drop for Scripted {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Scripted {
    /// Starts it.
    pub(super) async fn new(answer: impl Fn(&Asked) -> String + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (log, answer) = (Arc::clone(&asked), Arc::new(answer));
        let server = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (log, answer) = (Arc::clone(&log), Arc::clone(&answer));
                tokio::spawn(serve(stream, log, answer));
            }
        });
        Self {
            address,
            asked,
            server,
        }
    }

    /// Its URL with this path.
    pub(super) fn url(&self, path: &str) -> Url {
        Url::parse(&format!("http://{}{path}", self.address)).unwrap()
    }

    /// What it was asked so far.
    pub(super) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

async fn serve(
    mut stream: TcpStream,
    log: Arc<Mutex<Vec<Asked>>>,
    answer: Arc<impl Fn(&Asked) -> String>,
) {
    while let Some(asked) = read_request(&mut stream).await {
        log.lock().unwrap().push(asked.clone());
        let answer = answer(&asked);
        if answer == "never" {
            std::future::pending::<()>().await;
        }
        let sent = stream.write_all(answer.as_bytes()).await;
        if answer.is_empty() || sent.is_err() || answer.contains("Connection: close") {
            return;
        }
    }
}

async fn read_request(stream: &mut TcpStream) -> Option<Asked> {
    let mut text = String::new();
    while !text.contains("\r\n\r\n") {
        text.push(char::from(stream.read_u8().await.ok()?));
    }
    let (line, headers) = text.split_once("\r\n").unwrap();
    let headers = headers.to_ascii_lowercase();
    let length = headers
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "))
        .map_or(0, |length| length.parse().unwrap());
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.ok()?;
    Some(Asked {
        line: line.to_owned(),
        headers,
        body: String::from_utf8(body).unwrap(),
    })
}
