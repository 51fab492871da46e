//! The HTTP server under every simulated directory: connections, TLS, faults, records.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Limited};
use hyper::body::Incoming;
use hyper::header::{HeaderValue, LOCATION, RETRY_AFTER};
use hyper::service::service_fn;
use hyper::{Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use super::body::ReplyBody;
use super::exchange::{Delivery, Reply, Request, parse_query};
use super::fault::{Fault, Faults, Rule};
use super::gate::{self, Door, Gate};
use super::record::{Recorded, Records};

/// No request of a directory's client is longer.
const LONGEST_BODY: usize = 1 << 20;
/// Nobody needs longer for a TLS handshake on loopback.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// A simulated directory.
pub trait Service: Send + Sync + 'static {
    /// The path below the service's root, for faults and records; the whole path
    /// if the request is for something else.
    fn place(&self, request: &Request) -> String;

    /// Answers, failing as `fault` says where that is the service's part.
    fn answer(&self, request: &Request, fault: Option<&Fault>) -> Reply;

    /// What may be kept of a request: no secret.
    fn record(&self, request: &Request) -> Recorded;

    /// An order over the control socket that is not the server's own.
    fn control(&self, order: &serde_json::Value) -> Result<serde_json::Value, String>;
}

/// What the connections of one server share.
pub struct Server<S> {
    /// The directory behind it.
    pub service: S,
    /// What goes wrong.
    pub faults: Faults,
    /// What was asked.
    pub records: Records,
    gate: Gate,
    tls: Option<TlsAcceptor>,
}

/// The connection ends without an answer.
#[derive(Debug, thiserror::Error)]
#[error("no answer, on purpose")]
struct NoAnswer;

impl<S: Service> Server<S> {
    /// A server for `service`, over TLS if a configuration is given.
    pub fn new(service: S, tls: Option<Arc<rustls::ServerConfig>>) -> Self {
        Self {
            service,
            faults: Faults::default(),
            records: Records::default(),
            gate: Gate::default(),
            tls: tls.map(TlsAcceptor::from),
        }
    }

    /// Puts faults in force, in place of all that were. When it returns, a
    /// listener that should be shut refuses, and one that should be open accepts.
    pub fn set_faults(&self, rules: Vec<Rule>) {
        let shut = rules.iter().any(Rule::closes_listener);
        self.faults.set(rules);
        self.gate.order(if shut { Door::Shut } else { Door::Open });
    }

    /// Accepts connections until the task is dropped, shutting and opening as ordered.
    pub async fn run(self: Arc<Self>, listener: TcpListener) -> std::io::Result<()> {
        let ended = self.accept(listener).await;
        self.gate.give_up();
        ended
    }

    async fn accept(self: &Arc<Self>, mut listener: TcpListener) -> std::io::Result<()> {
        let address = listener.local_addr()?;
        loop {
            tokio::select! {
                biased;
                () = self.gate.until_ordered(Door::Shut) => {
                    listener = self.stay_shut(listener, address).await?;
                }
                accepted = listener.accept() => {
                    // A failed accept is one lost connection, never the server's end.
                    if let Ok((stream, peer)) = accepted {
                        tokio::spawn(Arc::clone(self).connection(stream, peer));
                    }
                }
            }
        }
    }

    async fn stay_shut(
        &self,
        listener: TcpListener,
        address: SocketAddr,
    ) -> std::io::Result<TcpListener> {
        drop(listener);
        let held = gate::hold(address)?;
        self.gate.done(Door::Shut);
        self.gate.until_ordered(Door::Open).await;
        let listener = gate::listen(held)?;
        self.gate.done(Door::Open);
        Ok(listener)
    }

    async fn connection(self: Arc<Self>, stream: TcpStream, peer: SocketAddr) {
        let cut = self.gate.connection();
        // Small answers must not wait for Nagle's algorithm.
        let _ = stream.set_nodelay(true);
        tokio::select! {
            biased;
            () = cut.cancelled() => {}
            () = self.talk(stream, peer) => {}
        }
    }

    async fn talk(&self, stream: TcpStream, peer: SocketAddr) {
        match &self.tls {
            None => self.serve(stream, peer).await,
            Some(tls) => {
                if let Ok(Ok(stream)) = tokio::time::timeout(HANDSHAKE, tls.accept(stream)).await {
                    self.serve(stream, peer).await;
                }
            }
        }
    }

    async fn serve<T: AsyncRead + AsyncWrite + Unpin>(&self, stream: T, peer: SocketAddr) {
        let answer = service_fn(|request| self.exchange(request, peer));
        // Errors here are the client's going away and the cuts that faults ask for.
        let _ = hyper::server::conn::http1::Builder::new()
            .timer(TokioTimer::new())
            .serve_connection(TokioIo::new(stream), answer)
            .await;
    }

    async fn exchange(
        &self,
        incoming: hyper::Request<Incoming>,
        peer: SocketAddr,
    ) -> Result<Response<ReplyBody>, NoAnswer> {
        let (head, body) = incoming.into_parts();
        let body = match Limited::new(body, LONGEST_BODY).collect().await {
            Ok(body) => body.to_bytes(),
            Err(_) => return Err(NoAnswer),
        };
        let request = Request {
            method: head.method,
            path: head.uri.path().to_owned(),
            query: parse_query(head.uri.query().unwrap_or_default()),
            headers: head.headers,
            body,
            peer: peer.ip(),
        };
        let fault = self.faults.take(&self.service.place(&request));
        let mut recorded = self.service.record(&request);
        recorded.fault = fault.as_ref().map(Fault::to_string);
        if matches!(fault, Some(Fault::Down | Fault::Hang)) {
            // Recorded before the wait, so that a test sees the request that hangs.
            self.records.add(recorded);
            return self.no_answer(fault).await;
        }
        if let Some(Fault::Slow(delay)) = &fault {
            tokio::time::sleep(*delay).await;
        }
        let reply = self.reply(&request, fault.as_ref());
        recorded.status = Some(reply.status.as_u16());
        self.records.add(recorded);
        Ok(response(reply))
    }

    async fn no_answer(&self, fault: Option<Fault>) -> Result<Response<ReplyBody>, NoAnswer> {
        if fault == Some(Fault::Hang) {
            std::future::pending::<()>().await;
        }
        Err(NoAnswer)
    }

    fn reply(&self, request: &Request, fault: Option<&Fault>) -> Reply {
        match fault {
            Some(Fault::HtmlPage) => Reply::html(
                StatusCode::OK,
                "Sign in to continue",
                "<form method=\"post\"><input name=\"login\"></form>",
            ),
            Some(Fault::ProxyError(status)) => proxy_page(*status),
            Some(Fault::Redirect) => Reply::empty(StatusCode::FOUND)
                .with(LOCATION, "/login?rd=https%3A%2F%2Fexample.org"),
            Some(Fault::Truncated) => {
                let mut reply = self.service.answer(request, fault);
                reply.delivery = Delivery::Half;
                reply
            }
            Some(Fault::Garbage) => {
                let mut reply = self.service.answer(request, fault);
                reply.status = StatusCode::OK;
                reply.body = Bytes::from_static(b"\x00\xff{\"<[[[[ not what it says it is");
                reply
            }
            Some(Fault::RateLimited(seconds)) => {
                let mut reply = self.service.answer(request, fault);
                reply
                    .headers
                    .insert(RETRY_AFTER, HeaderValue::from(*seconds));
                reply
            }
            Some(Fault::Limited) => {
                let mut reply = self.service.answer(request, fault);
                reply.headers.remove(RETRY_AFTER);
                reply
            }
            _ => self.service.answer(request, fault),
        }
    }
}

fn proxy_page(status: u16) -> Reply {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
    let title = status.to_string();
    Reply::html(status, &title, "nginx")
}

fn response(reply: Reply) -> Response<ReplyBody> {
    let mut response = Response::new(ReplyBody::new(&reply.body, reply.delivery));
    *response.status_mut() = reply.status;
    *response.headers_mut() = reply.headers;
    response
}
