//! Shakes hands with a directory's server as the directory's client would, and asks nothing: whether its
//! certificate is believed, and until when.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use rustls::CertificateError as Verdict;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use url::{Host, Url};

use super::{DirectoryError, tls};
use crate::certificate::{Certificate, CertificateError, date};
use crate::text;

/// As many of the names in a server's certificate are told.
const NAMES_TOLD: usize = 5;
/// The longest list of such names, in bytes.
const NAMES_MAX: usize = 200;

/// Why there was no handshake.
#[derive(Debug, thiserror::Error)]
pub enum HandshakeError {
    /// Whom to trust is not said well: the configuration or its CA file is to be mended.
    #[error("{0}")]
    Setup(#[source] DirectoryError),
    /// Nobody answered at that address.
    #[error("no connection: {0}")]
    Unreachable(#[source] io::Error),
    /// Somebody took the connection, or not even that, and said nothing.
    #[error("no TLS within {} s", .0.as_secs())]
    Silent(Duration),
    /// The server's certificate is not believed.
    #[error("{0}")]
    Untrusted(Untrusted),
    /// What was answered is not TLS, or not one that is spoken here.
    #[error("no TLS: {0}")]
    NoTls(#[source] io::Error),
    /// rustls believes it, and it cannot be read.
    #[error("{0}")]
    Unreadable(#[source] CertificateError),
}

/// Why a certificate is not believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Untrusted {
    /// Nobody who is trusted here has signed it.
    #[error("its certificate is signed by an authority that is not known here")]
    UnknownAuthority,
    /// It is another host's.
    #[error("its certificate is for another host ({names}), not for {wanted}")]
    WrongName {
        /// The host in the URL.
        wanted: String,
        /// Those in the certificate, safe to show.
        names: String,
    },
    /// Its time is over: the last second in which it counted, since 1970.
    #[error("its certificate has expired ({})", date(*.0))]
    Expired(u64),
    /// Its time has not come: the first second in which it will count, since 1970.
    #[error("its certificate is not valid yet ({})", date(*.0))]
    NotYetValid(u64),
    /// Something else, in rustls' words.
    #[error("its certificate is not believed: {0}")]
    Other(String),
}

/// Connects to the server of `base` and shakes hands, trusting whom the client of a directory with this CA file
/// trusts. `within` is the deadline over all of it, DNS too. Gives the server's certificates, its own first.
pub async fn shake_hands(
    base: &Url,
    ca_pem: Option<&[u8]>,
    within: Duration,
) -> Result<Vec<Certificate>, HandshakeError> {
    let config = tls::config(base, ca_pem).map_err(HandshakeError::Setup)?;
    let shaken = tokio::time::timeout(within, connect(base, Arc::new(config)));
    let chain = shaken
        .await
        .map_err(|_elapsed| HandshakeError::Silent(within))??;
    let read = chain.iter().map(|der| Certificate::of_der(der));
    read.collect::<Result<_, _>>()
        .map_err(HandshakeError::Unreadable)
}

async fn connect(
    base: &Url,
    config: Arc<rustls::ClientConfig>,
) -> Result<Vec<Vec<u8>>, HandshakeError> {
    let (host, port) = (name(base)?, base.port_or_known_default().unwrap_or(443));
    let stream = TcpStream::connect((host.to_str().as_ref(), port))
        .await
        .map_err(HandshakeError::Unreachable)?;
    let shaken = TlsConnector::from(config)
        .connect(host.clone(), stream)
        .await
        .map_err(refused)?;
    let certificates = shaken.get_ref().1.peer_certificates().unwrap_or_default();
    Ok(certificates.iter().map(|der| der.to_vec()).collect())
}

fn name(base: &Url) -> Result<ServerName<'static>, HandshakeError> {
    let invalid = || HandshakeError::Setup(super::misconfigured("the URL names no host"));
    match base.host().ok_or_else(invalid)? {
        Host::Domain(name) => ServerName::try_from(name.to_owned()).map_err(|_invalid| invalid()),
        Host::Ipv4(address) => Ok(ServerName::IpAddress(address.into())),
        Host::Ipv6(address) => Ok(ServerName::IpAddress(address.into())),
    }
}

fn refused(error: io::Error) -> HandshakeError {
    let cause = error.get_ref().and_then(|cause| cause.downcast_ref());
    match cause {
        Some(rustls::Error::InvalidCertificate(verdict)) => {
            HandshakeError::Untrusted(untrusted(verdict))
        }
        _ => HandshakeError::NoTls(error),
    }
}

fn untrusted(verdict: &Verdict) -> Untrusted {
    match verdict {
        // A known name with another key is another authority.
        Verdict::UnknownIssuer | Verdict::BadSignature => Untrusted::UnknownAuthority,
        Verdict::ExpiredContext { not_after, .. } => Untrusted::Expired(not_after.as_secs()),
        Verdict::NotValidYetContext { not_before, .. } => {
            Untrusted::NotYetValid(not_before.as_secs())
        }
        Verdict::NotValidForNameContext {
            expected,
            presented,
        } => Untrusted::WrongName {
            wanted: expected.to_str().into_owned(),
            names: told(presented),
        },
        other => Untrusted::Other(text::safe(&other.to_string(), NAMES_MAX)),
    }
}

/// The first of the names, and that there are more.
fn told(names: &[String]) -> String {
    let first: Vec<&str> = names
        .iter()
        .take(NAMES_TOLD)
        .map(|name| bare(name))
        .collect();
    let more = if names.len() > NAMES_TOLD {
        ", …"
    } else {
        ""
    };
    match first.is_empty() {
        true => "it names none".to_owned(),
        false => text::safe(&format!("{}{more}", first.join(", ")), NAMES_MAX),
    }
}

/// The name in rustls' `DnsName("crowd.example.org")`.
fn bare(name: &str) -> &str {
    let quoted = name
        .strip_prefix("DnsName(\"")
        .and_then(|rest| rest.strip_suffix("\")"));
    quoted.unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_that_names_many_hosts_is_told_by_the_first_of_them() {
        let names: Vec<String> = (0..9).map(|at| format!("h{at}\x1b")).collect();
        let told = told(&names);
        assert!(told.contains("h4") && told.ends_with('…'), "{told}");
        assert!(!told.contains('\x1b') && !told.contains("h5"), "{told}");
    }

    #[test]
    fn names_are_told_without_what_rustls_wraps_them_in() {
        let names = [
            "DnsName(\"a.example.org\")".to_owned(),
            "IpAddress(::1)".to_owned(),
        ];
        assert_eq!(told(&names), "a.example.org, IpAddress(::1)");
    }

    #[test]
    fn an_address_of_version_six_is_a_servers_name() {
        let base = Url::parse("https://[::1]:8443/").unwrap();
        assert_eq!(name(&base).unwrap().to_str(), "::1");
    }
}
