//! From what the configuration says about a directory to its client; nothing is sent.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use crate::clock::SystemClock;
use crate::config::{
    self, ApicrudConfig, CrowdConfig, DirectoryConfig, DirectoryKind, FasConfig, GafaelfawrConfig,
    SecretFileError,
};
use crate::directory::apicrud::{Apicrud, ApicrudSettings};
use crate::directory::crowd::{AttributeNames, Crowd, CrowdSettings};
use crate::directory::fas::{Fas, FasSettings};
use crate::directory::gafaelfawr::{Gafaelfawr, GafaelfawrSettings, TokenType, Whereabouts};
use crate::directory::http::Timeouts;
use crate::directory::{Directory, DirectoryError};
use crate::name::DirectoryName;
use crate::secret::Secret;
use url::Url;

/// Why there is no client. An administrator has to act; the text says how.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The directory's secret cannot be had.
    #[error("directory {0}: {1}")]
    Secret(DirectoryName, #[source] SecretFileError),
    /// The directory's CA file cannot be read.
    #[error("directory {0}: ca_file: {1}")]
    CaFile(DirectoryName, #[source] io::Error),
    /// A directory of a kind that has no server is to be connected to one.
    #[error("directory {0} has no server")]
    NoServer(DirectoryName),
    /// A directory of a kind that knows us by a secret is to be connected to without one.
    #[error("directory {0} wants a secret of ours")]
    NoSecret(DirectoryName),
    /// The client cannot be made.
    #[error("directory {0}: {1}")]
    Directory(DirectoryName, #[source] DirectoryError),
}

/// How long Gafaelfawr may take over the list of everybody: it searches LDAP for each.
const LISTING: Duration = Duration::from_secs(300);

/// What clients of every kind are made from.
struct Common {
    url: Url,
    ca_pem: Option<Vec<u8>>,
    timeouts: Timeouts,
    readings_at_once: usize,
}

/// The client of `directory`, with the secret that its configuration names, if it wants one.
pub fn connect(directory: &DirectoryConfig) -> Result<Arc<dyn Directory>, ConnectError> {
    let source = directory.kind.secret_file();
    let secret = source.map(|(_, source)| config::read_secret(source));
    let secret = secret
        .transpose()
        .map_err(|error| ConnectError::Secret(directory.name.clone(), error))?;
    connect_with(directory, secret)
}

/// The client of `directory` with this secret, wherever that lies.
pub fn connect_with(
    directory: &DirectoryConfig,
    secret: Option<Secret>,
) -> Result<Arc<dyn Directory>, ConnectError> {
    let common = common(directory)?;
    let client: Result<Arc<dyn Directory>, DirectoryError> = match (&directory.kind, secret) {
        (DirectoryKind::Crowd(own), Some(secret)) => {
            Crowd::new(crowd(common, secret, own)).map(shared)
        }
        (DirectoryKind::Fas(own), Some(secret)) => Fas::new(fas(common, secret, own)).map(shared),
        (DirectoryKind::Gafaelfawr(own), Some(secret)) => {
            Gafaelfawr::new(gafaelfawr(common, secret, own)).map(shared)
        }
        (DirectoryKind::Apicrud(own), _) => Apicrud::new(apicrud(common, own)).map(shared),
        (DirectoryKind::Local(_), _) => return Err(ConnectError::NoServer(directory.name.clone())),
        (_, None) => return Err(ConnectError::NoSecret(directory.name.clone())),
    };
    client.map_err(|error| ConnectError::Directory(directory.name.clone(), error))
}

fn shared(client: impl Directory + 'static) -> Arc<dyn Directory> {
    Arc::new(client)
}

fn common(directory: &DirectoryConfig) -> Result<Common, ConnectError> {
    let name = || directory.name.clone();
    let Some(server) = &directory.server else {
        return Err(ConnectError::NoServer(name()));
    };
    let ca_pem = match &server.ca_file {
        Some(path) => {
            Some(std::fs::read(path).map_err(|error| ConnectError::CaFile(name(), error))?)
        }
        None => None,
    };
    Ok(Common {
        url: server.url.clone(),
        ca_pem,
        timeouts: Timeouts {
            connect: server.connect_timeout,
            request: server.timeout,
            ..Timeouts::default()
        },
        readings_at_once: server.requests_at_once,
    })
}

fn crowd(common: Common, secret: Secret, own: &CrowdConfig) -> CrowdSettings {
    CrowdSettings {
        ca_pem: common.ca_pem,
        timeouts: common.timeouts,
        readings_at_once: common.readings_at_once,
        attributes: AttributeNames {
            uid_number: own.attributes.uid.clone(),
            gid_number: own.attributes.gid.clone(),
            login_shell: own.attributes.shell.clone(),
            home_directory: own.attributes.home.clone(),
            ssh_public_key: own.attributes.ssh_keys.clone(),
            gecos: own.attributes.gecos.clone(),
        },
        change_passwords: own.change_passwords,
        ..CrowdSettings::new(common.url, own.application.clone(), secret)
    }
}

fn fas(common: Common, secret: Secret, own: &FasConfig) -> FasSettings {
    FasSettings {
        ca_pem: common.ca_pem,
        timeouts: common.timeouts,
        readings_at_once: common.readings_at_once,
        session_cookie: own.session_cookie.clone(),
        otp: own.otp,
        force_refresh: own.force_refresh,
        ..FasSettings::new(common.url, own.user.clone(), secret)
    }
}

fn apicrud(common: Common, own: &ApicrudConfig) -> ApicrudSettings {
    ApicrudSettings {
        ca_pem: common.ca_pem,
        timeouts: common.timeouts,
        people: own.people.clone(),
        roles: own.roles.clone(),
        ..ApicrudSettings::new(common.url)
    }
}

fn gafaelfawr(common: Common, secret: Secret, own: &GafaelfawrConfig) -> GafaelfawrSettings {
    let types = own.tokens.types.iter();
    let server = match &own.repertoire {
        None => Whereabouts::Url(common.url.clone()),
        Some(allow) => Whereabouts::Repertoire {
            url: common.url.clone(),
            allow: allow.clone(),
        },
    };
    GafaelfawrSettings {
        server,
        ca_pem: common.ca_pem,
        timeouts: Timeouts {
            bulk: LISTING,
            ..common.timeouts
        },
        readings_at_once: common.readings_at_once,
        lists: own.lists,
        scopes: own.tokens.scopes.clone(),
        scopes_match: own.tokens.scopes_match,
        // The configuration lets no other words through.
        token_types: types
            .filter_map(|name| name.parse::<TokenType>().ok())
            .collect(),
        require_expiry: own.tokens.require_expiry,
        max_token_lifetime: own.tokens.max_lifetime,
        clock: Arc::new(SystemClock),
        ..GafaelfawrSettings::new(common.url, secret)
    }
}
