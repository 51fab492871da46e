//! Orders to a running simulator: a Unix socket, one line of JSON each way.
//!
//! `{"do":"fault","faults":[{"fault":"slow=500","below":"/search","times":2}]}`
//! is answered by `{"ok":true,"value":null}` or `{"ok":false,"error":"…"}`.
//! An order that the server does not know goes to the service.

use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::net::UnixStream as BlockingStream;
use std::path::Path;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{UnixListener, UnixStream};

use super::SimError;
use super::fault::{Fault, Rule};
use super::server::{Server, Service};

/// Larger than any order.
const LONGEST_ORDER: u64 = 1 << 20;

/// The server's own orders.
#[derive(Debug, Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case", deny_unknown_fields)]
enum Order {
    Fault { faults: Vec<RuleOrder> },
    Requests {},
    ForgetRequests {},
    Ping {},
}

/// A rule as written on the wire.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleOrder {
    /// The fault's name, with `=VALUE` where it takes one.
    pub fault: String,
    /// Only below this path.
    #[serde(default)]
    pub below: Option<String>,
    /// Only this often.
    #[serde(default)]
    pub times: Option<u64>,
}

impl RuleOrder {
    fn rule(self) -> Result<Rule, String> {
        let fault: Fault = self.fault.parse().map_err(|error| format!("{error}"))?;
        let mut rule = Rule::from(fault);
        if let Some(below) = self.below {
            rule = rule.below(below);
        }
        if let Some(times) = self.times {
            rule = rule.times(times);
        }
        Ok(rule)
    }
}

/// What came of an order.
#[derive(Debug, Serialize, Deserialize)]
struct Outcome {
    ok: bool,
    #[serde(default)]
    value: Value,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

/// Takes orders until the task is dropped.
pub async fn listen<S: Service>(server: Arc<Server<S>>, listener: UnixListener) {
    loop {
        if let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(converse(Arc::clone(&server), stream));
        }
    }
}

async fn converse<S: Service>(server: Arc<Server<S>>, stream: UnixStream) {
    let (reading, mut writing) = stream.into_split();
    let mut lines = tokio::io::BufReader::new(reading.take(LONGEST_ORDER)).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        let server = Arc::clone(&server);
        // Shutting the listener waits for it, and must not hold up the task that shuts it.
        let done = tokio::task::spawn_blocking(move || carry_out(&server, &line)).await;
        let Ok(outcome) = done else { return };
        let mut answer = json!(outcome).to_string();
        answer.push('\n');
        if writing.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
    }
}

fn carry_out<S: Service>(server: &Server<S>, line: &str) -> Outcome {
    match obey(server, line) {
        Ok(value) => Outcome {
            ok: true,
            value,
            error: None,
        },
        Err(error) => Outcome {
            ok: false,
            value: Value::Null,
            error: Some(error),
        },
    }
}

fn obey<S: Service>(server: &Server<S>, line: &str) -> Result<Value, String> {
    let order: Value = serde_json::from_str(line).map_err(|error| error.to_string())?;
    let own = ["fault", "requests", "forget-requests", "ping"];
    let named = order.get("do").and_then(Value::as_str);
    if !named.is_some_and(|name| own.contains(&name)) {
        return server.service.control(&order);
    }
    match serde_json::from_value(order).map_err(|error| error.to_string())? {
        Order::Fault { faults } => {
            let rules: Result<Vec<_>, _> = faults.into_iter().map(RuleOrder::rule).collect();
            server.set_faults(rules?);
            Ok(Value::Null)
        }
        Order::Requests {} => Ok(json!(server.records.all())),
        Order::ForgetRequests {} => {
            server.records.clear();
            Ok(Value::Null)
        }
        Order::Ping {} => Ok(json!("pong")),
    }
}

/// Why an order came to nothing.
#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    /// The simulator cannot be reached, or went away.
    #[error("no simulator answers there")]
    Unreachable(#[source] SimError),
    /// It answered something that is no outcome.
    #[error("the simulator's answer is not an outcome")]
    Nonsense(#[source] serde_json::Error),
    /// It would not.
    #[error("{0}")]
    Refused(String),
}

/// Sends one order to the simulator whose control socket is `socket`.
pub fn send(socket: &Path, order: &Value) -> Result<Value, ControlError> {
    let answer = ask(socket, order).map_err(|source| {
        let what = format!("asking {}", socket.display());
        ControlError::Unreachable(SimError::io(what)(source))
    })?;
    let outcome: Outcome = serde_json::from_str(&answer).map_err(ControlError::Nonsense)?;
    match outcome {
        Outcome {
            ok: true, value, ..
        } => Ok(value),
        Outcome { error, .. } => Err(ControlError::Refused(error.unwrap_or_default())),
    }
}

fn ask(socket: &Path, order: &Value) -> std::io::Result<String> {
    let mut stream = BlockingStream::connect(socket)?;
    stream.write_all(format!("{order}\n").as_bytes())?;
    let mut answer = String::new();
    BufReader::new(stream).read_line(&mut answer)?;
    Ok(answer)
}
