//! From what the configuration says about a directory to its client; nothing is sent.

use std::sync::Arc;
use std::time::Duration;

use muster_common::clock::SystemClock;
use muster_common::config::{
    self, CrowdConfig, DirectoryConfig, DirectoryKind, FasConfig, GafaelfawrConfig,
};
use muster_common::directory::crowd::{AttributeNames, Crowd, CrowdSettings};
use muster_common::directory::fas::{Fas, FasSettings};
use muster_common::directory::gafaelfawr::{
    Gafaelfawr, GafaelfawrSettings, TokenType, Whereabouts,
};
use muster_common::directory::http::Timeouts;
use muster_common::directory::{Directory, DirectoryError};
use muster_common::secret::Secret;
use url::Url;

use crate::start::StartError;

/// How long Gafaelfawr may take over the list of everybody: it searches LDAP for each.
const LISTING: Duration = Duration::from_secs(300);

/// What clients of every kind are made from.
struct Common {
    url: Url,
    ca_pem: Option<Vec<u8>>,
    timeouts: Timeouts,
    readings_at_once: usize,
    secret: Secret,
}

/// The client of `directory`.
pub fn connect(directory: &DirectoryConfig) -> Result<Arc<dyn Directory>, StartError> {
    let common = common(directory)?;
    let client: Result<Arc<dyn Directory>, DirectoryError> = match &directory.kind {
        DirectoryKind::Crowd(own) => Crowd::new(crowd(common, own)).map(shared),
        DirectoryKind::Fas(own) => Fas::new(fas(common, own)).map(shared),
        DirectoryKind::Gafaelfawr(own) => Gafaelfawr::new(gafaelfawr(common, own)).map(shared),
        DirectoryKind::Local(_) => return Err(StartError::NoServer(directory.name.clone())),
    };
    client.map_err(|error| StartError::Directory(directory.name.clone(), error))
}

fn shared(client: impl Directory + 'static) -> Arc<dyn Directory> {
    Arc::new(client)
}

fn common(directory: &DirectoryConfig) -> Result<Common, StartError> {
    let name = || directory.name.clone();
    let (Some((_, source)), Some(server)) = (directory.kind.secret_file(), &directory.server)
    else {
        return Err(StartError::NoServer(name()));
    };
    let secret = config::read_secret(source).map_err(|error| StartError::Secret(name(), error))?;
    let ca_pem = match &server.ca_file {
        Some(path) => Some(std::fs::read(path).map_err(|error| StartError::CaFile(name(), error))?),
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
        secret,
    })
}

fn crowd(common: Common, own: &CrowdConfig) -> CrowdSettings {
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
        ..CrowdSettings::new(common.url, own.application.clone(), common.secret)
    }
}

fn fas(common: Common, own: &FasConfig) -> FasSettings {
    FasSettings {
        ca_pem: common.ca_pem,
        timeouts: common.timeouts,
        readings_at_once: common.readings_at_once,
        session_cookie: own.session_cookie.clone(),
        otp: own.otp,
        force_refresh: own.force_refresh,
        ..FasSettings::new(common.url, own.user.clone(), common.secret)
    }
}

fn gafaelfawr(common: Common, own: &GafaelfawrConfig) -> GafaelfawrSettings {
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
        ..GafaelfawrSettings::new(common.url, common.secret)
    }
}
