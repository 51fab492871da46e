//! What `muster init` takes. A secret is never among it: the command line is everybody's to read.

use std::path::PathBuf;

use clap::Args;
use muster_common::paths;

/// What may be said instead of being asked for.
#[derive(Debug, Default, Args)]
pub struct InitOptions {
    /// The directory's kind: crowd, fas, gafaelfawr, apicrud or local
    #[arg(long, value_name = "KIND")]
    pub kind: Option<String>,
    /// The same as `--kind local`: people whom root registers on this host, and no server
    #[arg(long, conflicts_with_all = ["kind", "url", "secret_file", "ca_file", "credential", "plain_http"])]
    pub local: bool,
    /// The directory's name on this host; without it the kind
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
    /// The server's base URL
    #[arg(long, value_name = "URL")]
    pub url: Option<String>,
    /// Ask by plain http, where the URL is one of this very host: any local user who takes the port can read logins
    #[arg(long, value_name = "loopback", value_parser = ["loopback"])]
    pub plain_http: Option<String>,
    /// In the place of `--url`: the base URL of the Repertoire that knows where Gafaelfawr is
    #[arg(long, value_name = "URL", conflicts_with = "url")]
    pub repertoire: Option<String>,
    /// A host where the Repertoire may say that Gafaelfawr is, beside its own; may be given several times
    #[arg(long, value_name = "HOST")]
    pub repertoire_allow: Vec<String>,
    /// The application's name in Crowd
    #[arg(long, value_name = "NAME")]
    pub application: Option<String>,
    /// The service account's name in FAS
    #[arg(long, value_name = "NAME")]
    pub user: Option<String>,
    /// Somebody whom apicrud knows, and the id that it gave, such as `ada.l=u-8Zk3pQ1x`; may be given several times
    #[arg(long, value_name = "NAME=ID")]
    pub person: Vec<String>,
    /// Which role in apicrud makes somebody a member of which group; may be given several times
    #[arg(long, value_name = "ROLE=GROUP")]
    pub role: Vec<String>,
    /// A file with the password or token, or `-` for standard input; without it, it is asked for
    ///
    /// It is written to a file of its own in the folder `secrets` beside the configuration, root:muster 0640. A file
    /// that lies in that folder already stays where and as it is.
    #[arg(long, value_name = "FILE")]
    pub secret_file: Option<PathBuf>,
    /// The name of a systemd credential with the password or token, in the place of a file
    ///
    /// musterd.service needs `LoadCredential=NAME:PATH` or `LoadCredentialEncrypted=NAME:PATH`; it is not written. The
    /// server is asked only where `$CREDENTIALS_DIRECTORY` has the credential now.
    #[arg(long, value_name = "NAME", conflicts_with = "secret_file")]
    pub credential: Option<String>,
    /// The only certificate authorities that the server's certificate may come from, in PEM
    #[arg(long, value_name = "FILE")]
    pub ca_file: Option<PathBuf>,
    /// Who may log in, such as `group:linux-users`, `user:ada` or `everyone`; may be given several times
    #[arg(long, value_name = "RULE")]
    pub allow: Vec<String>,
    /// Do not ask the server whether it takes the credentials
    #[arg(long)]
    pub no_test: bool,
    /// The configuration
    #[arg(long, value_name = "FILE", default_value = paths::CONFIG)]
    pub config: PathBuf,
}
