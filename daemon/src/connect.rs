//! From what the configuration says about a directory to its client; nothing is sent.

use std::sync::Arc;
use std::time::Duration;

use muster_common::clock::SystemClock;
use muster_common::config::{
    self, ApicrudConfig, CrowdConfig, DirectoryConfig, DirectoryKind, FasConfig, GafaelfawrConfig,
    SecretSource,
};
use muster_common::directory::apicrud::{Apicrud, ApicrudSettings};
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
}

/// Our own secret at the directory, for kinds that know us by one.
fn secret_of(directory: &DirectoryConfig, source: &SecretSource) -> Result<Secret, StartError> {
    config::read_secret(source).map_err(|error| StartError::Secret(directory.name.clone(), error))
}

/// The client of `directory`.
pub fn connect(directory: &DirectoryConfig) -> Result<Arc<dyn Directory>, StartError> {
    let common = common(directory)?;
    let client: Result<Arc<dyn Directory>, DirectoryError> = match &directory.kind {
        DirectoryKind::Crowd(own) => {
            let secret = secret_of(directory, &own.password_file)?;
            Crowd::new(crowd(common, secret, own)).map(shared)
        }
        DirectoryKind::Fas(own) => {
            let secret = secret_of(directory, &own.password_file)?;
            Fas::new(fas(common, secret, own)).map(shared)
        }
        DirectoryKind::Gafaelfawr(own) => {
            let secret = secret_of(directory, &own.token_file)?;
            Gafaelfawr::new(gafaelfawr(common, secret, own)).map(shared)
        }
        DirectoryKind::Apicrud(own) => Apicrud::new(apicrud(common, own)).map(shared),
    };
    client.map_err(|error| StartError::Directory(directory.name.clone(), error))
}

fn shared(client: impl Directory + 'static) -> Arc<dyn Directory> {
    Arc::new(client)
}

fn common(directory: &DirectoryConfig) -> Result<Common, StartError> {
    let name = || directory.name.clone();
    let server = &directory.server;
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
