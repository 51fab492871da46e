//! `org.varlink.service`: what this service is and how its interfaces are described.

use muster_common::wire::INTERFACES;
use muster_common::wire::codec;
use serde::{Deserialize, Serialize};

/// The answer of `GetInfo`.
#[derive(Debug, Serialize)]
pub struct Info {
    vendor: &'static str,
    product: &'static str,
    version: &'static str,
    url: &'static str,
    interfaces: Vec<&'static str>,
}

/// The answer of `GetInterfaceDescription`.
#[derive(Debug, Serialize)]
pub struct Description {
    description: &'static str,
}

#[derive(Deserialize)]
struct Asked {
    parameters: AskedInterface,
}

#[derive(Deserialize)]
struct AskedInterface {
    interface: String,
}

/// What this service is.
pub fn info() -> Info {
    Info {
        vendor: "muster",
        product: "musterd",
        version: env!("CARGO_PKG_VERSION"),
        url: env!("CARGO_PKG_REPOSITORY"),
        interfaces: INTERFACES.iter().map(|(name, _)| *name).collect(),
    }
}

/// The description of the interface that `frame` asks for.
pub fn description(frame: &[u8]) -> Option<Description> {
    let asked: Asked = codec::decode_foreign(frame).ok()?;
    let wanted = asked.parameters.interface;
    INTERFACES
        .iter()
        .find(|(name, _)| *name == wanted)
        .map(|(_, description)| Description { description })
}
