//! muster, the command line: asks the broker, shows the answer, holds no logic of its own.

/// In the place of the standard library's, which panics where nobody reads any more.
macro_rules! print {
    ($($words:tt)*) => { $crate::show::text(format_args!($($words)*)) };
}

/// The same with an end of line.
macro_rules! println {
    () => { print!("\n") };
    ($($words:tt)*) => { print!("{}\n", format_args!($($words)*)) };
}

mod ask;
mod commands;
mod failure;
mod prompt;
mod show;

use std::process::ExitCode;

use clap::Parser;

use muster_cli::options;
use options::{Command, Options};

fn main() -> ExitCode {
    let options = Options::parse();
    let result = match &options.command {
        Command::Init(init) => commands::init::run(&options, init),
        Command::Status { throttle: true } => commands::throttle::list(&options),
        Command::Status { throttle: false } => commands::status::run(&options),
        Command::User { user } => commands::names::user(&options, user),
        Command::Group { group } => commands::names::group(&options, group),
        Command::Sync {
            directory,
            accept_shrink,
        } => commands::sync::run(&options, directory.as_deref(), accept_shrink.as_deref()),
        Command::LoginTest { user, service } => commands::login_test::run(&options, user, service),
        Command::Explain { user, service } => commands::explain::run(&options, user, service),
        Command::SshKeys { user, service } => commands::ssh_keys::run(&options, user, service),
        Command::Revoke { user } => commands::revoke::revoke(&options, user),
        Command::Unrevoke { user } => commands::revoke::unrevoke(&options, user),
        Command::Throttle { command } => commands::throttle::run(&options, command),
        Command::Clock { command } => commands::clock::run(&options, command),
        Command::Homes { command } => commands::homes::run(&options, command),
        Command::Config { command } => commands::config::run(&options, command),
        Command::Name { command } => commands::name::run(&options, command),
        Command::Id { command } => commands::id::run(&options, command),
        Command::Token { command } => commands::token::run(&options, command),
        Command::Snapshot { command } => commands::snapshot::run(&options, command),
        Command::Crowd { command } => commands::crowd::run(&options, command),
        Command::Fas(command) => commands::fas::run(&options, command),
        Command::Gafaelfawr { command } => commands::gafaelfawr::run(&options, command),
        Command::Doctor(order) => commands::doctor::run(&options, order),
        Command::Version => commands::version::run(&options),
    };
    match result {
        Ok(code) => code,
        Err(failure) => failure.report(&options),
    }
}
