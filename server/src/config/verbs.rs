//! Subcommands of the command line.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Subcommand, ValueEnum};
use clap_complete::Shell;

use crate::config::args::{
    AccountsArg, Args, ConfigArg, ControlArg, LogLevel, PidFileArg, duration,
};
use crate::process::exit;

/// A subcommand.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Stops the server of a pidfile, waits until it is gone, and reports how its stop went
    #[command(after_long_help = exit::help(exit::STOP))]
    Stop {
        /// The server.
        #[command(flatten)]
        server: ServerArgs,
        /// Time to wait; longer than the server's --grace
        #[arg(long, value_name = "DURATION", default_value = "15s", value_parser = duration)]
        timeout: Duration,
    },
    /// Says whether the server of a pidfile is running, and if it answers, how it is
    #[command(after_long_help = exit::help(exit::STATUS))]
    Status {
        /// The server.
        #[command(flatten)]
        server: OperatorArgs,
    },
    /// Makes the running server read its configuration again, and reports what changed
    ///
    /// It is checked as a whole first: if anything is wrong, nothing changes. Listeners that stay the same stay open, and
    /// nobody is disconnected.
    #[command(after_long_help = exit::help(exit::RELOAD))]
    Reload {
        /// The server.
        #[command(flatten)]
        server: OperatorArgs,
        /// Changes nothing; says what a reload would do with each changed key
        #[arg(long)]
        plan: bool,
    },
    /// Lists who is connected: number and address, how long, lines sent, bytes of the room not received yet, name
    #[command(after_long_help = exit::help(exit::OPERATE))]
    Who {
        /// The server.
        #[command(flatten)]
        server: OperatorArgs,
    },
    /// Shows what the server does, once a second: people, lines, turns of the shards, slowest readers
    ///
    /// On a terminal in a page of its own, which q or Ctrl-C leaves.
    #[command(after_long_help = exit::help(exit::OPERATE))]
    Top {
        /// The server.
        #[command(flatten)]
        server: OperatorArgs,
        /// Shows one second, and ends
        #[arg(long)]
        once: bool,
    },
    /// Says something to everybody, as a notice: * server: TEXT
    #[command(after_long_help = exit::help(exit::OPERATE))]
    Say {
        /// The server.
        #[command(flatten)]
        server: OperatorArgs,
        /// The text, which may be several words
        #[arg(required = true, value_name = "TEXT")]
        text: Vec<String>,
    },
    /// Closes somebody's connection, and tells them why
    #[command(after_long_help = exit::help(exit::OPERATE))]
    Kick {
        /// The server.
        #[command(flatten)]
        server: OperatorArgs,
        /// The person, as `wacd who` lists them: a name in any case, a number as in @17, or an address with its port
        #[arg(value_name = "NAME")]
        whom: String,
        /// The reason, which may be several words
        #[arg(value_name = "REASON")]
        reason: Vec<String>,
    },
    /// Closes all connections from an address or network, and refuses new ones, also after a restart
    ///
    /// A single address of IPv6 stands for its /64. A ban goes before --trusted. Peers on Unix sockets can't be banned.
    #[command(after_long_help = exit::help(exit::OPERATE))]
    Ban {
        /// The server.
        #[command(flatten)]
        server: OperatorArgs,
        /// The address or network: 192.0.2.7, 192.0.2.0/24, 2001:db8::/48
        #[arg(value_name = "ADDR|CIDR")]
        network: String,
        /// Time after which the ban ends by itself: 2h, 7days [default: never]
        #[arg(long = "for", value_name = "DURATION", value_parser = duration)]
        lasting: Option<Duration>,
        /// The reason, which those who are refused are told
        #[arg(long, value_name = "TEXT")]
        reason: Option<String>,
    },
    /// Lifts the ban of an address or network
    #[command(after_long_help = exit::help(exit::OPERATE))]
    Unban {
        /// The server.
        #[command(flatten)]
        server: OperatorArgs,
        /// The address or network, as `wacd bans` lists it
        #[arg(value_name = "ADDR|CIDR")]
        network: String,
    },
    /// Lists the bans
    #[command(after_long_help = exit::help(exit::OPERATE))]
    Bans {
        /// The server.
        #[command(flatten)]
        server: OperatorArgs,
    },
    /// Sets the level of the log until the next reload
    #[command(after_long_help = exit::help(exit::OPERATE))]
    Loglevel {
        /// The server.
        #[command(flatten)]
        server: OperatorArgs,
        /// The level
        level: LogLevel,
    },
    /// Plans a stop, counts down to it in the room, and returns at once
    ///
    /// Everybody is told now and again when less time is left, at last 5 s before. Then the server stops as on SIGTERM. A
    /// second plan replaces the first.
    #[command(after_long_help = exit::help(exit::OPERATE))]
    Drain {
        /// The server.
        #[command(flatten)]
        server: OperatorArgs,
        /// Time until the stop: 10m, 30s
        #[arg(long = "in", value_name = "DURATION", default_value = "0s", value_parser = duration)]
        after: Duration,
        /// The reason, which everybody is told
        #[arg(long, value_name = "TEXT")]
        reason: Option<String>,
        /// Cancels the planned stop
        #[arg(long, conflicts_with_all = ["after", "reason"])]
        cancel: bool,
    },
    /// Registers names with passwords: adds, removes or lists them, or changes a password
    ///
    /// The password is asked for twice on a terminal, and is else one line of standard input. A running server takes over what
    /// was changed with `wacd reload`.
    #[command(after_long_help = exit::help(exit::ACCOUNT))]
    Account {
        /// The file.
        #[command(flatten)]
        accounts: AccountsArg,
        /// The configuration file, which may name the file of accounts.
        #[command(flatten)]
        config: ConfigArg,
        /// What to do
        action: AccountAction,
        /// The name; for list, none
        #[arg(value_name = "NAME")]
        name: Option<String>,
    },
    /// Checks the configuration as a start would, and starts nothing
    #[command(after_long_help = exit::help(exit::CHECK))]
    Check(Box<Args>),
    /// Prints every setting and where it came from
    #[command(after_long_help = exit::help(exit::CHECK))]
    Config {
        /// The options of the server.
        #[command(flatten)]
        serve: Box<Args>,
        /// Prints a configuration file that holds every key at its default, commented out
        #[arg(long)]
        default: bool,
    },
    /// Makes a self-signed certificate and its key for --listen tls:, and prints the fingerprint
    ///
    /// Existing files are kept: then only the fingerprint is printed. Clients keep it at their first visit, so nobody has to
    /// vouch for it.
    #[command(after_long_help = exit::help(exit::CERT))]
    Cert(CertArgs),
    /// Prints completions for a shell: wacd completions bash >/etc/bash_completion.d/wacd
    Completions {
        /// The shell
        shell: Shell,
    },
    /// Prints the manual page: wacd man | man -l -
    Man {
        /// Writes the pages of wacd and of its subcommands into this folder instead
        folder: Option<PathBuf>,
    },
}

/// The files of a certificate, and what it is for.
#[derive(Debug, Clone, clap::Args)]
pub struct CertArgs {
    /// Certificate [default for root: /etc/wacd/tls-cert.pem; for others $XDG_CONFIG_HOME/wacd/tls-cert.pem, else
    /// ~/.config/wacd/tls-cert.pem]
    #[arg(long, value_name = "FILE")]
    pub tls_cert: Option<PathBuf>,
    /// Private key [default: beside the certificate: tls-key.pem]
    #[arg(long, value_name = "FILE")]
    pub tls_key: Option<PathBuf>,
    /// The user who serves, and is to own the key; only root can
    #[arg(long, value_name = "NAME")]
    pub user: Option<String>,
    /// Names and addresses of the server [default: this machine's name, and localhost]
    #[arg(value_name = "NAME|ADDR")]
    pub names: Vec<String>,
}

/// What `wacd account` does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum AccountAction {
    /// Registers a name with a password.
    Add,
    /// Registers a name no more.
    Remove,
    /// Lists the registered names.
    List,
    /// Changes the password of a name.
    Passwd,
}

/// The server that a subcommand addresses.
#[derive(Debug, Clone, clap::Args)]
pub struct ServerArgs {
    /// The pidfile.
    #[command(flatten)]
    pub pid_file: PidFileArg,
    /// The configuration file, which may name the pidfile.
    #[command(flatten)]
    pub config: ConfigArg,
}

/// The server that a subcommand asks, and the form of the answer.
#[derive(Debug, Clone, clap::Args)]
pub struct OperatorArgs {
    /// The server.
    #[command(flatten)]
    pub server: ServerArgs,
    /// Its control socket.
    #[command(flatten)]
    pub control: ControlArg,
    /// Prints the answer as one JSON document
    #[arg(long)]
    pub json: bool,
}
