//! What a certificate says of itself: whose it is and until when. Whether anybody should believe it is decided
//! elsewhere, by rustls.

use std::time::{Duration, UNIX_EPOCH};

use rustls::pki_types::{CertificateDer, pem::PemObject};

/// The longest name that is kept, in bytes.
const NAME_MAX: usize = 200;
/// The last second of the year 9999, which is how a certificate says that it never ends.
const LAST_SECOND: u64 = 253_402_300_799;

/// A certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    /// Whose it is, as text that is safe to show: `CN=crowd.example.org`.
    pub subject: String,
    /// Before that it does not count, seconds since 1970.
    pub not_before: u64,
    /// After that it does not count any more, seconds since 1970.
    pub not_after: u64,
}

/// Bytes that are no certificate.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    /// The text around it is broken.
    #[error("it is not PEM: {0}")]
    Pem(#[source] rustls::pki_types::pem::Error),
    /// The certificate itself is.
    #[error("a certificate cannot be read: {0}")]
    Der(#[source] x509_parser::error::X509Error),
}

impl Certificate {
    /// Reads one certificate.
    pub fn of_der(der: &[u8]) -> Result<Self, CertificateError> {
        let (_, read) = x509_parser::parse_x509_certificate(der).map_err(|error| {
            CertificateError::Der(match error {
                x509_parser::nom::Err::Error(cause) | x509_parser::nom::Err::Failure(cause) => {
                    cause
                }
                x509_parser::nom::Err::Incomplete(_) => {
                    x509_parser::error::X509Error::InvalidCertificate
                }
            })
        })?;
        let seconds = |moment: i64| u64::try_from(moment).unwrap_or(0);
        Ok(Self {
            subject: crate::text::safe(&read.subject().to_string(), NAME_MAX),
            not_before: seconds(read.validity().not_before.timestamp()),
            not_after: seconds(read.validity().not_after.timestamp()),
        })
    }

    /// Reads all certificates of a PEM file, in its order.
    pub fn all_of_pem(pem: &[u8]) -> Result<Vec<Self>, CertificateError> {
        CertificateDer::pem_slice_iter(pem)
            .map(|der| Self::of_der(&der.map_err(CertificateError::Pem)?))
            .collect()
    }
}

/// `Sun, 06 Nov 1994 08:49:37 GMT`, of seconds since 1970.
pub fn date(seconds: u64) -> String {
    let moment = UNIX_EPOCH + Duration::from_secs(seconds.min(LAST_SECOND));
    httpdate::fmt_http_date(moment)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_certificate_is_said_to_be_none() {
        let error = Certificate::of_der(b"hello").unwrap_err();
        assert!(matches!(error, CertificateError::Der(_)), "{error}");
        let broken = b"-----BEGIN CERTIFICATE-----\n!!\n-----END CERTIFICATE-----\n";
        let error = Certificate::all_of_pem(broken).unwrap_err();
        assert!(matches!(error, CertificateError::Pem(_)), "{error}");
    }

    #[test]
    fn a_certificate_that_never_ends_has_a_date_nevertheless() {
        assert_eq!(date(u64::MAX), "Fri, 31 Dec 9999 23:59:59 GMT");
        assert_eq!(date(784_111_777), "Sun, 06 Nov 1994 08:49:37 GMT");
    }
}
