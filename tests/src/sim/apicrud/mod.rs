//! A simulated service built on apicrud, to the extent that the wire document describes.
//!
//! It is honest also where that is dangerous: 201 goes to whoever must still type a code or
//! has no role at all, an e-mail address logs somebody in, five wrong tries by anybody lock an
//! account, the forgotten-password route gives whoever asks the token that resets a password,
//! and an API key that was used once is taken with any secret behind its id, also after it
//! was revoked.
//!
//! ```no_run
//! use muster_tests::sim::apicrud::{Apicrud, Population, User};
//!
//! let population = Population::new()
//!     .user(User::new("u-8Zk3pQ1x", "ada.l").password("Ch4nge-me").member("list", "3f", "manager"))
//!     .user(User::new("u-7Hq2", "bob.l").password("Ch4nge-me").codes(["123456"]));
//! let apicrud = Apicrud::start(population)?;
//! println!("{} trusts {}", apicrud.url(), apicrud.authority_pem());
//! apicrud.update(|population| population.user_named("ada.l").unwrap().is_admin = true);
//! # Ok::<(), muster_tests::sim::SimError>(())
//! ```

mod account;
mod apikey;
mod auth;
mod call;
mod generate;
mod orders;
mod password;
mod population;
mod reply;
mod running;
mod service;
mod session;

pub use account::{Membership, User};
pub use generate::generate;
pub use population::Population;
pub use running::Apicrud;
pub use service::ApicrudService;
