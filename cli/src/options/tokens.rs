//! What can be typed about the host's own registry.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand};

/// What to do with the registry.
#[derive(Debug, Subcommand)]
pub enum TokenCommand {
    /// Register somebody and print a token, this once
    ///
    /// The token alone goes to standard output. Only a hash of it is kept: a token that is lost is reset.
    Register {
        /// The user's name
        user: String,
        /// The e-mail address, which a reset has to name
        email: String,
        /// The full name
        #[arg(long, value_name = "TEXT")]
        full_name: Option<String>,
        /// The user id; without it, one is derived
        #[arg(long, value_name = "N")]
        uid: Option<u32>,
        /// A group that the user is in; may be given several times
        #[arg(long = "group", value_name = "NAME")]
        groups: Vec<String>,
        /// What the token is to be like
        #[command(flatten)]
        order: TokenOrder,
        /// The registry, where there are several
        #[arg(long, value_name = "NAME")]
        directory: Option<String>,
    },
    /// Say whether a token is the user's; this counts like a login by it
    ///
    /// The token is asked for, or read from standard input: on a command line every user of the host could see it.
    Verify(TokenUser),
    /// Make another token and print it, this once; the former one serves no more
    Reset {
        /// The user's name
        user: String,
        /// The e-mail address that was registered
        email: String,
        /// What the token is to be like
        #[command(flatten)]
        order: TokenOrder,
        /// The registry, where there are several
        #[arg(long, value_name = "NAME")]
        directory: Option<String>,
    },
    /// Take a user out of the registry
    Deregister(TokenUser),
    /// Forget a user's wrong tries, so that a locked account takes secrets again
    Unlock(TokenUser),
    /// Put a user into exactly these groups
    Groups {
        /// The user's name
        user: String,
        /// The groups; without any, the user is in none
        groups: Vec<String>,
        /// The registry, where there are several
        #[arg(long, value_name = "NAME")]
        directory: Option<String>,
    },
    /// Give a user a password beside the token: it is asked for, or read from standard input
    Passwd {
        /// Whose
        #[command(flatten)]
        who: TokenUser,
        /// Take the password away
        #[arg(long)]
        remove: bool,
    },
    /// List who is registered
    List {
        /// The registry, where there are several
        #[arg(long, value_name = "NAME")]
        directory: Option<String>,
    },
    /// Show what is kept of a user
    Show(TokenUser),
    /// Take over the users of a folder of fixie-creds, with their tokens
    ImportFixie {
        /// The folder with its `USER.json` files
        folder: PathBuf,
        /// The registry, where there are several
        #[arg(long, value_name = "NAME")]
        directory: Option<String>,
    },
    /// Write the users whose tokens fixie-creds can verify into a folder of it
    ///
    /// Those are tokens that came from there, and tokens made with `--fixie`. The folder has to be the caller's own.
    ExportFixie {
        /// The folder
        folder: PathBuf,
        /// The registry, where there are several
        #[arg(long, value_name = "NAME")]
        directory: Option<String>,
    },
}

/// What a new token is to be like.
#[derive(Debug, Args)]
pub struct TokenOrder {
    /// How long it serves: `90d`, `12h`; without it, it does not expire
    #[arg(long, value_name = "SPAN", value_parser = span)]
    pub expires: Option<Duration>,
    /// How many times it serves; without it, any number
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub uses: Option<u32>,
    /// Make one that fixie-creds can verify, too: 160 bits, no checksum, its hash kept without a key
    #[arg(long)]
    pub fixie: bool,
}

/// A user of the registry.
#[derive(Debug, Args)]
pub struct TokenUser {
    /// The user's name
    pub user: String,
    /// The registry, where there are several
    #[arg(long, value_name = "NAME")]
    pub directory: Option<String>,
}

/// A number with its unit: `90d`.
fn span(typed: &str) -> Result<Duration, String> {
    let wanted = || "a number and one of w, d, h, m, s is wanted, such as 90d".to_owned();
    let unit = typed.chars().next_back().ok_or_else(wanted)?;
    let seconds = match unit {
        'w' => 604_800_u64,
        'd' => 86_400,
        'h' => 3_600,
        'm' => 60,
        's' => 1,
        _ => return Err(wanted()),
    };
    let number = typed.strip_suffix(unit).unwrap_or_default();
    let number: u64 = number.parse().map_err(|_| wanted())?;
    let seconds = number.checked_mul(seconds).filter(|seconds| *seconds > 0);
    seconds.map(Duration::from_secs).ok_or_else(wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_a_number_with_its_unit_and_more_than_nothing() {
        assert_eq!(span("90d"), Ok(Duration::from_secs(7_776_000)));
        assert_eq!(span("1s"), Ok(Duration::from_secs(1)));
        for odd in [
            "",
            "d",
            "90",
            "0d",
            "-1d",
            "1.5h",
            "90 d",
            "90dd",
            "99999999999999999w",
            "9é",
        ] {
            assert!(span(odd).is_err(), "{odd}");
        }
    }
}
