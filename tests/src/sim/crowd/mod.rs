//! A simulated Crowd: the REST service that the wire document describes.
//!
//! ```no_run
//! use muster_tests::sim::crowd::{
//!     Application, Crowd, EventSettings, EventStore, Population, User,
//! };
//! use muster_tests::sim::fault::{Fault, Rule};
//!
//! let population = Population::new()
//!     .application(Application::new("hosts", "secret"))
//!     .user(User::new("ada").password("pw").attribute("uidNumber", "20001"));
//! let crowd = Crowd::start(population)?;
//! println!("{} trusts {}", crowd.url(), crowd.authority_pem());
//! crowd.fault(Rule::from(Fault::OperationFailed).below("/search").times(1));
//! crowd.update(|population| population.remove_user("ada"));
//! // `GET /event/{token}` tells of it, as newer servers do or, from now on, as older ones.
//! crowd.set_events(EventSettings::of(EventStore::Memory));
//! # Ok::<(), muster_tests::sim::SimError>(())
//! ```

mod account;
mod admission;
mod authentication;
mod call;
mod cql;
mod entity;
mod event;
mod generate;
mod group;
mod index;
mod membership;
mod orders;
mod population;
mod reason;
mod restriction;
mod running;
mod search;
mod service;
mod session;
mod tracked;
mod user;
mod xml;

pub use account::{Application, Attributes, Group, Permission, User};
pub use event::{
    AttributeChanges, EventSettings, EventStore, MembershipEvents, Renames, UnknownStore,
};
pub use generate::{APPLICATION, generate, generate_in};
pub use population::Population;
pub use running::Crowd;
pub use service::CrowdService;

pub use crate::sim::running::Encryption;
pub use crate::sim::size::{NotASize, Size};
