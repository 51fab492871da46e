//! A simulated Gafaelfawr: the API that the wire document describes, and Repertoire's
//! discovery, which its own client asks first.
//!
//! ```no_run
//! use muster_tests::sim::fault::{Fault, Rule};
//! use muster_tests::sim::gafaelfawr::{Gafaelfawr, Population, Token, TokenType, User};
//!
//! let laptop = Token::new("gt-kkkkkkkkkkkkkkkkkkkkkk.ssssssssssssssssssssss", "vera", TokenType::User);
//! let population = Population::new()
//!     .user(User::new("vera", 60001, 61000))
//!     .token(laptop.scopes(["exec:login"]));
//! let gafaelfawr = Gafaelfawr::start(population)?;
//! println!("{} trusts {}", gafaelfawr.url(), gafaelfawr.authority_pem());
//! gafaelfawr.fault(Rule::from(Fault::LdapDown).below("/user-info").times(1));
//! gafaelfawr.update(|population| population.revoke_token("kkkkkkkkkkkkkkkkkkkkkk"));
//! # Ok::<(), muster_tests::sim::SimError>(())
//! ```

mod account;
mod admission;
mod generate;
mod grammar;
mod instant;
mod issue;
mod orders;
mod population;
mod refusal;
mod routes;
mod running;
mod service;
mod shown;

pub use account::{Group, GroupId, Token, TokenType, User};
pub use generate::{SERVICE_TOKEN, generate, generated_name, generated_token};
pub use population::Population;
pub use running::Gafaelfawr;
pub use service::GafaelfawrService;
