//! Default paths of files, the same for every subcommand.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use nix::unistd::Uid;

/// Returns the default pidfile: in `/run/wacd/` for root, in the runtime folder for other users.
pub fn pid_file() -> PathBuf {
    pid_file_of(Uid::effective(), |name| env::var_os(name))
}

/// Returns the default control socket of a server with a pidfile: beside it.
pub fn control_of(pid_file: &Path) -> PathBuf {
    pid_file.with_extension("control")
}

/// Returns a daemon's default log file: in `/var/log/wacd/` for root, in the state folder for other users.
pub fn log_file() -> PathBuf {
    log_file_of(Uid::effective(), |name| env::var_os(name))
}

/// Returns the default file of bans: in the folder that systemd gives the server, else in `/var/lib/wacd/` for root, and
/// in the state folder for other users, if the environment says where that is.
pub fn bans() -> Option<PathBuf> {
    bans_of(Uid::effective(), |name| env::var_os(name))
}

/// Returns the default configuration file, if the environment says where it would be.
pub fn config_file() -> Option<PathBuf> {
    config_file_of(Uid::effective(), |name| env::var_os(name))
}

/// Returns the default certificate: beside the default configuration file.
pub fn tls_cert() -> Option<PathBuf> {
    Some(config_file()?.with_file_name("tls-cert.pem"))
}

/// Returns the default key of a certificate: beside it.
pub fn tls_key_of(cert: &Path) -> PathBuf {
    cert.with_file_name("tls-key.pem")
}

fn config_file_of(uid: Uid, variable: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    if uid.is_root() {
        return Some("/etc/wacd/wacd.toml".into());
    }
    let home = || folder(variable("HOME")).map(|home| home.join(".config"));
    let folder = folder(variable("XDG_CONFIG_HOME")).or_else(home)?;
    Some(folder.join("wacd/wacd.toml"))
}

fn pid_file_of(uid: Uid, variable: impl Fn(&str) -> Option<OsString>) -> PathBuf {
    if uid.is_root() {
        return "/run/wacd/wacd.pid".into();
    }
    match folder(variable("XDG_RUNTIME_DIR")) {
        Some(folder) => folder.join("wacd.pid"),
        None => format!("/tmp/wacd-{uid}.pid").into(),
    }
}

fn bans_of(uid: Uid, variable: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    // There may be several, parted by colons.
    let folders = variable("STATE_DIRECTORY");
    let first = folders.and_then(|folders| env::split_paths(&folders).next());
    if let Some(folder) = folder(first.map(OsString::from)) {
        return Some(folder.join("bans.toml"));
    }
    if uid.is_root() {
        return Some("/var/lib/wacd/bans.toml".into());
    }
    Some(state_folder(&variable)?.join("wacd-bans.toml"))
}

fn state_folder(variable: &impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    let home = || folder(variable("HOME")).map(|home| home.join(".local/state"));
    folder(variable("XDG_STATE_HOME")).or_else(home)
}

fn log_file_of(uid: Uid, variable: impl Fn(&str) -> Option<OsString>) -> PathBuf {
    if uid.is_root() {
        return "/var/log/wacd/wacd.log".into();
    }
    match state_folder(&variable) {
        Some(folder) => folder.join("wacd.log"),
        None => format!("/tmp/wacd-{uid}.log").into(),
    }
}

/// Returns an XDG base directory; an empty or relative one counts as unset.
fn folder(value: Option<OsString>) -> Option<PathBuf> {
    value
        .filter(|folder| Path::new(folder).is_absolute())
        .map(PathBuf::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_is_empty_or_relative_counts_as_unset() {
        let anna = Uid::from_raw(1000);
        let with = |state: &'static str, home: &'static str| {
            log_file_of(anna, move |name| match name {
                "XDG_STATE_HOME" => Some(state.into()),
                _ => Some(home.into()),
            })
        };
        assert_eq!(with("/s", "/h"), Path::new("/s/wacd.log"));
        for unset in ["", "here", "./here"] {
            let log = with(unset, "/h");
            assert_eq!(log, Path::new("/h/.local/state/wacd.log"));
            assert_eq!(with(unset, unset), Path::new("/tmp/wacd-1000.log"));
            let pid_file = pid_file_of(anna, |_| Some(unset.into()));
            assert_eq!(pid_file, Path::new("/tmp/wacd-1000.pid"));
            assert_eq!(config_file_of(anna, |_| Some(unset.into())), None);
        }
    }

    #[test]
    fn root_uses_the_system_folders() {
        let root = Uid::from_raw(0);
        assert_eq!(pid_file_of(root, |_| None), Path::new("/run/wacd/wacd.pid"));
        assert_eq!(
            log_file_of(root, |_| None),
            Path::new("/var/log/wacd/wacd.log")
        );
        let config = config_file_of(root, |_| Some("/x".into()));
        assert_eq!(config.as_deref(), Some(Path::new("/etc/wacd/wacd.toml")));
        let bans = bans_of(root, |_| None);
        assert_eq!(bans.as_deref(), Some(Path::new("/var/lib/wacd/bans.toml")));
    }

    #[test]
    fn bans_are_kept_where_systemd_says_else_in_the_state_folder_else_nowhere() {
        let anna = Uid::from_raw(1000);
        let bans = |set: &'static [(&str, &str)]| {
            let value = |name: &str| set.iter().find(|(set, _)| *set == name);
            bans_of(anna, |name| value(name).map(|(_, value)| value.into()))
        };
        let path = |text: &str| Some(PathBuf::from(text));
        let given = &[("STATE_DIRECTORY", "/s/one:/s/two"), ("HOME", "/h")];
        assert_eq!(bans(given), path("/s/one/bans.toml"));
        assert_eq!(
            bans(&[("HOME", "/h")]),
            path("/h/.local/state/wacd-bans.toml")
        );
        assert_eq!(bans(&[]), None);
    }
}
