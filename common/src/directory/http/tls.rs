//! Whom to trust: the host's certificate authorities, or those of one file.

use std::sync::Arc;

use url::Url;

use super::{DirectoryError, misconfigured};

/// Trusts the authorities of `ca_pem` alone, or the host's; speaks HTTP/1.1 only.
pub(super) fn config(
    base: &Url,
    ca_pem: Option<&[u8]>,
) -> Result<rustls::ClientConfig, DirectoryError> {
    let roots = match ca_pem {
        Some(pem) => roots_of_file(pem)?,
        None if base.scheme() == "https" => roots_of_host()?,
        None => rustls::RootCertStore::empty(),
    };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| misconfigured(format!("TLS cannot be set up: {error}")))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

fn roots_of_file(pem: &[u8]) -> Result<rustls::RootCertStore, DirectoryError> {
    use rustls::pki_types::{CertificateDer, pem::PemObject};
    let mut roots = rustls::RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem) {
        let added = certificate
            .map_err(|error| format!("{error}"))
            .and_then(|der| roots.add(der).map_err(|error| format!("{error}")));
        added.map_err(|error| misconfigured(format!("the CA file is broken: {error}")))?;
    }
    if roots.is_empty() {
        return Err(misconfigured("the CA file holds no certificate"));
    }
    Ok(roots)
}

fn roots_of_host() -> Result<rustls::RootCertStore, DirectoryError> {
    let mut roots = rustls::RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() {
        return Err(misconfigured(
            "this host trusts no certificate authority: install ca-certificates or set ca_file",
        ));
    }
    Ok(roots)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ca_file_without_a_certificate_is_a_misconfiguration() {
        let base = Url::parse("https://crowd.example.org/").unwrap();
        let error = config(&base, Some(b"nothing here")).unwrap_err();
        assert!(matches!(error, DirectoryError::Misconfigured { .. }));
    }
}
