//! Pictures of people, at services that find them by a hash.

use sha2::{Digest as _, Sha256};

use super::super::DirectoryError;
use super::super::http::encoded;
use super::Fas;

/// Who has the picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AvatarService {
    /// libravatar.org, by the person's OpenID at Fedora: FAS is not asked.
    Libravatar,
    /// gravatar.com, by the person's address in FAS.
    Gravatar,
    /// gravatar.com, by the person's alias at fedoraproject.org: FAS is not asked.
    GravatarAlias,
}

/// How large it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AvatarSize {
    /// 32 pixels.
    Small = 32,
    /// 64 pixels.
    Medium = 64,
    /// 140 pixels.
    Large = 140,
}

impl AvatarSize {
    /// The side's length in pixels.
    pub fn pixels(self) -> u16 {
        match self {
            Self::Small => 32,
            Self::Medium => 64,
            Self::Large => 140,
        }
    }
}

impl Fas {
    /// The URL of a person's picture; `fallback` (by default Fedora's sign) is shown where
    /// there is none. Where python-fedora hashes with MD5 and gives plain http, this is SHA-256 and
    /// https, which both services take; and somebody whom FAS does not know is *NotFound*, not
    /// the owner of the address `no_email`.
    pub async fn avatar_url(
        &self,
        name: &str,
        size: AvatarSize,
        fallback: Option<&str>,
        service: AvatarService,
    ) -> Result<String, DirectoryError> {
        let pixels = size.pixels();
        let sign = format!(
            "https://fedoraproject.org/static/images/fedora_infinity_{pixels}x{pixels}.png"
        );
        let fallback = encoded(fallback.unwrap_or(&sign));
        let (place, subject) = match service {
            AvatarService::Libravatar => (
                "https://seccdn.libravatar.org/avatar",
                format!("http://{name}.id.fedoraproject.org/"),
            ),
            AvatarService::Gravatar => {
                let person = self.person_by_username(name).await?;
                let address = person.email.ok_or(DirectoryError::NotFound)?;
                ("https://www.gravatar.com/avatar", address)
            }
            AvatarService::GravatarAlias => (
                "https://www.gravatar.com/avatar",
                format!("{name}@fedoraproject.org"),
            ),
        };
        let digest = hex(&Sha256::digest(subject.trim().to_lowercase().as_bytes()));
        Ok(format!("{place}/{digest}?s={pixels}&d={fallback}"))
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
