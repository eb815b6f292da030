//! `wacd cert`: makes a certificate that nobody but the server itself vouches for, and shows its fingerprint.

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, bail};
use nix::unistd::gethostname;
use rcgen::{CertificateParams, DnType, KeyPair};
use rustix::fs::Mode;

use crate::config::default_paths;
use crate::config::identity::Identity;
use crate::config::tls::Tls;
use crate::config::verbs::CertArgs;
use crate::process::safe_open::{Missing, Place};
use crate::process::terminal::say;

const PRIVATE: Mode = Mode::from_raw_mode(0o600);
const PUBLIC: Mode = Mode::from_raw_mode(0o644);

/// Makes a certificate and its key, unless they are there, and shows the fingerprint.
///
/// # Errors
/// A file that is there without the other, or can't be read or written; a name that can't stand in a certificate.
pub fn perform(args: CertArgs) -> anyhow::Result<ExitCode> {
    let cert = args.tls_cert.or_else(default_paths::tls_cert);
    let cert = cert.context("there is no default path; name one with --tls-cert")?;
    let key = args
        .tls_key
        .unwrap_or_else(|| default_paths::tls_key_of(&cert));
    let verb = match (cert.exists(), key.exists()) {
        (true, true) => "kept",
        (false, false) => {
            let user = args.user.as_deref().map(|user| Identity::find(user, None));
            let owner = user
                .transpose()
                .map_err(|(_, problem)| anyhow::anyhow!("--user: {problem}"))?;
            make(&cert, &key, names(args.names), owner.as_ref())?;
            "made"
        }
        (true, false) => bail!(
            "{} is there without its key; name both, or remove it",
            cert.display()
        ),
        (false, true) => bail!(
            "{} is there without its certificate; name both, or remove it",
            key.display()
        ),
    };
    let tls = Tls::load(&cert, &key).map_err(|(_, problem)| anyhow::anyhow!(problem))?;
    say(format!("{verb}: certificate {}", cert.display()));
    say(format!("{verb}: key {}", key.display()));
    if let Some(fingerprint) = tls.fingerprint() {
        say(format!("fingerprint: {fingerprint}"));
    }
    Ok(ExitCode::SUCCESS)
}

/// Returns the names that were given, or those that this machine has.
fn names(given: Vec<String>) -> Vec<String> {
    if !given.is_empty() {
        return given;
    }
    let own = gethostname().ok().and_then(|name| name.into_string().ok());
    own.into_iter()
        .filter(|name| !name.is_empty() && name != "localhost")
        .chain(["localhost", "127.0.0.1", "::1"].map(str::to_owned))
        .collect()
}

fn make(
    cert: &Path,
    key: &Path,
    names: Vec<String>,
    owner: Option<&Identity>,
) -> anyhow::Result<()> {
    let pair = KeyPair::generate()?;
    let told = names.join(", ");
    let mut params = CertificateParams::new(names.clone())
        .with_context(|| format!("no certificate can be made for {told}"))?;
    if let Some(name) = names.first() {
        params.distinguished_name.push(DnType::CommonName, name);
    }
    let made = params.self_signed(&pair)?;
    write(key, &pair.serialize_pem(), PRIVATE, owner)?;
    write(cert, &made.pem(), PUBLIC, owner)
}

fn write(path: &Path, text: &str, mode: Mode, owner: Option<&Identity>) -> anyhow::Result<()> {
    Place::of(path, Missing::Made, owner)
        .and_then(|place| place.replace(text.as_bytes(), mode))
        .with_context(|| format!("cannot write {}", path.display()))
}
