//! A simulated FAS: the Fedora Account System's server that the wire document describes.
//!
//! It is honest also where that is dangerous: a wrong password falls through to a
//! live session, an e-mail address logs somebody in, a 403 has three meanings, and
//! a person's own password hash comes with a login.
//!
//! ```no_run
//! use muster_tests::sim::fas::{Fas, Group, Population, User};
//! use muster_tests::sim::fault::{Fault, Rule};
//!
//! let population = Population::new()
//!     .user(User::new(100_001, "hosts").password("secret"))
//!     .user(User::new(100_101, "ada").password("pw").ssh_key("ssh-ed25519 AAAA ada"))
//!     .group(Group::new(100_200, "thirdparty").users(["hosts"]))
//!     .group(Group::new(100_201, "sysadmin-main").users(["ada"]).unapproved(["hosts"]));
//! let fas = Fas::start(population)?;
//! println!("{} trusts {}", fas.url(), fas.authority_pem());
//! fas.fault(Rule::from(Fault::ExpiredSessions).times(1));
//! fas.update(|population| population.remove_user("ada"));
//! # Ok::<(), muster_tests::sim::SimError>(())
//! ```

mod account;
mod call;
mod config;
mod generate;
mod groups;
mod hosts;
mod identity;
mod orders;
mod people;
mod population;
mod query;
mod reply;
mod running;
mod service;
mod shown;
mod table;
mod visit;
mod welcome;

pub use account::{Group, RoleType, Status, User};
pub use generate::{SERVICE_USER, generate};
pub use population::Population;
pub use running::Fas;
pub use service::FasService;
