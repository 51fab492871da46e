//! Which application asks, and whether it may: Crowd's filter, in its order.
//!
//! No Basic, then an unknown name, then the address, then the password. A servlet
//! session (`JSESSIONID`) remembers the application's name and saves the password's
//! check, also where the password is wrong.

use std::collections::VecDeque;
use std::net::IpAddr;

use hyper::StatusCode;
use hyper::header::WWW_AUTHENTICATE;

use super::account::Application;
use super::population::Population;
use crate::sim::exchange::{Reply, Request};
use crate::sim::token::random_token;

/// The servlet's cookie.
pub(super) const SESSION_COOKIE: &str = "JSESSIONID";
/// Servlet sessions that are remembered.
const KEPT: usize = 10_000;

/// The servlet sessions: identifier and application.
#[derive(Default)]
pub(super) struct Servlets(VecDeque<(String, String)>);

impl Servlets {
    fn knows(&self, id: &str, application: &str) -> bool {
        self.0
            .iter()
            .any(|(known, name)| known == id && name == application)
    }

    fn open(&mut self, application: &str) -> String {
        if self.0.len() >= KEPT {
            self.0.pop_front();
        }
        let id = random_token::<16>().to_uppercase();
        self.0.push_back((id.clone(), application.to_owned()));
        id
    }

    /// Forgets all sessions, as a restart does.
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}

/// An application that may ask.
pub(super) struct Admitted {
    /// It.
    pub application: Application,
    /// The servlet session that was opened for it.
    pub cookie: Option<String>,
}

/// Lets a request in, or answers it.
pub(super) fn admit(
    population: &Population,
    servlets: &mut Servlets,
    request: &Request,
) -> Result<Admitted, Box<Reply>> {
    let (name, password) = request.basic().ok_or_else(|| Box::new(unauthorized()))?;
    let application = population
        .applications
        .get(&name)
        .ok_or_else(|| Box::new(unauthorized()))?
        .clone();
    let client = client_address(population, request);
    if !application
        .addresses
        .iter()
        .any(|allowed| covers(allowed, client))
    {
        return Err(Box::new(forbidden(client, &name)));
    }
    let known = request
        .cookie(SESSION_COOKIE)
        .is_some_and(|id| servlets.knows(id, &name));
    if !known && password != application.password {
        return Err(Box::new(unauthorized()));
    }
    let cookie = (!known).then(|| servlets.open(&name));
    Ok(Admitted {
        application,
        cookie,
    })
}

/// The application's own credentials are refused.
pub(super) fn unauthorized() -> Reply {
    Reply::of(
        StatusCode::UNAUTHORIZED,
        "text/plain;charset=UTF-8",
        "Application failed to authenticate",
    )
    .with(WWW_AUTHENTICATE, "BASIC realm=\"Crowd REST Service\"")
}

/// The application may not ask from here: Tomcat's page, not an error entity.
pub(super) fn forbidden(client: IpAddr, application: &str) -> Reply {
    let sentence = format!(
        "Client with address &quot;{client}&quot; is forbidden from making requests to the \
         application, {application}."
    );
    Reply::html(
        StatusCode::FORBIDDEN,
        "HTTP Status 403 – Forbidden",
        &sentence,
    )
}

/// From right to left, the first address that is no trusted proxy.
pub(super) fn client_address(population: &Population, request: &Request) -> IpAddr {
    let trusted = |address: IpAddr| {
        population
            .trusted_proxies
            .iter()
            .any(|p| covers(p, address))
    };
    let forwarded = request.header("x-forwarded-for").unwrap_or_default();
    let mut client = request.peer;
    for hop in forwarded.rsplit(',') {
        match hop.trim().parse() {
            Ok(address) if trusted(client) => client = address,
            _ => break,
        }
    }
    client
}

/// Whether `pattern`, an address or a network, covers `address`.
fn covers(pattern: &str, address: IpAddr) -> bool {
    let (network, bits) = pattern.split_once('/').unwrap_or((pattern, "128"));
    let (Ok(network), Ok(bits)) = (network.parse::<IpAddr>(), bits.parse::<u32>()) else {
        return false;
    };
    match (network, address) {
        (IpAddr::V4(network), IpAddr::V4(address)) => {
            let mask = u32::MAX
                .checked_shl(32_u32.saturating_sub(bits))
                .unwrap_or(0);
            network.to_bits() & mask == address.to_bits() & mask
        }
        (IpAddr::V6(network), IpAddr::V6(address)) => {
            let mask = u128::MAX
                .checked_shl(128_u32.saturating_sub(bits))
                .unwrap_or(0);
            network.to_bits() & mask == address.to_bits() & mask
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::covers;

    #[test]
    fn an_address_is_covered_by_itself_and_its_networks() {
        let check = |pattern: &str, address: &str, expected: bool| {
            assert_eq!(
                covers(pattern, address.parse().unwrap()),
                expected,
                "{pattern} {address}"
            );
        };
        check("127.0.0.1", "127.0.0.1", true);
        check("127.0.0.1", "127.0.0.2", false);
        check("10.0.0.0/8", "10.9.8.7", true);
        check("10.0.0.0/8", "11.9.8.7", false);
        check("0.0.0.0/0", "192.0.2.1", true);
        check("::1", "::1", true);
        check("2001:db8::/32", "2001:db8::5", true);
        check("0.0.0.0/0", "::1", false);
        check("nonsense", "127.0.0.1", false);
    }
}
