//! A throw-away certificate authority and one leaf for loopback.

use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

use super::SimError;

/// The authority that signed a simulator's certificate.
pub struct Authority {
    pem: String,
    server: Arc<ServerConfig>,
}

impl Authority {
    /// A new authority with a leaf for `127.0.0.1`, `::1` and `localhost`.
    pub fn new() -> Result<Self, SimError> {
        let ca_key = KeyPair::generate().map_err(SimError::Certificate)?;
        let ca = authority_params()?;
        let pem = ca
            .self_signed(&ca_key)
            .map_err(SimError::Certificate)?
            .pem();
        let issuer = Issuer::new(ca, ca_key);

        let leaf_key = KeyPair::generate().map_err(SimError::Certificate)?;
        let leaf = leaf_params()?
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

fn leaf_params() -> Result<CertificateParams, SimError> {
    let names = ["127.0.0.1", "::1", "localhost"].map(String::from).to_vec();
    let mut params = CertificateParams::new(names).map_err(SimError::Certificate)?;
    params
        .distinguished_name
        .push(DnType::CommonName, "localhost");
    params.use_authority_key_identifier_extension = true;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    Ok(params)
}
