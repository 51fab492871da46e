//! A throw-away certificate authority and one leaf for loopback, sound or broken in one way.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, date_time_ymd,
};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

use super::SimError;

const DAY: i64 = 86_400;

/// What is wrong with a server's certificate.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Leaf {
    /// Nothing.
    #[default]
    Sound,
    /// It ended yesterday.
    Expired,
    /// It ends in a few days.
    EndsSoon,
    /// It begins tomorrow.
    NotYetValid,
    /// It is another host's.
    OtherName,
}

/// The authority that signed a simulator's certificate.
pub struct Authority {
    pem: String,
    server: Arc<ServerConfig>,
}

impl Authority {
    /// A new authority with a leaf for `127.0.0.1`, `::1` and `localhost`.
    pub fn new() -> Result<Self, SimError> {
        Self::with(Leaf::Sound)
    }

    /// The same with such a leaf.
    pub fn with(leaf: Leaf) -> Result<Self, SimError> {
        let ca_key = KeyPair::generate().map_err(SimError::Certificate)?;
        let ca = authority_params()?;
        let pem = ca
            .self_signed(&ca_key)
            .map_err(SimError::Certificate)?
            .pem();
        let issuer = Issuer::new(ca, ca_key);

        let leaf_key = KeyPair::generate().map_err(SimError::Certificate)?;
        let leaf = leaf_params(leaf)?
            .signed_by(&leaf_key, &issuer)
            .map_err(SimError::Certificate)?;
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(leaf_key.serialize_der()));

        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let server = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(SimError::Tls)?
            .with_no_client_auth()
            .with_single_cert(vec![leaf.der().clone()], key)
            .map_err(SimError::Tls)?;
        Ok(Self {
            pem,
            server: Arc::new(server),
        })
    }

    /// The authority's certificate, for clients to trust.
    pub fn pem(&self) -> &str {
        &self.pem
    }

    /// What the server presents.
    pub fn server(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.server)
    }
}

fn authority_params() -> Result<CertificateParams, SimError> {
    let mut params = CertificateParams::new(Vec::new()).map_err(SimError::Certificate)?;
    params.distinguished_name.push(
        DnType::CommonName,
        "muster simulators, throw-away authority",
    );
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    Ok(params)
}

fn leaf_params(leaf: Leaf) -> Result<CertificateParams, SimError> {
    let names = match leaf {
        Leaf::OtherName => vec!["elsewhere.example.org".to_owned()],
        _ => ["127.0.0.1", "::1", "localhost"].map(String::from).to_vec(),
    };
    let mut params = CertificateParams::new(names).map_err(SimError::Certificate)?;
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs();
    let days = match leaf {
        Leaf::Sound | Leaf::OtherName => None,
        Leaf::Expired => Some((-30, -1)),
        Leaf::EndsSoon => Some((-30, 5)),
        Leaf::NotYetValid => Some((1, 30)),
    };
    if let Some((first, last)) = days {
        let epoch = date_time_ymd(1970, 1, 1);
        let moment = |days: i64| epoch + Duration::from_secs(now.saturating_add_signed(days * DAY));
        (params.not_before, params.not_after) = (moment(first), moment(last));
    }
    params
        .distinguished_name
        .push(DnType::CommonName, "localhost");
    params.use_authority_key_identifier_extension = true;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    Ok(params)
}
